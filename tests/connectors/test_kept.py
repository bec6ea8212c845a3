"""A store that is imported again after people have worked here: what they changed stays, and the report says so."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import delete, update

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Kept, Report, Tally
from db.tables import METADATA
from engine.unit.perform import perform
from engine.values import identity
from schema.root import schema
from tests.connectors.fluentcart_store import (
    Exchanges,
    in_process,
    priced,
    rows,
    settings,
    source,
    taxonomies,
)
from tests.gateway import ADMIN, Gateway

Importing: TypeAlias = Callable[..., Awaitable[Report]]
HERE = "changed here"


def gid(entity: str, key: int) -> str:
    return identity.encode(entity, str(key))


async def change(gateway: Gateway, mutation: str, **input: Any) -> dict[str, Any]:
    outcome = await perform(schema.mutations[mutation], input, ADMIN, gateway.units)
    assert not outcome.errors, outcome.errors
    return dict(outcome.keys)


async def by_id(gateway: Gateway, table: str) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in await rows(gateway.database, table)}


async def written(gateway: Gateway) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables but those that tell how far an import is."""
    return {table: await rows(gateway.database, table) for table in METADATA.tables.keys() - {"import_source"}}


async def receivers(gateway: Gateway, download: int) -> list[int]:
    """The variants whose buyers receive a file."""
    links = await rows(gateway.database, "product_download_variant")
    return [row["variant_id"] for row in links if row["download_id"] == download]


@pytest.fixture
async def again(gateway: Gateway, few: Exchanges, tmp_path: Path) -> Importing:
    """The store is imported once; imports it again, as it is by then."""

    async def importing(**options: Any) -> Report:
        return await import_store(gateway.database, source(in_process(few, tmp_path)), **options)

    await importing()
    return importing


async def edit_both(gateway: Gateway, few: Exchanges) -> None:
    """A title and a price here; the price of another variant, and the same title, there."""
    await change(gateway, "productUpdate", id=gid("Product", 4), title="Mine")
    await change(gateway, "variantUpdate", id=gid("ProductVariant", 2), price=777)
    priced(few, 4)["post_title"] = "Theirs"
    priced(few, 5)["variants"][1]["item_price"] = 5000


async def test_what_was_changed_here_stays_and_what_was_changed_there_comes(
    gateway: Gateway, few: Exchanges, again: Importing
) -> None:
    await edit_both(gateway, few)
    report = await again()
    assert report.kept == [
        Kept("products", "4", ("title",), HERE),
        Kept("variants", "2", ("price",), HERE),
    ]
    assert report.of("variants") == Tally(updated=1, unchanged=15)
    products, variants = await by_id(gateway, "product"), await by_id(gateway, "product_variant")
    assert (products[4]["title"], products[4]["title_key"], products[4]["version"]) == ("Mine", "mine", 2)
    assert "mine" in products[4]["search_text"]
    assert (variants[2]["price"], variants[2]["version"]) == (777, 2)
    assert (variants[3]["price"], variants[3]["version"]) == (5000, 2)
    assert (products[5]["min_price"], products[5]["version"]) == (777, 1)

    before = await written(gateway)
    assert (await again()).kept == report.kept
    assert await written(gateway) == before


async def test_the_source_wins_where_it_is_told_to(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    await edit_both(gateway, few)
    report = await again(overwrite=True)
    assert (report.kept, report.overwritten) == (
        [],
        [Kept("products", "4", ("title",), HERE), Kept("variants", "2", ("price",), HERE)],
    )
    products, variants = await by_id(gateway, "product"), await by_id(gateway, "product_variant")
    assert (products[4]["title"], products[4]["version"]) == ("Theirs", 3)
    assert (variants[2]["price"], variants[2]["version"]) == (priced(few, 5)["variants"][0]["item_price"], 3)
    assert (await again()).overwritten == []


async def test_a_dry_run_says_both_and_writes_nothing(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    await edit_both(gateway, few)
    before = await written(gateway), await rows(gateway.database, "import_source")
    report = await again(dry_run=True)
    assert report.rehearsed
    assert [one.fields for one in report.kept] == [("title",), ("price",)]
    assert [(one.entity, one.id, one.fields) for one in report.changed] == [("variants", "3", ("price",))]
    overwriting = await again(dry_run=True, overwrite=True)
    assert [one.id for one in overwriting.overwritten] == ["4", "2"]
    assert (await written(gateway), await rows(gateway.database, "import_source")) == before
    real = await again()
    assert (real.tallies, real.kept, real.changed) == (report.tallies, report.kept, report.changed)


async def test_a_dry_run_of_the_first_import(gateway: Gateway, few: Exchanges, tmp_path: Path) -> None:
    report = await import_store(gateway.database, source(in_process(few, tmp_path)), dry_run=True)
    assert (report.of("products"), report.skipped) == (Tally(imported=4), [])
    assert await rows(gateway.database, "product") == await rows(gateway.database, "event") == []


async def test_what_was_deleted_here_stays_deleted(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    await change(gateway, "productDelete", id=gid("Product", 4))
    await change(gateway, "variantDelete", id=gid("ProductVariant", 3))
    categories = taxonomies(few)["product-categories"]["terms"]
    home = next(int(term["value"]) for term in categories if term["label"] == "Home")
    await change(gateway, "termDelete", id=gid("Term", home))
    report = await again()
    assert report.skipped == []
    assert {(one.entity, one.id) for one in report.kept if one.reason == "deleted here"} == {
        ("terms", str(home)),
        ("products", "4"),
        ("variants", "3"),
        ("upgrade paths", "7"),  # it began at that variant
    }
    assert set(await by_id(gateway, "product")) == {5, 8, 26}
    assert {1, 3}.isdisjoint(await by_id(gateway, "product_variant"))
    assert home not in await by_id(gateway, "term")
    report = await again(overwrite=True)
    assert set(await by_id(gateway, "product")) == {4, 5, 8, 26}
    assert {1, 3} < set(await by_id(gateway, "product_variant"))
    assert (await again()).kept == []


async def test_what_was_made_here_stays(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    made = await change(gateway, "productCreate", title="Ours", fulfillmentType="DIGITAL")
    added = await change(
        gateway,
        "variantCreate",
        productId=gid("Product", 4),
        title="Large",
        fulfillmentType="PHYSICAL",
        paymentType="ONETIME",
        price=90_000,
        totalStock=1,
        available=1,
        committed=0,
        onHold=0,
    )
    assert (await again()).kept == []
    product, variant = made["product"], added["variant"]
    assert variant in await by_id(gateway, "product_variant")
    assert (await by_id(gateway, "product"))[4]["max_price"] == 90_000

    # By now the source has given the same identifier to something else.
    entries = few["/products", "1"]["response"]["products"]["data"]
    entries.append(entries[-1] | {"ID": product})
    few[f"/products/{product}/pricing", "1"] = {
        **few["/products/26/pricing", "1"],
        "path": f"/products/{product}/pricing",
        "response": {"product": {**priced(few, 26), "ID": product, "post_name": "theirs", "variants": []}},
    }
    report = await again()
    assert report.kept == [Kept("products", str(product), (), "made here under the same identifier")]
    assert (await by_id(gateway, "product"))[product]["title"] == "Ours"


async def test_what_is_gone_from_the_source_goes_unless_it_was_changed_here(
    gateway: Gateway, few: Exchanges, again: Importing
) -> None:
    await change(gateway, "variantUpdate", id=gid("ProductVariant", 6), price=1)
    priced(few, 5)["variants"] = priced(few, 5)["variants"][:4]
    report = await again()
    assert report.of("variants") == Tally(unchanged=14, removed=1)
    assert report.kept == [Kept("variants", "6", ("price",), "changed here, and gone from the source")]
    variants = await by_id(gateway, "product_variant")
    assert 6 in variants
    assert 7 not in variants
    assert (await by_id(gateway, "product"))[5]["min_price"] == 1
    assert (await again(overwrite=True)).of("variants").removed == 1


async def test_lists_of_what_hangs_on_a_row_are_kept_as_a_whole(
    gateway: Gateway, few: Exchanges, again: Importing
) -> None:
    linked = {(row["product_id"], row["term_id"]) for row in await rows(gateway.database, "product_term")}
    jacket = gid("Product", 26)
    await change(gateway, "productTermsSync", id=jacket, taxonomy="product-categories", termIds=[])
    await change(
        gateway, "productUpdate", id=jacket, gallery=[{"attachmentId": 7, "url": "https://pictures.example/mine.jpg"}]
    )
    await change(gateway, "downloadUpdate", id=gid("ProductDownload", 1), variantIds=[gid("ProductVariant", 19)])
    brands = {int(brand) for brand in priced(few, 26)["product-brands"]}
    other = next(
        int(brand["value"]) for brand in taxonomies(few)["product-brands"]["terms"] if int(brand["value"]) not in brands
    )
    priced(few, 26)["product-brands"] = [other]
    priced(few, 8)["downloadable_files"][0]["product_variation_id"] = [18]
    report = await again()
    assert set(report.kept) == {
        Kept("products", "26", ("terms",), HERE),
        Kept("products", "26", ("featuredImageId",), HERE),
        Kept("products", "26", ("gallery",), HERE),
        Kept("downloads", "1", ("variants",), HERE),
    }
    after = {row["term_id"] for row in await rows(gateway.database, "product_term") if row["product_id"] == 26}
    assert after == {other} != {term for product, term in linked if product == 26}
    assert [row["url"] for row in await rows(gateway.database, "media")] == ["https://pictures.example/mine.jpg"]
    assert await receivers(gateway, 1) == [19]
    before = await written(gateway)
    assert set((await again()).kept) == set(report.kept)
    assert await written(gateway) == before
    await again(overwrite=True)
    assert len(await rows(gateway.database, "media")) == 2
    assert await receivers(gateway, 1) == [18]


async def test_each_setting_of_the_store_is_for_itself(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    await change(gateway, "storeSettingsUpdate", currency="EUR", settings={"weight_unit": "lb", "only_here": 1})
    settings(few).update(store_name="Theirs", weight_unit="g", dimension_unit="in")
    report = await again()
    (row,) = await rows(gateway.database, "store")
    assert (row["currency"], row["name"], row["version"]) == ("EUR", "Theirs", 4)
    assert [row["settings"][name] for name in ("weight_unit", "only_here", "dimension_unit")] == ["lb", 1, "in"]
    kept = {field for one in report.kept for field in one.fields}
    assert kept == {"currency", "settings.weight_unit", "settings.only_here"}


async def test_prices_and_stock_are_kept_together(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    """A price of one side and a compare price of the other would break a rule."""
    await change(gateway, "variantUpdate", id=gid("ProductVariant", 2), price=90_000)
    await change(gateway, "variantUpdate", id=gid("ProductVariant", 3), manageStock=True, available=0)
    priced(few, 5)["variants"][0] |= {"item_price": 100, "compare_price": 200}
    priced(few, 5)["variants"][1] |= {"manage_stock": "1", "available": 5, "total_stock": 9, "stock_status": "in-stock"}
    report = await again()
    assert report.skipped == []
    variants = await by_id(gateway, "product_variant")
    assert (variants[2]["price"], variants[2]["compare_price"]) == (90_000, 0)
    assert (variants[3]["available"], variants[3]["stock_status"]) == (0, "out-of-stock")


@pytest.mark.parametrize("product", [4, 26])
async def test_a_slug_that_was_given_here_is_not_taken(
    gateway: Gateway, few: Exchanges, again: Importing, product: int
) -> None:
    """Whether the product with it comes before or after the one that wants it."""
    other = 30 - product
    await change(gateway, "productUpdate", id=gid("Product", product), slug="wanted")
    priced(few, other)["post_name"] = "wanted"
    report = await again()
    assert Kept("products", str(product), ("slug",), HERE) in report.kept
    products = await by_id(gateway, "product")
    assert (products[product]["slug"], products[other]["slug"]) == ("wanted", "wanted-2")
    before = await written(gateway)
    await again()
    assert await written(gateway) == before


async def test_terms_moved_on_both_sides_make_no_loop(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    categories = taxonomies(few)["product-categories"]["terms"]
    home, other = categories[0], categories[1]
    await change(gateway, "termUpdate", id=gid("Term", int(home["value"])), parentId=gid("Term", int(other["value"])))
    categories.remove(other)
    home["children"].append(other | {"parent": home["value"]})
    await again()
    terms = await by_id(gateway, "term")
    assert terms[int(home["value"])]["parent_id"] == int(other["value"])
    assert terms[int(other["value"])]["parent_id"] is None


async def test_rows_imported_before_imports_took_note(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    """Their events tell what was changed here."""
    await edit_both(gateway, few)
    await change(gateway, "variantDelete", id=gid("ProductVariant", 7))
    async with gateway.database.write() as connection:
        await connection.execute(delete(METADATA.tables["import_seen"]))
        await connection.execute(update(METADATA.tables["import_source"]).values(run=None, changes=0))
        await connection.commit()
    priced(few, 26)["post_title"] = "A new title"
    report = await again()
    assert {(one.entity, one.id, one.fields) for one in report.kept} == {
        ("products", "4", ("title",)),
        ("variants", "2", ("price",)),
        ("variants", "7", ()),
    }
    products = await by_id(gateway, "product")
    assert (products[4]["title"], products[26]["title"]) == ("Mine", "A new title")
    assert (await by_id(gateway, "product_variant"))[3]["price"] == 5000


async def test_the_same_change_on_both_sides_is_none(gateway: Gateway, few: Exchanges, again: Importing) -> None:
    await change(gateway, "productUpdate", id=gid("Product", 4), title="Agreed")
    priced(few, 4)["post_title"] = "Agreed"
    assert (await again()).kept == []
    priced(few, 4)["post_title"] = "Theirs again"
    assert (await again()).kept == []
    assert (await by_id(gateway, "product"))[4]["title"] == "Theirs again"


async def test_an_import_from_the_new_address_of_the_shop(
    gateway: Gateway, few: Exchanges, again: Importing, tmp_path: Path
) -> None:
    await edit_both(gateway, few)
    moved = source(in_process(few, tmp_path), url="https://new.example")
    assert [one.id for one in (await import_store(gateway.database, moved)).kept] == ["4", "2"]
