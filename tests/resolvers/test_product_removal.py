"""Deleting products: what goes with them, what stays, who may stand in the way."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert

from db.access.audit import AuditRow
from db.catalog.bundle import BundleItemRow
from db.catalog.download import DownloadRow
from db.catalog.media import MediaRow
from db.catalog.product import ProductRow
from db.catalog.taxonomy import ProductTermRow, TermRow
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from db.commerce.order import OrderItemRow, OrderRow, OrderStatus
from db.commerce.subscription import SubscriptionRow
from db.integration.feed import FeedRow
from db.store.row import Row, table
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.catalogue import (
    BOTH,
    FRAME,
    LARGE,
    OAK,
    PRINT,
    SET,
    SMALL,
    done,
    product_id,
    refused,
    stocked,
    stored,
    succeeded,
    variant_id,
)
from tests.resolvers.shelf import dump, events

ALL = """
deletedId deletedVariantIds deletedDownloadIds deletedUpgradePathIds deletedFeedIds
bundles { databaseId version bundleItems { databaseId } }
upgradePaths { databaseId version to { databaseId } }
"""


@pytest.fixture
async def catalogue(gateway: Gateway) -> Gateway:
    return await stocked(gateway)


async def test_all_that_is_the_products_goes_and_nothing_else(catalogue: Gateway) -> None:
    payload = await succeeded(catalogue, "productDelete", {"id": product_id(PRINT)}, ALL)

    assert payload["deletedId"] == product_id(PRINT)
    assert payload["deletedVariantIds"] == [variant_id(SMALL), variant_id(LARGE)]
    assert len(payload["deletedDownloadIds"]) == 2
    assert len(payload["deletedFeedIds"]) == 1
    # Path 1 started at it, path 2 led nowhere else, path 3 leads to the set too.
    assert len(payload["deletedUpgradePathIds"]) == 2
    assert payload["bundles"] == [{"databaseId": BOTH, "version": 2, "bundleItems": [{"databaseId": OAK}]}]
    assert payload["upgradePaths"] == [{"databaseId": 3, "version": 2, "to": [{"databaseId": BOTH}]}]
    assert [row["id"] for row in await stored(catalogue, table(ProductRow))] == [SET, FRAME]
    assert [row["id"] for row in await stored(catalogue, table(VariantRow))] == [BOTH, OAK]
    assert [row["child_id"] for row in await stored(catalogue, table(BundleItemRow))] == [OAK]
    assert [row["id"] for row in await stored(catalogue, table(UpgradePathRow))] == [3]
    assert [row["variant_id"] for row in await stored(catalogue, table(UpgradePathTargetRow))] == [BOTH]
    assert [row["id"] for row in await stored(catalogue, table(FeedRow))] == [2]
    for row in (DownloadRow, MediaRow, ProductTermRow):
        assert await stored(catalogue, table(row)) == []
    assert len(await stored(catalogue, table(TermRow))) == 2


async def test_every_change_has_its_event_and_its_audit_entry(catalogue: Gateway) -> None:
    await succeeded(catalogue, "productDelete", {"id": product_id(PRINT)}, "deletedId")

    told = [(event["name"], event["entity"], event["version"], event["changed"]) for event in await events(catalogue)]
    assert sorted(told, key=str) == sorted(
        [
            ("product.deleted", f"Product:{PRINT}", None, []),
            ("variant.deleted", f"ProductVariant:{SMALL}", None, []),
            ("variant.deleted", f"ProductVariant:{LARGE}", None, []),
            ("variant.updated", f"ProductVariant:{BOTH}", 2, ["bundleItems", "incomplete", "stockStatus"]),
            ("inventory.changed", f"ProductVariant:{BOTH}", 2, ["stockStatus"]),
            ("download.deleted", "ProductDownload:1", None, []),
            ("download.deleted", "ProductDownload:2", None, []),
            ("integration_feed.deleted", "IntegrationFeed:1", None, []),
            ("upgrade_path.deleted", "UpgradePath:1", None, []),
            ("upgrade_path.deleted", "UpgradePath:2", None, []),
            ("upgrade_path.updated", "UpgradePath:3", 2, ["to"]),
        ],
        key=str,
    )
    (entry,) = [row for row in await stored(catalogue, table(AuditRow)) if row["entity"] == f"Product:{PRINT}"]
    assert (entry["action"], entry["actor"]) == ("productDelete", "token:admin")
    assert entry["before"]["title"] == "Print"


async def test_orders_keep_their_lines(catalogue: Gateway) -> None:
    line = {"product_id": PRINT, "variant_id": LARGE, "product_title": "Print", "title": "Large", "line_total": 3000}
    rows = [
        factories.order(1, status=OrderStatus.COMPLETED),
        factories.order_item(1, 1, **line),
        factories.subscription(1, order_id=1, product_id=PRINT, variant_id=LARGE),
    ]
    await factories.store_rows(catalogue, rows)
    await succeeded(catalogue, "productDelete", {"id": product_id(PRINT)}, "deletedId")

    (item,) = await stored(catalogue, table(OrderItemRow))
    assert {name: item[name] for name in line} == {**line, "product_id": None, "variant_id": None}
    (subscription,) = await stored(catalogue, table(SubscriptionRow))
    assert (subscription["product_id"], subscription["variant_id"]) == (None, None)


@pytest.mark.parametrize("status", list(OrderStatus))
async def test_unfinished_orders_stand_in_the_way(catalogue: Gateway, status: OrderStatus) -> None:
    rows = [
        factories.order(1, status=status),
        factories.order_item(1, 1, product_id=PRINT, variant_id=SMALL),
        factories.order_item(2, 1, product_id=PRINT, variant_id=LARGE),
        factories.order(2, status=status),
        factories.order_item(3, 2, variant_id=LARGE),  # the variant alone
    ]
    await factories.store_rows(catalogue, rows)
    before = await dump(catalogue)
    payload = await done(catalogue, "productDelete", {"id": product_id(PRINT)}, "deletedId")

    if status in (OrderStatus.PROCESSING, OrderStatus.ON_HOLD):
        assert payload["deletedId"] is None
        assert payload["userErrors"] == [
            {
                "code": "CONFLICT",
                "message": "2 unfinished orders hold it; complete or cancel first",
                "field": ["id"],
            }
        ]
        assert await dump(catalogue) == before
    else:
        assert payload["userErrors"] == []


async def test_what_is_not_there_and_what_was_changed_meanwhile(catalogue: Gateway) -> None:
    assert await refused(catalogue, "productDelete", {"id": product_id(99)}) == [("NOT_FOUND", "id")]
    await succeeded(catalogue, "productEditorModeUpdate", {"id": product_id(PRINT), "activeEditor": "code"})
    outdated = {"id": product_id(PRINT), "expectedVersion": 1}
    assert await refused(catalogue, "productDelete", outdated) == [("CONFLICT", "expectedVersion")]
    await succeeded(catalogue, "productDelete", {"id": product_id(PRINT), "expectedVersion": 2}, "deletedId")
    assert await refused(catalogue, "productDelete", {"id": product_id(PRINT)}) == [("NOT_FOUND", "id")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_order_that_is_being_placed_is_waited_for(catalogue: Gateway) -> None:
    """SQLite has one writer at a time anyway."""
    order, item = factories.order(1, status=OrderStatus.PROCESSING), factories.order_item(1, 1, product_id=PRINT)
    async with catalogue.database.write() as placing:
        await placing.execute(insert(OrderRow).values(order.model_dump()))
        await placing.execute(insert(OrderItemRow).values(item.model_dump()))
        deleting = asyncio.ensure_future(done(catalogue, "productDelete", {"id": product_id(PRINT)}, "deletedId"))
        async with asyncio.timeout(PATIENCE):
            while not await _somebody_waits(placing):
                assert not deleting.done()
                await asyncio.sleep(0.01)
        await placing.commit()
    assert [error["code"] for error in (await deleting)["userErrors"]] == ["CONFLICT"]
    assert len(await stored(catalogue, table(ProductRow))) == 3


async def _somebody_waits(connection: Any) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    return bool((await connection.exec_driver_sql(waiting)).scalar())


async def test_two_that_lead_to_each_other_are_deleted_at_once(catalogue: Gateway) -> None:
    """Both lock both products, in one order."""
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(
            *(done(catalogue, "productDelete", {"id": product_id(key)}, "deletedId") for key in (FRAME, SET, PRINT))
        )
    assert [payload["userErrors"] for payload in payloads] == [[], [], []]
    assert await stored(catalogue, table(VariantRow)) == []
    assert await stored(catalogue, table(UpgradePathRow)) == []


async def test_the_number_of_statements_does_not_hang_on_the_size(catalogue: Gateway) -> None:
    counts = []
    for first, many in ((100, 1), (200, 30)):
        rows: list[Row] = [factories.product(first)]
        for number in range(first, first + many):
            rows += [factories.variant(number, first), factories.media(number, variant_id=number)]
            rows += [factories.download(number, first), factories.bundle_item(BOTH, number)]
            rows += [factories.upgrade_path(number, OAK), factories.upgrade_target(number, number)]
        await factories.store_rows(catalogue, rows)
        with catalogue.counting() as statements:
            await succeeded(catalogue, "productDelete", {"id": product_id(first)}, "deletedId")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 16, counts
