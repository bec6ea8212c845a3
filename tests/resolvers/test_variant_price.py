"""A change of prices alone takes the shortest way there is, and ends as the long way would."""

import asyncio
import random
from collections import Counter
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from db.access.viewer import Viewer
from db.catalog.variant import BillingInterval, PaymentType, VariantStatus
from tests import factories
from tests.drawing import examples
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import (
    DOCUMENT,
    ONE_TIME,
    SUBSCRIPTION,
    broken,
    clear_shelf,
    derive,
    dump,
    events,
    id_of,
    shown,
    update,
    updated,
)

BARE: Final = """
mutation Price($input: VariantUpdateInput!, $key: String, $dry: Boolean! = false) {
  variantUpdate(input: $input, idempotencyKey: $key, validateOnly: $dry) { userErrors { code } }
}
"""


async def statements(gateway: Gateway, variant: int, **named: Any) -> list[str]:
    """Those of one update, the transaction's own begin and the outbox row left out."""
    with gateway.counting() as counted:
        data = await gateway(BARE, {"input": {"id": id_of(variant), **named}})
    assert data == {"variantUpdate": {"userErrors": []}}
    return [text for text in counted if not text.startswith("INSERT INTO event")]


async def test_a_price_is_one_statement(shelf: Gateway) -> None:
    most = {"postgresql": 1, "sqlite": 2}[shelf.units.dialect]
    cases: list[tuple[int, dict[str, Any]]] = [
        (ONE_TIME, {"price": 1200}),
        (ONE_TIME, {"price": 1300, "expectedVersion": 2}),
        (ONE_TIME, {"price": 1400, "comparePrice": 1400}),
        (ONE_TIME, {"comparePrice": None}),
        (ONE_TIME, {"price": None}),
        (SUBSCRIPTION, {"price": 1, "expectedVersion": 1}),
    ]
    for variant, named in cases:
        assert len(await statements(shelf, variant, **named)) == most, named
    after = await shown(shelf, ONE_TIME)
    assert (after["price"], after["comparePrice"], after["version"]) == ({"cents": 0}, {"cents": 0}, 6)
    assert [told["changed"] for told in await events(shelf)] == [
        ["price"],
        ["price"],
        ["comparePrice", "price"],
        ["comparePrice"],
        ["price"],
        ["price"],
    ]


async def test_the_product_follows(shelf: Gateway) -> None:
    for variant, price, least, most in (
        (ONE_TIME, 9000, 2000, 9000),
        (ONE_TIME, 0, 0, 3000),
        (SUBSCRIPTION, 5, 0, 3000),
    ):
        payload = await update(shelf, variant, {"price": price, "comparePrice": 0})
        product = payload["product"]
        assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (least, most)
        assert product["version"] == 1


async def test_what_is_refused_is_explained(shelf: Gateway) -> None:
    rows = await dump(shelf)
    assert await broken(shelf, ONE_TIME, {"price": 1501}) == [("VALIDATION", "comparePrice")]
    assert await broken(shelf, ONE_TIME, {"price": -1}) == [("VALIDATION", "price")]
    assert await broken(shelf, ONE_TIME, {"price": 1, "expectedVersion": 2}) == [("CONFLICT", "expectedVersion")]
    assert await broken(shelf, 99, {"price": 1}) == [("NOT_FOUND", "id")]
    assert (await update(shelf, ONE_TIME, {"price": 1000, "comparePrice": 1500}))["userErrors"] == []
    assert await dump(shelf) == rows


async def test_a_hidden_variant_is_not_found(gateway: Gateway) -> None:
    """May change products, but sees neither drafts nor what is inactive."""
    editor = Viewer("token:editor", "editor", frozenset({"products/edit"}))
    rows = [
        factories.product(1),
        factories.product(2, status="draft"),
        factories.variant(1, 1, status=VariantStatus.INACTIVE),
        factories.variant(2, 2),
        factories.variant(3, 1, price=5),
    ]
    await factories.store_rows(gateway, rows)
    for variant, errors in ((1, [{"code": "NOT_FOUND"}]), (2, [{"code": "NOT_FOUND"}]), (3, [])):
        data = await gateway(BARE, {"input": {"id": id_of(variant), "price": 1}}, editor)
        assert data["variantUpdate"]["userErrors"] == errors


async def test_a_dry_run_and_a_repeat(shelf: Gateway) -> None:
    rows = await dump(shelf)
    (preview,) = (await update(shelf, ONE_TIME, {"price": 7}, dry=True))["events"]
    assert preview == {
        "name": "variant.updated",
        "entityId": id_of(ONE_TIME),
        "version": 2,
        "changedFields": ["price"],
    }
    assert await dump(shelf) == rows
    for _ in range(2):
        assert (await updated(shelf, ONE_TIME, {"price": 7}, key="once"))["version"] == 2
    assert len(await events(shelf)) == 1


# The two ways agree

ODD: Final[tuple[dict[str, Any], ...]] = (
    {"price": 1000, "compare_price": 1500},
    {"price": 0},
    {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY, "price": 20},
    # Not what the rules make of it: brought in by an import, or from before a rule.
    {"payment_type": PaymentType.SUBSCRIPTION},
    {"interval": BillingInterval.DAILY, "trial_days": 3},
    {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.DAILY, "has_setup_fee": True},
    {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.DAILY, "setup_fee": 5},
    {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.DAILY, "installment": True},
    {"manage_stock": True, "available": 0},
)
small = st.integers(-1, 3) | st.sampled_from([1000, 1499, 1500, 1501, 2**53 - 1])
named = st.fixed_dictionaries(
    {},
    optional={"price": st.none() | small, "comparePrice": st.none() | small, "expectedVersion": st.integers(1, 3)},
)


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, len(ODD)), named), min_size=1, max_size=6))
async def test_both_ways_end_alike(gateway: Gateway, changes: list[tuple[int, dict[str, Any]]]) -> None:
    """Products 1 and 2 are twins. A title that stays as it is changes nothing but the way that is taken."""
    await clear_shelf(gateway)
    twins = [
        row
        for product in (1, 2)
        for row in (
            factories.product(product, title="Twin"),
            *(
                factories.variant(100 * product + number, product, title="Odd", sku=None, **values)
                for number, values in enumerate(ODD, start=1)
            ),
        )
    ]
    await factories.store_rows(gateway, twins)
    await derive(gateway, 1, 2)
    for number, each in changes:
        short = await gateway.answer(DOCUMENT, {"input": {"id": id_of(100 + number), **each}})
        long = await gateway.answer(DOCUMENT, {"input": {"id": id_of(200 + number), "title": "Odd", **each}})
        assert plain(short.body) == plain(long.body), each
    told = [(e["payload"]["productId"], e["changed"], e["version"]) for e in await events(gateway)]
    ones, others = ([each[1:] for each in told if each[0] == product] for product in (1, 2))
    assert ones == others


def plain(body: dict[str, Any]) -> Any:
    payload = body["data"]["variantUpdate"]
    if payload["variant"] is not None:
        del payload["variant"]["databaseId"], payload["variant"]["updatedAt"]
    return body


# At once


async def test_siblings_changed_at_once_leave_the_right_prices(gateway: Gateway) -> None:
    """Writers of six variants of one product: some take the short way, some the long one, some only a version."""
    numbers = range(1, 7)
    variants = [factories.variant(number, 1, price=1000) for number in numbers]
    await factories.store_rows(gateway, [factories.product(1), *variants])
    await derive(gateway, 1)
    chance = random.Random(5)
    changes: list[tuple[int, dict[str, Any]]] = []
    for step in range(1, 121):
        number = chance.choice(numbers)
        price = {"price": 1000 + 10 * step + number}
        changes.append((number, price | ({"title": f"Step {step}"} if step % 4 == 0 else {})))
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(*(update(gateway, number, change) for number, change in changes))
    assert all(payload["userErrors"] == [] for payload in payloads)
    written = Counter(number for number, _ in changes)
    after = {number: await shown(gateway, number) for number in numbers}
    assert {number: variant["version"] - 1 for number, variant in after.items()} == dict(written)
    asked = {number: {c["price"] for n, c in changes if n == number} for number in numbers}
    prices = {number: variant["price"]["cents"] for number, variant in after.items()}
    assert all(prices[number] in asked[number] for number in numbers)
    product = (await update(gateway, 1, {}))["product"]
    assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (min(prices.values()), max(prices.values()))
    versions = Counter((told["entity"], told["version"]) for told in await events(gateway))
    assert set(versions.values()) == {1}
    assert sum(versions.values()) == len(changes)


async def test_the_product_is_right_whenever_it_is_looked_at(gateway: Gateway) -> None:
    """Two siblings take turns at being the cheapest: after each round nobody is writing, and the minimum must be that
    of the last two prices, whoever came last."""
    await factories.store_rows(gateway, [factories.product(1), factories.variant(1, 1), factories.variant(2, 1)])
    document = "{ product(by: { databaseId: 1 }) { minPrice { cents } maxPrice { cents } } }"
    for round_ in range(1, 41):
        first, second = 1000 - round_, 500 + round_
        await asyncio.gather(update(gateway, 1, {"price": first}), update(gateway, 2, {"price": second}))
        product = (await gateway(document))["product"]
        assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (
            min(first, second),
            max(first, second),
        ), round_


async def test_a_sibling_changed_between_looking_and_locking(gateway: Gateway) -> None:
    """PostgreSQL's statement sees the rows as they were when it began. Slowed down between that and its lock, it must
    not put an old price of a sibling into the product."""
    await factories.store_rows(
        gateway, [factories.product(1), factories.variant(1, 1, price=1000), factories.variant(2, 1, price=500)]
    )
    looking = asyncio.Event()

    def slowly(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        if statement.startswith("WITH held") and not looking.is_set():
            looking.set()
            statement = statement.replace("WHERE product.id =", "WHERE pg_sleep(1) IS NOT NULL AND product.id =", 1)
            assert "pg_sleep" in statement
        return statement, parameters

    engine = gateway.database.engines[-1].sync_engine
    event.listen(engine, "before_cursor_execute", slowly, retval=True)
    try:
        slow = asyncio.create_task(update(gateway, 1, {"price": 900}))
        if gateway.units.dialect == "postgresql":
            await looking.wait()
        await update(gateway, 2, {"price": 2000, "title": "Dearer by now"})
        assert (await slow)["userErrors"] == []
    finally:
        event.remove(engine, "before_cursor_execute", slowly)
    product = (await gateway("{ product(by: { databaseId: 1 }) { minPrice { cents } maxPrice { cents } } }"))["product"]
    assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (900, 2000)
