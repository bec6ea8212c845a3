"""Writes providers, and feeds with the variants that they are limited to."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile
from connectors.importers.fluentcart.integration.feed import FEED, Feed, read_feed
from connectors.importers.fluentcart.integration.provider import PROVIDER, unknown_provider
from connectors.importers.fluentcart.values import branch, shown
from connectors.importers.mapping import Columns, Unreadable
from connectors.importers.reconcile import Link
from connectors.importers.report import Report, Skipped, Tally
from db.integration.feed import FeedScope, FeedVariantRow
from db.store.row import table

FEED_VARIANT = table(FeedVariantRow)


async def write_providers(connection: AsyncConnection, providers: Mapping[str, Columns]) -> Report:
    """Providers that the source no longer has stay: feeds may be theirs."""
    report = Report()
    stored = await reconcile.load(connection, PROVIDER, "key", providers)
    difference = reconcile.compare(PROVIDER, providers.values(), stored)
    await reconcile.write(connection, difference)
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

    def limit(self, variants: Collection[int]) -> dict[int, list[int]]:
        """The known variants that each feed is limited to. A feed limited to unknown ones alone must not be kept: it
        would run for all."""
        limits: dict[int, list[int]] = {}
        for identifier, feed in list(self.feeds.items()):
            limits[identifier] = [variant for variant in feed.variants if variant in variants]
            unknown = [f"variant {v} is not among the product's variants" for v in feed.variants if v not in variants]
            if feed.variants and not limits[identifier]:
                del self.feeds[identifier], limits[identifier]
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
    connection: AsyncConnection, told: list[Told], scope: FeedScope, variants: Mapping[int, Collection[int]]
) -> Report:
    """Brings the feeds of the whole store, or those of these products, in line; `variants` are the stored ones of each
    product. Feeds that are not named any more are deleted."""
    report = Report()
    limits: dict[int, list[int]] = {}
    rows: dict[int, Columns] = {}
    listed: set[int] = set()
    for one in told:
        limited = one.limit(variants.get(one.product_id or 0, ()))
        for identifier, feed in one.feeds.items():
            if rows.setdefault(identifier, feed.row) is feed.row:
                limits[identifier] = limited[identifier]
            else:
                one.skip(identifier, "id", "is the identifier of another one too")
        listed |= one.listed
        for skipped in one.skipped:
            report.skip(skipped)
    await _name_providers(connection, rows, scope, report)

    stored = await reconcile.load(connection, FEED, "source_id", rows)
    if scope is FeedScope.GLOBAL:
        stored |= await reconcile.load(connection, FEED, "scope", [scope])
    else:
        stored |= await reconcile.load(
            connection, FEED, "product_id", {one.product_id for one in told if one.product_id}
        )
    stored = {key: row for key, row in stored.items() if row["scope"] == scope}
    same = {row["source_id"]: identifier for identifier, row in stored.items()}
    incoming = [row | ({"id": same[source]} if source in same else {}) for source, row in sorted(rows.items())]
    gone = {identifier for source, identifier in same.items() if source not in rows and source not in listed}
    await reconcile.remove(connection, FEED, gone)
    report.of(FEED.entity).removed += len(gone)

    places = await _links(connection, same, limits)
    difference = reconcile.compare(FEED, incoming, stored, {pair[0] for pair in places[0] | places[1]})
    await reconcile.write(connection, difference)
    report.of(FEED.entity).add(difference.tally)
    if difference.new:
        added = await reconcile.load(connection, FEED, "source_id", [row["source_id"] for row in difference.new])
        same |= {row["source_id"]: identifier for identifier, row in added.items() if row["scope"] == scope}
    new = places[0] | {
        (same[row["source_id"]], variant) for row in difference.new for variant in limits[row["source_id"]]
    }
    await reconcile.unlink(connection, FEED_VARIANT, places[1])
    await reconcile.link(connection, FEED_VARIANT, new)
    kept = sum(len(limit) for limit in limits.values()) - len(new)
    report.of("links").add(Tally(imported=len(new), unchanged=kept, removed=len(places[1])))
    return report


async def _links(
    connection: AsyncConnection, same: Mapping[int, int], limits: Mapping[int, list[int]]
) -> tuple[set[Link], set[Link]]:
    """Of the feeds stored already: the links to add and those to take away."""
    written = {same[source] for source in limits if source in same}
    before = await reconcile.links(connection, FEED_VARIANT, written)
    wanted = {(same[source], variant) for source, limit in limits.items() if source in same for variant in limit}
    return wanted - before, before - wanted


async def _name_providers(
    connection: AsyncConnection, rows: Mapping[int, Columns], scope: FeedScope, report: Report
) -> None:
    keys = {row["provider_key"] for row in rows.values()}
    known = await reconcile.load(connection, PROVIDER, "key", keys)
    missing = {provider: unknown_provider(provider, scope) for provider in sorted(keys - known.keys())}
    if missing:
        report.add(await write_providers(connection, missing))
