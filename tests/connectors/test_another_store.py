"""The recording altered hard, as other stores answer: everything must go through without a change of code."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Tally
from db.store.database import Database
from tests.connectors.fluentcart_store import (
    Exchanges,
    in_process,
    paged,
    priced,
    product_ids,
    recorded,
    rows,
    settings,
    source,
    taxonomies,
)


async def content(database: Database) -> dict[str, list[dict[str, Any]]]:
    """What is stored, without what storegraph itself made up or when."""
    own = {"created_at", "updated_at", "view_url", "edit_url"}
    tables = ("product", "product_variant", "product_download", "term", "product_term", "product_download_variant")
    return {
        table: [{name: value for name, value in row.items() if name not in own} for row in await rows(database, table)]
        for table in tables
    }


def everywhere(value: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: everywhere(inner, change, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [everywhere(inner, change, name) for inner in value]
    return change(name, value)


def stringly(_name: str, value: Any) -> Any:
    """Every number as a string, as a database driver of PHP's gives them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(value)


def floating(_name: str, value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


FLAGS = {"manage_stock", "manage_downloadable", "sold_individually", "backorders", "downloadable", "manage_cost"}
FLAGS |= {"is_bundle_product", "use_pricing_table", "manage_setup_fee", "installment"}
TRUE = ("yes", "true", "1", 1, True)
FALSE = ("no", "false", "0", 0, False, "")


def flags(seed: int) -> Callable[[str, Any], Any]:
    """Every boolean in another of the store's forms."""
    chance = random.Random(seed)

    def change(name: str, value: Any) -> Any:
        if name not in FLAGS:
            return value
        return chance.choice(TRUE if value in TRUE and value != "" else FALSE)

    return change


def nulls_dropped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: nulls_dropped(inner) for key, inner in value.items() if inner is not None}
    return [nulls_dropped(inner) for inner in value] if isinstance(value, list) else value


def lists_with_gaps(value: Any) -> Any:
    """PHP writes a list whose first entry was removed as a map."""
    if isinstance(value, dict):
        return {key: lists_with_gaps(inner) for key, inner in value.items()}
    if isinstance(value, list) and value:
        return {str(index): lists_with_gaps(inner) for index, inner in enumerate(value, 1)}
    return value


FORMS: dict[str, Callable[[Any], Any]] = {
    "numbers as strings": lambda answer: everywhere(answer, stringly),
    "numbers with a point": lambda answer: everywhere(answer, floating),
    "booleans in other words": lambda answer: everywhere(answer, flags(1)),
    "no nulls": nulls_dropped,
    "lists with gaps": lists_with_gaps,
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_same_store_in_another_form_is_the_same_store(
    database: Database, small: Exchanges, tmp_path: Path, form: str
) -> None:
    await import_store(database, paged(small, tmp_path))
    before = await content(database)
    for line in small.values():
        line["response"] = FORMS[form](line["response"])
    report = await import_store(database, paged(small, tmp_path))
    assert not report.skipped
    assert await content(database) == before
    # Fields that are not compared above may differ in nothing either.
    assert report.of("products") == Tally(unchanged=len(before["product"]))
    assert report.of("variants") == Tally(unchanged=len(before["product_variant"]))
    assert report.of("downloads") == Tally(unchanged=len(before["product_download"]))
    assert all(before.values())


def another() -> Exchanges:
    """A shop in Japan: yen, other names, identifiers, times, dates of drafts, entities, missing pieces."""
    exchanges = recorded()
    settings(exchanges).update(
        currency="JPY", currency_position="after", decimal_separator="comma", store_name="商店 &amp; Söhne"
    )
    brands = taxonomies(exchanges).pop("product-brands")
    taxonomies(exchanges)["product-makers"] = brands | {"name": "product-makers", "label": "Makers"}
    offset = timedelta(hours=9)
    other: Exchanges = {}
    for (path, page), line in exchanges.items():
        if path not in ASKED and not path.endswith("/pricing"):
            continue
        new = everywhere(line["response"], shifted)
        for product in products_of(new):
            product["product-makers"] = product.pop("product-brands", [])
            for local in ("post_date", "post_modified"):
                at = datetime.fromisoformat(product[local]) + offset
                product[local] = at.isoformat(sep=" ")
            if product["ID"] % 7 == 0:
                product["post_title"] = f"&#8220;{product['post_title']}&#8221; &amp; Co. &#8211; 日本"
                product["post_name"] = f"%e6%97%a5%e6%9c%ac-{product['ID']}"
            if product["ID"] % 11 == 0:
                product["detail"] = None
            if product["ID"] % 13 == 0:
                product["variants"] = []
            for variant in product["variants"]:
                variant["item_price"] = f"{variant['item_price']}.0"
                if int(variant["id"]) % 5 == 0:
                    variant |= {"sku": "", "compare_price": 1, "shipping_class": "", "other_info": []}
        product_id = path.removeprefix("/products/").removesuffix("/pricing")
        moved = f"/products/{int(product_id) + 100_000}/pricing" if product_id.isdigit() else path
        other[moved, page] = line | {"path": moved, "response": new}
    return other


ASKED = {"/settings/store", "/products/fetch-term", "/products"}
IDENTIFIERS = {"ID", "id", "post_id", "default_variation_id", "value", "parent"}


def shifted(name: str, value: Any) -> Any:
    """Other identifiers: a hundred thousand higher, and strings now and then."""
    if name in {"product-categories", "product-brands", "product_variation_id"} or (
        name in IDENTIFIERS and value not in (None, 0, "0")
    ):
        return str(int(value) + 100_000) if int(value) % 3 == 0 and name != "ID" else int(value) + 100_000
    return value


def products_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    if "product" in answer:
        return [answer["product"]]
    listed = answer.get("products")
    return listed["data"] if isinstance(listed, dict) else []


async def test_another_store(database: Database, tmp_path: Path) -> None:
    exchanges = another()
    report = await import_store(database, source(in_process(exchanges, tmp_path), url="shop.example.jp"))
    # Files of the products that lost their variants must not become everybody's.
    assert {skipped.entity for skipped in report.skipped} <= {"downloads", "feeds", "upgrade paths", "links"}
    assert report.of("products") == Tally(imported=200)
    (store,) = await rows(database, "store")
    assert (store["currency"], store["name"], store["url"]) == ("JPY", "商店 & Söhne", "https://shop.example.jp")
    products = {row["id"]: row for row in await rows(database, "product")}
    variants = await rows(database, "product_variant")
    originals = recorded()
    assert len(products) == len(product_ids(originals))
    for identifier in product_ids(originals):
        original, row = priced(originals, identifier), products[identifier + 100_000]
        # Nine hours ahead of GMT, drafts too, which say so only by their neighbours.
        assert row["published_at"] == datetime.fromisoformat(original["post_date"]).replace(tzinfo=UTC)
        assert row["modified_at"] == datetime.fromisoformat(original["post_modified"]).replace(tzinfo=UTC)
        if row["id"] % 7 == 0:
            assert row["title"] == f"“{original['post_title']}” & Co. – 日本"
            assert row["slug"] == f"日本-{row['id']}"
        assert (row["detail_id"] is None) == (row["id"] % 11 == 0)
        prices = [variant["price"] for variant in variants if variant["product_id"] == row["id"]]
        if row["id"] % 13:
            # Told in hundredths, kept in yen.
            assert sorted(prices) == sorted((variant["item_price"] + 50) // 100 for variant in original["variants"])
        assert (row["min_price"], row["max_price"]) == (min(prices, default=0), max(prices, default=0))
    assert {variant["sku"] for variant in variants if variant["id"] % 5 == 0} == {None}
    assert {variant["compare_price"] for variant in variants if variant["id"] % 5 == 0} == {0}
    taxonomies = {"product-brands", "product-categories", "product-makers"}
    assert {row["name"] for row in await rows(database, "taxonomy")} == taxonomies

    again = await import_store(
        database, source(in_process(exchanges, tmp_path), url="https://Shop.example.jp/wp-json/")
    )
    assert again.of("products") == Tally(unchanged=200)
    assert again.of("variants") == Tally(unchanged=len(variants))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(3))
async def test_noise_anywhere_never_stops_an_import(
    database: Database, exchanges: Exchanges, tmp_path: Path, seed: int
) -> None:
    """One value in fifty is replaced by rubbish: what can be read is imported, the rest is named."""
    chance = random.Random(seed)
    rubbish: list[Any] = [
        None,
        "",
        "rubbish",
        -1,
        2**70,
        1e300,
        [],
        {},
        [[]],
        {"a": {}},
        True,
        "\x00",
        "0000-00-00",
        "9" * 400,
    ]
    paging = {"total", "last_page", "current_page", "per_page"}

    def spoiled(name: str, value: Any) -> Any:
        return chance.choice(rubbish) if name not in paging and chance.random() < 0.02 else value

    for (path, _), line in exchanges.items():
        if path != "/products":
            line["response"] = everywhere(line["response"], spoiled)
        else:
            for entry in line["response"]["products"]["data"]:
                identifier = entry["ID"]
                entry.update(everywhere(entry, spoiled) | {"ID": identifier})
    report = await import_store(database, source(in_process(exchanges, tmp_path)))
    tally = report.of("products")
    assert tally.imported + tally.skipped == 200
    assert tally.imported > 50
    assert report.skipped
    again = await import_store(database, source(in_process(exchanges, tmp_path)))
    assert again.of("products") == Tally(unchanged=tally.imported, skipped=tally.skipped)
    assert again.of("variants").unchanged == report.of("variants").imported
    assert all(str(skipped).isprintable() for skipped in report.skipped)
