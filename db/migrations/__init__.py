"""The schema's history (Alembic) and the two things done with it: bring a database up to date, tell whether it is.

Alembic itself is had when there is something to do: a server on a database that is up to date does without its 10 MB.
"""

import asyncio
import re
from collections.abc import Callable, Set
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, inspect, text

from db.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_HERE: Final = Path(__file__).parent
# Two processes that start at once take turns; the number is storegraph's own and means nothing.
_MIGRATION_LOCK: Final = 7_305_001
_REVISION: Final = re.compile(r"(\d{4})_\w+\.py")
_SEARCHED: Final = "license|coupon|product|product_variant|customer|orders|order_item|order_bump|subscription"
# Of the first revision, with Alembic's own. Other programs may have one of these names; no other has all.
_MADE: Final = frozenset({"alembic_version", "product_variant", "integration_feed"})


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def head() -> str:
    """The revision that this code wants: the last of those that are numbered in the names of their files."""
    numbers = [found[1] for file in (_HERE / "versions").iterdir() if (found := _REVISION.fullmatch(file.name))]
    if not numbers:
        raise RuntimeError("the package lost its migrations")
    return max(numbers)


def ours(tables: Set[str]) -> bool:
    """Whether a database with these tables was made here, by this version or another."""
    return tables >= _MADE


async def revision_of(database: Database) -> str | None:
    """The revision that the database is at; None when it has never been migrated."""

    def look(connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    async with database.read() as connection:
        return await connection.run_sync(look)


class Newer(Exception):
    """The database is at a revision that this code does not know."""


async def migrate(database: Database) -> None:
    """Bring the database to `head()`. Either all steps are applied or none. Raises Newer."""

    def apply(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        from alembic import command
        from alembic.util import CommandError

        try:
            command.upgrade(_config(connection), "head")
        except CommandError as error:
            raise Newer(str(error)) from error

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
    return re.fullmatch(rf"(ix_)?({_SEARCHED})_search(_(?!text_id$)\w+)?", name) is None
