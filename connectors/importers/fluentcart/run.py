"""An import from beginning to end."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.importers import reconcile, seen
from connectors.importers.checkpoint import changes, finished, new_run, take_turn, under_way
from connectors.importers.fluentcart.asking import NotTold, told
from connectors.importers.fluentcart.catalog.download import DOWNLOAD
from connectors.importers.fluentcart.catalog.listed import ListedProduct
from connectors.importers.fluentcart.catalog.media import MEDIA
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.shipping import SHIPPING_CLASS, read_shipping_class
from connectors.importers.fluentcart.catalog.tax import TAX_CLASS, read_tax_class
from connectors.importers.fluentcart.catalog.taxonomy import LINKS, TAXONOMY, TERM, read_trees
from connectors.importers.fluentcart.catalog.upgrade_path import UPGRADE_PATH
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.fluentcart.commerce.coupon import COUPON
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER
from connectors.importers.fluentcart.commerce.order import CHILDREN, ORDER
from connectors.importers.fluentcart.commerce.store import STORE
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION
from connectors.importers.fluentcart.errors import StoreFailing
from connectors.importers.fluentcart.foundation import findings, known, write_classes, write_store, write_trees
from connectors.importers.fluentcart.integration.feed import FEED
from connectors.importers.fluentcart.integration.provider import PROVIDER, read_providers
from connectors.importers.fluentcart.integration.writing import Told, write_feeds, write_providers
from connectors.importers.fluentcart.linking import link_pending
from connectors.importers.fluentcart.remote_list import Batch, NotOffered, RemoteList, as_listed, batches
from connectors.importers.fluentcart.source import Source
from connectors.importers.fluentcart.stages import (
    CouponStage,
    CustomerStage,
    OrderStage,
    ProductStage,
    SubscriptionStage,
)
from connectors.importers.fluentcart.values import branch, entries
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.rehearsal import copied
from connectors.importers.report import Progress, Report, Silent, Skipped
from connectors.importers.telling import imported
from connectors.importers.work import Work, Works
from db.catalog.derivations import refresh_bundles
from db.integration.connected_store import followed
from db.integration.feed import FeedScope
from db.store.database import Database
from db.store.unit import Units

SILENT: Final = Silent()
# The order in which a report names them.
ENTITIES: Final = (
    STORE.entity,
    TAX_CLASS.entity,
    SHIPPING_CLASS.entity,
    TAXONOMY.entity,
    TERM.entity,
    PRODUCT.entity,
    VARIANT.entity,
    MEDIA.entity,
    DOWNLOAD.entity,
    UPGRADE_PATH.entity,
    PROVIDER.entity,
    FEED.entity,
    CUSTOMER.entity,
    ADDRESS.entity,
    COUPON.entity,
    ORDER.entity,
    *(mapped.entity for mapped, _ in CHILDREN),
    SUBSCRIPTION.entity,
    LINKS,
)
_SHIPPING_CLASSES: Final = RemoteList(SHIPPING_CLASS.entity, "/shipping/classes", "shipping_classes", as_listed)


async def import_store(
    database: Database,
    source: Source,
    *,
    progress: Progress = SILENT,
    restart: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Report:
    """Imports a FluentCart store: settings, classes, taxonomies, products with all that belongs to them, integration
    feeds, customers, coupons, orders and subscriptions.

    Identifiers are the source's. What was changed here since the last import stays, and the report says so; with
    `overwrite` the source wins. For everything else the source is believed: what it no longer names of a product, a
    customer or an order is deleted, but what it no longer lists at all stays. Each list comes in the order of its
    identifiers, a page at a time, each page one transaction together with the progress row: an import that was
    interrupted, however suddenly, goes on after the last committed page (unless `restart`), and a finished one can be
    repeated and writes only what has changed since.

    The first import of a list emits nothing but `store.imported` at the end; a later one an event for each entity that
    it changes besides; of a shop whose orders a connection takes in, what follows from them too (`order.paid`). One
    that changes nothing writes nothing. With `dry_run` all of it happens in a copy (rehearsal).

    Raises ImportRefused (WrongUrl, WrongCredentials, NoFluentCart, StoreFailing), whose text is one line for the user;
    pages committed before it are kept. A record that cannot be read is skipped and named in the report, and so is a
    list that the store does not offer; only products must be.
    """
    if dry_run:
        async with copied(database) as copy:
            report = await import_store(copy, source, progress=progress, restart=restart, overwrite=overwrite)
            report.rehearsed = True
            return report
    async with Client(source) as client:
        settings = await client.greet()
        terms = await _terms(client)
        run = await _begun(database, client, progress, restart=restart, overwrite=overwrite)
        foundation = await run.ask(settings, terms)
        async with aclosing(run.products.coming(client)) as coming:
            first = await anext(coming, None)
            await run.found(foundation, first)
            if first is not None:
                run.report.add(await run.products.take(first))
            async for batch in coming:
                run.report.add(await run.products.take(batch))
        for stage in run.others:
            run.report.add(await stage.run(client))
        await run.finish()
        return run.report


async def _begun(database: Database, client: Client, progress: Progress, *, restart: bool, overwrite: bool) -> "_Run":
    """Finds the places of an unfinished run, unless it is to begin anew."""
    async with database.read() as connection:
        name = new_run() if restart else await under_way(connection, client.site)
        fresh = await seen.nothing(connection)
        live = await followed(connection, client.site)
        works = Works(Units(database), name, await finished(connection), overwrite, fresh, live)
        run = _Run(works, client, progress)
        if not restart:
            for stage in (run.products, *run.others):
                await stage.resume(connection)
    run.report.resumed_after = run.products.reached
    return run


async def _terms(client: Client) -> Record:
    try:
        return branch(await client.get("/products/fetch-term"))
    except (Refused, Unanswered) as failed:
        raise StoreFailing(f"{client.site} does not tell its terms: {failed}") from None
    except Unreadable as unreadable:
        raise StoreFailing(f"{client.site} tells its terms in a form unknown here: {unreadable}") from None


@dataclass(slots=True)
class _Foundation:
    """What the store says of itself before its products; None where it does not."""

    settings: Record
    terms: Record
    integrations: Record | None = None
    classes: dict[str, list[Any]] = field(default_factory=dict)


class _Run:
    def __init__(self, works: Works, client: Client, progress: Progress) -> None:
        self._works = works
        self._client = client
        self.products = ProductStage(works, client.site, progress)
        self.others = (
            CustomerStage(works, client.site),
            CouponStage(works, client.site),
            OrderStage(works, client.site),
            SubscriptionStage(works, client.site),
        )
        self.report = Report(source=client.site)
        for entity in ENTITIES:
            self.report.of(entity)

    async def ask(self, settings: Record, terms: Record) -> _Foundation:
        """What a store may lack."""
        foundation = _Foundation(settings, terms)
        try:
            foundation.classes[TAX_CLASS.entity] = entries(
                (await told(self._client, "/tax/classes")).get("tax_classes")
            )
        except (NotTold, Unreadable) as reason:
            self.report.not_offered[TAX_CLASS.entity] = str(reason)
        try:
            listed: list[Any] = []
            async with aclosing(batches(self._client, _SHIPPING_CLASSES, 0, 0)) as coming:
                async for batch in coming:
                    listed += [record for _, record in batch.records]
                    for skipped in batch.skipped:
                        self.report.skip(skipped)
            foundation.classes[SHIPPING_CLASS.entity] = listed
        except NotOffered as reason:
            self.report.not_offered[SHIPPING_CLASS.entity] = str(reason)
        try:
            foundation.integrations = await told(self._client, "/integration/global-feeds")
        except NotTold as reason:
            self.report.not_offered[f"global {FEED.entity}"] = str(reason)
        return foundation

    async def found(self, foundation: _Foundation, first: Batch[ListedProduct] | None) -> None:
        """Writes what products build upon. The labels of taxonomies come with the first product."""
        labels = first.records[0].pricing if first is not None and first.records else {}
        checkpoint = self.products.checkpoint
        async with self._works.work(checkpoint.entity) as work:
            await take_turn(work.connection)
            for stage in (self.products, *self.others):
                begin = stage.checkpoint.start if self.products.reached is None else stage.checkpoint.go_on
                await begin(work.connection, self._works.run)
            report = await write_store(work, foundation.settings, self._client.site)
            for mapped, read in ((TAX_CLASS, read_tax_class), (SHIPPING_CLASS, read_shipping_class)):
                report.add(await write_classes(work, mapped, foundation.classes.get(mapped.entity, []), read))
            report.add(await write_trees(work, read_trees(foundation.terms, labels)))
            if foundation.integrations is not None:
                report.add(await self._integrate(work, foundation.integrations))
            self.products.known = await known(work)
            await work.close()
            await checkpoint.count(work.connection, report.written)
            await work.commit()
        self.report.add(report)
        self.report.add(work.report)

    async def _integrate(self, work: Work, answer: Record) -> Report:
        """Providers and the feeds of the whole store."""
        providers, skipped = read_providers(answer)
        report = await write_providers(work, providers)
        for record in skipped:
            report.skip(record)
        self.products.met_providers(providers)
        try:
            feeds = Told(entries(answer.get("feeds")), None)
            report.add(await write_feeds(work, [feeds], FeedScope.GLOBAL, {}))
        except Unreadable as unreadable:
            report.skip(Skipped(FEED.entity, "", "feeds", unreadable.reason))
        return report

    async def finish(self) -> None:
        """Links what had to wait; only now the import counts as finished, whichever list it was interrupted in."""
        stages = (self.products, *self.others)
        checkpoint = self.products.checkpoint
        async with self._works.work(checkpoint.entity) as work:
            await take_turn(work.connection)
            report = await link_pending(work, [link for stage in stages for link in stage.pending])
            await refresh_bundles(work.connection)
            report.findings += await findings(work.connection)
            upto = self.products.reached or 0
            self.report.absent += sorted(await reconcile.between(work.connection, PRODUCT, upto))
            await work.close()
            await checkpoint.count(work.connection, report.written)
            written = await changes(work.connection, self._client.site)
            if written or work.first:
                work.unit.emit(imported(self._works.run, self._client.site, written, first=work.first))
            for stage in stages:
                await stage.checkpoint.finish(work.connection, offered=stage.offered)
            await work.commit()
        self.report.add(report)
        self.report.add(work.report)
        for entity in sorted(self.products.not_offered):
            self.report.not_offered[entity] = "the store has no such route"
