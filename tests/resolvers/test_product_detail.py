"""A product's detail, changed one thing at a time: classes, the editor, the variation type."""

from typing import Any

import pytest

from db.catalog.product import ProductRow, VariationType
from db.catalog.tax import TaxClassRow
from db.catalog.variant import VariantRow
from db.commerce.order import OrderStatus
from db.store.row import Row, table
from engine.values import identity
from tests import factories
from tests.gateway import Gateway
from tests.resolvers.catalogue import (
    LARGE,
    OAK,
    PRINT,
    SET,
    SMALL,
    product_id,
    refused,
    stocked,
    stored,
    succeeded,
    variant_id,
)
from tests.resolvers.shelf import dump, events

TYPE = "product { variationType version minPrice { cents } maxPrice { cents } defaultVariant { databaseId } }"


@pytest.fixture
async def catalogue(gateway: Gateway) -> Gateway:
    await stocked(gateway)
    rows: list[Row] = [
        TaxClassRow(id=1, title="Reduced", slug="reduced"),
        TaxClassRow(id=2, title="Standard", slug="standard"),
        factories.shipping_class(1, name="Bulky"),
        factories.shipping_class(2, name="Letter"),
    ]
    await factories.store_rows(gateway, rows)
    return gateway


async def column(gateway: Gateway, name: str, key: int = PRINT) -> Any:
    (row,) = await stored(gateway, table(ProductRow), id=key)
    return row[name]


@pytest.mark.parametrize("kind", ["Tax", "Shipping"])
async def test_classes_are_set_changed_and_removed_and_each_may_be_repeated(catalogue: Gateway, kind: str) -> None:
    field, stored_as = f"{kind.lower()}ClassId", f"{kind.lower()}_class_id"
    shown = f"product {{ version {kind.lower()}Class {{ databaseId }} }}"
    for number, version in ((1, 2), (1, 2), (2, 3)):
        given = {"id": product_id(PRINT), field: identity.encode(f"{kind}Class", number)}
        product = (await succeeded(catalogue, f"product{kind}ClassSet", given, shown))["product"]
        assert product == {"version": version, f"{kind.lower()}Class": {"databaseId": number}}
    for _ in range(2):
        product = (await succeeded(catalogue, f"product{kind}ClassRemove", {"id": product_id(PRINT)}, shown))["product"]
        assert product == {"version": 4, f"{kind.lower()}Class": None}
    assert await column(catalogue, stored_as) is None
    told = [(event["name"], event["version"], event["changed"]) for event in await events(catalogue)]
    assert told == [("product.updated", version, [f"{kind.lower()}Class"]) for version in (2, 3, 4)]


@pytest.mark.parametrize("kind", ["Tax", "Shipping"])
async def test_classes_and_products_that_are_not_there(catalogue: Gateway, kind: str) -> None:
    before = await dump(catalogue)
    field = f"{kind.lower()}ClassId"
    known, unknown = (identity.encode(f"{kind}Class", key) for key in (1, 99))
    name = f"product{kind}ClassSet"
    assert await refused(catalogue, name, {"id": product_id(PRINT), field: unknown}) == [("NOT_FOUND", field)]
    assert await refused(catalogue, name, {"id": product_id(99), field: known}) == [("NOT_FOUND", "id")]
    assert await refused(catalogue, f"product{kind}ClassRemove", {"id": product_id(99)}) == [("NOT_FOUND", "id")]
    outdated = {"id": product_id(PRINT), field: known, "expectedVersion": 7}
    assert await refused(catalogue, name, outdated) == [("CONFLICT", "expectedVersion")]
    assert await dump(catalogue) == before


async def test_the_editor_is_a_word_of_its_own(catalogue: Gateway) -> None:
    name = "productEditorModeUpdate"
    await succeeded(catalogue, name, {"id": product_id(PRINT), "activeEditor": "  visual\n"})
    assert await column(catalogue, "active_editor") == "visual"
    await succeeded(catalogue, name, {"id": product_id(PRINT), "activeEditor": "visual"})
    assert await column(catalogue, "version") == 2
    for wrong in ("", " ", "<b>", "\0", "x" * 101):
        given = {"id": product_id(PRINT), "activeEditor": wrong}
        assert await refused(catalogue, name, given) == [("VALIDATION", "activeEditor")]
    assert await refused(catalogue, name, {"id": product_id(99), "activeEditor": "a"}) == [("NOT_FOUND", "id")]
    assert await column(catalogue, "active_editor") == "visual"


async def test_simple_keeps_what_is_named(catalogue: Gateway) -> None:
    await succeeded(catalogue, "productUpdate", {"id": product_id(PRINT), "defaultVariantId": variant_id(SMALL)})
    given = {
        "id": product_id(PRINT),
        "variationType": "SIMPLE",
        "variantIds": [variant_id(LARGE)],
        "expectedVersion": 2,
    }
    beside = " deletedVariantIds bundles { databaseId } upgradePaths { databaseId } deletedUpgradePathIds"
    payload = await succeeded(catalogue, "productDetailUpdate", given, TYPE + beside)

    assert payload["deletedVariantIds"] == [variant_id(SMALL)]
    assert payload["product"] == {
        "variationType": "SIMPLE",
        "version": 3,
        "minPrice": {"cents": 3000},
        "maxPrice": {"cents": 3000},
        "defaultVariant": None,  # not named, so reset
    }
    assert len(payload["bundles"]) == len(payload["deletedUpgradePathIds"]) == 1
    assert [row["id"] for row in await stored(catalogue, table(VariantRow), product_id=PRINT)] == [LARGE]
    told = [event["name"] for event in await events(catalogue)]
    assert {"product.updated", "variant.deleted", "variant.updated", "upgrade_path.deleted"} <= set(told)
    # Again: nothing is left to be done.
    before = await dump(catalogue)
    again = {**given, "expectedVersion": 3}
    await succeeded(catalogue, "productDetailUpdate", again)
    assert await dump(catalogue) == before


async def test_simple_without_names_keeps_all(catalogue: Gateway) -> None:
    named: dict[str, Any]
    for named in ({}, {"variantIds": []}, {"variantIds": None}):
        payload = await succeeded(
            catalogue, "productDetailUpdate", {"id": product_id(PRINT), "variationType": "SIMPLE", **named}, TYPE
        )
        assert payload["product"]["variationType"] == "SIMPLE"
    assert len(await stored(catalogue, table(VariantRow), product_id=PRINT)) == 2


async def test_other_types_delete_nothing(catalogue: Gateway) -> None:
    given = {"id": product_id(PRINT), "variationType": "SIMPLE_VARIATIONS", "variantIds": [variant_id(LARGE)]}
    await succeeded(catalogue, "productDetailUpdate", {**given, "defaultVariantId": variant_id(SMALL)})
    assert await column(catalogue, "default_variant_id") == SMALL
    assert len(await stored(catalogue, table(VariantRow), product_id=PRINT)) == 2
    advanced = {"id": product_id(PRINT), "variationType": "ADVANCED_VARIATIONS"}
    assert await refused(catalogue, "productDetailUpdate", advanced) == [("VALIDATION", "variationType")]


async def test_the_documented_id_finds_the_product(catalogue: Gateway) -> None:
    await factories.store_rows(catalogue, [factories.product(50, detail_id=4711)])
    given = {"detailDatabaseId": 4711, "variationType": "SIMPLE_VARIATIONS"}
    await succeeded(catalogue, "productDetailUpdate", given)
    assert await column(catalogue, "variation_type", 50) is VariationType.SIMPLE_VARIATIONS
    missing = {"detailDatabaseId": 4712, "variationType": "SIMPLE"}
    assert await refused(catalogue, "productDetailUpdate", missing) == [("NOT_FOUND", "detailDatabaseId")]
    for named in ({}, {"id": product_id(50), "detailDatabaseId": 4711}):
        assert await refused(catalogue, "productDetailUpdate", named) == [("VALIDATION", "id")]


async def test_all_that_is_wrong_is_told_and_nothing_goes(catalogue: Gateway) -> None:
    rows = [factories.order(1, status=OrderStatus.PROCESSING), factories.order_item(1, 1, variant_id=SMALL)]
    await factories.store_rows(catalogue, rows)
    before = await dump(catalogue)
    simple = {"id": product_id(PRINT), "variationType": "SIMPLE"}
    sold = {**simple, "variantIds": [variant_id(LARGE)], "defaultVariantId": variant_id(SMALL)}
    assert await refused(catalogue, "productDetailUpdate", sold) == [
        ("VALIDATION", "defaultVariantId"),
        ("CONFLICT", "variantIds"),
    ]
    strange = {**simple, "variantIds": [variant_id(LARGE), variant_id(OAK)], "defaultVariantId": variant_id(OAK)}
    assert await refused(catalogue, "productDetailUpdate", strange) == [
        ("NOT_FOUND", "variantIds.1"),
        ("VALIDATION", "defaultVariantId"),
    ]
    assert await refused(catalogue, "productDetailUpdate", {**simple, "id": product_id(99)}) == [("NOT_FOUND", "id")]
    assert await dump(catalogue) == before


async def test_a_variant_that_was_modified_elsewhere_is_looked_at_again(catalogue: Gateway) -> None:
    await factories.store_rows(catalogue, [factories.variant(13, PRINT, price=9900)])  # behind the store's back
    given: dict[str, Any] = {"id": product_id(PRINT), "action": "VARIANT_MODIFIED"}
    product = (await succeeded(catalogue, "productDetailUpdate", given, TYPE))["product"]
    assert (product["maxPrice"]["cents"], product["version"]) == (9900, 1)
    assert await events(catalogue) == []
    given = {**given, "variationType": "SIMPLE", "variantIds": [variant_id(SMALL)], "defaultVariantId": None}
    assert await refused(catalogue, "productDetailUpdate", given) == [
        ("VALIDATION", "variationType"),
        ("VALIDATION", "variantIds"),
        ("VALIDATION", "defaultVariantId"),
    ]
    assert await column(catalogue, "version", SET) == 1
