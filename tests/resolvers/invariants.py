"""What holds of a catalogue whatever was done to it (domain model, "Invariants checklist"), looked at in its rows."""

from collections import Counter, defaultdict
from typing import Any, Final

from sqlalchemy import Table, select

from db.catalog.bundle import BundleItemRow
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.product import ProductRow, ProductStatus, StockStatus, product_search_text
from db.catalog.sku import key_of_stored
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import PaymentType, VariantRow, VariantStatus
from db.integration.feed import FeedRow, FeedVariantRow
from db.store.outbox import EventRow
from db.store.row import now, table
from db.text.search import search_text
from tests.gateway import Gateway

TABLES: Final = {
    row: table(row)
    for row in (
        BundleItemRow,
        DownloadRow,
        DownloadVariantRow,
        EventRow,
        FeedRow,
        FeedVariantRow,
        ProductRow,
        UpgradePathRow,
        UpgradePathTargetRow,
        VariantRow,
    )
}
# Whose every version has an event, and what their entities are called.
VERSIONED: Final = {
    ProductRow: "Product",
    VariantRow: "ProductVariant",
    DownloadRow: "ProductDownload",
    UpgradePathRow: "UpgradePath",
}


async def check_invariants(gateway: Gateway, *, events: bool = True) -> None:
    """Raises AssertionError with the row that breaks one. Without `events`: rows came to be without them."""
    async with gateway.database.read() as connection:
        rows = {row: await _rows(connection, of) for row, of in TABLES.items()}
    variants: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(rows[VariantRow], key=lambda v: (v["position"], v["id"])):
        variants[row["product_id"]].append(row)
        check_variant(row)
    check_skus(rows[VariantRow])
    for row in rows[ProductRow]:
        check_product(row, variants[row["id"]])
    check_links(rows)
    if events:
        check_events(rows)


async def _rows(connection: Any, of: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in (await connection.execute(select(of))).mappings()]


def check_product(row: dict[str, Any], variants: list[dict[str, Any]]) -> None:
    assert variants, ("a product has a variant (1)", row)
    default = row["default_variant_id"]
    assert default is None or default in {v["id"] for v in variants}, ("the default variant is its own (3)", row)
    check_repeated(row, "", variants)
    check_repeated(row, "public_", [v for v in variants if v["status"] is VariantStatus.ACTIVE])
    if row["status"] is ProductStatus.FUTURE:
        assert row["published_at"] > now(), ("what is scheduled is to come (15)", row)
    text = product_search_text(row["id"], row["title"], ((v["title"], v["sku"]) for v in variants))
    # The order of its lines means nothing.
    assert Counter(row["search_text"].split("\n")) == Counter(text.split("\n")), ("it is found", row)


def check_repeated(row: dict[str, Any], prefix: str, variants: list[dict[str, Any]]) -> None:
    prices = [v["price"] for v in variants] or [0]
    kept = {name: row[f"{prefix}{name}"] for name in ("min_price", "max_price", "has_subscription")}
    subscribed = any(v["payment_type"] is PaymentType.SUBSCRIPTION for v in variants)
    follows = {"min_price": min(prices), "max_price": max(prices), "has_subscription": subscribed}
    assert kept == follows, ("prices and subscriptions follow (4)", prefix, row)
    in_stock = any(v["stock_status"] is StockStatus.IN_STOCK for v in variants)
    if not row["manage_stock"]:
        in_stock = not variants or any(v["supplied"] for v in variants)
    kept_stock = row[f"{prefix}stock_availability"]
    assert (kept_stock is StockStatus.IN_STOCK) == in_stock, ("availability follows (10)", prefix, row)


def check_variant(row: dict[str, Any]) -> None:
    assert row["price"] >= 0, ("(5)", row)
    assert row["compare_price"] == 0 or row["compare_price"] >= row["price"], ("(5)", row)
    assert row["sku"] is None or 1 <= len(row["sku"]) <= 30, ("(6)", row)
    if row["payment_type"] is PaymentType.SUBSCRIPTION:
        assert row["interval"] is not None, ("(7)", row)
    else:
        assert row["interval"] is None, ("what is paid once recurs never (7)", row)
    if row["has_setup_fee"]:
        assert row["setup_fee"] is not None, ("(7)", row)
        assert row["setup_fee_label"], ("(7)", row)
    in_stock = row["supplied"] and (not row["manage_stock"] or row["available"] > 0)
    assert (row["stock_status"] is StockStatus.IN_STOCK) == in_stock, ("stock status follows (10)", row)
    assert row["available"] >= 0, ("(11)", row)
    assert row["search_text"] == search_text(row["title"], row["sku"]), ("it is found", row)


def check_skus(variants: list[dict[str, Any]]) -> None:
    for row in variants:
        assert row["sku_key"] == key_of_stored(row["sku"]), ("a SKU is found (6)", row)
    skus = Counter(row["sku_key"] for row in variants if row["sku"] is not None)
    assert not [sku for sku, count in skus.items() if count > 1], "a SKU is one variant's (6)"


def check_links(rows: dict[Any, list[dict[str, Any]]]) -> None:
    product_of = {row["id"]: row["product_id"] for row in rows[VariantRow]}
    is_bundle = {row["id"]: row["is_bundle"] for row in rows[ProductRow]}
    for row in rows[BundleItemRow]:
        assert is_bundle[product_of[row["variant_id"]]], ("only bundles consist of others (8)", row)
        assert not is_bundle[product_of[row["child_id"]]], ("no bundle is in a bundle (8)", row)
    children = defaultdict(list)
    for row in rows[BundleItemRow]:
        children[row["variant_id"]].append(row["child_id"])
    variant = {row["id"]: row for row in rows[VariantRow]}
    for row in rows[VariantRow]:
        supplied = not row["incomplete"] and all(_to_be_had(variant[child]) for child in children[row["id"]])
        assert row["supplied"] is supplied, ("a bundle follows what it consists of", row)
    identifiers = Counter(row["identifier"] for row in rows[DownloadRow])
    assert max(identifiers.values(), default=1) == 1, "(9)"
    of_download = {row["id"]: row["product_id"] for row in rows[DownloadRow]}
    for row in rows[DownloadVariantRow]:
        assert product_of[row["variant_id"]] == of_download[row["download_id"]], ("a file is for its own", row)
    of_feed = {row["id"]: row["product_id"] for row in rows[FeedRow]}
    for row in rows[FeedVariantRow]:
        assert product_of[row["variant_id"]] == of_feed[row["feed_id"]], ("a feed is for its own (12)", row)
    targets = defaultdict(set)
    for row in rows[UpgradePathTargetRow]:
        targets[row["path_id"]].add(row["variant_id"])
    for row in rows[UpgradePathRow]:
        assert targets[row["id"]] <= product_of.keys(), ("(13)", row)
        assert targets[row["id"]], ("a path leads somewhere (13)", row)
        assert row["from_variant_id"] not in targets[row["id"]], ("and elsewhere (13)", row)


def _to_be_had(row: dict[str, Any]) -> bool:
    in_stock = row["available"] > 0 and row["stock_status"] is StockStatus.IN_STOCK
    return row["status"] is VariantStatus.ACTIVE and (not row["manage_stock"] or in_stock)


def check_events(rows: dict[Any, list[dict[str, Any]]]) -> None:
    """Whoever knows an older version is told by events what changed since."""
    told = defaultdict(set)
    for event in rows[EventRow]:
        told[event["entity"]].add(event["version"])
    for of, type_ in VERSIONED.items():
        for row in rows[of]:
            versions = told[f"{type_}:{row['id']}"]
            assert set(range(1, row["version"] + 1)) == versions, ("each version has its event", type_, row, versions)
