"""A database that cannot be had is one error, whatever the driver says, and nobody waits beyond their deadline."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import insert, select, text

from db.access.viewer import SYSTEM
from db.store import unit
from db.store.database import SQLITE_READERS, Database
from db.store.unit import Units
from engine.unit.deadline import limited
from engine.values.errors import Busy, Unavailable
from tests import factories
from tests.patience import PATIENCE
from tests.wire import Wire

LONG: Final = 600.0
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=2, wait=1.0)
    yield database
    await database.close()


@pytest.fixture
async def patient(database_url: str, wire: Wire) -> AsyncIterator[Database]:
    database = Database.open(wire.through(database_url), pool_size=2, wait=LONG)
    yield database
    await database.close()


async def one(connection: Any) -> int:
    return int((await connection.execute(select(1))).scalar_one())


async def read(database: Database) -> int:
    async with database.read() as connection:
        return await one(connection)


async def write(database: Database) -> int:
    async with database.write() as connection:
        return await one(connection)


async def test_all_connections_are_taken(database: Database) -> None:
    async with AsyncExitStack() as held:
        for _ in range(SQLITE_READERS if database.embedded else 2):
            await held.enter_async_context(database.read())
        with pytest.raises(Busy) as refused:
            await read(database)
        with pytest.raises(Busy):
            await database.ask(one, seconds=LONG)
    assert refused.value.retry_after == 1
    assert await read(database) == 1


async def test_a_deadline_ends_the_wait_for_a_turn(database_url: str) -> None:
    database = Database.open(database_url, pool_size=1, wait=LONG)
    try:
        async with asyncio.timeout(PATIENCE), database.write():
            with limited(0.2), pytest.raises(Busy):
                await write(database)
        assert await write(database) == 1
    finally:
        await database.close()


@on_sqlite
async def test_a_deadline_ends_the_wait_for_another_process(database_url: str) -> None:
    database = Database.open(database_url, wait=LONG)
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        async with asyncio.timeout(PATIENCE):
            with limited(0.2), pytest.raises(Busy):
                await write(database)
            waiting = asyncio.create_task(write(database))
            await asyncio.sleep(0)
            waiting.cancel()  # as the end of the server does
            await asyncio.wait({waiting})
            other.execute("ROLLBACK")
            assert await write(database) == 1
    finally:
        other.close()
        await database.close()


@on_sqlite
async def test_a_full_disk_is_no_mistake_of_the_statement(database: Database) -> None:
    product = insert(factories.product(1).__table__)  # type: ignore[attr-defined]
    async with database.write() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1")  # no less than there are
        rows = [factories.product(number, title="x" * 4000).model_dump() for number in range(1, 500)]
        with pytest.raises(Unavailable):
            await connection.execute(product, rows)
    assert await read(database) == 1


async def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database" * 1000)
    database = Database.open(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(Unavailable) as refused:
        await read(database)
    assert refused.value.retry_after == 5
    await database.close()


@on_postgres
async def test_a_server_that_goes_and_is_gone(database_url: str, wire: Wire) -> None:
    database = Database.open(wire.through(database_url), pool_size=2)
    assert await read(database) == 1
    async with database.read() as connection:
        assert await one(connection) == 1
        wire.cut()
        with pytest.raises(Unavailable) as refused:
            await one(connection)
    assert refused.value.extensions == {"code": "INTERNAL", "retryAfter": 5}
    for doing in (read, write):
        with pytest.raises(Unavailable):
            await doing(database)
    with pytest.raises(Unavailable):
        await database.tell(one, seconds=LONG)
    await database.close()


@on_postgres
async def test_what_is_asked_after_it_is_gone_is_told_the_same(database_url: str, wire: Wire) -> None:
    """Other fields of the request have theirs to come."""
    database = Database.open(wire.through(database_url), pool_size=1)
    async with Units(database).statements() as statements:
        assert len(await statements.rows(select(1))) == 1
        wire.cut()
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                await statements.rows(select(1))
            assert refused.value.retry_after == 5
    await database.close()


@on_postgres
async def test_a_server_that_is_silent_is_left_at_the_deadline(patient: Database, wire: Wire) -> None:
    """Whether a connection is tried, opened or asked; and none of them is missing afterwards."""
    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(*(read(patient) for _ in range(2))) == [1, 1]
        wire.silence()
        with limited(0.2), pytest.raises(Unavailable):
            await read(patient)
        with pytest.raises(Unavailable):
            await patient.ask(one, seconds=0.2)
        wire.speak()

        async def hushed(connection: Any) -> int:
            wire.silence()
            return await one(connection)

        with pytest.raises(Unavailable):
            await patient.ask(hushed, seconds=1.0)
        wire.speak()
        async with patient.read() as connection:  # what is read is read, though the connection cannot be given back
            assert await one(connection) == 1
            wire.silence()
        wire.speak()
        assert await asyncio.gather(*(read(patient) for _ in range(8))) == [1] * 8


@on_postgres
async def test_nobody_knows_what_became_of_a_commit_without_an_answer(
    patient: Database, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "COMMIT_SECONDS", 0.1)
    ended: list[str] = []

    async def noted() -> None:
        ended.append("one way or the other")

    async def changed() -> None:
        async with Units(patient).unit(SYSTEM) as work:
            work.afterwards(committed=noted, undone=noted)
            await one(work.connection)
            wire.silence()
            await work.commit("change", None, {})

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable, match="did not say whether"):
            await changed()
        wire.speak()
        assert await write(patient) == 1
    assert ended == []


@on_postgres
async def test_a_statement_that_was_given_up_does_not_run_on(database: Database) -> None:
    async def slow(connection: Any) -> None:
        await connection.execute(text("SELECT pg_sleep(600)"))

    with pytest.raises(Unavailable):
        await database.ask(slow, seconds=0.2)
    running = text(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' "
        "AND datname = current_database()"
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            async with database.read() as connection:
                if not (await connection.execute(running)).scalar_one():
                    return
