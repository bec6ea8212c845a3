"""A variant that goes takes its own with it, is taken out of what spoke of it, and leaves nothing limited to nobody
open to everybody."""

import asyncio
from typing import Any, Final

from sqlalchemy import select, update

from db.access.viewer import Viewer
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow, VariantStatus
from db.commerce.order import OrderStatus
from db.store.row import Row, table
from engine.values import identity
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.catalogue import BOTH, FRAME, LARGE, OAK, PRINT, SMALL, rows
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import derive, dump, events, id_of

THIRD: Final = 13
SHOWN: Final = """
deletedId deletedUpgradePathIds
product { version defaultVariant { databaseId } minPrice { cents } maxPrice { cents } variants { databaseId } }
bundles { databaseId version bundleItems { databaseId } }
upgradePaths { databaseId version to { databaseId } }
downloads { databaseId version forAllVariants variants { databaseId } }
feeds { name enabled version conditionalVariants { databaseId } }
"""


async def stocked(gateway: Gateway, *more: Row) -> None:
    """The catalogue with a third print, and feeds limited to one or both of the others."""
    feeds = [
        factories.feed(3, "crm", product_id=PRINT, name="Small alone"),
        factories.feed(4, "crm", product_id=PRINT, name="Both"),
        factories.feed(5, "crm", product_id=PRINT, name="Small alone, off", enabled=False),
        *(factories.feed_variant(feed, variant) for feed, variant in ((3, SMALL), (4, SMALL), (4, LARGE), (5, SMALL))),
    ]
    files = [
        factories.download(3, PRINT, for_all_variants=False),
        *(factories.download_variant(3, variant) for variant in (SMALL, LARGE)),
    ]
    third = factories.variant(THIRD, PRINT, title="Third", price=2000, position=3)
    await factories.store_rows(gateway, [*rows(), third, *feeds, *files, *more])
    await derive(gateway, PRINT, FRAME)


async def test_what_goes_and_what_stays(gateway: Gateway) -> None:
    await stocked(gateway)
    payload = await done(gateway, "variantDelete", {"id": id_of(SMALL)}, SHOWN)
    assert payload["deletedId"] == id_of(SMALL)
    # Path 1 began there; path 2 led there and to the large one, path 3 there and to the set.
    assert payload["deletedUpgradePathIds"] == [identity.encode("UpgradePath", 1)]
    assert payload["upgradePaths"] == [
        {"databaseId": 2, "version": 2, "to": [{"databaseId": LARGE}]},
        {"databaseId": 3, "version": 2, "to": [{"databaseId": BOTH}]},
    ]
    assert payload["bundles"] == [
        {"databaseId": BOTH, "version": 2, "bundleItems": [{"databaseId": LARGE}, {"databaseId": OAK}]}
    ]
    assert payload["downloads"] == [
        {"databaseId": 3, "version": 2, "forAllVariants": False, "variants": [{"databaseId": LARGE}]}
    ]
    large = [{"databaseId": LARGE}]
    assert payload["feeds"] == [
        {"name": "Small alone", "enabled": False, "version": 2, "conditionalVariants": []},
        {"name": "Both", "enabled": True, "version": 2, "conditionalVariants": large},
        {"name": "Small alone, off", "enabled": False, "version": 2, "conditionalVariants": []},
    ]
    assert payload["product"] == {
        "version": 1,
        "defaultVariant": None,
        "minPrice": {"cents": 2000},
        "maxPrice": {"cents": 3000},
        "variants": [{"databaseId": LARGE}, {"databaseId": THIRD}],
    }
    left = await dump(gateway)
    assert [media["id"] for media in left["media"]] == [1, 2]
    found = "query Find($text: String!) { products(search: $text) { totalCount } }"
    assert (await gateway(found, {"text": "P-S"}))["products"]["totalCount"] == 0


async def test_every_version_has_its_event(gateway: Gateway) -> None:
    """And the dry run tells the same."""
    await stocked(gateway)
    before = await dump(gateway)
    payload = await perform(gateway, "variantDelete", {"id": id_of(SMALL)}, dry=True)
    assert await dump(gateway) == before
    await done(gateway, "variantDelete", {"id": id_of(SMALL)})
    written = await events(gateway)
    told = [(event["name"], event["entity"], event["version"], event["changed"]) for event in written]
    assert told == [
        ("upgrade_path.deleted", "UpgradePath:1", None, []),
        ("upgrade_path.updated", "UpgradePath:2", 2, ["to"]),
        ("upgrade_path.updated", "UpgradePath:3", 2, ["to"]),
        ("variant.updated", f"ProductVariant:{BOTH}", 2, ["bundleItems", "incomplete", "stockStatus"]),
        ("inventory.changed", f"ProductVariant:{BOTH}", 2, ["stockStatus"]),
        ("download.updated", "ProductDownload:3", 2, ["variants"]),
        ("integration_feed.updated", "IntegrationFeed:3", 2, ["conditionalVariants", "enabled"]),
        ("integration_feed.updated", "IntegrationFeed:4", 2, ["conditionalVariants"]),
        ("integration_feed.updated", "IntegrationFeed:5", 2, ["conditionalVariants"]),
        ("variant.deleted", f"ProductVariant:{SMALL}", None, []),
    ]
    assert [(e["name"], e["version"], e["changedFields"]) for e in payload["events"]] == [
        (name, version, changed) for name, _, version, changed in told
    ]
    after = await dump(gateway)
    for name, kept in before.items():
        if name in ("product", "product_variant", "upgrade_path", "product_download", "integration_feed"):
            versions = {row["id"]: row["version"] for row in after[name]}
            bumped = [row["id"] for row in kept if versions.get(row["id"], row["version"]) != row["version"]]
            entities = {event["entity"].split(":")[1] for event in written if event["version"] is not None}
            assert {str(key) for key in bumped} <= entities


async def test_a_file_of_the_last_variant_reaches_nobody(gateway: Gateway) -> None:
    await stocked(gateway)
    await done(gateway, "variantDelete", {"id": id_of(LARGE)})
    document = "{ product(by: { databaseId: 1 }) { variants { title downloads { title } } } }"
    assert (await gateway(document))["product"]["variants"] == [
        {"title": "Small", "downloads": [{"title": "Everybody's"}, {"title": "File 3"}]},
        {"title": "Third", "downloads": [{"title": "Everybody's"}]},
    ]


async def test_the_default_becomes_the_next(gateway: Gateway) -> None:
    await stocked(gateway)
    for default, following in ((LARGE, THIRD), (THIRD, SMALL)):
        if default == LARGE:
            await _default(gateway, LARGE)
        payload = await done(gateway, "variantDelete", {"id": id_of(default)}, SHOWN)
        assert payload["product"]["defaultVariant"] == {"databaseId": following}
    updated = [event for event in await events(gateway) if event["name"] == "product.updated"]
    assert [event["version"] for event in updated] == [2, 3]
    assert [event["changed"] for event in updated] == [["defaultVariant"]] * 2


async def _default(gateway: Gateway, variant: int) -> None:
    async with gateway.database.write() as connection:
        product = table(ProductRow)
        await connection.execute(update(product).where(product.c.id == PRINT).values(default_variant_id=variant))
        await connection.commit()


async def test_refusals(gateway: Gateway) -> None:
    orders = [
        factories.order(1, status=OrderStatus.PROCESSING),
        factories.order_item(1, 1, variant_id=SMALL, product_id=PRINT),
        factories.order_item(2, 1, variant_id=SMALL, product_id=PRINT),
        factories.order(2, status=OrderStatus.ON_HOLD),
        factories.order_item(3, 2, variant_id=SMALL),
        factories.order(3, status=OrderStatus.COMPLETED),
        factories.order_item(4, 3, variant_id=LARGE, product_id=PRINT, title="Large"),
        factories.variant(14, PRINT, status=VariantStatus.INACTIVE),
    ]
    await stocked(gateway, *orders)
    before = await dump(gateway)
    payload = await perform(gateway, "variantDelete", {"id": id_of(SMALL)})
    assert payload["userErrors"] == [
        {"code": "CONFLICT", "message": "2 unfinished orders hold it; complete or cancel first", "field": ["id"]}
    ]
    assert await refused(gateway, "variantDelete", {"id": id_of(OAK)}) == [("BUSINESS_RULE", "id")]
    assert await refused(gateway, "variantDelete", {"id": id_of(99)}) == [("NOT_FOUND", "id")]
    assert await refused(gateway, "variantDelete", {"id": id_of(LARGE), "expectedVersion": 2}) == [
        ("CONFLICT", "expectedVersion")
    ]
    porter = Viewer("token:porter", "porter", frozenset({"products/delete"}))
    assert await refused(gateway, "variantDelete", {"id": id_of(14)}, viewer=porter) == [("NOT_FOUND", "id")]
    assert await dump(gateway) == before
    # A finished order keeps its line, which knows the title.
    await done(gateway, "variantDelete", {"id": id_of(LARGE)})
    lines = {item["id"]: item for item in (await dump(gateway))["order_item"]}
    assert (lines[4]["variant_id"], lines[4]["product_id"], lines[4]["title"]) == (None, PRINT, "Large")


async def test_permissions_to_download_outlive_the_variant(gateway: Gateway) -> None:
    """Who has paid for a file may still fetch it."""
    orders = [
        factories.order(1, status=OrderStatus.COMPLETED),
        factories.download_permission(1, order_id=1, download_id=1, variant_id=SMALL),
    ]
    await stocked(gateway, *orders)
    await done(gateway, "variantDelete", {"id": id_of(SMALL)})
    (permission,) = (await dump(gateway))["download_permission"]
    assert (permission["download_id"], permission["variant_id"]) == (1, None)


async def test_the_last_two_deleted_at_once_leave_one(gateway: Gateway) -> None:
    await factories.store_rows(gateway, [factories.product(1), factories.variant(1, 1), factories.variant(2, 1)])
    payloads = await asyncio.gather(*(perform(gateway, "variantDelete", {"id": id_of(key)}) for key in (1, 2)))
    assert sorted(error["code"] for payload in payloads for error in payload["userErrors"]) == ["BUSINESS_RULE"]
    variants = table(VariantRow)
    async with gateway.database.read() as connection:
        assert len((await connection.execute(select(variants.c.id))).all()) == 1


async def test_deletes_and_changes_of_each_others_variants_do_not_block(gateway: Gateway) -> None:
    """Bundles of each other's siblings: everyone holds products before variants."""
    made: list[Row] = []
    for product in range(1, 5):
        made.append(factories.product(product, is_bundle=product > 2))
        made += [factories.variant(10 * product + n, product) for n in range(1, 6)]
    links = [factories.bundle_item(30 + n, 10 + n) for n in range(1, 6)]
    links += [factories.bundle_item(40 + n, 20 + n) for n in range(1, 6)]
    links += [factories.bundle_item(40 + n, 10 + n) for n in range(1, 6)]
    await factories.store_rows(gateway, [*made, *links])
    work: list[Any] = []
    for n in range(1, 5):
        work += [perform(gateway, "variantDelete", {"id": id_of(10 * product + n)}) for product in (1, 2, 3)]
        work += [perform(gateway, "variantUpdate", {"id": id_of(10 * p + 5), "price": n}) for p in (1, 2, 3, 4)]
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(*work)
    assert [payload["userErrors"] for payload in payloads] == [[]] * len(work)


async def test_statements_do_not_grow(gateway: Gateway) -> None:
    await stocked(gateway)
    counts = []
    for key in (THIRD, SMALL):
        with gateway.counting() as counted:
            await done(gateway, "variantDelete", {"id": id_of(key)})
        counts.append(len(counted))
    assert counts[0] <= 18
    # What changes of others, each kind in one: bundles (and their products), paths (three), files, feeds (two).
    assert counts[1] <= counts[0] + 8
