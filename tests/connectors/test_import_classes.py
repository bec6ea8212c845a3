"""Tax and shipping classes, and the products that refer to them."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import insert, text

from connectors.importers.fluentcart import import_store, render
from connectors.importers.fluentcart.foundation import NO_RATES
from connectors.importers.report import Report, Tally
from db.catalog.tax_rate import TaxRateRow
from db.store.database import Database
from db.store.row import table
from tests.connectors.fluentcart_store import (
    Exchanges,
    imported_twice,
    in_process,
    lines,
    priced,
    recorded,
    rows,
    settings,
    source,
)
from tests.connectors.whole import Whole


def shipping(exchanges: Exchanges) -> dict[str, Any]:
    page: dict[str, Any] = exchanges["/shipping/classes", "1"]["response"]["shipping_classes"]
    return page


def tax(exchanges: Exchanges) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = exchanges["/tax/classes", "1"]["response"]["tax_classes"]
    return listed


async def test_the_recorded_classes(whole: Whole) -> None:
    database = whole.database
    at = datetime(2026, 11, 20, 23, 48, 35, tzinfo=UTC)
    stamps = {"version": 1, "created_at": at, "updated_at": at}
    assert await rows(database, "tax_class") == [
        stamps
        | {"id": number, "title": title, "slug": title.lower(), "description": title, "priority": 1, "categories": []}
        for number, title in ((1, "Standard"), (2, "Reduced"), (3, "Zero"))
    ]
    assert await rows(database, "shipping_class") == [
        stamps | {"id": number, "name": name, "description": "", "cost": cost, "per_item": False, "type": "fixed"}
        for number, name, cost in ((1, "Small", 300), (2, "Bulky", 1500))
    ]


async def test_classes_of_another_store(database: Database, few: Exchanges, tmp_path: Path) -> None:
    tax(few)[0] |= {"slug": "reduced", "meta": {"categories": ["2", 3], "priority": "7"}}
    tax(few).append({"id": "9", "title": "Books &amp; more", "slug": "", "meta": []})
    tax(few).append({"id": 10, "title": ""})
    shipping(few)["data"] += [
        {"id": "3", "name": "Tenth", "cost": "1000.00", "per_item": "1", "type": "percentage"},
        {"id": 4, "name": "Free", "cost": "gratis", "type": "fixed"},
    ]
    report = await imported_twice(database, few, tmp_path)
    classes = {row["id"]: row for row in await rows(database, "tax_class")}
    assert [classes[number]["slug"] for number in sorted(classes)] == ["standard", "reduced", "reduced-2", "books-more"]
    assert (classes[3]["priority"], classes[3]["categories"]) == (7, [2, 3])
    assert (classes[9]["title"], classes[9]["created_at"]) == ("Books & more", None)
    (third,) = [row for row in await rows(database, "shipping_class") if row["id"] == 3]
    assert (third["cost"], third["per_item"], third["type"]) == (1000, True, "percentage")
    assert "tax classes 10: title: is missing" in lines(report)
    assert "shipping classes 4: cost: 'gratis' is not a number" in lines(report)


async def test_products_refer_to_classes_that_are_there(database: Database, few: Exchanges, tmp_path: Path) -> None:
    detail = priced(few, 4)["detail"]
    detail["other_info"] |= {"shipping_class": "2", "tax_class": 77}
    priced(few, 4)["variants"][0]["shipping_class"] = "1"
    report = await imported_twice(database, few, tmp_path)
    (mug,) = [row for row in await rows(database, "product") if row["id"] == 4]
    assert (mug["shipping_class_id"], mug["tax_class_id"]) == (2, None)
    (variant,) = [row for row in await rows(database, "product_variant") if row["product_id"] == 4]
    assert variant["shipping_class_id"] == 1
    assert "links of product 4: detail.other_info.tax_class: 77 is unknown" in lines(report)

    async with database.write() as connection:
        await connection.execute(text("DELETE FROM shipping_class"))
        await connection.commit()
    (mug,) = [row for row in await rows(database, "product") if row["id"] == 4]
    assert mug["shipping_class_id"] is None


async def test_a_store_that_lacks_all_that_may_be_lacking(database: Database, few: Exchanges, tmp_path: Path) -> None:
    for path, page in list(few):
        needed = path.startswith("/products") and not path.endswith(("/integrations", "/upgrade-paths"))
        if not needed and path != "/settings/store":
            del few[path, page]
    report = await imported_twice(database, few, tmp_path)
    assert report.of("products") == Tally(imported=4)
    assert lines(report) == ["links of product 5: detail.other_info.tax_class: 2 is unknown"]
    assert report.not_offered.keys() == {
        *("tax classes", "shipping classes", "global feeds", "feeds", "upgrade paths"),
        *("customers", "coupons", "orders", "subscriptions"),
    }
    assert report.not_offered["orders"] == "GET /orders answered 404 (rest_no_route)"
    assert render(report)


async def test_classes_stay_when_they_are_no_longer_told(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await import_store(database, source(in_process(few, tmp_path)))
    shipping(few)["data"].pop()
    tax(few)[0]["title"] = "None at all"
    report = await import_store(database, source(in_process(few, tmp_path)))
    assert report.of("shipping classes") == Tally(unchanged=1)
    assert report.of("tax classes") == Tally(updated=1, unchanged=2)
    assert len(await rows(database, "shipping_class")) == 2
    assert [row["version"] for row in await rows(database, "tax_class")] == [1, 1, 2]


def test_the_recording_has_them() -> None:
    assert (len(tax(recorded())), len(shipping(recorded())["data"])) == (3, 2)


async def test_a_shop_that_taxes_needs_rates(database: Database, few: Exchanges, tmp_path: Path) -> None:
    """Imports bring none; each says so as long as there is none, and the shop taxes."""

    async def found(**options: Any) -> Report:
        return await import_store(database, source(in_process(few, tmp_path)), **options)

    settings(few)["enable_tax"] = "no"
    assert (await found()).findings == []
    settings(few)["enable_tax"] = "yes"
    assert (await found(dry_run=True)).findings == [NO_RATES]
    told = await found()
    assert told.findings == (await found()).findings == [NO_RATES]
    written = StringIO()
    Console(width=200, file=written).print(render(told))
    assert f"To be done: {NO_RATES}" in written.getvalue()
    key = (await rows(database, "tax_class"))[0]["id"]
    async with database.write() as connection:
        rate = {"tax_class_id": key, "name": "VAT", "country": "DE", "rate": 190_000}
        await connection.execute(insert(table(TaxRateRow)).values(**rate))
        await connection.commit()
    assert (await found()).findings == []
