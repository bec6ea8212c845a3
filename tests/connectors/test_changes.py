"""A store that has changed since the last import, while nobody worked here: only what differs is written."""

import copy
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Report, Tally
from db.catalog.product import FulfillmentType, ProductRow, sort_key
from db.store.database import Database
from db.tables import METADATA
from tests.connectors.fluentcart_store import (
    SMALL,
    Exchanges,
    paged,
    priced,
    remove_product,
    rows,
    settings,
    taxonomies,
)


async def imported(database: Database, exchanges: Exchanges, directory: Path) -> Report:
    return await import_store(database, paged(exchanges, directory))


async def by_id(database: Database, table: str) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in await rows(database, table)}


async def test_a_new_price_bumps_the_variant_and_not_the_product(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    await imported(database, few, tmp_path)
    (variant,) = priced(few, 4)["variants"]
    variant |= {"item_price": 5000, "updated_at": "2026-12-01T10:00:00+00:00"}
    report = await imported(database, few, tmp_path)
    assert report.of("variants") == Tally(updated=1, unchanged=15)
    assert report.of("products") == Tally(updated=1, unchanged=3)
    row = (await by_id(database, "product_variant"))[1]
    assert (row["price"], row["version"], row["updated_at"].isoformat()) == (5000, 2, "2026-12-01T10:00:00+00:00")
    product = (await by_id(database, "product"))[4]
    assert (product["min_price"], product["max_price"], product["version"]) == (5000, 5000, 1)


async def test_a_new_title_bumps_the_product_and_nothing_else(
    database: Database, few: Exchanges, tmp_path: Path
) -> None:
    await imported(database, few, tmp_path)
    before = await by_id(database, "product")
    product = priced(few, 5)
    product["post_title"] = "Straße &amp; Weg"
    product["detail"]["updated_at"] = "2026-12-01T10:00:00+00:00"
    report = await imported(database, few, tmp_path)
    assert report.of("products") == Tally(updated=1, unchanged=3)
    assert report.of("variants") == Tally(unchanged=16)
    after = await by_id(database, "product")
    assert (after[5]["title"], after[5]["title_key"]) == ("Straße & Weg", "strasse & weg")
    assert (after[5]["version"], after[5]["updated_at"].year, after[5]["updated_at"].month) == (2, 2026, 12)
    assert {key: row for key, row in after.items() if key != 5} == {key: row for key, row in before.items() if key != 5}


async def test_children_that_vanished_are_deleted(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    priced(few, 5)["variants"] = priced(few, 5)["variants"][:2]
    priced(few, 8)["downloadable_files"] = priced(few, 8)["downloadable_files"][:1]
    priced(few, 26)["detail"]["gallery_image"]["meta_value"] = [
        priced(few, 26)["detail"]["gallery_image"]["meta_value"][1]
    ]
    priced(few, 26)["product-categories"] = []
    pictures = await rows(database, "media")
    report = await imported(database, few, tmp_path)
    assert report.of("variants") == Tally(unchanged=12, removed=4)
    assert report.of("downloads") == Tally(unchanged=1, removed=1)
    assert report.of("media") == Tally(updated=1, removed=1)
    assert report.of("links").removed == 2
    (picture,) = await rows(database, "media")
    # The second picture is the first now, and still the same one.
    assert (picture["id"], picture["position"], picture["version"]) == (pictures[1]["id"], 1, 2)
    products = await by_id(database, "product")
    assert products[5]["max_price"] == max(variant["item_price"] for variant in priced(few, 5)["variants"])
    assert products[26]["version"] == 2  # its terms are edited with it
    assert {row["product_id"] for row in await rows(database, "product_term")} == {4, 5, 8, 26}


async def test_new_children(database: Database, few: Exchanges, tmp_path: Path) -> None:
    whole = copy.deepcopy(few)
    priced(few, 5)["variants"] = []
    priced(few, 8)["downloadable_files"] = []
    priced(few, 26)["detail"] |= {"gallery_image": None, "featured_media": None}
    first = await imported(database, few, tmp_path)
    assert (first.of("variants").imported, first.of("media").imported) == (10, 0)
    poster = (await by_id(database, "product"))[5]
    assert (poster["min_price"], poster["max_price"]) == (0, 0)
    report = await imported(database, whole, tmp_path)
    assert report.of("variants") == Tally(imported=6, unchanged=10)
    assert report.of("downloads") == Tally(imported=2)
    assert report.of("media") == Tally(imported=2)
    assert (await by_id(database, "product"))[5]["min_price"] == 8038


async def test_the_default_variant(database: Database, few: Exchanges, tmp_path: Path) -> None:
    detail = priced(few, 5)["detail"]
    detail["default_variation_id"] = "3"
    await imported(database, few, tmp_path)
    assert (await by_id(database, "product"))[5]["default_variant_id"] == 3
    detail["default_variation_id"] = 4
    await imported(database, few, tmp_path)
    product = (await by_id(database, "product"))[5]
    assert (product["default_variant_id"], product["version"]) == (4, 2)
    # It vanishes, and the product still points at it.
    priced(few, 5)["variants"] = [variant for variant in priced(few, 5)["variants"] if variant["id"] != 4]
    report = await imported(database, few, tmp_path)
    assert not report.skipped
    assert (await by_id(database, "product"))[5]["default_variant_id"] is None
    # Another product's variant is none of this one.
    detail["default_variation_id"] = 1
    await imported(database, few, tmp_path)
    assert (await by_id(database, "product"))[5]["default_variant_id"] is None


async def test_skus_change_places(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    one, two = priced(few, 5)["variants"][:2]
    one["sku"], two["sku"] = two["sku"], one["sku"]
    report = await imported(database, few, tmp_path)
    assert report.of("variants") == Tally(updated=2, unchanged=14)
    variants = await by_id(database, "product_variant")
    assert (variants[2]["sku"], variants[3]["sku"]) == ("SKU-001-1", "SKU-001-0")
    assert (variants[2]["version"], variants[3]["version"]) == (2, 2)


async def test_skus_and_slugs_change_places_between_pages(database: Database, small: Exchanges, tmp_path: Path) -> None:
    await imported(database, small, tmp_path)
    first, last = priced(small, SMALL[0]), priced(small, SMALL[-1])
    slugs = first["post_name"], last["post_name"]
    skus = first["variants"][0]["sku"], last["variants"][0]["sku"]
    first["post_name"], last["post_name"] = slugs[1], slugs[0]
    first["variants"][0]["sku"], last["variants"][0]["sku"] = skus[1], skus[0]
    report = await imported(database, small, tmp_path)
    assert not report.skipped
    assert report.of("products").updated == 2
    assert report.of("variants").updated == 2
    products, variants = await by_id(database, "product"), await by_id(database, "product_variant")
    assert (products[SMALL[0]]["slug"], products[SMALL[-1]]["slug"]) == (slugs[1], slugs[0])
    assert (variants[1]["sku"], variants[last["variants"][0]["id"]]["sku"]) == (skus[1], skus[0])
    assert (await imported(database, small, tmp_path)).of("products") == Tally(unchanged=20)


async def test_a_slug_goes_to_a_new_product(database: Database, few: Exchanges, tmp_path: Path) -> None:
    new = copy.deepcopy(few)
    keep_pages = few["/products", "1"]["response"]["products"]
    keep_pages["data"] = [entry for entry in keep_pages["data"] if entry["ID"] != 4]
    await imported(database, few, tmp_path)
    priced(new, 4)["post_name"] = "brisk-poster"
    priced(new, 5)["post_name"] = "brisk-poster-of-old"
    report = await imported(database, new, tmp_path)
    assert report.of("products") == Tally(imported=1, updated=1, unchanged=2)
    products = await by_id(database, "product")
    assert (products[4]["slug"], products[5]["slug"]) == ("brisk-poster", "brisk-poster-of-old")


async def test_a_variant_moves_to_another_product(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    moving = priced(few, 5)["variants"].pop()
    moving["post_id"] = 4
    priced(few, 4)["variants"].append(moving)
    report = await imported(database, few, tmp_path)
    assert report.of("variants") == Tally(updated=1, unchanged=15)
    row = (await by_id(database, "product_variant"))[moving["id"]]
    assert (row["product_id"], row["version"]) == (4, 2)


async def test_products_that_vanished_stay_and_are_named(database: Database, small: Exchanges, tmp_path: Path) -> None:
    await imported(database, small, tmp_path)
    for product in (8, 28, 64):
        remove_product(small, product)
    report = await imported(database, small, tmp_path)
    assert report.absent == [8, 28, 64]
    assert report.of("products") == Tally(unchanged=17)
    assert len(await rows(database, "product")) == 20


async def test_the_sku_of_a_vanished_product_may_be_used_again(
    database: Database, small: Exchanges, tmp_path: Path
) -> None:
    await imported(database, small, tmp_path)
    sku = priced(small, 28)["variants"][0]["sku"]
    remove_product(small, 28)
    priced(small, 27)["variants"][0]["sku"] = sku
    report = await imported(database, small, tmp_path)
    assert not report.skipped
    variants = await by_id(database, "product_variant")
    assert variants[priced(small, 27)["variants"][0]["id"]]["sku"] == sku


async def test_links_of_files(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    files = priced(few, 8)["downloadable_files"]
    files[0]["product_variation_id"] = [18, "19"]
    files[1]["product_variation_id"] = []
    report = await imported(database, few, tmp_path)
    assert report.of("downloads") == Tally(updated=2)
    links = [(row["download_id"], row["variant_id"]) for row in await rows(database, "product_download_variant")]
    assert links == [(1, 18), (1, 19)]
    assert [row["version"] for row in await rows(database, "product_download")] == [2, 2]


async def test_terms_are_renamed_moved_and_added(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    categories = taxonomies(few)["product-categories"]["terms"]
    home = next(term for term in categories if term["label"] == "Home")
    kitchen = home["children"].pop(1)
    assert kitchen["label"] == "Kitchen"
    categories.insert(0, kitchen | {"label": "Küche", "parent": "0"})
    categories[1]["children"].append({"value": "90", "label": "Home", "parent": categories[1]["value"], "children": []})
    report = await imported(database, few, tmp_path)
    assert report.of("terms") == Tally(imported=1, updated=1, unchanged=22)
    terms = await by_id(database, "term")
    # A slug stays when the name changes, as in WordPress.
    assert (terms[3]["name"], terms[3]["name_key"], terms[3]["slug"]) == ("Küche", "kuche", "kitchen")
    assert (terms[3]["parent_id"], terms[3]["version"]) == (None, 2)
    assert (terms[90]["slug"], terms[90]["parent_id"]) == ("home-2", 16)


async def test_a_tree_turned_upside_down(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    categories = taxonomies(few)["product-categories"]["terms"]
    home = categories.pop(next(i for i, term in enumerate(categories) if term["label"] == "Home"))
    kitchen = home["children"].pop(1)
    categories.append(kitchen | {"parent": "0", "children": [home | {"parent": "3"}]})
    report = await imported(database, few, tmp_path)
    assert not report.skipped
    terms = await by_id(database, "term")
    assert (terms[3]["parent_id"], terms[2]["parent_id"], terms[4]["parent_id"]) == (None, 3, 2)


async def test_terms_that_vanished_stay(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    taxonomies(few)["product-brands"]["terms"] = []
    report = await imported(database, few, tmp_path)
    assert report.of("terms") == Tally(unchanged=17)
    assert report.of("links").removed == 0
    assert len(await rows(database, "term")) == 23


async def test_settings_change(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    settings(few).update(currency="eur", currency_position="after", decimal_separator="comma", store_name="A &#38; B")
    report = await imported(database, few, tmp_path)
    assert report.of("store") == Tally(updated=1)
    (store,) = await rows(database, "store")
    assert (store["currency"], store["name"], store["version"]) == ("EUR", "A & B", 3)
    assert (store["currency_position"], store["decimal_separator"]) == ("after", "comma")


async def test_what_only_storegraph_knows_is_not_touched(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await imported(database, few, tmp_path)
    products = METADATA.tables["product"]
    async with database.write() as connection:
        await connection.execute(update(products).where(products.c.id == 4).values(version=7, extra={"note": "kept"}))
        await connection.execute(
            insert(ProductRow).values(
                title="Local", title_key=sort_key("Local"), slug="local", fulfillment_type=FulfillmentType.DIGITAL
            )
        )
        await connection.commit()
    report = await imported(database, few, tmp_path)
    assert report.of("products") == Tally(unchanged=4)
    after = await by_id(database, "product")
    assert (after[4]["version"], after[4]["extra"]) == (7, {"note": "kept"})
    assert report.absent == [27]
    assert after[27]["title"] == "Local"
