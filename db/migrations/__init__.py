"""The schema's history (Alembic) and the two things done with it: bring a database up to date, tell whether it is."""

import asyncio
import re
from collections.abc import Callable, Set
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from db.store.database import Database

_HERE: Final = Path(__file__).parent
# Two processes that start at once take turns; the number is storegraph's own and means nothing.
_MIGRATION_LOCK: Final = 7_305_001
# Of the first revision, with Alembic's own. Other programs may have one of these names; no other has all.
_MADE: Final = frozenset({"alembic_version", "product_variant", "integration_feed"})


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def head() -> str:
    """The revision that this code wants. Looking for it reads all revisions, and nobody adds one meanwhile."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package lost its migrations")
    return revision


def ours(tables: Set[str]) -> bool:
    """Whether a database with these tables was made here, by this version or another."""
    return tables >= _MADE


async def revision_of(database: Database) -> str | None:
    """The revision that the database is at; None when it has never been migrated."""
    async with database.read() as connection:
        return await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())


async def migrate(database: Database) -> None:
    """Bring the database to `head()`. Either all steps are applied or none."""

    def apply(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        command.upgrade(_config(connection), "head")

    await _run(database, apply)


async def _run(database: Database, work: Callable[[Connection], Any]) -> None:
    async with database.write() as connection:
        await connection.run_sync(work)
        await connection.commit()


def upgrade(url: str) -> None:
    """`migrate` for callers outside an event loop: the command line and test fixtures."""

    async def run() -> None:
        database = Database.open(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(run())


def modelled(name: str) -> bool:
    """Whether the tables of db.tables say anything about this table or index. Search indexes are made by the
    migrations alone: full-text tables with their shadows on SQLite, trigram indexes on PostgreSQL."""
    return re.fullmatch(r"(ix_)?(product|product_variant)_search(_\w+)?", name) is None
