"""A bundle is in stock while all that it consists of can be had, whoever changed that and however."""

import asyncio
from typing import Any, Final

import pytest

from db.catalog.variant import VariantRow
from db.store.outbox import EventRow
from db.store.row import table
from engine.values import identity
from tests.gateway import ADMIN, ANONYMOUS, Gateway
from tests.resolvers.catalogue import (
    BOTH,
    FRAME,
    LARGE,
    OAK,
    PRINT,
    SET,
    SMALL,
    done,
    product_id,
    stocked,
    stored,
    succeeded,
    variant_id,
)
from tests.resolvers.invariants import check_invariants

LOOK: Final = """
query Look($id: ID!) {
  productVariant(by: { databaseId: 21 }) { stockStatus product { stockAvailability } bundleItems { databaseId } }
  found: products(filter: { databaseId: { eq: 2 }, stockAvailability: { eq: IN_STOCK } }) { totalCount }
  child: node(id: $id) { id }
}
"""
ITEMS: Final = [variant_id(key) for key in (SMALL, LARGE, OAK)]


async def in_stock(gateway: Gateway) -> bool:
    """Of the bundle, for everyone: it, its product, and the lists agree."""
    answers: list[str] = []
    for viewer in (ADMIN, ANONYMOUS):
        answer = await gateway(LOOK, {"id": variant_id(SMALL)}, viewer)
        variant, found = answer["productVariant"], answer["found"]["totalCount"]
        answers += [variant["stockStatus"], variant["product"]["stockAvailability"]]
        answers.append("IN_STOCK" if found else "OUT_OF_STOCK")
    assert len(set(answers)) == 1, answers
    return answers[0] == "IN_STOCK"


def _product(**more: Any) -> dict[str, Any]:
    return {"id": product_id(PRINT), "variants": [{"id": variant_id(SMALL), **more}]}


def _numbers(available: int) -> dict[str, Any]:
    named = {"productId": product_id(PRINT), "variantId": variant_id(SMALL)}
    return {**named, "totalStock": available, "available": available}


# How a child stops being to be had, and how it can be had again.
WAYS: Final[dict[str, list[tuple[str, dict[str, Any], bool]]]] = {
    "by itself": [
        ("variantUpdate", {"id": variant_id(SMALL), "status": "INACTIVE"}, False),
        ("variantUpdate", {"id": variant_id(SMALL), "status": "ACTIVE"}, True),
        ("variantUpdate", {"id": variant_id(SMALL), "manageStock": True, "available": 0}, False),
        ("variantUpdate", {"id": variant_id(SMALL), "available": 2}, True),
        ("variantUpdate", {"id": variant_id(SMALL), "available": 0}, False),
        ("variantUpdate", {"id": variant_id(SMALL), "manageStock": False}, True),
    ],
    "counted": [
        ("inventoryUpdate", _numbers(0), False),
        ("inventoryUpdate", _numbers(3), True),
        ("inventoryUpdate", _numbers(0), False),
        ("manageStockUpdate", {"productId": product_id(PRINT), "manageStock": False}, True),
        ("manageStockUpdate", {"productId": product_id(PRINT), "manageStock": True}, False),
    ],
    "with its product": [
        ("productUpdate", _product(status="INACTIVE"), False),
        ("productUpdate", _product(status="ACTIVE"), True),
        ("productBulkUpdate", {"products": [_product(status="INACTIVE")]}, False),
        ("productBulkUpdate", {"products": [_product(status="ACTIVE", manageStock=True, available=0)]}, False),
        ("productUpdate", {"id": product_id(PRINT), "manageStock": False}, True),
        ("productUpdate", {"id": product_id(PRINT), "manageStock": True}, False),
    ],
    "chosen anew": [
        ("variantUpdate", {"id": variant_id(OAK), "status": "INACTIVE"}, False),
        ("bundleSave", {"id": variant_id(BOTH), "childIds": ITEMS[:2]}, True),
        ("bundleSave", {"id": variant_id(BOTH), "childIds": ITEMS}, False),
        ("bundleSave", {"id": variant_id(BOTH), "childIds": []}, True),
    ],
    "deleted": [
        ("variantDelete", {"id": variant_id(SMALL)}, False),
        # Nothing that happens to what is left makes up for it, until somebody says what it consists of.
        ("variantUpdate", {"id": variant_id(LARGE), "status": "INACTIVE"}, False),
        ("variantUpdate", {"id": variant_id(LARGE), "status": "ACTIVE"}, False),
        ("variantUpdate", {"id": variant_id(BOTH), "price": 3600, "title": "Two"}, False),
        ("bundleSave", {"id": variant_id(BOTH), "childIds": ITEMS[1:]}, True),
        ("productDelete", {"id": product_id(FRAME)}, False),
        ("bundleSave", {"id": variant_id(BOTH), "childIds": ITEMS[1:2]}, True),
        ("productBulkAction", {"action": "DELETE", "ids": [product_id(PRINT)]}, False),
    ],
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_bundle_follows_what_it_consists_of(gateway: Gateway, way: str) -> None:
    await stocked(gateway)
    assert await in_stock(gateway)
    for name, asked, expected in WAYS[way]:
        await succeeded(gateway, name, asked, "__typename")
        assert await in_stock(gateway) is expected, (name, asked)
    await check_invariants(gateway, events=False)


async def test_who_watches_stock_is_told_and_no_editor_is_disturbed(gateway: Gateway) -> None:
    await stocked(gateway)
    await succeeded(gateway, "inventoryUpdate", _numbers(0))
    told = await stored(gateway, table(EventRow), entity=f"ProductVariant:{BOTH}")
    assert [(e["name"], e["version"], e["changed"]) for e in told] == [("inventory.changed", 1, ["stockStatus"])]
    assert told[0]["payload"]["stockStatus"] == "out-of-stock"
    (bundle,) = await stored(gateway, table(VariantRow), id=BOTH)
    assert bundle["version"] == 1
    # Its own editor, who knows that version, is not refused, and does not put it in stock.
    edited = {"id": variant_id(BOTH), "expectedVersion": 1, "price": 3400}
    await succeeded(gateway, "variantUpdate", edited, "variant { id }")
    assert not await in_stock(gateway)


async def test_a_copy_lacks_what_the_original_does(gateway: Gateway) -> None:
    await stocked(gateway)
    await succeeded(gateway, "variantUpdate", {"id": variant_id(OAK), "status": "INACTIVE"}, "variant { id }")
    for stock in (True, False):
        copied = {"id": product_id(SET), "importStockManagement": stock}
        shown = "product { stockAvailability variants { stockStatus } }"
        copy = (await succeeded(gateway, "productDuplicate", copied, shown))["product"]
        assert copy == {"stockAvailability": "OUT_OF_STOCK", "variants": [{"stockStatus": "OUT_OF_STOCK"}]}
    await check_invariants(gateway, events=False)


async def test_what_was_written_past_the_rules_is_worked_out_again(gateway: Gateway) -> None:
    await stocked(gateway)
    async with gateway.database.write() as connection:
        await connection.execute(table(VariantRow).update().values(supplied=False, stock_status="out-of-stock"))
        await connection.commit()
    again = {"id": identity.encode("Product", SET), "action": "VARIANT_MODIFIED"}
    await succeeded(gateway, "productDetailUpdate", again)
    assert await in_stock(gateway)


async def test_two_writers_do_not_miss_each_other(gateway: Gateway) -> None:
    """One says what a bundle consists of while another takes that from sale, or brings it back."""
    await stocked(gateway)
    for turn in range(6):
        status = ("INACTIVE", "ACTIVE")[turn % 2]
        await asyncio.gather(
            done(gateway, "bundleSave", {"id": variant_id(BOTH), "childIds": ITEMS[turn % 3 :]}),
            done(gateway, "variantUpdate", {"id": variant_id(SMALL), "status": status}),
            done(gateway, "variantUpdate", {"id": variant_id(OAK), "status": status}),
            done(gateway, "variantUpdate", {"id": variant_id(BOTH), "price": 3500 + turn}),
        )
        await check_invariants(gateway, events=False)
