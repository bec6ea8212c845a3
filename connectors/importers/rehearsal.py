"""A copy of what an import reads and writes, to rehearse one in: what a page would write, the next one must find."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Table, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.history import made_here
from db.migrations import migrate
from db.secrets.encrypted import unlock_like
from db.store.database import Database
from db.store.importing import ImportRow, SeenRow
from db.store.outbox import EVENT
from db.store.row import Row, table
from db.tables import METADATA, MODULES

# Nothing of people who sign in, of their tokens and of what they did.
_AREAS: Final = ("db.catalog", "db.commerce", "db.integration")
_ROWS: Final = 1_000  # at a time


@asynccontextmanager
async def copied(database: Database) -> AsyncIterator[Database]:
    """A database on this machine with the same rows, which goes when it is left; the other one is only read."""
    with TemporaryDirectory(prefix="storegraph-") as directory:
        copy = Database.open(f"sqlite:///{Path(directory) / 'rehearsal.sqlite'}")
        unlock_like(copy, database)
        try:
            await migrate(copy)
            async with database.read() as source, copy.write() as target:
                if not database.embedded:  # one moment for all tables
                    await source.execution_options(isolation_level="REPEATABLE READ")
                await _fill(target, source)
                await target.commit()
            yield copy
        finally:
            await copy.close()


async def _fill(target: AsyncConnection, source: AsyncConnection) -> None:
    await target.execute(text("PRAGMA defer_foreign_keys = ON"))
    tables = _tables()
    for one in reversed(tables):
        await target.execute(delete(one))
    for one in tables:
        statement = select(one)
        if one is EVENT:
            statement = statement.where(made_here(EVENT.c.cause))
        async with source.stream(statement.execution_options(yield_per=_ROWS)) as rows:
            async for some in rows.mappings().partitions(_ROWS):
                await target.execute(insert(one), [dict(row) for row in some])


def _tables() -> list[Table]:
    """What imports write, what tells how far one is, and what happened here; what is referred to comes first."""
    wanted = {table(ImportRow), table(SeenRow), EVENT}
    for module in MODULES:
        if module.__name__.startswith(_AREAS):
            rows = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Row)]
            wanted |= {table(row) for row in rows if hasattr(row, "__table__")}
    return [one for one in METADATA.sorted_tables if one in wanted]
