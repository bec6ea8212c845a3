"""The history of the schema ends where the tables are, on both databases, whoever else upgrades at the same time."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, MetaData, UniqueConstraint, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from db import migrations
from db.catalog.product import ProductRow
from db.store.database import Database
from db.store.row import NAMES
from db.tables import METADATA
from tests import databases, factories
from tests.forked import Process
from tests.patience import PATIENCE


@pytest.fixture
async def empty(unmigrated_database_url: str) -> AsyncIterator[Database]:
    database = Database.open(unmigrated_database_url)
    yield database
    await database.close()


@pytest.fixture
async def twin(
    database_url: str, postgres_databases: databases.PostgresDatabases, tmp_path: Path
) -> AsyncIterator[Database]:
    """Another database of the kind of `database_url`, without a table."""
    embedded = database_url.startswith("sqlite")
    url = databases.sqlite_url(tmp_path / "twin.sqlite") if embedded else postgres_databases.create(migrated=False)
    database = Database.open(url)
    yield database
    await database.close()
    if not embedded:
        postgres_databases.drop(url)


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url)
    yield database
    await database.close()


def shape(connection: Connection) -> dict[str, Any]:
    """All that the database knows of our tables: also what Alembic's comparison does not look at (checks, collations,
    cascades)."""
    known = inspect(connection)
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in known.get_columns(name)},
            "collations": {c["name"]: getattr(c["type"], "collation", None) for c in known.get_columns(name)},
            "key": known.get_pk_constraint(name)["constrained_columns"],
            "references": sorted(str(sorted(f.items(), key=str)) for f in known.get_foreign_keys(name)),
            "checks": {c["name"]: c["sqltext"] for c in known.get_check_constraints(name)},
            "uniques": {str(u["name"]): u["column_names"] for u in known.get_unique_constraints(name)},
            "indexes": {
                str(i["name"]): (i["column_names"], i["unique"])
                for i in known.get_indexes(name)
                if migrations.modelled(str(i["name"]))
            },
        }
        for name in known.get_table_names()
        if name in METADATA.tables
    }


def tables() -> MetaData:
    """A copy: PostgreSQL adds the reference that closes a circle afterwards, and SQLAlchemy then leaves it out of that
    metadata's CREATE TABLE for good."""
    copied = MetaData(naming_convention=NAMES)
    for table in METADATA.tables.values():
        table.to_metadata(copied)
    return copied


async def test_the_history_ends_where_the_tables_are(migrated: Database) -> None:
    """Alembic finds nothing that a next migration would have to do."""

    def drift(connection: Connection) -> list[Any]:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, _type, _parents: name is None or migrations.modelled(name),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    async with migrated.read() as connection:
        assert await connection.run_sync(drift) == []


async def test_the_history_makes_what_the_tables_would(migrated: Database, twin: Database) -> None:
    """Column for column, check for check, cascade for cascade."""
    async with twin.write() as connection:
        await connection.run_sync(tables().create_all)
        await connection.commit()
        made = await connection.run_sync(shape)
    async with migrated.read() as connection:
        found = await connection.run_sync(shape)

    assert set(found) == set(METADATA.tables)
    for name in found:
        assert found[name] == made[name], name


async def test_a_column_more_would_be_noticed(migrated: Database, twin: Database) -> None:
    """The comparison above can fail."""
    async with twin.write() as connection:
        await connection.run_sync(tables().create_all)
        await connection.exec_driver_sql("DROP INDEX ix_term_parent_id_name_key")
        await connection.exec_driver_sql("ALTER TABLE store ADD COLUMN colour VARCHAR")
        await connection.commit()
        made = await connection.run_sync(shape)
    async with migrated.read() as connection:
        found = await connection.run_sync(shape)

    assert {name for name in found if found[name] != made[name]} == {"store", "term"}


async def test_from_nothing_to_head(empty: Database) -> None:
    assert await migrations.revision_of(empty) is None

    await migrations.migrate(empty)

    assert await migrations.revision_of(empty) == migrations.head()
    async with empty.write() as connection:
        await connection.execute(insert(ProductRow).values(factories.product(1).model_dump()))


async def test_a_second_upgrade_changes_nothing(migrated: Database) -> None:
    async with migrated.write() as connection:
        await connection.execute(insert(ProductRow).values(factories.product(1).model_dump()))
        await connection.commit()
        before = await connection.run_sync(shape)

    await migrations.migrate(migrated)

    assert await migrations.revision_of(migrated) == migrations.head()
    async with migrated.read() as connection:
        assert await connection.run_sync(shape) == before
        assert (await connection.execute(select(col(ProductRow.id)))).scalars().all() == [1]


async def test_two_processes_that_upgrade_at_once_take_turns(unmigrated_database_url: str) -> None:
    home = Path(__file__).parents[2]
    started = [Process("tests.db.upgrading", unmigrated_database_url, cwd=home, env={**os.environ}) for _ in range(2)]

    ended = await asyncio.gather(*(asyncio.to_thread(process.communicate, PATIENCE) for process in started))
    assert [process.wait() for process in started] == [0, 0], ended
    database = Database.open(unmigrated_database_url)
    assert await migrations.revision_of(database) == migrations.head()
    await database.close()


async def test_an_upgrade_that_fails_leaves_nothing(empty: Database) -> None:
    """Something of the same name stands in the way of its last tables: the first are taken back."""
    async with empty.write() as connection:
        await connection.exec_driver_sql("CREATE TABLE product_term (colour VARCHAR(20))")
        await connection.commit()

    with pytest.raises(DBAPIError, match="product_term"):
        await migrations.migrate(empty)

    assert await migrations.revision_of(empty) is None
    async with empty.read() as connection:
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert [name for name in names if name != "alembic_version"] == ["product_term"]


def test_every_revision_has_one_successor() -> None:
    """A history that forks has no head; the one that there is has the greatest number."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert migrations.head() == ScriptDirectory.from_config(config).get_current_head()


def test_alembic_is_left_alone_where_there_is_nothing_to_do(database_url: str) -> None:
    """It takes 10 MB, and as long as much of the start."""
    asks = f"""
import asyncio, sys
from db import migrations
from db.store.database import Database
from server import app, startup
async def asked():
    database = Database.open({database_url!r})
    assert await migrations.revision_of(database) == migrations.head()
    await database.close()
asyncio.run(asked())
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", asks], check=True, cwd=Path(__file__).parents[2])


def test_upgrade_without_a_loop(unmigrated_database_url: str) -> None:
    """The command line's way."""
    migrations.upgrade(unmigrated_database_url)
    migrations.upgrade(unmigrated_database_url)


def test_names_of_search_indexes() -> None:
    """What the comparison leaves out, and nothing else."""
    assert not migrations.modelled("product_search")
    assert not migrations.modelled("ix_product_variant_search")
    assert all(migrations.modelled(name) for name in METADATA.tables)


def test_every_constraint_has_a_name() -> None:
    """A violation is explained by it, and a later migration drops it by it."""
    for table in METADATA.tables.values():
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint | UniqueConstraint):
                assert constraint.name, (table.name, constraint)
