"""How far an import has come: written in the transaction of what it tells of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.store.importing import ImportRow
from db.store.row import now

# Two imports at once take turns batch by batch; the number is storegraph's own and means nothing.
_IMPORT_LOCK: Final = 7_305_002


@dataclass(frozen=True, slots=True)
class Checkpoint:
    source: str
    entity: str

    async def load(self, connection: AsyncConnection) -> tuple[int | None, list[Any]]:
        """The highest identifier whose batch is committed by an unfinished import, and the links that wait; None when
        none is under way."""
        statement = select(col(ImportRow.reached), col(ImportRow.pending)).where(self._here())
        row = (await connection.execute(statement)).first()
        return (None, []) if row is None else (row.reached, row.pending or [])

    async def start(self, connection: AsyncConnection, run: str) -> None:
        """An import that begins from the start. One that was interrupted before its first batch is still the same."""
        begun = await connection.scalar(select(col(ImportRow.run)).where(self._here()))
        fresh = {} if begun == run else {"run": run, "changes": 0, "started_at": now()}
        await self._write(connection, reached=None, pending=None, **fresh)

    async def go_on(self, connection: AsyncConnection, run: str) -> None:
        """One that was interrupted, before imports had names perhaps."""
        await self._write(connection, run=run)

    async def reach(
        self, connection: AsyncConnection, identifier: int, pending: Sequence[Any] = (), changes: int = 0
    ) -> None:
        """`changes`: so many rows more were written."""
        changed = {"changes": col(ImportRow.changes) + changes} if changes else {}
        await self._write(connection, reached=identifier, pending=list(pending) or None, **changed)

    async def count(self, connection: AsyncConnection, changes: int) -> None:
        """Rows written beside the batches."""
        if changes:
            await self._write(connection, changes=col(ImportRow.changes) + changes)

    async def finish(self, connection: AsyncConnection, *, offered: bool = True) -> None:
        """A list that was not `offered` has not been imported yet, whenever it comes."""
        finished = {"finished_at": now()} if offered else {}
        await self._write(connection, reached=None, pending=None, run=None, **finished)

    def _here(self) -> ColumnElement[bool]:
        return and_(col(ImportRow.source) == self.source, col(ImportRow.entity) == self.entity)

    async def _write(self, connection: AsyncConnection, **values: object) -> None:
        written = await connection.execute(update(ImportRow).where(self._here()).values(**values))
        if not written.rowcount:
            await connection.execute(insert(ImportRow).values(source=self.source, entity=self.entity, **values))


async def under_way(connection: AsyncConnection, source: str) -> str:
    """The name of the unfinished import of a source, or one for the next."""
    statement = select(col(ImportRow.run)).where(col(ImportRow.source) == source, col(ImportRow.run).is_not(None))
    run: str | None = await connection.scalar(statement.limit(1))
    return run or new_run()


def new_run() -> str:
    return uuid4().hex


async def finished(connection: AsyncConnection) -> Collection[str]:
    """The lists that an import has been through to the end, of whichever source."""
    statement = select(col(ImportRow.entity)).where(col(ImportRow.finished_at).is_not(None)).distinct()
    return frozenset((await connection.scalars(statement)).all())


async def been_through(connection: AsyncConnection, source: str, entity: str) -> bool:
    """Whether an import has been through this list of this source to the end."""
    here = (col(ImportRow.source) == source, col(ImportRow.entity) == entity, col(ImportRow.finished_at).is_not(None))
    return (await connection.execute(select(col(ImportRow.source)).where(*here))).first() is not None


async def changes(connection: AsyncConnection, source: str) -> int:
    """How many rows the import that is under way has written."""
    statement = select(func.coalesce(func.sum(col(ImportRow.changes)), 0)).where(col(ImportRow.source) == source)
    return int((await connection.scalar(statement)) or 0)


async def take_turn(connection: AsyncConnection) -> None:
    """Until the transaction ends no other import writes. On SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _IMPORT_LOCK})
