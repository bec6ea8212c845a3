"""Writes providers, and feeds with the variants that they are limited to."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from connectors.importers import reconcile
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.integration.feed import FEED, Feed, read_feed
from connectors.importers.fluentcart.integration.provider import PROVIDER, unknown_provider
from connectors.importers.fluentcart.values import branch, shown
from connectors.importers.mapping import Columns, Unreadable
from connectors.importers.reconcile import StoredRows
from connectors.importers.report import Report, Skipped, Tally
from connectors.importers.work import Work
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.provider import OURS, ProviderRow
from db.store.row import table
from db.work import target as targets

FEED_VARIANT = table(FeedVariantRow)
_FEED: Final = table(FeedRow)
LIMITS: Final = "conditional_variants"


async def write_providers(work: Work, providers: Mapping[str, Columns]) -> Report:
    """Providers that the source no longer has stay: feeds may be theirs."""
    report = Report()
    here = select(col(ProviderRow.key)).where(col(ProviderRow.available))
    ours = OURS | set((await work.connection.execute(here)).scalars())
    theirs = {key: row for key, row in providers.items() if key not in ours}
    stored = await reconcile.load(work.connection, PROVIDER, "key", theirs)
    rows = await work.merged(PROVIDER, theirs, stored)
    difference = await work.write(PROVIDER, rows, stored)
    report.of(PROVIDER.entity).add(difference.tally)
    return report


class Told:
    """The feeds of the whole store, or of one product, as far as they can be read. `listed` are all identifiers named,
    those of unreadable records too: what is named is not deleted."""

    def __init__(self, entries: list[Any], product_id: int | None) -> None:
        self.product_id = product_id
        self.feeds: dict[int, Feed] = {}
        self.listed: set[int] = set()
        self.skipped: list[Skipped] = []
        self._place = "" if product_id is None else f" of product {product_id}"
        for entry in entries:
            try:
                self.listed.add(FEED.columns["source_id"](branch(entry), branch))
                feed = read_feed(entry, product_id)
                if self.feeds.setdefault(feed.row["source_id"], feed) is not feed:
                    raise Unreadable("is the identifier of another one too", "id")
            except Unreadable as unreadable:
                identifier = shown(entry.get("id") if isinstance(entry, dict) else entry)
                self.skip(identifier, unreadable.field, unreadable.reason)

    def skip(self, identifier: object, field: str, reason: str) -> None:
        self.skipped.append(Skipped(FEED.entity, f"{identifier}{self._place}", field, reason))

    def limit(self, variants: Collection[int], gone: Collection[int]) -> dict[int, list[int]]:
        """The known variants that each feed is limited to. A feed limited to unknown ones alone must not be kept: it
        would run for all. One limited to such as are `gone`, deleted here, stays as that has left it."""
        limits: dict[int, list[int]] = {}
        for identifier, feed in list(self.feeds.items()):
            limits[identifier] = [variant for variant in feed.variants if variant in variants]
            strange = [variant for variant in feed.variants if variant not in variants and variant not in gone]
            unknown = [f"variant {variant} is not among the product's variants" for variant in strange]
            if feed.variants and not limits[identifier]:
                del self.feeds[identifier], limits[identifier]
                if not strange:
                    continue
                self.listed.discard(identifier)
                reason = "none of its variants is known, and without one every sale would run it"
                self.skip(identifier, "feed.conditional_variation_ids", reason)
                continue
            for reason in feed.reasons + unknown:
                self.skipped.append(
                    Skipped("links", f"of feed {identifier}{self._place}", "feed.conditional_variation_ids", reason)
                )
        return limits


async def write_feeds(
    work: Work, told: list[Told], scope: FeedScope, variants: Mapping[int, Collection[int]]
) -> Report:
    """Brings the feeds of the whole store, or those of these products, in line; `variants` are the stored ones of each
    product. Feeds that are not named any more are deleted. Rows are by the source's identifier."""
    report = Report()
    limits: dict[int, list[int]] = {}
    rows: dict[int, Columns] = {}
    listed: set[int] = set()
    for one in told:
        known = variants.get(one.product_id or 0, ())
        named = {variant for feed in one.feeds.values() for variant in feed.variants}
        limited = one.limit(known, await work.deleted_here(VARIANT, named.difference(known)))
        for identifier, feed in one.feeds.items():
            if rows.setdefault(identifier, feed.row) is feed.row:
                limits[identifier] = limited[identifier]
            else:
                one.skip(identifier, "id", "is the identifier of another one too")
        listed |= one.listed
        for skipped in one.skipped:
            report.skip(skipped)
    await _name_providers(work, rows, scope, report)

    stored = await _stored(work, told, scope, rows)
    rows = {
        source: row | {"id": stored[source]["id"]} if source in stored else row for source, row in sorted(rows.items())
    }
    await work.merged(FEED, rows, stored)
    merging = work.merging(FEED)
    gone = merging.gone([source for source in stored if source not in rows and source not in listed], stored)
    if gone:
        going = select(_FEED.c.target_id).where(_FEED.c.id.in_([stored[source]["id"] for source in gone]))
        await targets.remove_all(work.connection, going)
    await work.remove(FEED, gone, stored)
    report.of(FEED.entity).removed += len(gone)

    held = await _limits(work, stored, rows.keys())
    for source in rows:
        if merging.keeps(source, LIMITS, sorted(limits[source]), sorted(held.get(source, []))):
            limits[source] = held[source]
    touched = {source for source in rows if set(limits[source]) != set(held.get(source, []))} & stored.keys()
    by_id = {row["id"]: row for row in stored.values()}
    difference = reconcile.compare(FEED, rows.values(), by_id, {stored[source]["id"] for source in touched})
    await reconcile.write(work.connection, difference)
    if difference.new:
        new = [row["source_id"] for row in difference.new]
        added = await reconcile.load(work.connection, FEED, "source_id", new)
        for identifier, row in added.items():
            if row["scope"] == scope:
                rows[row["source_id"]]["id"] = identifier
    work.ledger.wrote(difference, by_id)
    work.ledger.touched(FEED, sorted(stored[source]["id"] for source in touched), LIMITS)
    merging.note(rows)
    report.of(FEED.entity).add(difference.tally)
    wanted = {(rows[source]["id"], variant) for source in rows for variant in limits[source]}
    before = {(stored[source]["id"], variant) for source, variants_held in held.items() for variant in variants_held}
    await reconcile.unlink(work.connection, FEED_VARIANT, before - wanted)
    await reconcile.link(work.connection, FEED_VARIANT, wanted - before)
    kept = len(wanted & before)
    report.of("links").add(Tally(imported=len(wanted) - kept, unchanged=kept, removed=len(before) - kept))
    return report


async def _stored(work: Work, told: list[Told], scope: FeedScope, rows: Collection[int]) -> StoredRows:
    """Feeds of this scope that the source names, and those of the products, or of the store, that it tells of."""
    stored = await reconcile.load(work.connection, FEED, "source_id", rows, lock=True)
    if scope is FeedScope.GLOBAL:
        stored |= await reconcile.load(work.connection, FEED, "scope", [scope], lock=True)
    else:
        products = {one.product_id for one in told if one.product_id}
        stored |= await reconcile.load(work.connection, FEED, "product_id", products, lock=True)
    return {row["source_id"]: row for row in stored.values() if row["scope"] == scope}


async def _limits(work: Work, stored: StoredRows, sources: Collection[int]) -> dict[int, list[int]]:
    """The variants that these feeds are limited to, as it is stored."""
    same = {stored[source]["id"]: source for source in sources if source in stored}
    held: dict[int, list[int]] = {}
    for feed, variant in await reconcile.links(work.connection, FEED_VARIANT, same):
        held.setdefault(same[feed], []).append(variant)
    return held


async def _name_providers(work: Work, rows: Mapping[int, Columns], scope: FeedScope, report: Report) -> None:
    keys = {row["provider_key"] for row in rows.values()}
    known = await reconcile.load(work.connection, PROVIDER, "key", keys)
    missing = {provider: unknown_provider(provider, scope) for provider in sorted(keys - known.keys())}
    if missing:
        report.add(await write_providers(work, missing))
