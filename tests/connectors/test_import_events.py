"""What imports tell: the first one of itself alone, a later one of each entity that it changed too."""

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from sqlalchemy import select

from connectors.importers import fluentcart
from connectors.importers.fluentcart import import_store
from connectors.importers.fluentcart.emitting import EMITS, TELLING
from connectors.importers.mapping import Mapped
from db.access.viewer import Viewer
from db.events import KINDS
from db.store.database import Database
from db.tables import METADATA
from tests.connectors.fluentcart_store import (
    SITE,
    SMALL,
    Exchanges,
    in_process,
    paged,
    priced,
    rows,
    settings,
    source,
    taxonomies,
)
from tests.connectors.test_interruption import interrupted
from tests.gateway import ADMIN, Gateway

READ = "{ events(first: 100) { nodes { name entityId payload cause caller entity { id } } } }"


async def imported(database: Database, exchanges: Exchanges, directory: Path, **options: Any) -> None:
    await import_store(database, source(in_process(exchanges, directory)), **options)


async def told(database: Database, after: int = 0) -> list[dict[str, Any]]:
    return [row for row in await rows(database, "event") if row["id"] > after]


def named(events: list[dict[str, Any]]) -> list[tuple[str, str, int | None, tuple[str, ...]]]:
    return sorted((one["name"], one["entity"], one["version"], tuple(one["changed"])) for one in events)


async def test_the_first_import_tells_of_itself_alone(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    await imported(database, sold, tmp_path)
    (event,) = await told(database)
    assert (event["name"], event["entity"], event["caller"]) == ("store.imported", "StoreSettings:1", "system")
    assert event["payload"].pop("changes") > 100
    run = event["payload"].pop("importId")
    assert event["payload"] == {"source": SITE, "first": True}
    assert event["cause"] == f"import:{run}"
    (entry,) = await rows(database, "audit_entry")
    assert (entry["action"], entry["actor"], entry["after"]["source"]) == ("import", "system", SITE)

    await imported(database, sold, tmp_path)
    assert len(await told(database)) == len(await rows(database, "audit_entry")) == 1


async def test_a_later_import_tells_of_each_entity_that_it_changed(
    database: Database, sold: Exchanges, tmp_path: Path
) -> None:
    await imported(database, sold, tmp_path)
    first = (await told(database))[0]
    priced(sold, 4)["post_title"] = "Another mug"
    mug = priced(sold, 4)["variants"][0]
    mug |= {"item_price": 5000, "manage_stock": "1", "available": 3}
    priced(sold, 5)["variants"] = priced(sold, 5)["variants"][
        :5
    ]  # an upgrade path begins at the last one or leads there
    priced(sold, 5)["variants"].append({**priced(sold, 5)["variants"][0], "id": 900, "sku": "NEW-1"})
    priced(sold, 26)["product-categories"] = []
    priced(sold, 26)["detail"]["gallery_image"] = None
    priced(sold, 8)["downloadable_files"][0]["title"] = "Another file"
    taxonomies(sold)["product-brands"]["terms"][0]["label"] = "Another brand"
    settings(sold).update(store_name="Another name", weight_unit="lb")
    order = sold["/orders/1", "1"]["response"]["order"]
    order["status"] = "canceled"
    sold["/orders/2", "1"]["response"]["order"]["order_items"].clear()
    sold["/customers", "1"]["response"]["customers"]["data"][0]["first_name"] = "Another"
    await imported(database, sold, tmp_path)

    events = await told(database, first["id"])
    brand = taxonomies(sold)["product-brands"]["terms"][0]["value"]
    customer = sold["/customers", "1"]["response"]["customers"]["data"][0]["id"]
    (new_variant,) = [tuple(one["changed"]) for one in events if one["entity"] == "ProductVariant:900"]
    found = [one for one in named(events) if not one[0].startswith("upgrade_path.")]
    assert found == sorted(
        [
            ("customer.updated", f"Customer:{customer}", 2, ("firstName",)),
            ("download.updated", "ProductDownload:1", 2, ("title",)),
            ("inventory.changed", "ProductVariant:1", 2, ("available",)),
            ("order.updated", "Order:1", 2, ("status",)),
            ("order.updated", "Order:2", 2, ("items",)),
            ("product.updated", "Product:4", 2, ("title",)),
            ("product.updated", "Product:26", 2, ("categories", "gallery", "terms")),
            ("store.imported", "StoreSettings:1", None, ()),
            ("store.updated", "StoreSettings:1", 3, ("name", "settings")),
            ("term.updated", f"Term:{brand}", 2, ("name",)),
            ("variant.created", "ProductVariant:900", 1, new_variant),
            ("variant.deleted", "ProductVariant:7", None, ()),
            ("variant.updated", "ProductVariant:1", 2, ("available", "price")),
        ]
    )
    imports = {one["cause"] for one in events}
    assert imports == {f"import:{events[-1]['payload']['importId']}"} != {first["cause"]}
    assert (events[-1]["name"], events[-1]["payload"]["first"]) == ("store.imported", False)
    for table, entity in (("product", "Product"), ("product_variant", "ProductVariant"), ("orders", "Order")):
        stored = {row["id"]: row["version"] for row in await rows(database, table)}
        told_of = {one["entity"]: one["version"] for one in events if one["version"]}
        assert {f"{entity}:{key}": version for key, version in stored.items() if version > 1} == {
            name: version for name, version in told_of.items() if name.startswith(f"{entity}:") and version > 1
        }
    entries = {row["entity"]: row for row in await rows(database, "audit_entry") if row["action"] == "import"}
    assert entries["Product:4"]["before"] == {"title": "Amber Mug"}
    assert entries["Product:4"]["after"] == {"title": "Another mug"}
    assert {one["entity"] for one in events} == entries.keys()


def test_what_imports_may_write_is_told() -> None:
    modules = [import_module(one.name) for one in walk_packages(fluentcart.__path__, f"{fluentcart.__name__}.")]
    tables = [each for module in modules for each in vars(module).values() if isinstance(each, Mapped)]
    assert {id(each) for each in tables if each.tells} == {id(each) for each in TELLING}
    assert {"store.imported", "order.updated", "inventory.changed"} < EMITS < KINDS.keys()
    # What follows a payment happens here where the source is a shop that is connected.
    assert {"order.paid", "payment.success", "subscription.renewed"} < EMITS


async def test_whoever_may_see_an_entity_reads_of_it(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> None:
    await imported(gateway.database, sold, tmp_path)
    sold["/orders/1", "1"]["response"]["order"]["status"] = "canceled"
    sold["/customers", "1"]["response"]["customers"]["data"][0]["first_name"] = "Another"
    await imported(gateway.database, sold, tmp_path)
    all_of_them = (await gateway(READ, viewer=ADMIN))["events"]["nodes"]
    assert [one["name"] for one in all_of_them] == [
        *("store.imported", "customer.updated", "order.updated", "store.imported")
    ]
    assert all(one["entity"]["id"] == one["entityId"] for one in all_of_them)
    for permission, names in (
        ("orders/view", ["order.updated"]),
        ("customers/view", ["customer.updated"]),
        ("store/settings", ["store.imported"] * 2),
        ("products/view", []),
    ):
        viewer = Viewer("token:some", "some", frozenset({permission}))
        found = (await gateway("{ events { nodes { name } } }", viewer=viewer))["events"]["nodes"]
        assert [one["name"] for one in found] == names
    assert {"store.imported", "order.created", "subscription.updated"} < KINDS.keys()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_import_that_was_interrupted_is_one_import(
    database: Database, small: Exchanges, tmp_path: Path
) -> None:
    await interrupted(database, paged(small, tmp_path), 5)
    assert await told(database) == []
    await import_store(database, paged(small, tmp_path))
    (event,) = await told(database)
    assert event["payload"]["first"]
    for product in (SMALL[0], SMALL[-1]):
        priced(small, product)["post_title"] = "Another title"
    await interrupted(database, paged(small, tmp_path), 5)
    await import_store(database, paged(small, tmp_path))
    events = await told(database, event["id"])
    assert [one["name"] for one in events] == ["product.updated", "product.updated", "store.imported"]
    assert len({one["cause"] for one in events}) == 1
    assert events[-1]["payload"]["changes"] == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_skus_that_change_places_survive_an_interruption(
    database: Database, small: Exchanges, tmp_path: Path
) -> None:
    """A value taken away until a row has its turn was not changed here."""
    await import_store(database, paged(small, tmp_path))
    first, last = priced(small, SMALL[0]), priced(small, SMALL[-1])
    skus = first["variants"][0]["sku"], last["variants"][0]["sku"]
    first["variants"][0]["sku"], last["variants"][0]["sku"] = skus[1], skus[0]
    first["post_name"], last["post_name"] = last["post_name"], first["post_name"]
    await interrupted(database, paged(small, tmp_path), 5)
    report = await import_store(database, paged(small, tmp_path))
    assert (report.kept, report.skipped) == ([], [])
    variant = METADATA.tables["product_variant"].c
    async with database.read() as connection:
        wanted = [first["variants"][0]["id"], last["variants"][0]["id"]]
        found = await connection.execute(select(variant.id, variant.sku).where(variant.id.in_(wanted)))
        assert {row.id: row.sku for row in found} == {wanted[0]: skus[1], wanted[1]: skus[0]}
    products = {row["id"]: row["slug"] for row in await rows(database, "product")}
    assert (products[SMALL[0]], products[SMALL[-1]]) == (first["post_name"], last["post_name"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_list_that_comes_for_the_first_time_is_not_told_row_by_row(
    database: Database, sold: Exchanges, tmp_path: Path
) -> None:
    orders = sold["/orders", "1"]
    orders["status"] = 403
    await imported(database, sold, tmp_path)
    (event,) = await told(database)
    orders["status"] = 200
    await imported(database, sold, tmp_path)
    assert [one["name"] for one in await told(database, event["id"])] == ["store.imported"]
