"""Records that cannot be read: each is skipped with a reason that names it, and never stops the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    Exchanges,
    imported_twice,
    in_process,
    lines,
    priced,
    rows,
    settings,
    source,
    taxonomies,
)

Mutation = Callable[[Exchanges], Any]


def mug(exchanges: Exchanges) -> dict[str, Any]:
    return priced(exchanges, 4)


def first(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = priced(exchanges, 5)["variants"][0]
    return found


def file(exchanges: Exchanges) -> dict[str, Any]:
    found: dict[str, Any] = priced(exchanges, 8)["downloadable_files"][0]
    return found


PRODUCTS: list[tuple[Mutation, str]] = [
    (lambda store: mug(store).update(post_status="banana"), "products 4: post_status: 'banana' is none of draft, "),
    (lambda store: mug(store).update(post_status=["publish"]), "products 4: post_status: list is none of draft, "),
    (lambda store: mug(store).update(post_title={"raw": "Mug"}), "products 4: post_title: dict is not text"),
    (
        lambda store: mug(store)["detail"].update(fulfillment_type="service"),
        "products 4: detail.fulfillment_type: 'service' is none of physical, digital",
    ),
    (
        lambda store: mug(store)["detail"].update(variation_type="matrix"),
        "products 4: detail.variation_type: 'matrix' is none of simple, ",
    ),
    (
        lambda store: mug(store)["detail"].update(manage_stock="maybe"),
        "products 4: detail.manage_stock: 'maybe' is neither yes nor no",
    ),
    (lambda store: mug(store).update(detail="gone"), "products 4: detail.id: 'gone' is not a map"),
    (
        lambda store: mug(store)["detail"].update(other_info="{broken"),
        "products 4: detail.other_info.group_pricing_by: '{broken' is not JSON",
    ),
    (lambda store: mug(store).update(variants="none"), "products 4: variants: 'none' is not a list"),
    (
        lambda store: mug(store).update(post_date_gmt="yesterday"),
        "products 4: post_date_gmt: 'yesterday' is not a date",
    ),
    (lambda store: mug(store)["detail"].update(id="1.5"), "products 4: detail.id: '1.5' is not a whole number"),
    (lambda store: mug(store)["detail"].update(id=2), "products 5: detail.id: 2 is that of 4 already"),
    (lambda store: mug(store).update(ID=5), "products 4: ID: GET /products/4/pricing answers with product 5"),
    (
        lambda store: store["/products/4/pricing", "1"].update(response={"product": []}),
        "products 4: product: GET /products/4/pricing names none",
    ),
    (
        lambda store: store["/products/4/pricing", "1"].update(
            status=403, response={"code": "Permission Callback Error"}
        ),
        "products 4: GET /products/4/pricing answered 403 (Permission Callback Error)",
    ),
]


@pytest.mark.parametrize(("mutation", "line"), PRODUCTS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_products_that_cannot_be_read(
    database: Database, few: Exchanges, tmp_path: Path, mutation: Mutation, line: str
) -> None:
    mutation(few)
    report = await imported_twice(database, few, tmp_path)
    (said,) = lines(report)
    assert said.startswith(line)
    assert "\n" not in said
    assert report.of("products") == Tally(imported=3, skipped=1)


VARIANTS: list[tuple[Mutation, str]] = [
    (lambda store: first(store).update(item_price="free"), "item_price: 'free' is not a number"),
    (lambda store: first(store).update(item_price=-1), "item_price: -1 is not between 0 and "),
    (lambda store: first(store).update(item_price=1234.5), "item_price: 1234.5 is not a whole number of cents"),
    (lambda store: first(store).update(item_price="9" * 19), "item_price: '9999999999999999999' is not between 0 and"),
    (lambda store: first(store).update(total_stock=2**40), "total_stock: 1099511627776 is not between "),
    (lambda store: first(store).update(item_status="sleeping"), "item_status: 'sleeping' is none of active, inactive"),
    (lambda store: first(store).update(payment_type="barter"), "payment_type: 'barter' is none of onetime, "),
    (lambda store: first(store).update(sku="S" * 31), "sku: 'SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS' is longer than 30"),
    (lambda store: first(store).update(sku="SKU-001-1"), "sku: 'SKU-001-1' is that of 2 already"),
    (lambda store: first(store).update(sku="SKU-000-0"), "sku: 'SKU-000-0' is that of 1 already"),
    (lambda store: first(store).update(post_id=4), "post_id: belongs to product 4, not to 5"),
    (lambda store: first(store).update(id=1), "id: is the identifier of another one too"),
    (lambda store: first(store).update(id=None), "id: is missing"),
    (lambda store: first(store).update(created_at="20th of May"), "created_at: '20th of May' is not a date"),
    (lambda store: first(store).update(media="a picture"), "'a picture' is not a list"),
    (
        lambda store: first(store).update(payment_type="subscription", other_info={"repeat_interval": "fortnightly"}),
        "other_info.repeat_interval: 'fortnightly' is none of daily, ",
    ),
    (
        lambda store: first(store).update(payment_type="subscription", other_info={"trial_days": 366}),
        "other_info.trial_days: 366 is not between 0 and 365",
    ),
]


@pytest.mark.parametrize(("mutation", "reason"), VARIANTS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_variants_that_cannot_be_read(
    database: Database, few: Exchanges, tmp_path: Path, mutation: Mutation, reason: str
) -> None:
    mutation(few)
    report = await imported_twice(database, few, tmp_path)
    # What referred to the variant loses it, and says so too.
    (said,) = [said for said in lines(report) if not said.startswith(("links ", "feeds ", "upgrade paths "))]
    assert said.startswith("variants ")
    assert reason in said
    assert report.of("variants") == Tally(imported=15, skipped=1)
    assert report.of("products") == Tally(imported=4)
    kept = [row["price"] for row in await rows(database, "product_variant") if row["product_id"] == 5]
    (poster,) = [row for row in await rows(database, "product") if row["id"] == 5]
    assert (poster["min_price"], poster["max_price"]) == (min(kept), max(kept))


async def test_a_stored_variant_that_can_no_longer_be_read_stays(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    first(few)["media"] = [{"id": 3, "url": "https://images.example.com/v.png", "title": "v"}]
    await import_store(database, source(in_process(few, tmp_path)))
    first(few).update(item_price="free", media=None)
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert report.of("variants") == Tally(unchanged=15, skipped=1)
    assert report.of("media").removed == 0
    assert [row["price"] for row in await rows(database, "product_variant") if row["id"] == 2] == [8038]


DOWNLOADS: list[tuple[Mutation, str]] = [
    (lambda store: file(store).update(file_size="1 kB"), "downloads 1 of product 8: file_size: '1 kB' is not a number"),
    (lambda store: file(store).update(id="one"), "downloads 'one' of product 8: id: 'one' is not a number"),
    (
        lambda store: file(store).update(download_identifier="99ec73db-f65f-479b-ac5b-c6f5a94f1e3f"),
        "downloads 2: download_identifier: '99ec73db-f65f-479b-ac5b-c6f5a94f1e3f' is that of 1 already",
    ),
    (
        lambda store: file(store).update(product_variation_id=[999, "1", None]),
        "downloads 1: product_variation_id: none of its variants is known, and without one every buyer would get it",
    ),
    (
        lambda store: file(store).update(product_variation_id="everything"),
        "downloads 1: product_variation_id: 'everything' is not a list",
    ),
    (lambda store: file(store).update(settings={"download_limit": -1}), "settings.download_limit: -1 is not between"),
]


@pytest.mark.parametrize(("mutation", "reason"), DOWNLOADS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_downloads_that_cannot_be_read(
    database: Database, few: Exchanges, tmp_path: Path, mutation: Mutation, reason: str
) -> None:
    mutation(few)
    report = await imported_twice(database, few, tmp_path)
    (said,) = lines(report)
    assert reason in said
    assert report.of("downloads") == Tally(imported=1, skipped=1)


async def test_a_file_never_becomes_everybodys(database: Database, few: Exchanges, tmp_path: Path) -> None:
    """A file without links belongs to every variant of its product: one whose variants all went must not stay so."""
    file(few)["product_variation_id"] = [17]
    await import_store(database, source(in_process(few, tmp_path)))
    priced(few, 8)["variants"] = [row for row in priced(few, 8)["variants"] if row["id"] != 17]
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert report.of("downloads").removed == 1
    assert [row["id"] for row in await rows(database, "product_download")] == [2]

    # The same when the file's record can no longer be read.
    other = priced(few, 8)["downloadable_files"][1]
    remaining = {row["variant_id"] for row in await rows(database, "product_download_variant")}
    other["file_size"] = "unknown"
    priced(few, 8)["variants"] = [row for row in priced(few, 8)["variants"] if row["id"] not in remaining]
    await import_store(database, source(in_process(few, tmp_path)))
    assert await rows(database, "product_download") == []


async def test_links_that_lead_nowhere_are_left_out(database: Database, few: Exchanges, tmp_path: Path) -> None:
    file(few)["product_variation_id"] = ["17", 999, 1, "x"]
    mug(few)["product-categories"] = ["18", "999", "x", 19]
    mug(few)["product-brands"] = "all"
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == [
        "links of product 4: product-brands: 'all' is not a list",
        "links of product 4: product-categories: term 999 is unknown",
        "links of product 4: product-categories: 'x' is not a number",
        "links of product 4: product-categories: term 19 is unknown",
        "links of download 1: product_variation_id: variant 999 is not among the product's variants",
        "links of download 1: product_variation_id: variant 1 is not among the product's variants",
        "links of download 1: product_variation_id: 'x' is not a number",
    ]
    assert report.of("downloads").imported == 2


async def test_pictures_that_cannot_be_read(database: Database, few: Exchanges, tmp_path: Path) -> None:
    gallery = priced(few, 26)["detail"]["gallery_image"]["meta_value"]
    gallery[:] = [{"id": 1, "title": "no url"}, "x", {"id": "7", "url": "https://images.example.com/d.png"}, *gallery]
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == [
        "media 1 of product 26: url: is missing",
        "media 2 of product 26: 'x' is not a map",
    ]
    assert [(row["position"], row["attachment_id"]) for row in await rows(database, "media")] == [
        (3, 7),
        (4, 0),
        (5, 0),
    ]


async def test_terms_that_cannot_be_read(database: Database, few: Exchanges, tmp_path: Path) -> None:
    taxonomies(few)["product-categories"]["terms"] = [
        {"value": "18", "label": "Bags", "parent": "16"},  # before its parent, and beside it
        {"value": 16, "label": "Apparel &amp; more", "parent": 0, "children": []},
        {"value": "x", "label": "No number"},
        {"value": "30", "label": "  "},
        {"value": "31", "label": "Stray", "parent": "999"},
        {"value": "32", "label": "Of another taxonomy", "parent": "20"},
        {"value": "33", "label": "Snake", "parent": "34"},
        {"value": "34", "label": "Tail", "parent": "33"},
        {"value": "35", "label": "Own parent", "parent": "35"},
        {"value": "36", "label": "Apparel & more", "parent": "0", "children": {"0": {"value": 37, "label": "Nested"}}},
        {"value": "19", "label": "Also a brand"},
        "nothing",
    ]
    report = await imported_twice(database, few, tmp_path)
    terms = {row["id"]: row for row in await rows(database, "term")}
    assert (terms[16]["name"], terms[16]["slug"]) == ("Apparel & more", "apparel-more")
    assert (terms[36]["slug"], terms[37]["parent_id"], terms[18]["parent_id"]) == ("apparel-more-2", 36, 16)
    assert [terms[stray]["parent_id"] for stray in (31, 32, 33, 34, 35)] == [None, None, None, 33, None]
    said = [line for line in lines(report) if not line.startswith("links of product")]
    assert said == [
        "terms 'x': value: 'x' is not a number",
        "terms '30': label: is missing",
        "terms of 'product-categories': 'nothing' is not a map",
        "links of term 31: parent: 999 is not a term of product-categories",
        "links of term 32: parent: 20 is not a term of product-categories",
        "links of term 33: parent: 34 is a descendant of the term itself",
        "links of term 35: parent: 35 is a descendant of the term itself",
        "terms '19': value: is the identifier of another term too",
    ]


async def test_the_documented_form_of_taxonomies(database: Database, few: Exchanges, tmp_path: Path) -> None:
    """S5 writes a list where the released store answers with a map, and integers where it has strings."""
    trees = few["/products/fetch-term", "1"]["response"]
    trees["taxonomies"] = [
        {"name": "product-categories", "label": "Product Categories", "terms": [{"value": 1, "label": "Software"}]},
        {"name": "product-brands", "label": "Product Brands", "terms": []},
    ]
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert (report.of("taxonomies").unchanged, report.of("terms").imported) == (2, 1)


async def test_settings_that_cannot_be_read_keep_what_was(database: Database, few: Exchanges, tmp_path: Path) -> None:
    settings(few).update(currency="EUR", currency_position="iso_before", decimal_separator="dash", store_name=None)
    report = await imported_twice(database, few, tmp_path)
    assert lines(report)[:2] == [
        "store: currency_position: 'iso_before' is none of before, after",
        "store: decimal_separator: 'dash' is none of dot, comma",
    ]
    (store,) = await rows(database, "store")
    assert (store["currency"], store["currency_position"], store["name"]) == ("EUR", "before", "")
    settings(few)["currency"] = "Taler"
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert "store: currency: 'TALER' is not a currency code" in lines(report)
    assert (await rows(database, "store"))[0]["currency"] == "EUR"


async def test_products_without_a_readable_identifier(database: Database, few: Exchanges, tmp_path: Path) -> None:
    listed = few["/products", "1"]["response"]["products"]["data"]
    listed[0]["ID"] = "four"
    listed[2] = None
    listed[3]["ID"] = 0
    report = await imported_twice(database, few, tmp_path)
    assert lines(report) == [
        "products 'four': ID: 'four' is not a number",
        "products None: ID: is missing",
        "products 0: ID: 0 is not between 1 and 2147483647",
    ]
    assert report.of("products").imported == 1


async def test_a_batch_that_the_database_refuses_is_written_product_by_product(
    database: Database, few: Exchanges, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers and checks agree, so nothing known gets this far; whatever does must not take 49 others with it."""
    from connectors.importers.fluentcart.catalog import variant

    read = variant.VARIANT.read

    def unchecked(record: Any, *, given: Any = None) -> Any:
        row = read(record, given=given)
        return row | {"trial_days": 999} if row["id"] == 2 else row

    monkeypatch.setattr(variant.VARIANT, "read", unchecked)
    report = await imported_twice(database, few, tmp_path)
    (said,) = lines(report)
    assert said.startswith("products 5: the database refuses it: ")
    assert "trial_days" in said
    assert report.of("products") == Tally(imported=3, skipped=1)
    assert (await rows(database, "import_source"))[0]["finished_at"] is not None
