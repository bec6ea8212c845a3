"""Who gets a connection of PostgreSQL, when there are fewer than are wanted."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db.catalog.product import ProductRow
from db.drivers.failures import Lost
from db.drivers.lending import Lent
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from engine.values.statement import holding
from tests.dialects import OURS
from tests.patience import PATIENCE

PRODUCT = table(ProductRow)
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """With two connections, both idle."""
    database = Database.open(database_url, pool_size=2)
    async with database.read(), database.read():
        pass
    yield database
    await database.close()


def taken(database: Database) -> list[Lent]:
    """All that are idle."""
    return [lent for _ in range(3) if (lent := database.lent()) is not None]


def idle(database: Database) -> int:
    """How many there are that nobody has."""
    lent = taken(database)
    for each in lent:
        each.back()
    return len(lent)


async def waits(database: Database) -> None:
    """Until somebody waits for a connection."""
    pool: Any = next(iter(database.engines)).sync_engine.pool
    async with asyncio.timeout(PATIENCE):
        while not pool._pool._waiting:  # noqa: ASYNC110  nobody is told of it
            await asyncio.sleep(0)


async def used(database: Database) -> None:
    async with database.read():
        pass


async def test_who_waits_gets_the_next_connection(database: Database) -> None:
    first, second = taken(database)
    waiting = asyncio.create_task(used(database))
    await waits(database)
    first.back()
    assert database.lent() is None, "it is promised to who waits"
    async with asyncio.timeout(PATIENCE):
        await waiting
    second.back()
    assert idle(database) == 2


async def test_what_comes_to_who_has_left_is_not_lost(database: Database) -> None:
    first, second = taken(database)
    waiting = asyncio.create_task(used(database))
    await waits(database)
    first.back()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second.back()
    assert idle(database) == 2


async def test_all_come_to_their_turn_beside_those_who_never_stop(database: Database) -> None:
    over = asyncio.Event()

    async def never_stops() -> None:
        while not over.is_set():
            lent = database.lent()
            if lent is None:
                await used(database)
            else:
                await lent.values("SELECT 1", ())
                lent.back()

    async def leaves(after: float) -> None:
        try:
            async with asyncio.timeout(after):
                await used(database)
        except TimeoutError:
            pass

    greedy = [asyncio.create_task(never_stops()) for _ in range(8)]
    drawn = random.Random(7)
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(used(database) for _ in range(20)), *(leaves(drawn.random() / 20) for _ in range(20)))
        over.set()
        await asyncio.gather(*greedy)
    assert idle(database) == 2


async def test_what_is_asked_once_is_not_kept_prepared(database_url: str) -> None:
    """A stream of such statements would push out those that are asked all the time."""
    database = Database.open(database_url, pool_size=1)
    await used(database)  # which leaves it idle, to be lent
    texts = [f"SELECT {number} AS once_{number}" for number in range(3)]
    kept = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE 'SELECT _ AS once%' ORDER BY 1"
    for round_ in range(3):
        async with Units(database).statements() as reads:
            for text in texts if not round_ else texts[:1]:
                assert [tuple(row) for row in await reads.values(text, ())] == [(texts.index(text),)]
        async with database.read() as connection:
            found = (await connection.exec_driver_sql(kept)).scalars().all()
        assert found == (texts[:1] if round_ else [])
    await database.close()


async def test_what_hangs_on_words_is_planned_for_them(database_url: str) -> None:
    """One plan for all words reads the whole index for a short one, and every row's key for a common one."""
    database = Database.open(database_url, pool_size=1)
    await used(database)
    search = str(select(PRODUCT.c.id).where(holding(PRODUCT.c.search_text, "word")).compile(dialect=OURS["postgresql"]))
    other = "SELECT 1 AS asked_often WHERE $1::text IS NOT NULL"
    async with Units(database).statements() as reads:
        for number in range(12):
            for asked in (search, other):
                await reads.values(asked, ("ab"[: number % 3],))
        plans = "SELECT statement, generic_plans > 0 FROM pg_prepared_statements"
        kept = {row[0]: row[1] for row in await reads.values(plans, ())}
    assert (kept[search], kept[other]) == (False, True)
    await database.close()


async def test_all_who_lose_their_connections_are_told_so(database: Database) -> None:
    """Whoever meets it first has SQLAlchemy make all connections of that time anew, those too that are lent."""
    backend, ended = (
        select(func.pg_backend_pid()),
        text("SELECT pg_terminate_backend(:one), pg_terminate_backend(:two)"),
    )
    async with database.write() as one, database.write() as two:
        assert await one.scalar(select(1)) == 1
        both = {"one": await one.scalar(backend), "two": await two.scalar(backend)}
        with pytest.raises(Lost):
            await one.execute(ended, both)
        with pytest.raises(Lost):
            await two.execute(select(1))
    assert await answers(database)


async def test_a_transaction_stays_on_its_connection_while_another_breaks(database: Database) -> None:
    backend = select(func.pg_backend_pid())
    async with database.write() as whole:
        here = await whole.scalar(backend)
        async with database.write() as broken:
            with pytest.raises(Lost):
                await broken.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        async with whole.begin_nested():
            assert await whole.scalar(backend) == here
        await whole.commit()
    assert await answers(database)


async def answers(database: Database) -> bool:
    """On two connections at once, and whatever breaks is no longer lent."""
    async with database.write() as one, database.write() as two:
        return bool(await one.scalar(select(1)) == await two.scalar(select(1)) == 1)
