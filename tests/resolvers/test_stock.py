"""What the documents of `tests/operations/042-…` and `043-…` leave open: versions, events, many writers at once."""

import asyncio
from typing import Any, Final

from db.access.viewer import Viewer
from db.catalog.product import StockStatus
from db.catalog.variant import VariantStatus
from engine.values import identity
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import MANAGED, ONE_TIME, PRODUCT, SUBSCRIPTION, derive, dump, events, id_of

STOCK: Final = "databaseId version manageStock stockStatus totalStock available"
SHOWN: Final = f"variant {{ {STOCK} }} product {{ version manageStock stockAvailability }} variants {{ {STOCK} }}"
ALL: Final = (
    f"{{ product(by: {{ databaseId: 1 }}) {{ version stockAvailability manageStock variants {{ {STOCK} }} }} }}"
)


def of(variant: int, total: int, available: int, **more: Any) -> dict[str, Any]:
    product = identity.encode("Product", PRODUCT)
    return {"productId": product, "variantId": id_of(variant), "totalStock": total, "available": available, **more}


def managing(on: bool, **more: Any) -> dict[str, Any]:
    return {"productId": identity.encode("Product", PRODUCT), "manageStock": on, **more}


async def unmanaged(gateway: Gateway) -> None:
    """A product whose stock nobody counts: with one in stock by its numbers (1), one not (2)."""
    rows = [
        factories.product(PRODUCT),
        factories.variant(1, PRODUCT, position=1),
        factories.variant(2, PRODUCT, available=0, position=2),
    ]
    await factories.store_rows(gateway, rows)
    await derive(gateway, PRODUCT)


async def test_counting_one_manages_all(gateway: Gateway) -> None:
    await unmanaged(gateway)
    payload = await done(gateway, "inventoryUpdate", of(1, 10, 0), SHOWN)
    managed = {"version": 2, "manageStock": True}
    first = {"databaseId": 1, **managed, "stockStatus": "OUT_OF_STOCK", "totalStock": 10, "available": 0}
    second = {"databaseId": 2, **managed, "stockStatus": "OUT_OF_STOCK", "totalStock": 1, "available": 0}
    assert payload["variant"] == first
    assert payload["variants"] == [second]
    assert payload["product"] == {"version": 2, "manageStock": True, "stockAvailability": "OUT_OF_STOCK"}
    told = {(e["name"], e["entity"]): (e["version"], e["changed"], e["payload"]) for e in await events(gateway)}
    one = {"variantId": 1, "productId": PRODUCT, "sku": "SKU-1"}
    other = {"variantId": 2, "productId": PRODUCT, "sku": "SKU-2"}
    counted = {"manageStock": True, "available": 0, "stockStatus": "out-of-stock"}
    every, followed = ["available", "manageStock", "stockStatus", "totalStock"], ["manageStock", "stockStatus"]
    assert told == {
        ("product.updated", f"Product:{PRODUCT}"): (2, ["manageStock"], {"productId": PRODUCT, "slug": "product-1"}),
        ("variant.updated", "ProductVariant:1"): (2, every, one),
        ("inventory.changed", "ProductVariant:1"): (2, every, one | counted | {"totalStock": 10}),
        ("variant.updated", "ProductVariant:2"): (2, followed, other),
        ("inventory.changed", "ProductVariant:2"): (2, followed, other | counted | {"totalStock": 1}),
    }
    # In stock again: nothing changes but the numbers.
    payload = await done(gateway, "inventoryUpdate", of(1, 10, 3, expectedVersion=2), SHOWN)
    assert payload["variant"] == first | {"version": 3, "stockStatus": "IN_STOCK", "available": 3}
    assert (payload["variants"], payload["product"]["version"]) == ([], 2)
    assert payload["product"]["stockAvailability"] == "IN_STOCK"


async def test_the_same_numbers_change_nothing(gateway: Gateway) -> None:
    await unmanaged(gateway)
    await done(gateway, "inventoryUpdate", of(1, 5, 5))
    before = await dump(gateway)
    await done(gateway, "inventoryUpdate", of(1, 5, 5))
    await done(gateway, "manageStockUpdate", managing(True))
    assert await dump(gateway) == before


async def test_refusals_of_a_count(gateway: Gateway) -> None:
    await unmanaged(gateway)
    other = [
        factories.product(2),
        factories.variant(3, 2),
        factories.variant(4, PRODUCT, status=VariantStatus.INACTIVE),
        factories.product(3, status="draft"),
        factories.variant(5, 3),
    ]
    await factories.store_rows(gateway, other)
    before = await dump(gateway)
    assert await refused(gateway, "inventoryUpdate", of(1, -1, -1)) == [
        ("VALIDATION", "totalStock"),
        ("VALIDATION", "available"),
    ]
    assert await refused(gateway, "inventoryUpdate", of(3, 1, 1)) == [("NOT_FOUND", "variantId")]
    assert await refused(gateway, "inventoryUpdate", of(99, 1, 1)) == [("NOT_FOUND", "variantId")]
    nobody = of(1, 1, 1) | {"productId": identity.encode("Product", 9)}
    assert await refused(gateway, "inventoryUpdate", nobody) == [("NOT_FOUND", "productId")]
    assert await refused(gateway, "inventoryUpdate", of(1, 1, 1, expectedVersion=4)) == [
        ("CONFLICT", "expectedVersion")
    ]
    editor = Viewer("token:editor", "editor", frozenset({"products/edit"}))
    assert await refused(gateway, "inventoryUpdate", of(4, 1, 1), viewer=editor) == [("NOT_FOUND", "variantId")]
    hidden = of(5, 1, 1) | {"productId": identity.encode("Product", 3)}
    assert await refused(gateway, "inventoryUpdate", hidden, viewer=editor) == [("NOT_FOUND", "productId")]
    assert await dump(gateway) == before
    await perform(gateway, "inventoryUpdate", of(1, 9, 9), dry=True)
    assert await dump(gateway) == before


async def test_managing_is_said_of_all(gateway: Gateway) -> None:
    await unmanaged(gateway)
    for on, statuses, version in ((True, ["IN_STOCK", "OUT_OF_STOCK"], 2), (False, ["IN_STOCK", "IN_STOCK"], 3)):
        payload = await done(gateway, "manageStockUpdate", managing(on, expectedVersion=version - 1), SHOWN_OF_ALL)
        assert payload["product"] == {"version": version, "manageStock": on, "stockAvailability": "IN_STOCK"}
        assert [variant["stockStatus"] for variant in payload["variants"]] == statuses
        assert [variant["manageStock"] for variant in payload["variants"]] == [on, on]
        assert [(variant["totalStock"], variant["available"]) for variant in payload["variants"]] == [(1, 1), (1, 0)]
    names = [event["name"] for event in await events(gateway)]
    assert sorted(names) == ["inventory.changed"] * 4 + ["product.updated"] * 2 + ["variant.updated"] * 4
    assert await refused(gateway, "manageStockUpdate", managing(True, expectedVersion=1)) == [
        ("CONFLICT", "expectedVersion")
    ]


SHOWN_OF_ALL: Final = f"product {{ version manageStock stockAvailability }} variants {{ {STOCK} }}"


async def test_a_stale_status_is_mended(gateway: Gateway) -> None:
    """The released store leaves the variants' status as it is when managing begins; an import brings that in."""
    rows = [
        factories.product(PRODUCT, manage_stock=True),
        factories.variant(1, PRODUCT, manage_stock=True, available=0, stock_status=StockStatus.IN_STOCK),
    ]
    await factories.store_rows(gateway, rows)
    payload = await done(gateway, "manageStockUpdate", managing(True), SHOWN_OF_ALL)
    assert payload["variants"][0]["stockStatus"] == "OUT_OF_STOCK"
    assert payload["product"] == {"version": 1, "manageStock": True, "stockAvailability": "OUT_OF_STOCK"}


async def test_statements_do_not_grow(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.product(PRODUCT), factories.variant(1, PRODUCT)])
    with gateway.counting() as few:
        await done(gateway, "inventoryUpdate", of(1, 10, 0))
    await done(gateway, "manageStockUpdate", managing(False))
    await factories.store_rows(gateway, [factories.variant(n, PRODUCT) for n in range(2, 60)])
    with gateway.counting() as many:
        await done(gateway, "inventoryUpdate", of(1, 11, 1))
    assert len(few) == len(many) == 7


# At once


async def test_two_hundred_changes_at_once(gateway: Gateway) -> None:
    """Each takes one away from what it has read, and reads again when somebody was faster: none is lost."""
    kinds = range(1, 5)
    rows = [factories.variant(n, PRODUCT, total_stock=500, available=50, position=n) for n in kinds]
    await factories.store_rows(gateway, [factories.product(PRODUCT), *rows])
    await derive(gateway, PRODUCT)
    read = "query Look($id: ID!) { productVariant(by: { id: $id }) { version available } }"

    async def take(variant: int) -> int:
        for tries in range(1, 400):
            seen = (await gateway(read, {"id": id_of(variant)}))["productVariant"]
            wanted = of(variant, 500, seen["available"] - 1, expectedVersion=seen["version"])
            payload = await perform(gateway, "inventoryUpdate", wanted)
            if not payload["userErrors"]:
                return tries
            assert [error["code"] for error in payload["userErrors"]] == ["CONFLICT"]
        raise AssertionError("never")

    async def worker(number: int) -> None:
        for _ in range(10):
            await take(number % 4 + 1)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(worker(number) for number in range(20)))
    product = (await gateway(ALL))["product"]
    assert [variant["available"] for variant in product["variants"]] == [0, 0, 0, 0]
    assert {variant["stockStatus"] for variant in product["variants"]} == {"OUT_OF_STOCK"}
    assert (product["stockAvailability"], product["version"]) == ("OUT_OF_STOCK", 2)
    found = await events(gateway)
    counted = [event for event in found if event["name"] == "inventory.changed" and "available" in event["changed"]]
    assert len(counted) == 200
    bumps: dict[str, int] = {}
    for entity, _version in {(event["entity"], event["version"]) for event in found}:
        bumps[entity] = bumps.get(entity, 1) + 1
    assert {f"ProductVariant:{v['databaseId']}": v["version"] for v in product["variants"]} | {
        f"Product:{PRODUCT}": 2
    } == bumps


async def test_two_hundred_counts_at_once(shelf: Gateway) -> None:
    """Without a version the last one wins; every one is there, and what follows is right."""
    changes = [(key, n % 3) for n in range(67) for key in (ONE_TIME, SUBSCRIPTION, MANAGED)][:200]
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(
            *(perform(shelf, "inventoryUpdate", of(key, n, available)) for n, (key, available) in enumerate(changes))
        )
    assert [payload["userErrors"] for payload in payloads] == [[]] * 200
    product = (await shelf(ALL))["product"]
    assert all(v["stockStatus"] == ("IN_STOCK" if v["available"] else "OUT_OF_STOCK") for v in product["variants"])
    in_stock = any(variant["available"] for variant in product["variants"])
    assert product["stockAvailability"] == ("IN_STOCK" if in_stock else "OUT_OF_STOCK")
    for variant in product["variants"]:
        last = (variant["totalStock"], variant["databaseId"], variant["available"])
        assert changes[last[0]] == last[1:]
