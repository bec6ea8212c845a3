"""How far an import has come: written in the transaction of what it tells of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, insert, select, text, update
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

    async def start(self, connection: AsyncConnection) -> None:
        """An import that begins from the start."""
        await self._write(connection, reached=None, pending=None, started_at=now(), finished_at=None)

    async def reach(self, connection: AsyncConnection, identifier: int, pending: Sequence[Any] = ()) -> None:
        await self._write(connection, reached=identifier, pending=list(pending) or None, finished_at=None)

    async def finish(self, connection: AsyncConnection) -> None:
        await self._write(connection, reached=None, pending=None, finished_at=now())

    def _here(self) -> ColumnElement[bool]:
        return and_(col(ImportRow.source) == self.source, col(ImportRow.entity) == self.entity)

    async def _write(self, connection: AsyncConnection, **values: object) -> None:
        written = await connection.execute(update(ImportRow).where(self._here()).values(**values))
        if not written.rowcount:
            await connection.execute(insert(ImportRow).values(source=self.source, entity=self.entity, **values))


async def take_turn(connection: AsyncConnection) -> None:
    """Until the transaction ends no other import writes. On SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _IMPORT_LOCK})
