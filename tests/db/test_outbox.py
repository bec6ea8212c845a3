"""Positions: every committed event gets one, once, and never below one that somebody has read already."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from db.store import outbox
from db.store.database import Database
from db.store.outbox import EVENT, number_events, unnumbered
from tests.patience import PATIENCE

# Far more than any of these takes, far less than a connection pool's patience (30 s).


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=8)
    yield database
    await database.close()


def event(name: str) -> dict[str, Any]:
    return outbox.EventRow(name=name, entity="Product:1", changed=[], payload={}).model_dump(exclude={"id"})


async def write(database: Database, *names: str) -> None:
    async with database.write() as connection:
        await connection.execute(insert(EVENT), [event(name) for name in names])
        await connection.commit()


async def read(database: Database, after: int = 0) -> list[tuple[int, str]]:
    """Positions and names behind a position, as a reader reads them: numbered first."""
    await number_events(database)
    statement = select(EVENT.c.position, EVENT.c.name).where(EVENT.c.position > after).order_by(EVENT.c.position)
    async with database.read() as connection:
        return [(row.position, row.name) for row in await connection.execute(statement)]


async def waiting(database: Database) -> bool:
    async with database.read() as connection:
        return bool((await connection.execute(unnumbered())).scalar_one())


async def test_positions_follow_each_other_in_the_order_of_ids(database: Database) -> None:
    await write(database, "a", "b")
    assert await waiting(database)
    assert await read(database) == [(1, "a"), (2, "b")]
    assert not await waiting(database)
    await write(database, "c")
    assert await read(database, after=2) == [(3, "c")]
    assert await number_events(database) == 0
    assert await read(database) == [(1, "a"), (2, "b"), (3, "c")]


async def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    await write(database, "a")
    async with database.write() as connection:
        await connection.execute(insert(EVENT), [event("undone")])
    await write(database, "b")
    assert await read(database) == [(1, "a"), (2, "b")]


async def test_many_are_numbered_in_several_transactions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MOST_NUMBERED", 3)
    await write(database, *"abcdefg")
    assert await number_events(database) == 7
    assert await read(database) == list(enumerate("abcdefg", start=1))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_late_commit_comes_after_what_was_read_before_it(database: Database) -> None:
    """The event with the lower id is committed after a reader has passed the higher one. On SQLite nobody writes while
    another does."""
    async with database.write() as late:
        await late.execute(insert(EVENT), [event("late")])
        await write(database, "early")
        ids = {row.name: row.id for row in await late.execute(select(EVENT.c.id, EVENT.c.name))}
        assert ids["late"] < ids["early"]

        seen = await read(database)
        assert seen == [(1, "early")]
        await late.commit()
    assert await read(database, after=1) == [(2, "late")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_writers_do_not_wait_for_whoever_numbers(database: Database) -> None:
    await write(database, "a")
    async with database.write() as numbering:
        await outbox._number(numbering)
        async with asyncio.timeout(PATIENCE):
            await write(database, "b")
        await numbering.commit()
    assert await read(database) == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_numberers_take_turns(database: Database) -> None:
    """Without the lock both would start behind the same last position, and the second would break."""
    await write(database, "a", "b")
    async with database.write() as first:
        await outbox._number(first)
        second = asyncio.create_task(number_events(database))
        await _until_somebody_waits(database)
        assert not second.done()
        await first.commit()
    async with asyncio.timeout(PATIENCE):
        assert await second == 0
    assert await read(database) == [(1, "a"), (2, "b")]


async def _until_somebody_waits(database: Database) -> None:
    waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    async with asyncio.timeout(PATIENCE), database.read() as connection:
        while not (await connection.execute(waits)).scalar_one():  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.01)


async def test_readers_beside_many_writers_meet_every_event_once(database: Database) -> None:
    """Three readers, each with a cursor of its own, numbering all the time; writers whose transactions last differently
    long, some of them undone."""
    writers, rounds = 5, 8
    expected = {f"{w}.{r}.{i}" for w in range(writers) for r in range(rounds) if r % 4 != 3 for i in range(2)}
    over = asyncio.Event()

    async def writer(number: int) -> None:
        for round_ in range(rounds):
            async with database.write() as connection:
                await connection.execute(insert(EVENT), [event(f"{number}.{round_}.0")])
                await asyncio.sleep(0.003 * ((number + round_) % 3))
                await connection.execute(insert(EVENT), [event(f"{number}.{round_}.1")])
                if round_ % 4 != 3:
                    await connection.commit()

    async def reader() -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        while True:
            last = over.is_set()
            found += await read(database, found[-1][0] if found else 0)
            if last:
                return found
            await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE):
        readers = [asyncio.create_task(reader()) for _ in range(3)]
        await asyncio.gather(*(writer(number) for number in range(writers)))
        over.set()
        read_by = await asyncio.gather(*readers)

    for found in read_by:
        assert [position for position, _ in found] == list(range(1, len(expected) + 1))
        assert sorted(name for _, name in found) == sorted(expected)
        # Within a transaction in the order of writing, whoever else wrote meanwhile.
        order = [name for _, name in found]
        assert all(order.index(name) < order.index(f"{name[:-1]}1") for name in expected if name.endswith(".0"))
