"""One list of the store, imported batch by batch: each a transaction together with its progress row."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.checkpoint import Checkpoint, take_turn
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.linking import Pending
from connectors.importers.fluentcart.remote_list import Batch, NotOffered, RemoteList, batches
from connectors.importers.fluentcart.values import line
from connectors.importers.mapping import Mapped
from connectors.importers.report import Report, Skipped
from connectors.importers.work import Work, Works, parted
from db.drivers.failures import Passing


class Identified(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T")
R = TypeVar("R", bound=Identified)


class Stage(ABC, Generic[T, R]):
    """T is a record as listed, R what is written of it. `pending` are links that wait for what comes later."""

    def __init__(self, works: Works, source: str, mapped: Mapped, remote: RemoteList[T]) -> None:
        self.mapped = mapped
        self.offered = True
        self.checkpoint = Checkpoint(source, remote.entity)
        self.reached: int | None = None
        self.pending: list[Pending] = []
        self._works = works
        self._source = source
        self._remote = remote

    @abstractmethod
    def read(self, batch: Batch[T]) -> tuple[list[R], list[Skipped]]:
        """What of the batch can be read, in the order of identifiers; may be called again for the same batch."""

    @abstractmethod
    async def write(
        self, work: Work, batch: Batch[T], rows: list[R], after: int, upto: int
    ) -> tuple[Report, list[Pending]]:
        """Writes what lies after `after` up to `upto`. No rows: they have been written one by one."""

    def begun(self, batch: Batch[T]) -> None:
        """Told of each batch before it is written."""

    def done(self, batch: Batch[T]) -> None:
        """Told of each batch once it is committed."""

    async def resume(self, connection: AsyncConnection) -> None:
        self.reached, pending = await self.checkpoint.load(connection)
        self.pending = [tuple(link) for link in pending]

    async def coming(self, client: Client) -> AsyncGenerator[Batch[T], None]:
        """The batches that are left. While one is written, the next one is asked for."""
        after = self.reached or 0
        async with self._works.units.read() as connection:
            known = await connection.scalar(select(func.count()).where(self.mapped.table.c.id <= after)) if after else 0
        async with aclosing(_ahead(batches(client, self._remote, after, known or 0))) as ahead:
            async for batch in ahead:
                yield batch

    async def run(self, client: Client) -> Report:
        report = Report()
        try:
            async with aclosing(self.coming(client)) as coming:
                async for batch in coming:
                    report.add(await self.take(batch))
        except NotOffered as reason:
            report.not_offered[self._remote.entity] = str(reason)
            self.offered = False
        return report

    async def take(self, batch: Batch[T]) -> Report:
        """Writes one batch. If the database refuses it, or others stand in its way, each record goes on its own, and
        only those that the database refuses alone are skipped."""
        self.begun(batch)
        rows, skipped = self.read(batch)
        try:
            report = await self._commit(batch, rows, batch.after, batch.upto)
        except (DBAPIError, Passing) as refusal:
            if not parted(refusal):
                raise
            report = await self._write_singly(batch, refusal)
        for record in skipped:
            report.skip(record)
        self.done(batch)
        return report

    async def _write_singly(self, batch: Batch[T], refusal: DBAPIError | Passing) -> Report:
        report = Report()
        after, refused = batch.after, 0
        rows, _ = self.read(batch)
        for row in rows:
            try:
                report.add(await self._commit(batch, [row], after, row.id))
            except DBAPIError as error:
                if not parted(error):
                    raise
                refused += 1
                reason = f"the database refuses it: {line(str(error.orig))}"
                report.skip(Skipped(self.mapped.entity, str(row.id), "", reason))
            after = row.id
        if refused == len(rows) > 1:
            raise refusal
        report.add(await self._commit(batch, [], after, batch.upto))
        return report

    async def _commit(self, batch: Batch[T], rows: list[R], after: int, upto: int) -> Report:
        async with self._works.work(self.checkpoint.entity) as work:
            await take_turn(work.connection)
            report, pending = await self.write(work, batch, rows, after, upto)
            await work.close()
            await self.checkpoint.reach(work.connection, upto, self.pending + pending, report.written)
            await work.commit()
        report.add(work.report)
        self.reached = upto
        self.pending += pending
        return report


async def _ahead(source: AsyncGenerator[Batch[T], None]) -> AsyncGenerator[Batch[T], None]:
    """Asks for the next batch while the one before it is written."""

    async def following() -> Batch[T] | None:
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
