"""What goes, or loses a link, with variants that the source no longer has."""

from collections.abc import Collection

from sqlalchemy import Table, select

from connectors.importers import reconcile
from connectors.importers.fluentcart.catalog.download import DOWNLOAD
from connectors.importers.fluentcart.catalog.upgrade_path import UPGRADE_PATH
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.integration.feed import FEED
from connectors.importers.report import Report
from connectors.importers.work import Work
from db.catalog.bundle import BundleItemRow
from db.catalog.download import DownloadVariantRow
from db.catalog.upgrade_path import UpgradePathTargetRow
from db.integration.feed import FeedVariantRow
from db.store.row import table

BUNDLE_ITEM = table(BundleItemRow)
PATH_TARGET = table(UpgradePathTargetRow)


async def remove_what_hangs_on(work: Work, variants: Collection[int], report: Report) -> None:
    """Upgrade paths that begin at them are removed; bundles, paths to them, files and feeds lose them by their foreign
    keys, and get a new version."""
    if not variants:
        return
    paths = await reconcile.load(work.connection, UPGRADE_PATH, "from_variant_id", variants)
    await tell_paths(work, paths)
    await work.remove(UPGRADE_PATH, paths.keys(), paths)
    report.of(UPGRADE_PATH.entity).removed += len(paths)
    for mapped, links, owner, other, field in (
        (VARIANT, BUNDLE_ITEM, "variant_id", "child_id", "bundle_items"),
        (DOWNLOAD, table(DownloadVariantRow), "download_id", "variant_id", "variants"),
        (FEED, table(FeedVariantRow), "feed_id", "variant_id", "conditional_variants"),
    ):
        owners = await _owners(work, links, owner, other, variants)
        work.ledger.touched(mapped, sorted(owners - set(variants) if mapped is VARIANT else owners), field)
    towards = await reconcile.load(
        work.connection, UPGRADE_PATH, "id", await _owners(work, PATH_TARGET, "path_id", "variant_id", variants)
    )
    await tell_paths(work, towards, without=variants)
    work.ledger.touched(UPGRADE_PATH, towards, "targets")


async def tell_paths(work: Work, paths: reconcile.StoredRows, without: Collection[int] = ()) -> None:
    """What events of these paths say of the variants that they lead from and to."""
    if not paths:
        return
    columns = PATH_TARGET.c
    statement = select(columns.path_id, columns.variant_id).where(columns.path_id.in_(paths.keys()))
    targets: dict[int, list[int]] = {key: [] for key in paths}
    for path, variant in await work.connection.execute(statement.order_by(columns.path_id, columns.position)):
        if variant not in without:
            targets[path].append(variant)
    origins = {row["from_variant_id"] for row in paths.values()}
    variant = VARIANT.table.c
    rows = await work.connection.execute(select(variant.id, variant.product_id).where(variant.id.in_(origins)))
    products = {row[0]: row[1] for row in rows}
    for key, row in paths.items():
        product = products[row["from_variant_id"]]
        work.ledger.beside(UPGRADE_PATH, key, product_id=product, targets=targets[key])


async def _owners(work: Work, links: Table, owner: str, other: str, variants: Collection[int]) -> set[int]:
    statement = select(links.c[owner]).where(links.c[other].in_(variants))
    return set((await work.connection.scalars(statement)).all())
