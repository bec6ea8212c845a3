"""Variants that go while their product stays, and all that spoke of them.

Pictures, attribute links, order bumps and the variant's own bundle items go with it; lines of orders, subscriptions and
permissions to download stay and lose their link. What was limited to variants that are gone stays limited: a file
reaches nobody, a feed is disabled, because no filter would mean every variant. The number of statements does not hang
on the number of variants.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Table, delete, func, select

from db.catalog.bundle import BundleItemRow
from db.catalog.derivations import refresh_products, refresh_products_search
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.events import (
    DOWNLOAD_UPDATED,
    INVENTORY_CHANGED,
    PRODUCT_UPDATED,
    UPGRADE_PATH_DELETED,
    UPGRADE_PATH_UPDATED,
    VARIANT_DELETED,
    VARIANT_UPDATED,
)
from db.commerce.events import ORDER_BUMP_DELETED
from db.commerce.order import OrderItemRow
from db.integration.events import INTEGRATION_FEED_UPDATED
from db.integration.feed import FeedRow, FeedVariantRow
from db.store.row import now, table
from db.store.writing import bump_all, edit_all
from engine.unit.unit import Refuses, Unit
from resolvers.catalog.bundle.removal import shrink_bundles
from resolvers.catalog.locking import VARIANT
from resolvers.catalog.sold import refuse_held
from resolvers.catalog.upgrade_path.removal import remove_paths
from resolvers.commerce.bump.removal import remove_bumps

BUNDLE = table(BundleItemRow)
DOWNLOAD = table(DownloadRow)
DOWNLOAD_VARIANT = table(DownloadVariantRow)
FEED = table(FeedRow)
FEED_VARIANT = table(FeedVariantRow)
ITEM = table(OrderItemRow)
REMOVED: Final = (
    VARIANT_DELETED,
    VARIANT_UPDATED,
    INVENTORY_CHANGED,
    PRODUCT_UPDATED,
    UPGRADE_PATH_UPDATED,
    UPGRADE_PATH_DELETED,
    DOWNLOAD_UPDATED,
    INTEGRATION_FEED_UPDATED,
    ORDER_BUMP_DELETED,
)


@dataclass
class RemovedVariants:
    """What went beside the variants, and what else changed; all of it that a client may have cached."""

    deleted_upgrade_path_ids: list[int] = field(default_factory=list)
    deleted_order_bump_ids: list[int] = field(default_factory=list)
    upgrade_paths: list[int] = field(default_factory=list)
    bundles: list[int] = field(default_factory=list)
    downloads: list[int] = field(default_factory=list)
    feeds: list[int] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, list[int]]:
        """As the fields of a payload."""
        return dict(vars(self))


async def refuse_sold_variants(unit: Unit, variants: Mapping[int, Refuses]) -> set[int]:
    """Refuses, each in its own place, those of the variants (locked by now) that unfinished orders hold; their keys."""
    lines = select(ITEM.c.variant_id, ITEM.c.order_id).where(ITEM.c.variant_id.in_(list(variants))).distinct()
    return await refuse_held(unit, variants, lines)


async def remove_variants(
    unit: Unit, product: Mapping[str, Any], variants: Mapping[int, Mapping[str, Any]], doomed: Collection[int]
) -> RemovedVariants:
    """Deletes some of a product's variants, some other being left. The product was locked by `locked_for_removal`,
    `variants` are all of its own by position (`locked_variants`), and `refuse_sold_variants` let the doomed pass.
    The product's prices, availability and search text follow; its default variant is the caller's to write
    (`default_without`)."""
    removed = RemovedVariants()
    removed.deleted_upgrade_path_ids, removed.upgrade_paths = await remove_paths(unit, doomed)
    removed.deleted_order_bump_ids = await remove_bumps(unit, doomed)
    bundles = await _locked_bundles(unit, doomed)
    await shrink_bundles(unit, bundles)
    removed.bundles = [row["id"] for row in bundles]
    removed.downloads = await _narrow_downloads(unit, doomed)
    removed.feeds = await _narrow_feeds(unit, doomed)
    # What else refers to them goes, or loses its link, by its foreign keys.
    await unit.connection.execute(delete(VARIANT).where(VARIANT.c.id.in_(doomed)))
    for key in doomed:
        unit.emit(VARIANT_DELETED(variants[key]))
    touched = {product["id"], *(row["product_id"] for row in bundles)}
    await refresh_products(unit.connection, touched, modified=True)
    await refresh_products_search(unit.connection, [product["id"]])
    return removed


async def _locked_bundles(unit: Unit, doomed: Collection[int]) -> list[dict[str, Any]]:
    """The bundles of other products that have one of them as an item."""
    parents = select(BUNDLE.c.variant_id).where(BUNDLE.c.child_id.in_(doomed))
    statement = (
        select(VARIANT)
        .where(VARIANT.c.id.in_(parents), VARIANT.c.id.not_in(doomed))
        .order_by(VARIANT.c.id)
        .with_for_update()
    )
    return [dict(row) for row in (await unit.connection.execute(statement)).mappings()]


async def _narrow_downloads(unit: Unit, doomed: Collection[int]) -> list[int]:
    """The files that are linked to one of them."""
    linked = await _linked(unit, DOWNLOAD, DOWNLOAD_VARIANT.c.download_id, doomed)
    if linked:
        await bump_all(unit.connection, DOWNLOAD, list(linked))
    for row, _ in linked.values():
        unit.emit(DOWNLOAD_UPDATED(row, {}, ("variants",)))
    return list(linked)


async def _narrow_feeds(unit: Unit, doomed: Collection[int]) -> list[int]:
    """The feeds that are limited to one of them; those limited to nothing else are disabled."""
    linked = await _linked(unit, FEED, FEED_VARIANT.c.feed_id, doomed)
    left = {key: row for key, (row, others) in linked.items() if others or not row["enabled"]}
    written: list[tuple[dict[str, Any], dict[str, Any]]] = []
    # Whoever saved such a feed has still said the rest of it: what it lost is gone from the store.
    for row in (row for row, _ in linked.values()):
        values = {"enabled": row["enabled"] and row["id"] in left}
        if row["saved_version"] == row["version"]:
            values["saved_version"] = row["version"] + 1
        written.append((row, values))
    await edit_all(unit.connection, FEED, written)
    for key, (row, _) in linked.items():
        changes = {} if key in left else {"enabled": False}
        unit.emit(INTEGRATION_FEED_UPDATED(row, changes, ("conditional_variants",)))
    return list(linked)


async def _linked(unit: Unit, of: Table, owner: Any, doomed: Collection[int]) -> dict[int, tuple[dict[str, Any], bool]]:
    """Rows whose links (`owner` is their column of the linking table) name one of the variants, locked, by key, and
    whether they name others beside."""
    links = owner.table
    others = (
        select(func.count())
        .where(owner == of.c.id, links.c.variant_id.not_in(doomed))
        .correlate(of)
        .scalar_subquery()
        .label("others")
    )
    statement = (
        select(of, others)
        .where(of.c.id.in_(select(owner).where(links.c.variant_id.in_(doomed))))
        .order_by(of.c.id)
        .with_for_update(of=of)
    )
    return {row["id"]: (dict(row), row["others"] > 0) for row in (await unit.connection.execute(statement)).mappings()}


def default_without(product: Mapping[str, Any], variants: Collection[int], doomed: Collection[int]) -> dict[str, Any]:
    """What changes of the product when the doomed go: its default variant becomes the next one by position, after the
    last the first. Nothing when another is the default. `variants` are all of its own, by position."""
    default = product["default_variant_id"]
    if default not in doomed:
        return {}
    order = list(variants)
    start = order.index(default)
    following = next(key for key in [*order[start:], *order] if key not in doomed)
    return {"default_variant_id": following, "modified_at": now()}
