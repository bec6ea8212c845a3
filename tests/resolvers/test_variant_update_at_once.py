"""Several writers at once: nobody's change is lost, nobody waits for ever, nobody gets an INTERNAL."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any, TypeVar

from tests import factories
from tests.gateway import ADMIN, Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import (
    DOCUMENT,
    MANAGED,
    ONE_TIME,
    SUBSCRIPTION,
    UPDATED,
    derive,
    events,
    id_of,
    shown,
    update,
)

T = TypeVar("T")

# Far more than any of these takes, far less than a connection pool's patience (30 s).


async def together(*work: Awaitable[T]) -> list[T]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*work)


def outcomes(payloads: list[dict[str, Any]]) -> Counter[str]:
    """How many succeeded, and how many were refused with which code."""
    return Counter(p["userErrors"][0]["code"] if p["userErrors"] else "OK" for p in payloads)


async def test_of_two_with_one_version_one_wins(shelf: Gateway) -> None:
    for round_ in range(5):
        version = (await shown(shelf, ONE_TIME))["version"]
        payloads = await together(
            update(shelf, ONE_TIME, {"title": f"A {round_}", "expectedVersion": version}),
            update(shelf, ONE_TIME, {"title": f"B {round_}", "expectedVersion": version}),
        )
        assert outcomes(payloads) == {"OK": 1, "CONFLICT": 1}
        (won,) = (p["variant"] for p in payloads if p["variant"])
        (error,) = (e for p in payloads for e in p["userErrors"])
        assert error["field"] == ["expectedVersion"]
        assert error["message"].endswith("changed since: title")
        assert await shown(shelf, ONE_TIME) == won
        assert won["version"] == version + 1
    assert len(await events(shelf, UPDATED)) == 5


async def test_without_a_version_both_are_applied(shelf: Gateway) -> None:
    for round_ in range(5):
        version = (await shown(shelf, ONE_TIME))["version"]
        payloads = await together(
            update(shelf, ONE_TIME, {"title": f"Title {round_}"}),
            update(shelf, ONE_TIME, {"price": round_, "sku": f"NEW-{round_}"}),
        )
        assert outcomes(payloads) == {"OK": 2}
        after = await shown(shelf, ONE_TIME)
        assert (after["title"], after["price"], after["sku"]) == (
            f"Title {round_}",
            {"cents": round_},
            f"NEW-{round_}",
        )
        assert after["version"] == version + 2
    assert [event["version"] for event in await events(shelf, UPDATED)] == list(range(2, 12))


async def test_fifty_writers_leave_the_right_prices(gateway: Gateway) -> None:
    """Ten variants of one product, each changed five times; all of them lock the product first."""
    numbers = range(1, 11)
    variants = [factories.variant(number, 1, price=1000) for number in numbers]
    await factories.store_rows(gateway, [factories.product(1), *variants])
    await derive(gateway, 1)
    payloads = await together(
        *(
            update(gateway, number, {"price": 1000 + 100 * number + round_})
            for round_ in range(1, 6)
            for number in numbers
        )
    )
    assert outcomes(payloads) == {"OK": 50}
    after = [await shown(gateway, number) for number in numbers]
    assert [variant["version"] for variant in after] == [6] * 10
    prices = [variant["price"]["cents"] for variant in after]
    product = (await update(gateway, 1, {}))["product"]
    assert (product["minPrice"]["cents"], product["maxPrice"]["cents"]) == (min(prices), max(prices))
    assert product["version"] == 1
    assert len(await events(gateway, UPDATED)) == 50


async def test_of_two_with_one_sku_one_wins(gateway: Gateway) -> None:
    """Of different products, so that no lock keeps them apart: the unique constraint does."""
    rows = [factories.product(1), factories.product(2), factories.variant(1, 1), factories.variant(2, 2)]
    await factories.store_rows(gateway, rows)
    for round_ in range(5):
        payloads = await together(*(update(gateway, variant, {"sku": f"ONE-{round_}"}) for variant in (1, 2)))
        assert outcomes(payloads) == {"OK": 1, "CONFLICT": 1}
        assert [error["field"] for p in payloads for error in p["userErrors"]] == [["sku"]]
        skus = [(await shown(gateway, variant))["sku"] for variant in (1, 2)]
        assert skus.count(f"ONE-{round_}") == 1
    assert len(await events(gateway, UPDATED)) == 5


async def test_skus_that_change_hands_block_nobody(gateway: Gateway) -> None:
    """Everyone takes what another just had: some succeed, some meet a CONFLICT, and all SKUs stay different."""
    numbers = range(1, 7)
    products = [factories.product(number) for number in numbers]
    await factories.store_rows(gateway, [*products, *(factories.variant(number, number) for number in numbers)])
    payloads = await together(
        *(update(gateway, number, {"sku": f"SKU-{(number + step) % 6 + 1}"}) for step in range(4) for number in numbers)
    )
    assert outcomes(payloads).keys() <= {"OK", "CONFLICT"}
    skus = [(await shown(gateway, number))["sku"] for number in numbers]
    assert len(set(skus)) == 6


async def test_twins_with_one_key_are_carried_out_once(shelf: Gateway) -> None:
    for round_ in range(5):
        variables = {"input": {"id": id_of(MANAGED), "available": 100 + round_}, "key": f"key {round_}"}
        answers = await together(*(shelf.answer(DOCUMENT, variables, ADMIN) for _ in range(3)))
        assert all("errors" not in answer.body for answer in answers)
        assert sorted("extensions" in answer.body for answer in answers) == [False, True, True]
        shapes = [answer.body["data"] for answer in answers]
        assert shapes == [shapes[0]] * 3
        assert shapes[0]["variantUpdate"]["variant"]["version"] == round_ + 2
    assert len(await events(shelf, UPDATED)) == 5


async def test_of_two_inputs_under_one_key_one_is_a_conflict(shelf: Gateway) -> None:
    for round_ in range(5):
        given = ({"available": 10 + round_}, {"available": 20 + round_})
        payloads = await together(*(update(shelf, MANAGED, each, key=f"key {round_}") for each in given))
        assert outcomes(payloads) == {"OK": 1, "CONFLICT": 1}
        assert [error["field"] for p in payloads for error in p["userErrors"]] == [["idempotencyKey"]]
    assert len(await events(shelf, UPDATED)) == 5


async def test_documents_of_several_mutations_do_not_starve_each_other(shelf: Gateway) -> None:
    """More documents than connections: each lets go of the connection that it read its first payload through."""
    document = """
    mutation Two($first: ID!, $second: ID!, $price: Cents!) {
      a: variantUpdate(input: { id: $first, price: $price }) { variant { price { cents } product { title } } }
      b: variantUpdate(input: { id: $second, price: $price }) { variant { price { cents } product { title } } }
    }
    """
    pairs = [(ONE_TIME, SUBSCRIPTION), (SUBSCRIPTION, ONE_TIME)] * 8
    answers = await together(
        *(
            shelf.answer(document, {"first": id_of(a), "second": id_of(b), "price": price})
            for price, (a, b) in enumerate(pairs)
        )
    )
    assert all("errors" not in answer.body for answer in answers)


async def test_readers_see_a_variant_and_its_product_agree(shelf: Gateway) -> None:
    """SQLite reads one snapshot. PostgreSQL promises none across statements: only the writer's answer is looked at."""
    document = "query Look { product(by: { databaseId: 1 }) { minPrice { cents } variants { price { cents } } } }"

    async def look() -> None:
        product = (await shelf(document))["product"]
        if shelf.units.dialect == "sqlite":
            assert product["minPrice"]["cents"] == min(v["price"]["cents"] for v in product["variants"])

    changes = (update(shelf, ONE_TIME, {"price": price}) for price in range(20))
    await together(*changes, *(look() for _ in range(20)))
