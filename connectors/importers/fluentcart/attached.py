"""What hangs on products and may refer to others: feeds, upgrade paths, bundles. Written after the products of a batch,
in the same transaction."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, sequences
from connectors.importers.fluentcart.catalog.bundle import CHILDREN, mark_incomplete, read_children
from connectors.importers.fluentcart.catalog.listed import ListedProduct
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.upgrade_path import TARGETS, UPGRADE_PATH, read_upgrade_path
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.integration.feed import FEED
from connectors.importers.fluentcart.integration.provider import read_providers
from connectors.importers.fluentcart.integration.writing import Told, write_feeds, write_providers
from connectors.importers.fluentcart.linking import (
    BUNDLE,
    BUNDLE_FIELD,
    BUNDLE_ITEM,
    PATH_TARGET,
    TARGET,
    TARGETS_FIELD,
    Pending,
    Places,
    children_allowed,
    in_order,
)
from connectors.importers.fluentcart.money import currency_of
from connectors.importers.fluentcart.values import branch, entries, key, shown
from connectors.importers.fluentcart.vanishing import tell_paths
from connectors.importers.mapping import Columns, Unreadable
from connectors.importers.report import Report, Skipped
from connectors.importers.work import Work
from db.integration.feed import FeedScope


class Attached:
    """`met` are the providers that this run has written: what a later product says of one is not looked at."""

    def __init__(self) -> None:
        self.met: set[str] = set()

    async def write(self, work: Work, products: Iterable[ListedProduct]) -> tuple[Report, list[Pending]]:
        """Only what belongs to products that are stored. The links whose other end is not stored yet are answered."""
        told = {product.id: product for product in products}
        variants = await _stored_variants(work.connection, told)
        stored = [told[identifier] for identifier in variants]
        report = Report()
        report.add(await self._feeds(work, stored, variants))
        pending = await _write_paths(work, stored, variants, report)
        pending += await _write_bundles(work, stored, variants, report)
        return report, pending

    async def _feeds(self, work: Work, products: list[ListedProduct], variants: Mapping[int, set[int]]) -> Report:
        report = Report()
        told: list[Told] = []
        providers: dict[str, Columns] = {}
        for product in products:
            if product.feeds is None:
                continue
            available, skipped = read_providers(product.feeds)
            for provider, row in available.items():
                if provider not in self.met:
                    providers.setdefault(provider, row)
            for record in skipped:
                if record.id not in self.met:
                    self.met.add(record.id)
                    report.skip(record)
            try:
                told.append(Told(entries(product.feeds.get("feeds")), product.id))
            except Unreadable as unreadable:
                report.skip(Skipped(FEED.entity, f"of product {product.id}", "feeds", unreadable.reason))
        report.add(await write_providers(work, providers))
        report.add(await write_feeds(work, told, FeedScope.PRODUCT, variants))
        self.met |= providers.keys()
        return report


async def _stored_variants(connection: AsyncConnection, products: Iterable[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {
        identifier: set() for identifier in sorted(await reconcile.known(connection, PRODUCT.table, set(products)))
    }
    columns = VARIANT.table.c
    for chunk in reconcile.chunks(found):
        rows = await connection.execute(select(columns.product_id, columns.id).where(columns.product_id.in_(chunk)))
        for product, variant in rows:
            found[product].add(variant)
    return found


async def _write_paths(
    work: Work, products: list[ListedProduct], variants: Mapping[int, set[int]], report: Report
) -> list[Pending]:
    rows: dict[int, Columns] = {}
    listed: set[int] = set()
    owners: set[int] = set()
    targets: dict[int, dict[int, int]] = {}
    for product in products:
        if product.paths is None:
            continue
        try:
            told = entries(product.paths.get("data"))
        except Unreadable as unreadable:
            report.skip(Skipped(UPGRADE_PATH.entity, f"of product {product.id}", "data", unreadable.reason))
            continue
        owners |= variants[product.id]
        for entry in told:
            try:
                listed.add(UPGRADE_PATH.columns["id"](branch(entry), branch))
                row, places, reasons = read_upgrade_path(entry, currency_of(product.record))
                if row["from_variant_id"] not in variants[product.id]:
                    if await work.deleted_here(VARIANT, [row["from_variant_id"]]):
                        continue
                    reason = f"variant {row['from_variant_id']} is not among the product's variants"
                    raise Unreadable(reason, "object_id")
                if rows.setdefault(row["id"], row) is not row:
                    raise Unreadable("is the identifier of another one too", "id")
            except Unreadable as unreadable:
                identifier = shown(entry.get("id") if isinstance(entry, dict) else entry)
                place = f"{identifier} of product {product.id}"
                report.skip(Skipped(UPGRADE_PATH.entity, place, unreadable.field, unreadable.reason))
                continue
            targets[row["id"]] = places
            for reason in reasons:
                report.skip(Skipped(LINKS, f"of upgrade path {row['id']}", TARGETS.path, reason))
    connection = work.connection
    stored = await reconcile.load(connection, UPGRADE_PATH, "from_variant_id", owners, lock=True)
    named = stored.keys() - listed
    stored |= await reconcile.load(connection, UPGRADE_PATH, "id", rows.keys() - stored.keys(), lock=True)
    await work.merged(UPGRADE_PATH, rows, stored)
    merging = work.merging(UPGRADE_PATH)
    gone = merging.gone(named, stored)
    await tell_paths(work, {path: stored[path] for path in gone})
    await work.remove(UPGRADE_PATH, gone, stored)
    report.of(UPGRADE_PATH.entity).removed += len(gone)

    asked = {variant for path in rows for variant in targets[path]}
    known = await reconcile.known(connection, VARIANT.table, asked)
    deleted = await work.deleted_here(VARIANT, asked - known)
    held = await reconcile.places(connection, PATH_TARGET, rows.keys())
    wanted: Places = {}
    pending: list[Pending] = []
    for path, row in rows.items():
        places = {variant: place for variant, place in targets[path].items() if variant != row["from_variant_id"]}
        said = {variant: place for variant, place in places.items() if variant in known}
        if merging.keeps(path, TARGETS_FIELD, in_order(said), in_order(held.get(path, {}))):
            said = held.get(path, {})
        else:
            waiting = places.keys() - known - deleted
            pending += [(TARGET, path, variant, places[variant]) for variant in sorted(waiting)]
        wanted |= {(path, variant): place for variant, place in said.items()}
    new = reconcile.compare(UPGRADE_PATH, [row for key, row in rows.items() if key not in stored], {})
    await reconcile.insert_new(connection, new)
    tally, touched = await reconcile.arrange(connection, PATH_TARGET, held, wanted)
    report.of(LINKS).add(tally)
    changed = reconcile.compare(UPGRADE_PATH, [row for key, row in rows.items() if key in stored], stored, touched)
    await reconcile.update_changed(connection, changed)
    for difference in (new, changed):
        work.wrote(difference, rows, stored)
        report.of(UPGRADE_PATH.entity).add(difference.tally)
    work.ledger.touched(UPGRADE_PATH, touched & stored.keys(), TARGETS_FIELD)
    if not work.first:
        told_of = {row["id"] for row in new.new} | {row["id"] for _, _, row in changed.changed}
        await tell_paths(work, {path: rows[path] for path in told_of})
    await sequences.advance(connection, [UPGRADE_PATH.table])
    return pending


async def _write_bundles(
    work: Work, products: list[ListedProduct], variants: Mapping[int, set[int]], report: Report
) -> list[Pending]:
    told: dict[int, dict[int, int]] = {}
    columns = PRODUCT.table.c
    connection = work.connection
    identifiers = [product.id for product in products]
    rows = await connection.scalars(select(columns.id).where(columns.id.in_(identifiers), columns.is_bundle))
    bundles = set(rows.all())
    for product in products:
        for entry in _listed_variants(product):
            try:
                variant = key(branch(entry).get("id"))
                if variant not in variants[product.id]:
                    continue
                children, reasons = read_children(entry, is_bundle=product.id in bundles)
            except Unreadable:
                continue  # the variant itself is reported, or its children are left as they are
            told[variant] = children
            for reason in reasons:
                report.skip(Skipped(LINKS, f"of variant {variant}", CHILDREN.path, reason))
    asked = {child for children in told.values() for child in children}
    known = await reconcile.known(connection, VARIANT.table, asked)
    allowed = await children_allowed(connection, known)
    deleted = await work.deleted_here(VARIANT, asked - known)
    held = await reconcile.places(connection, BUNDLE_ITEM, told.keys())
    merging = work.merging(VARIANT)
    believed: set[int] = set()
    wanted: Places = {}
    pending: list[Pending] = []
    for variant, children in told.items():
        said = {child: place for child, place in children.items() if child in allowed and child != variant}
        if merging.keeps(variant, BUNDLE_FIELD, in_order(said), in_order(held.get(variant, {}))):
            said = held.get(variant, {})
        else:
            believed.add(variant)
            for child in sorted(children.keys() & known - said.keys()):
                reason = f"variant {child} is a bundle itself"
                report.skip(Skipped(LINKS, f"of variant {variant}", CHILDREN.path, reason))
            waiting = children.keys() - known - deleted
            pending += [(BUNDLE, variant, child, children[child]) for child in sorted(waiting)]
        wanted |= {(variant, child): place for child, place in said.items()}
    tally, touched = await reconcile.arrange(connection, BUNDLE_ITEM, held, wanted)
    # A bundle that is new begins with its children; its version counts what changes afterwards.
    report.of(LINKS).add(tally)
    await mark_incomplete(connection, believed, {variant for variant in believed if told[variant].keys() - known})
    if tally.updated or tally.removed or not work.first:
        work.ledger.touched(VARIANT, sorted(touched), BUNDLE_FIELD)
    return pending


def _listed_variants(product: ListedProduct) -> list[Any]:
    try:
        return entries(product.record.get("variants"))
    except Unreadable:
        return []
