"""Copies of products: what they have of the original, what they never have, and what only when asked."""

from typing import Any

import pytest

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow, VariantAttributeRow
from db.catalog.product import ProductRow
from db.catalog.variant import NO_LICENSE, BillingInterval, PaymentType, VariantRow
from db.integration.feed import FeedRow
from db.store.row import Row, table
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
from tests.resolvers.shelf import events

# What a copy has of its own.
OWN = {"id", "version", "created_at", "updated_at", "search_text"}
OWN_OF_PRODUCT = OWN | {"title", "title_key", "slug", "status", "published_at", "modified_at", "default_variant_id"}
OWN_OF_VARIANT = OWN | {"product_id", "sku", "sku_key"}
STOCK = {"manage_stock", "stock_status", "total_stock", "available", "on_hold", "committed"}
SHOWN = """
product {
  databaseId title slug status publishedAt version isBundle manageStock manageDownloadable stockAvailability
  minPrice { cents } maxPrice { cents } metadata featuredImageId
  gallery { url title } terms { databaseId } feeds { name } upgradePaths { id }
  defaultVariant { databaseId }
  downloads { identifier title fileName downloadLimit variants { databaseId } }
  variants { databaseId title sku media { url } bundleItems { databaseId } }
}
"""


@pytest.fixture
async def catalogue(gateway: Gateway) -> Gateway:
    return await stocked(gateway)


async def copied(gateway: Gateway, key: int, **flags: bool) -> dict[str, Any]:
    product: dict[str, Any] = (await succeeded(gateway, "productDuplicate", {"id": product_id(key), **flags}, SHOWN))[
        "product"
    ]
    return product


async def test_a_copy_is_a_draft_with_all_that_describes_the_original(catalogue: Gateway) -> None:
    copy = await copied(catalogue, PRINT)

    assert copy["title"] == "Print (Copy)"
    assert copy["slug"].startswith("print-copy-1")
    assert (copy["status"], copy["version"]) == ("DRAFT", 1)
    assert (copy["minPrice"]["cents"], copy["maxPrice"]["cents"]) == (1000, 3000)
    assert [picture["title"] for picture in copy["gallery"]] == ["", "Back"]
    assert {term["databaseId"] for term in copy["terms"]} == {1, 2}
    assert [(v["title"], v["sku"], len(v["media"])) for v in copy["variants"]] == [
        ("Small", None, 1),
        ("Large", None, 0),
    ]
    assert copy["feeds"] == copy["upgradePaths"] == copy["downloads"] == []
    assert copy["manageDownloadable"] is False
    # The original is as it was.
    assert [row["sku"] for row in await stored(catalogue, table(VariantRow), product_id=PRINT)] == ["P-S", "P-L"]
    assert len(await stored(catalogue, table(FeedRow))) == 2


async def test_every_column_is_copied_but_those_that_identify(catalogue: Gateway) -> None:
    """A column that is added to a table is copied, or named here."""
    rows: list[Row] = [
        factories.shipping_class(7),
        factories.product(
            50,
            title="Everything",
            excerpt="Short",
            content="<p>Long</p>",
            comment_status="open",
            extra={"a": [1]},
            featured_image_id=4,
            default_media={"b": 2},
            manage_stock=True,
            manage_downloadable=True,
            sold_individually=True,
            use_pricing_table=True,
            active_editor="code",
            shipping_class_id=7,
            view_url="https://store.example/everything",
            edit_url="https://store.example/edit",
            detail_id=77,
            min_price=1500,
            max_price=1500,
        ),
        factories.variant(
            51,
            50,
            price=1500,
            compare_price=2000,
            manage_cost=True,
            cost=700,
            manage_stock=True,
            total_stock=20,
            available=5,
            on_hold=3,
            committed=12,
            shipping_class_id=7,
            payment_type=PaymentType.SUBSCRIPTION,
            interval=BillingInterval.MONTHLY,
            billing_times=12,
            trial_days=7,
            has_setup_fee=True,
            setup_fee=100,
            setup_fee_label="Setup",
            licensed=True,
            license_limit=3,
            license_months=12,
            description="Text",
            weight=1.5,
            package_slug="box",
        ),
    ]
    await factories.store_rows(catalogue, rows)
    for with_stock in (True, False):
        wished = ("importStockManagement", "importDownloadableFiles", "importLicenseSettings")
        copy = await copied(catalogue, 50, **dict.fromkeys(wished, with_stock))
        (product,) = await stored(catalogue, table(ProductRow), id=copy["databaseId"])
        (original,) = await stored(catalogue, table(ProductRow), id=50)
        own = OWN_OF_PRODUCT | {"view_url", "edit_url", "detail_id"}
        own |= set() if with_stock else {"manage_stock", "manage_downloadable"}
        assert {n: v for n, v in product.items() if n not in own} == {n: v for n, v in original.items() if n not in own}
        assert product["view_url"] is product["edit_url"] is product["detail_id"] is None

        (variant,) = await stored(catalogue, table(VariantRow), product_id=copy["databaseId"])
        (original,) = await stored(catalogue, table(VariantRow), id=51)
        own = OWN_OF_VARIANT | (set() if with_stock else STOCK | NO_LICENSE.keys())
        assert {n: v for n, v in variant.items() if n not in own} == {n: v for n, v in original.items() if n not in own}
        assert variant["sku"] is None
        if not with_stock:
            assert product["manage_stock"] is product["manage_downloadable"] is False
            assert {n: variant[n] for n in NO_LICENSE} == NO_LICENSE
            assert {n: variant[n] for n in STOCK} == {
                "manage_stock": False,
                "stock_status": "in-stock",
                "total_stock": 0,
                "available": 0,
                "on_hold": 0,
                "committed": 0,
            }


async def test_files_come_along_when_asked_with_identifiers_of_their_own(catalogue: Gateway) -> None:
    first = await copied(catalogue, PRINT, importDownloadableFiles=True)
    second = await copied(catalogue, PRINT, importDownloadableFiles=True)

    assert [file["title"] for file in first["downloads"]] == ["Everybody's", "Of the large"]
    large = next(v["databaseId"] for v in first["variants"] if v["title"] == "Large")
    assert [file["variants"] for file in first["downloads"]] == [[], [{"databaseId": large}]]
    identifiers = [file["identifier"] for copy in (first, second) for file in copy["downloads"]]
    assert len(set(identifiers)) == 4


async def test_the_default_variant_is_the_copys_own(catalogue: Gateway) -> None:
    default = {"id": product_id(PRINT), "defaultVariantId": variant_id(LARGE)}
    await succeeded(catalogue, "productUpdate", default)
    copy = await copied(catalogue, PRINT)
    assert copy["defaultVariant"]["databaseId"] == copy["variants"][1]["databaseId"]
    assert copy["version"] == 1


async def test_a_copied_bundle_consists_of_the_same_things(catalogue: Gateway) -> None:
    copy = await copied(catalogue, SET)
    assert copy["isBundle"] is True
    (variant,) = copy["variants"]
    assert [item["databaseId"] for item in variant["bundleItems"]] == [SMALL, LARGE, OAK]


async def test_attributes_come_along(catalogue: Gateway) -> None:
    rows: list[Row] = [
        AttributeGroupRow(id=1, title="Size", slug="size"),
        AttributeTermRow(id=5, group_id=1, title="S", slug="s"),
        VariantAttributeRow(variant_id=SMALL, term_id=5),
    ]
    await factories.store_rows(catalogue, rows)
    copy = await copied(catalogue, PRINT)
    links = await stored(catalogue, table(VariantAttributeRow), variant_id=copy["variants"][0]["databaseId"])
    assert [link["term_id"] for link in links] == [5]


async def test_titles_and_slugs_stay_within_their_limits(catalogue: Gateway) -> None:
    await factories.store_rows(catalogue, [factories.product(60, title="ä" * 200), factories.product(61, title="?")])
    long, odd = await copied(catalogue, 60), await copied(catalogue, 61)
    assert (len(long["title"]), long["title"][-8:]) == (200, "ä (Copy)")
    assert len(long["slug"]) <= 200
    assert odd["slug"].startswith("product-copy-")
    again = await copied(catalogue, 61)
    assert again["slug"] != odd["slug"]


async def test_every_new_row_has_its_event(catalogue: Gateway) -> None:
    await copied(catalogue, PRINT, importDownloadableFiles=True)
    told = [(event["name"], event["version"]) for event in await events(catalogue)]
    assert sorted(told) == [("download.created", 1)] * 2 + [("product.created", 1)] + [("variant.created", 1)] * 2


async def test_what_is_not_there_is_not_copied(catalogue: Gateway) -> None:
    assert await refused(catalogue, "productDuplicate", {"id": product_id(99)}) == [("NOT_FOUND", "id")]


async def test_the_number_of_statements_does_not_hang_on_the_number_of_products(catalogue: Gateway) -> None:
    counts = []
    for first, many in ((100, 1), (200, 30)):
        rows: list[Row] = []
        for number in range(first, first + many):
            rows += [
                factories.product(number),
                factories.variant(number, number),
                factories.media(number, product_id=number),
            ]
            rows += [factories.download(number, number), factories.product_term(number, 1)]
        await factories.store_rows(catalogue, rows)
        given = {
            "action": "DUPLICATE",
            "ids": [product_id(number) for number in range(first, first + many)],
            "importDownloadableFiles": True,
        }
        with catalogue.counting() as statements:
            await succeeded(catalogue, "productBulkAction", given, "results { index }")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 24, counts
