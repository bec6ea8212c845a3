"""The recorded store, imported: what is stored equals what the store said, and a second run finds nothing to do."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from rich.console import Console
from sqlalchemy import event

from connectors.importers.fluentcart import RecordedStore, import_store, render
from connectors.importers.report import Report, Skipped
from db.store.database import Database
from db.tables import METADATA
from tests.connectors.fluentcart_store import (
    RECORDING,
    SITE,
    WHOLE,
    Exchanges,
    in_process,
    path_of,
    priced,
    product_ids,
    recorded,
    rows,
    source,
)
from tests.connectors.whole import Steps, Whole

NONE = (None, "", 0, "0")
# What an import of the recording imports, in the order of a report.
COUNTS = {
    "store": 1,
    "tax classes": 3,
    "shipping classes": 2,
    "taxonomies": 2,
    "terms": 23,
    "products": 200,
    "variants": 611,
    "media": 6,
    "downloads": 70,
    "upgrade paths": 15,
    "providers": 3,
    "feeds": 79 + 6,
    "customers": 12,
    "customer addresses": 0,
    "coupons": 0,
    "orders": 40,
    "order items": 40,
    "transactions": 40,
    "order addresses": 0,
    "applied coupons": 0,
    "subscriptions": 0,
    "links": 757,
}


def moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def expected_product(record: dict[str, Any]) -> dict[str, Any]:
    detail = record["detail"]
    other = detail["other_info"]
    active = [variant for variant in record["variants"] if variant["item_status"] == "active"]
    subscribed = [any(v["payment_type"] == "subscription" for v in of) for of in (record["variants"], active)]
    in_stock = detail["manage_stock"] != "1" or any(v["stock_status"] == "in-stock" for v in active)
    # The recorded site's clock shows GMT, so a draft's local date is its moment.
    return {
        "id": record["ID"],
        "title": record["post_title"],
        "status": record["post_status"],
        "excerpt": record["post_excerpt"],
        "content": record["post_content"],
        "slug": record["post_name"],
        "published_at": moment(f"{record['post_date']}Z"),
        "modified_at": moment(f"{record['post_modified']}Z"),
        "comment_status": record["comment_status"],
        "view_url": record["view_url"].replace("{site}", SITE),
        "edit_url": record["edit_url"].replace("{site}", SITE),
        "featured_image_id": record["featured_image_id"] or None,
        "extra": None,
        "detail_id": detail["id"],
        "fulfillment_type": detail["fulfillment_type"],
        "variation_type": detail["variation_type"],
        "min_price": int(detail["min_price"]),
        "max_price": int(detail["max_price"]),
        "default_variant_id": detail["default_variation_id"],
        "default_media": detail["default_media"],
        "manage_stock": detail["manage_stock"] == "1",
        "stock_availability": detail["stock_availability"],
        "manage_downloadable": detail["manage_downloadable"] == "1",
        "group_pricing_by": other.get("group_pricing_by"),
        "sold_individually": other.get("sold_individually") == "yes",
        "use_pricing_table": other.get("use_pricing_table") == "yes",
        "shipping_class_id": other.get("shipping_class") or None,
        "tax_class_id": other.get("tax_class") or None,
        "active_editor": other.get("active_editor"),
        "is_bundle": other["is_bundle_product"] == "yes",
        "has_subscription": subscribed[0],
        "public_min_price": min((v["item_price"] for v in active), default=0),
        "public_max_price": max((v["item_price"] for v in active), default=0),
        "public_stock_availability": "in-stock" if in_stock else "out-of-stock",
        "public_has_subscription": subscribed[1],
        "created_at": moment(detail["created_at"]),
        "updated_at": moment(detail["updated_at"]),
        "version": 1,
    }


def expected_variant(record: dict[str, Any]) -> dict[str, Any]:
    other = record["other_info"] or {}
    subscription = record["payment_type"] == "subscription"
    fee = subscription and other["manage_setup_fee"] == "yes"
    return {
        "id": record["id"],
        "product_id": record["post_id"],
        "title": record["variation_title"],
        "identifier": None,
        "sku": record["sku"],
        "sku_key": record["sku"] and record["sku"].casefold(),
        "status": record["item_status"],
        "position": record["serial_index"],
        "fulfillment_type": record["fulfillment_type"],
        "sold_individually": bool(record["sold_individually"]),
        "downloadable": False,
        "shipping_class_id": None if record["shipping_class"] in NONE else int(record["shipping_class"]),
        "media_id": record["media_id"],
        "description": other.get("description", ""),
        "price": record["item_price"],
        "compare_price": record["compare_price"],
        "manage_cost": record["manage_cost"] == "true",
        "cost": record["item_cost"],
        "manage_stock": record["manage_stock"] == "1",
        "stock_status": record["stock_status"],
        "supplied": True,
        "incomplete": False,
        "backorders": bool(record["backorders"]),
        "total_stock": record["total_stock"],
        "available": record["available"],
        "on_hold": record["on_hold"],
        "committed": record["committed"],
        "payment_type": record["payment_type"],
        "interval": other["repeat_interval"] if subscription else None,
        "billing_times": int(other["times"]) if subscription else 0,
        "trial_days": int(other["trial_days"] or 0) if subscription else 0,
        "billing_summary": "",
        "has_setup_fee": fee,
        "setup_fee": other["signup_fee"] if fee else None,
        "setup_fee_label": other["signup_fee_name"] if fee else None,
        "setup_fee_per_item": False,
        "installment": False,
        "licensed": False,
        "license_limit": 0,
        "license_months": None,
        "package_slug": None,
        "weight": None,
        "weight_unit": None,
        "length": None,
        "width": None,
        "height": None,
        "created_at": moment(record["created_at"]),
        "updated_at": moment(record["updated_at"]),
        "version": 1,
    }


def expected_download(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "product_id": int(record["post_id"]),
        "identifier": record["download_identifier"],
        "title": record["title"],
        "type": record["type"],
        "driver": record["driver"],
        "file_name": record["file_name"],
        "file_path": record["file_path"],
        "file_url": record["file_url"],
        "file_size": int(record["file_size"]),
        "bucket": None,
        "download_limit": record["settings"]["download_limit"],
        "download_expiry_days": record["settings"]["download_expiry"],
        "position": int(record["serial"]),
        "for_all_variants": not record["product_variation_id"],
        "created_at": None,
        "updated_at": None,
        "version": 1,
    }


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


async def test_everything_stored_equals_the_recording(whole: Whole) -> None:
    database, report = whole.database, whole.done.report
    exchanges = recorded()
    records = [priced(exchanges, identifier) for identifier in product_ids(exchanges)]
    products = await rows(database, "product")
    found = [without(row, "title_key", "search_text") for row in products]
    assert found == [expected_product(record) for record in records]
    assert (products[0]["title_key"], products[0]["search_text"]) == ("amber mug", "amber mug\n4\namber mug\nsku-000-0")
    variants = [variant for record in records for variant in record["variants"]]
    found = [without(row, "search_text") for row in await rows(database, "product_variant")]
    assert found == sorted(map(expected_variant, variants), key=lambda row: int(row["id"]))
    files = [file for record in records for file in record["downloadable_files"]]
    assert await rows(database, "product_download") == sorted(
        map(expected_download, files), key=lambda row: int(row["id"])
    )
    links = {(row["download_id"], row["variant_id"]) for row in await rows(database, "product_download_variant")}
    assert links == {(file["id"], variant) for file in files for variant in file["product_variation_id"]}
    terms = {(row["product_id"], row["term_id"]) for row in await rows(database, "product_term")}
    assert terms == {
        (record["ID"], int(term))
        for record in records
        for term in record["product-categories"] + record["product-brands"]
    }
    assert (len(products), len(variants), len(files)) == (200, 611, 70)
    # Every store has these from the start.
    assert {entity: tally.imported for entity, tally in report.tallies.items()} == {
        **COUNTS,
        "store": 0,
        "taxonomies": 0,
    }
    assert (report.of("store").updated, report.of("taxonomies").unchanged) == (1, 2)
    # Of feeds to 79 variants, of upgrade paths to 49, of a bundle to 3.
    assert COUNTS["links"] == len(links) + len(terms) + 131
    assert not report.skipped
    assert not report.absent
    assert report.resumed_after is None


async def test_galleries_taxonomies_and_settings(whole: Whole) -> None:
    database = whole.database
    pictures = await rows(database, "media")
    for product in (26, 27, 28):
        shown = [
            (row["position"], row["attachment_id"], row["url"], row["title"], row["variant_id"])
            for row in sorted(pictures, key=lambda row: int(row["position"]))
            if row["product_id"] == product
        ]
        assert shown == [
            (1, 0, "https://images.example.com/a%20b.jpg", 'A "b"', None),
            (2, 0, "https://images.example.com/c.png", "ç", None),
        ]
    assert await rows(database, "taxonomy") == [
        {"name": "product-brands", "label": "Product Brands", "plural_label": "Brands", "singular_label": "Brand"},
        {
            "name": "product-categories",
            "label": "Product Categories",
            "plural_label": "Categories",
            "singular_label": "Category",
        },
    ]
    terms = {row["id"]: row for row in await rows(database, "term")}
    kitchen, home = terms[3], terms[2]
    assert (kitchen["name"], kitchen["slug"], kitchen["parent_id"]) == ("Kitchen", "kitchen", 2)
    assert (home["parent_id"], home["taxonomy"], terms[19]["taxonomy"]) == (
        None,
        "product-categories",
        "product-brands",
    )
    (store,) = await rows(database, "store")
    assert (store["name"], store["currency"]) == ("FC Reference", "USD")
    assert (store["currency_position"], store["decimal_separator"]) == ("before", "dot")
    assert (store["url"], store["logo_url"]) == (SITE, None)
    assert store["settings"]["weight_unit"] == "kg"
    assert not store["settings"].keys() & {"store_name", "currency", "currency_position", "decimal_separator"}
    states = await rows(database, "import_source")
    assert [state["entity"] for state in states] == ["coupons", "customers", "orders", "products", "subscriptions"]
    for state in states:
        assert (state["source"], state["reached"], state["pending"]) == (SITE, None, None)
        assert state["finished_at"] is not None


async def test_a_second_run_finds_everything_unchanged_and_writes_nothing(database: Database) -> None:
    await import_store(database, source(RecordedStore(RECORDING)))
    tables = sorted(METADATA.tables.keys() - {"import_source"})
    before = {table: await rows(database, table) for table in tables}
    statements: list[str] = []

    def executed(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        statements.append(statement)

    for engine in database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", executed)
    report = await import_store(database, source(RecordedStore(RECORDING)))

    writes = [text for text in statements if text.split(maxsplit=1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}]
    assert writes
    assert {"import_source" in text for text in writes} == {True}
    assert {entity: tally.unchanged for entity, tally in report.tallies.items()} == COUNTS
    assert all(not (t.imported or t.updated or t.removed or t.skipped) for t in report.tallies.values())
    assert {table: await rows(database, table) for table in before} == before


def test_a_batch_takes_a_bounded_number_of_statements(whole: Whole) -> None:
    # Four pages of 50 products: what matters is that the number does not grow with the products of a page.
    # The rest: what is there once, a page of customers, one of orders.
    assert len(whole.done.statements) < 5 * 45 + 85


def test_it_asks_for_what_it_needs_and_for_nothing_twice(whole: Whole) -> None:
    store = whole.done.store
    assert len(store.paths) == WHOLE
    assert len({request.url for request in store.requests}) == len(store.requests)
    listing = next(request.url for request in store.requests if path_of(request).endswith("/products"))
    assert sorted(parse_qsl(urlsplit(listing).query)) == [
        ("page", "1"),
        ("per_page", "50"),
        ("sort_by", "ID"),
        ("sort_type", "asc"),
        ("with[]", "detail"),
        ("with[]", "variants"),
    ]


def test_progress_is_told(whole: Whole) -> None:
    steps = whole.done.steps
    assert steps.totals == [200]
    assert steps.done == 200


async def test_an_empty_store(database: Database, exchanges: Exchanges, tmp_path: Path) -> None:
    exchanges["/products", "1"]["response"]["products"] |= {"data": [], "total": 0, "last_page": 1}
    steps = Steps()
    report = await import_store(database, source(in_process(exchanges, tmp_path)), progress=steps)
    assert report.of("products").imported == 0
    assert report.of("terms").imported == 23
    taxonomies = {row["name"]: row["plural_label"] for row in await rows(database, "taxonomy")}
    assert taxonomies == {"product-brands": "Brands", "product-categories": "Categories"}  # though nobody has said so


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_identifiers_taken_over_are_not_given_again(database: Database) -> None:
    from sqlalchemy import text

    await import_store(database, source(RecordedStore(RECORDING)))
    async with database.write() as connection:
        for table, highest in (("product", 203), ("product_variant", 611), ("product_download", 70), ("term", 24)):
            counter = f"nextval(pg_get_serial_sequence('{table}', 'id'))"
            assert await connection.scalar(text(f"SELECT {counter}")) == highest + 1
    # A second import does not move a counter back that has gone on since.
    await import_store(database, source(RecordedStore(RECORDING)))
    async with database.write() as connection:
        assert await connection.scalar(text("SELECT nextval(pg_get_serial_sequence('product', 'id'))")) == 205


def test_the_report_is_a_table_with_a_line_for_each_record_left_out() -> None:
    report = Report(source="https://shop.example", absent=list(range(1, 30)), resumed_after=50)
    report.of("products").imported = 3
    report.skip(Skipped("variants", "17 of product 4", "item_price", "'[red]abc' is not a number"))
    report.skip(Skipped("products", "9", "", "GET /products/9/pricing answered 404"))
    console = Console(width=200, file=io.StringIO())
    with console.capture() as capture:
        console.print(render(report))
    text = capture.get()
    assert "Imported from https://shop.example" in text
    assert "Skipped variants 17 of product 4: item_price: '[red]abc' is not a number" in text
    assert "Skipped products 9: GET /products/9/pricing answered 404" in text
    assert "Went on after product 50" in text
    assert "20 and 9 more" in text
