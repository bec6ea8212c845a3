"""An import from beginning to end."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from connectors.importers import reconcile
from connectors.importers.checkpoint import Checkpoint, take_turn
from connectors.importers.fluentcart.catalog.download import DOWNLOAD
from connectors.importers.fluentcart.catalog.media import MEDIA
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS, TAXONOMY, TERM, read_trees
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.client import Client, Refused, Unanswered
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.commerce.store import STORE
from connectors.importers.fluentcart.errors import StoreFailing
from connectors.importers.fluentcart.family import Family, Met, read_families
from connectors.importers.fluentcart.foundation import known_terms, write_store, write_trees
from connectors.importers.fluentcart.listing import Batch, batches
from connectors.importers.fluentcart.source import Source
from connectors.importers.fluentcart.values import branch, line
from connectors.importers.fluentcart.writing import write_families
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Progress, Report, Silent, Skipped
from db.database import Database

SILENT: Final = Silent()
# The order in which a report names them.
ENTITIES: Final = (
    STORE.entity,
    TAXONOMY.entity,
    TERM.entity,
    PRODUCT.entity,
    VARIANT.entity,
    MEDIA.entity,
    DOWNLOAD.entity,
    LINKS,
)


async def import_store(
    database: Database, source: Source, *, progress: Progress = SILENT, restart: bool = False
) -> Report:
    """Imports a FluentCart store's settings, taxonomies, terms and products with all that belongs to them.

    Identifiers are the source's. Where the two differ, the source wins; what it no longer names of a product is
    deleted, but products, taxonomies and terms that it no longer lists stay. Products come in the order of their
    identifiers, a page at a time, each page one transaction together with the progress row: an import that was
    interrupted, however suddenly, goes on after the last committed page (unless `restart`), and a finished one can be
    repeated and writes only what has changed since. No events are emitted.

    Raises ImportRefused (WrongUrl, WrongCredentials, NoFluentCart, StoreFailing), whose text is one line for the user;
    pages committed before it are kept. A record that cannot be read is skipped and named in the report.
    """
    async with Client(source) as client:
        settings = await client.greet()
        run = _Run(database, client.site, Checkpoint(client.site, "products"), progress)
        terms = await _terms(client)
        after, known = await run.begin(restart=restart)
        async with aclosing(_ahead(batches(client, after, known))) as coming:
            first = await anext(coming, None)
            await run.found(settings, terms, first, fresh=not after)
            if first is not None:
                await run.take(first)
            async for batch in coming:
                await run.take(batch)
        await run.finish()
        return run.report


async def _terms(client: Client) -> Record:
    try:
        return branch(await client.get("/products/fetch-term"))
    except (Refused, Unanswered) as failed:
        raise StoreFailing(f"{client.site} does not tell its terms: {failed}") from None
    except Unreadable as unreadable:
        raise StoreFailing(f"{client.site} tells its terms in a form unknown here: {unreadable}") from None


async def _ahead(source: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """Asks for the next batch while the one before it is written."""

    async def following() -> Batch | None:
        return await anext(source, None)

    async with aclosing(source):
        task = asyncio.create_task(following())
        try:
            while (batch := await task) is not None:
                task = asyncio.create_task(following())
                yield batch
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _Run:
    def __init__(self, database: Database, source: str, checkpoint: Checkpoint, progress: Progress) -> None:
        self._database = database
        self._source = source
        self._checkpoint = checkpoint
        self._progress = progress
        self._clock = Clock()
        self._met = Met()
        self._terms: Mapping[str, Collection[int]] = {}
        self._upto = 0
        self._expected = 0
        self._done = 0
        self.report = Report(source=source)
        for entity in ENTITIES:
            self.report.of(entity)

    async def begin(self, *, restart: bool) -> tuple[int, int]:
        """After which product to go on, 0 for all of them, and how many products up to it are stored."""
        async with self._database.read() as connection:
            reached = None if restart else await self._checkpoint.load(connection)
            key = PRODUCT.table.c.id
            known = await connection.scalar(select(func.count()).where(key <= (reached or 0)))
        self.report.resumed_after = reached
        self._upto = reached or 0
        return reached or 0, known or 0

    async def found(self, settings: Record, terms: Record, first: Batch | None, *, fresh: bool) -> None:
        """Writes what products build upon. The labels of taxonomies come with the first product."""
        labels = first.products[0].pricing if first is not None and first.products else {}
        async with self._database.write() as connection:
            await take_turn(connection)
            if fresh:
                await self._checkpoint.start(connection)
            store = await write_store(connection, settings, self._source)
            trees = await write_trees(connection, read_trees(terms, labels))
            self._terms = await known_terms(connection)
            await connection.commit()
        self.report.add(store)
        self.report.add(trees)

    async def take(self, batch: Batch) -> None:
        """Writes one batch. If the database refuses it, each product goes on its own, and only those that it refuses
        alone are skipped."""
        if self._done + batch.remaining != self._expected:
            self._expected = self._done + batch.remaining
            self._progress.total(self._expected)
        families, skipped = read_families(batch, self._clock, self._source, self._met)
        try:
            written = await self._write(batch.after, batch.upto, families, batch.ids)
        except DBAPIError as refusal:
            if not _about_a_record(refusal):
                raise
            written = await self._write_singly(batch, refusal)
        self.report.add(written)
        for record in skipped:
            self.report.skip(record)
        self._met.keep()
        self._upto = batch.upto
        self._done += len(batch.ids)
        self._progress.advance(len(batch.ids))

    async def _write_singly(self, batch: Batch, refusal: DBAPIError) -> Report:
        report = Report()
        after, refused = batch.after, 0
        families, _ = read_families(batch, self._clock, self._source, self._met)
        for family in families:
            try:
                report.add(await self._write(after, family.id, [family], batch.ids))
            except DBAPIError as error:
                if not _about_a_record(error):
                    raise
                refused += 1
                reason = f"the database refuses it: {line(str(error.orig))}"
                report.skip(Skipped(PRODUCT.entity, str(family.id), "", reason))
            after = family.id
        if refused == len(families) > 1:
            raise refusal
        report.add(await self._write(after, batch.upto, [], batch.ids))
        return report

    async def _write(self, after: int, upto: int, families: list[Family], listed: Collection[int]) -> Report:
        async with self._database.write() as connection:
            await take_turn(connection)
            report = await write_families(connection, families, after, self._terms)
            report.absent += sorted(await reconcile.between(connection, PRODUCT, after, upto) - set(listed))
            await self._checkpoint.reach(connection, upto)
            await connection.commit()
        return report

    async def finish(self) -> None:
        async with self._database.write() as connection:
            self.report.absent += sorted(await reconcile.between(connection, PRODUCT, self._upto))
            await self._checkpoint.finish(connection)
            await connection.commit()


def _about_a_record(error: DBAPIError) -> bool:
    """Whether the database refused values; not that it is locked, full or away."""
    return not error.connection_invalidated and not isinstance(error, OperationalError)
