"""A walk through a shop's products or its newest orders: a job, a page a transaction, each with the place where the
next one begins. Whoever takes the job over goes on there; what comes twice changes nothing."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.asking import Stores
from connectors.connected_stores.keeping import shop_of
from connectors.connected_stores.outgoing.stock import Stock, TakesStock, send, stock_to_send
from connectors.connected_stores.page import Page
from connectors.connected_stores.reading import READS, Reading
from connectors.connected_stores.reporting import grown, written
from connectors.connected_stores.writing import CAUSE, TOLD, active, refused, write
from connectors.importers import seen
from connectors.importers.checkpoint import been_through, take_turn
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.errors import ImportRefused, WrongCredentials
from connectors.importers.fluentcart.single import Records
from connectors.importers.fluentcart.values import line
from connectors.importers.rehearsal import copied
from connectors.importers.report import Report, Skipped
from connectors.importers.telling import imported
from connectors.importers.work import Works, parted
from db.access.viewer import SYSTEM
from db.drivers.failures import Passing
from db.integration import store_sync
from db.integration.store_sync import SyncKind
from db.store.database import Database
from db.store.row import now
from db.store.unit import Units
from engine.unit.unit import Cause

log = structlog.get_logger("storegraph.sync")

# A shop's clock and ours differ by minutes; what is seen twice changes nothing.
OVERLAP: Final = timedelta(minutes=10)
SECONDS: Final = 30.0
STOPPED: Final = "The connection came to rest meanwhile"
_AFTER: Final = "after"


class Job(Protocol):
    """What a worker gives (server.work.running.Running)."""

    id: int
    arguments: Mapping[str, Any]
    checkpoint: Any
    ending: asyncio.Event

    async def note(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        checkpoint: Any = None,
        connection: AsyncConnection | None = None,
    ) -> None: ...


class Walking:
    """Does such jobs. What it raises is tried again, from the last page that was written."""

    def __init__(self, database: Database, units: Units, stores: Stores) -> None:
        self._database = database
        self._units = units
        self._stores = stores

    async def __call__(self, job: Job) -> bool | None:
        guid, kind = job.arguments["connection"], SyncKind(job.arguments["kind"])
        async with self._units.read() as connection:
            row = await active(connection, guid)
            sync = await store_sync.of(connection, guid, kind)
        if row is None or sync is None or sync["job"] != job.id or sync["ended_at"] is not None:
            return None  # disabled or removed since, or asked for anew
        try:
            async with READS[row["provider"]](self._stores, shop_of(row)) as shop:
                if sync["dry_run"]:
                    await self._rehearsed(job, row, sync, shop)
                    return None
                walk = _Walk(self._units, job, row, sync)
                more = await walk.through(shop)
        except WrongCredentials as wrong:
            await self._told(sync, error=str(wrong), ended_at=now())
            await refused(self._units, row, str(wrong))
            return None
        except (ImportRefused, NotTold) as failed:
            await self._told(sync, error=str(failed))
            raise
        if more is None:
            await self._told(sync, error=STOPPED, ended_at=now())
        elif not more:
            await self._ended(row, sync, walk.report)
        return False if more else None

    async def _ended(self, row: Mapping[str, Any], sync: Mapping[str, Any], report: Mapping[str, Any]) -> None:
        """What was seen is what had happened when the walk began. Of the first walk through the products this is all
        that is told, as of a first import."""
        run = f"{row['guid']}/{sync['job']}"
        async with self._units.unit(SYSTEM, cause=Cause(f"{CAUSE}:{run}")) as unit:
            ended = {"error": None, "ended_at": now(), "seen_until": sync["started_at"] - OVERLAP}
            if not await store_sync.note(unit.connection, sync, **ended):
                return  # asked for anew
            if await _first(unit.connection, row, sync):
                unit.emit(imported(run, row["store_url"], written(report), first=True))
            await unit.commit(CAUSE, None, None, audited=True)

    async def _rehearsed(self, job: Job, row: Mapping[str, Any], sync: Mapping[str, Any], shop: Reading) -> None:
        """In a copy, from the first page: what one page would write the next one must find."""
        async with copied(self._database) as copy:
            walk = _Walk(Units(copy), None, row, sync)
            await walk.through(shop)
        await job.note(done=walk.done, total=walk.total)
        ended = {"error": None, "ended_at": now()}
        await self._told(sync, done=walk.done, total=walk.total, report=walk.report, **ended)

    async def _told(self, sync: Mapping[str, Any], **values: Any) -> None:
        async def noted(connection: AsyncConnection) -> None:
            await store_sync.note(connection, sync, **values)

        await self._database.tell(noted, seconds=SECONDS)


class _Walk:
    """One try. Without a `job` nothing of the real store is told how far it is."""

    def __init__(self, units: Units, job: Job | None, row: Mapping[str, Any], sync: Mapping[str, Any]) -> None:
        self._units = units
        self._job = job
        self._row = row
        self._sync = sync
        self.done: int = 0 if job is None else sync["done"]
        self.total: int | None = sync["total"]
        self.report: dict[str, Any] = {} if job is None else sync["report"]
        self._to_send: list[Stock] = []

    async def through(self, shop: Reading) -> bool | None:
        """Whether there is more: the worker ends. None where the connection is used no more, or is walked through
        anew."""
        checkpoint = self._job.checkpoint if self._job is not None else None
        after = checkpoint[_AFTER] if isinstance(checkpoint, dict) else None
        async with self._units.read() as connection:
            fresh = await seen.nothing(connection)
            quiet = await _first(connection, self._row, self._sync)
        works = Works(
            self._units,
            f"{self._row['guid']}/{self._sync['job']}",
            frozenset() if quiet else TOLD,
            overwrite=self._sync["overwrite"],
            fresh=fresh,
            live=True,
            by=CAUSE,
        )
        async with aclosing(self._pages(shop, after)) as pages:
            async for page in pages:
                if not await self._taken(works, page):
                    return None
                await self._sent(shop)
                if self._job is not None and self._job.ending.is_set():
                    return True
        return False

    def _pages(self, shop: Reading, after: Any) -> AsyncGenerator[Page, None]:
        if self._sync["kind"] is SyncKind.PRODUCTS:
            return shop.products(after)
        since: datetime | None = self._sync["since"]
        return shop.orders(self._row["connected_at"] if since is None else since, after)

    async def _taken(self, works: Works, page: Page) -> bool:
        """Whether the walk goes on. If the database refuses a page, or others stand in its way, each record goes on its
        own, and those that the database refuses alone are left out."""
        try:
            return await self._written(works, page.records, page)
        except (DBAPIError, Passing) as refusal:
            if not parted(refusal):
                raise
        left = Report(skipped=list(page.records.skipped))
        for part in _parts(page.records):
            try:
                if not await self._written(works, part, None):
                    return False
            except DBAPIError as refusal:
                if not parted(refusal):
                    raise
                reason = f"the database refuses it: {line(str(refusal.orig))}"
                for product in part.products:
                    left.skip(Skipped(PRODUCT.entity, str(product.id), "", reason))
                for order in part.orders:
                    left.skip(Skipped(ORDER.entity, str(order.id), "", reason))
        return await self._written(works, Records(skipped=left.skipped), page)

    async def _written(self, works: Works, records: Records, page: Page | None) -> bool:
        """`page`: it is written with this, and the walk goes on behind it."""
        async with works.work(ORDER.entity) as work:
            await take_turn(work.connection)
            if await active(work.connection, self._row["guid"]) is None:
                return False
            report = Report(skipped=list(records.skipped))
            placed = deepcopy(records)
            report.add(await write(work, self._row, placed))
            to_send = await stock_to_send(work, self._row, records)
            await work.close()
            report.add(work.report)
            told = grown(self.report, report)
            done, total = (self.done, self.total) if page is None else (self.done + page.told, page.total)
            if self._job is not None:
                noted = {"done": done, "total": total, "report": told, "error": None}
                if not await store_sync.note(work.connection, self._sync, **noted):
                    return False
                checkpoint = None if page is None else {_AFTER: page.after}
                await self._job.note(done=done, total=total, checkpoint=checkpoint, connection=work.connection)
            await work.commit()
        self.done, self.total, self.report = done, total, told
        self._to_send += to_send
        return True

    async def _sent(self, shop: Reading) -> None:
        """Once it is committed: who dies before it is done finds the same difference in the next walk. A walk in which
        the shop wins sends nothing, and a dry run says what it would."""
        stock, self._to_send = self._to_send, []
        if not stock or self._sync["overwrite"] or not isinstance(shop, TakesStock):
            return
        if self._job is None:
            self.report = grown(self.report, Report(), [str(one) for one in stock])
            return
        lines, left = await send(shop, stock)
        self.report = told = grown(self.report, Report(skipped=left), lines)
        async with self._units.unit(SYSTEM) as unit:
            await store_sync.note(unit.connection, self._sync, report=told)
            await unit.commit(CAUSE, None, None)


async def _first(connection: AsyncConnection, row: Mapping[str, Any], sync: Mapping[str, Any]) -> bool:
    """Whether nobody has been through the products of this shop to the end: neither a walk of this connection nor an
    import. `sync` is the row as it was when the walk began."""
    if sync["kind"] is not SyncKind.PRODUCTS or sync["seen_until"] is not None:
        return False
    return not await been_through(connection, row["store_url"], PRODUCT.entity)


def _parts(records: Records) -> Iterator[Records]:
    """One product, or one order with its people, at a time."""
    listed = {one.id: one for one in records.listed}
    for family in records.products:
        yield Records(
            products=[family],
            listed=[listed[family.id]] if family.id in listed else [],
            currency=records.currency,
        )
    for order in records.orders:
        buyer = order.row["customer_id"]
        yield Records(
            orders=[order],
            customers=[one for one in records.customers if one.id == buyer],
            subscriptions=[one for one in records.subscriptions if one.row["order_id"] == order.id],
        )
