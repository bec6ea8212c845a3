"""What waits for feeds that go: with a product, by hand. It is dropped and not failed, and what others wait for about
the same order is done."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import select

from connectors.delivery.sender import Claimed
from db.integration.feed import FeedRow
from db.store.outbox import EVENT
from db.store.row import table
from db.work.clearing import clear
from engine.values import identity
from tests.connectors.feeds.selling import Shop
from tests.work.shop import DELIVERY

FEED: Final = table(FeedRow)
PRODUCT: Final = """
mutation Delete($id: ID!) { productDelete(input: { id: $id }) { deletedFeedIds userErrors { code message } } }"""
OF_PRODUCT: Final = """
mutation Delete($product: ID!, $id: ID!) {
  productIntegrationDelete(input: { productId: $product, feedId: $id }) { deletedId userErrors { code message } }
}"""


async def by_feed(shop: Shop) -> dict[int, tuple[str, str | None]]:
    """States and reasons of runs, by the feed's target."""
    found = select(DELIVERY.c.target_id, DELIVERY.c.state, DELIVERY.c.reason).where(DELIVERY.c.order_id.is_not(None))
    async with shop.gateway.database.read() as connection:
        return {row[0]: (row[1].value, row[2]) for row in await connection.execute(found)}


async def matched(shop: Shop) -> None:
    """The runs of what has happened wait."""
    async with shop.gateway.database.read() as connection:
        event = (await connection.execute(select(EVENT.c.id).where(EVENT.c.name == "order.paid"))).scalar_one()
    claimed = Claimed(1, event, 1, "all", "0" * 32, 1, 0, datetime.now(UTC))
    await shop.senders[0].prepare([claimed])


@pytest.mark.parametrize("how", ["with its product", "by hand"])
async def test_what_waits_for_a_feed_that_goes(shop: Shop, how: str) -> None:
    of_store, of_product = await shop.save(), await shop.save(1, name="Notes", settings={"list_id": "notes"})
    await shop.paid(1)
    async with shop.gateway.database.read() as connection:
        rows = (await connection.execute(select(FEED.c.scope, FEED.c.target_id))).all()
    targets = {row.scope.value: row.target_id for row in rows}
    await matched(shop)
    assert await by_feed(shop) == dict.fromkeys(targets.values(), ("waiting", None))

    product = identity.encode("Product", 1)
    variables: dict[str, Any] = {"id": product} if how == "with its product" else {"id": of_product, "product": product}
    document = PRODUCT if how == "with its product" else OF_PRODUCT
    (said,) = (await shop.gateway(document, variables)).values()
    assert said["userErrors"] == []
    await shop.gateway.database.tell(clear, seconds=30)
    assert await by_feed(shop) == {
        targets["global"]: ("waiting", None),
        targets["product"]: ("dropped", None),
    }
    await shop.work(3)
    assert (await by_feed(shop))[targets["global"]] == ("delivered", None)
    assert [path for path, _ in shop.vendor.of("PUT")] == ["/lists/news/members/ada@example.com"]
    assert [run["state"] for run in await shop.runs(of_store)] == ["DELIVERED"]
    # The product's own is not done later, and the store's goes on.
    await shop.paid(1, cause="request:later")
    await shop.work(5)
    assert [run["state"] for run in await shop.runs(of_store)] == ["DELIVERED", "DELIVERED"]
    assert len(shop.vendor.of("PUT")) == 2


async def test_a_run_that_is_under_way_when_its_feed_goes(shop: Shop) -> None:
    await shop.save()
    await shop.paid(1)
    async with shop.gateway.database.read() as connection:
        event = (await connection.execute(select(EVENT.c.id).where(EVENT.c.name == "order.paid"))).scalar_one()
    gone = Claimed(1, event, 1, "999", "0" * 32, 1, 0, datetime.now(UTC))
    outcome = (await shop.senders[1].prepare([gone]))[1]
    assert (outcome.verdict.value, outcome.reason) == ("delivered", "The feed is deleted")
