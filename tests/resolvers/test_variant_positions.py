"""Where variants stand after their product was written: naming some of them moves none."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import VariationType
from engine.values import identity
from resolvers.editing.position import LAST, placed
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.performing import done
from tests.resolvers.shelf import id_of

SHOWN = "product { version variants { databaseId position } }"
SHOWN_IN_BULK = "results { product { version variants { databaseId position } } userErrors { code } }"
EACH = {"title": "New", "paymentType": "ONETIME"}


def product_id(key: int) -> str:
    return identity.encode("Product", key)


async def stocked(gateway: Gateway, *products: tuple[int, list[int]]) -> None:
    """Products with variants at these positions: of product 1 the variants 11, 12, …"""
    for key, positions in products:
        variants = [factories.variant(10 * key + n, key, position=p) for n, p in enumerate(positions, start=1)]
        several = VariationType.SIMPLE_VARIATIONS
        await factories.store_rows(gateway, [factories.product(key, variation_type=several), *variants])


async def updated(gateway: Gateway, product: int, variants: list[dict[str, Any]]) -> dict[int, int]:
    payload = await done(gateway, "productUpdate", {"id": product_id(product), "variants": variants}, SHOWN)
    return {v["databaseId"]: v["position"] for v in payload["product"]["variants"]}


async def updated_in_bulk(gateway: Gateway, product: int, variants: list[dict[str, Any]]) -> dict[int, int]:
    asked = {"products": [{"id": product_id(product), "variants": variants}]}
    payload = await done(gateway, "productBulkUpdate", asked, SHOWN_IN_BULK)
    (result,) = payload["results"]
    assert result["userErrors"] == []
    return {v["databaseId"]: v["position"] for v in result["product"]["variants"]}


async def test_naming_one_variant_does_not_move_it(gateway: Gateway) -> None:
    await stocked(gateway, (1, [1, 2, 3]))
    stay = {11: 1, 12: 2, 13: 3}
    for way in (updated, updated_in_bulk):
        for price, key in enumerate((13, 12, 11), start=1):
            assert await way(gateway, 1, [{"id": id_of(key), "price": price}]) == stay
        assert await way(gateway, 1, [{"id": id_of(13), "price": 7}, {"id": id_of(11), "position": 9}]) == stay
        told = await done(
            gateway, "productUpdate", {"id": product_id(1), "variants": [{"id": id_of(13), "price": 90}]}, dry=True
        )
        assert ["price"] in [event["changedFields"] for event in told["events"]]


async def test_naming_all_of_them_is_their_order(gateway: Gateway) -> None:
    await stocked(gateway, (1, [1, 2, 3]), (2, [4, 4]), (3, [2, 5]))
    for way in (updated, updated_in_bulk):
        for order in ([13, 11, 12], [11, 12, 13]):
            assert list(await way(gateway, 1, [{"id": id_of(key)} for key in order])) == order
    # Two at one place are told apart; those that stand in this order stay as they are, and nothing is written.
    assert await updated(gateway, 2, [{"id": id_of(21)}, {"id": id_of(22)}]) == {21: 1, 22: 2}
    assert await updated(gateway, 3, [{"id": id_of(31)}, {"id": id_of(32)}]) == {31: 2, 32: 5}
    told = await done(
        gateway, "productUpdate", {"id": product_id(3), "variants": [{"id": id_of(31)}, {"id": id_of(32)}]}, SHOWN
    )
    assert told["product"]["version"] == 1


async def test_new_ones_go_last(gateway: Gateway) -> None:
    await stocked(gateway, (1, [1, 2, 3]), (2, [1, LAST]))
    after = await updated_in_bulk(gateway, 1, [EACH, {"id": id_of(13), "price": 5}, EACH])
    assert list(after.values()) == [1, 2, 3, 4, 5]
    assert list(after)[:3] == [11, 12, 13]
    # Where the list names all that are there, it is the order of the new ones too.
    new = list(after)[3:]
    order = [new[1], 13, 12, 11, new[0]]
    again = await updated_in_bulk(gateway, 1, [{"id": id_of(key)} for key in order[:3]] + [EACH])
    assert list(again)[:5] == list(after)
    whole = [*order, list(again)[5]]
    made = await updated_in_bulk(
        gateway, 1, [*({"id": id_of(key)} for key in whole[:2]), EACH, *({"id": id_of(key)} for key in whole[2:])]
    )
    assert list(made.values()) == [1, 2, 3, 4, 5, 6, 7]
    assert [key for key in made if key in whole] == whole
    assert list(made)[2] not in whole
    # There is no place behind the last one: the newest shares it, and is behind by its id.
    after = await updated_in_bulk(gateway, 2, [EACH])
    assert list(after.values()) == [1, LAST, LAST]


@given(st.lists(st.integers(0, 5), max_size=5), st.randoms(use_true_random=False))
def test_whoever_is_not_asked_to_move_stays(positions: list[int], chance: random.Random) -> None:
    present = dict(enumerate(positions, start=1))
    named: list[int | None] = [*chance.sample(sorted(present), chance.randint(0, len(present)))]
    for _ in range(chance.randint(0, 2)):
        named.insert(chance.randint(0, len(named)), None)
    result = placed(present, named)
    assert len(result) == len(named)
    after = present | {key: place for key, place in zip(named, result, strict=True) if key is not None}
    new = [place for key, place in zip(named, result, strict=True) if key is None]
    assert new == sorted(set(new))
    if set(present) <= set(named):
        assert result == sorted(set(result))  # as they are named, no two at one place
    else:
        assert after == present
        assert all(place > max(present.values()) for place in new)
