"""A feed that is tried: what it would do is shown, and nothing is done."""

from dataclasses import replace
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import update

from db.commerce.customer import CustomerRow
from db.integration.feed import FeedRow
from db.store.row import table
from engine.values import identity
from tests.connectors.feeds.selling import Shop
from tests.gateway import ADMIN, CLERK

TRY: Final = """
query Try($id: ID!, $event: String! = "order_paid_done") {
  integrationFeedTest(id: $id, event: $event) {
    event revokes order { databaseId } calls { method url headers { name value } body } log problem
  }
}"""


async def tried(shop: Shop, feed: str, **variables: Any) -> Any:
    return (await shop.gateway(TRY, {"id": feed, **variables}))["integrationFeedTest"]


async def test_the_calls_are_shown_and_none_is_made(shop: Shop) -> None:
    feed = await shop.save(settings={"note": "Order {{order.id}}, {{customer.first_name}}", "pin": 'four "5" six'})
    sample = await tried(shop, feed)
    assert (shop.vendor.calls, await shop.runs(feed)) == ([], [])
    await shop.paid(1)
    await shop.work(2)
    made = len(shop.vendor.calls)
    real = await tried(shop, feed, event="order.paid")

    assert (sample["event"], sample["order"], sample["problem"]) == ("order.paid", {"databaseId": 3}, None)
    assert (real["revokes"], real["order"], real["log"]) == (False, {"databaseId": 1}, ["Put on the list news"])
    put, post = real["calls"]
    member = f"{shop.vendor.url}/lists/news/members/ada%40example.com"
    assert (put["method"], put["url"]) == ("PUT", member)
    assert orjson.loads(put["body"]) == {"note": "Order 1, Ada", "tags": [], "city": None, "pin": "***"}
    assert {"name": "Authorization", "value": "***"} in put["headers"]
    assert (post["method"], post["url"], post["body"]) == ("POST", f"{member}/seen", '{"id":7}')
    assert (len(shop.vendor.calls), len(await shop.runs(feed))) == (made, 1)


async def test_a_secret_of_a_feed_is_not_in_its_log(shop: Shop) -> None:
    feed = await shop.save(settings={"pin": "four-5-six"})
    await shop.paid(1)
    await shop.work(2)
    assert [body.get("pin") for _, body in shop.vendor.of("PUT")] == ["four-5-six"]
    assert "four-5-six" not in str(await shop.runs(feed))


async def test_what_would_not_be_done_is_said(shop: Shop) -> None:
    feed = await shop.save(watchOnAccessRevoke=True)
    undone = await tried(shop, feed, event="order_status_changed_to_canceled")
    assert (undone["revokes"], [call["method"] for call in undone["calls"]]) == (True, ["DELETE"])
    other = await tried(shop, feed, event="order.shipped")
    assert (other["calls"], other["problem"]) == ([], "The feed does not run on shipping_status_changed_to_shipped")
    await shop.change(update(table(CustomerRow)).values(email=""))
    assert (await tried(shop, feed))["problem"] == "The customer has no e-mail address"
    await shop.change(update(table(FeedRow)).values(version=9))
    held = "Held: the feed was changed by an import since somebody saved it: save it"
    assert (await tried(shop, feed))["problem"] == held
    assert await tried(shop, identity.encode("IntegrationFeed", 999)) is None


@pytest.mark.parametrize(
    ("permissions", "code"),
    [
        (CLERK.permissions, "FORBIDDEN"),
        (ADMIN.permissions - {"orders/view"}, "FORBIDDEN"),
        (ADMIN.permissions - {"integrations/manage"}, "FORBIDDEN"),
    ],
)
async def test_who_may_try_it(shop: Shop, permissions: frozenset[str], code: str) -> None:
    feed = await shop.save()
    answer = (await shop.gateway.answer(TRY, {"id": feed}, replace(ADMIN, permissions=permissions))).body
    assert answer["data"] == {"integrationFeedTest": None}
    assert answer["errors"][0]["extensions"]["code"] == code
    (error,) = (await shop.gateway.answer(TRY, {"id": feed, "event": "product.updated"})).body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_nobody_is_shown_what_they_may_not_see(shop: Shop) -> None:
    feed = await shop.save(settings={"note": "For {{customer.email}}"})
    lacking = replace(ADMIN, permissions=ADMIN.permissions - {"customers/view"})
    found = (await shop.gateway(TRY, {"id": feed}, lacking))["integrationFeedTest"]
    assert "example.com" not in str(found).lower()
