"""What PostgreSQL itself undoes, and says so: everybody knows that nothing was done, and the connection goes on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import bindparam, func, insert, select, text, update

from db.access.viewer import SYSTEM
from db.catalog.product import ProductRow
from db.drivers.failures import Ended, Passing
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from tests import factories
from tests.databases import allowed
from tests.patience import PATIENCE

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PRODUCT: Final = table(ProductRow)
BACKEND: Final = select(func.pg_backend_pid())
LONG: Final = "SELECT pg_sleep(600)"
CHANGE: Final = (
    update(PRODUCT)
    .where(PRODUCT.c.id == bindparam("which"))
    .values(title=bindparam("to"))
    .returning(PRODUCT.c.id, PRODUCT.c.title)
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Two products, and two connections whose statements may take a tenth of a second, and wait half as long for a
    lock."""
    async with allowed(database_url, statement_timeout="100ms", lock_timeout="50ms"):
        database = Database.open(database_url, pool_size=2)
        async with database.write() as connection:
            rows = [factories.product(number, title="Linen").model_dump() for number in (1, 2)]
            await connection.execute(insert(PRODUCT), rows)
            await connection.commit()
        yield database
        await database.close()


async def title(connection: Any, which: int = 1) -> str:
    found: str = await connection.scalar(select(PRODUCT.c.title).where(PRODUCT.c.id == which))
    return found


async def test_a_read_that_takes_too_long(database: Database) -> None:
    async with database.read() as connection:
        here = await connection.scalar(BACKEND)
        with pytest.raises(Ended) as ended:
            await connection.execute(text(LONG))
        await connection.rollback()
        assert await connection.scalar(BACKEND) == here
    assert ended.value.extensions == {"code": "INTERNAL", "retryAfter": 5}


@pytest.mark.parametrize("how", ["lent", "had"])
async def test_a_field_that_takes_too_long_leaves_the_connection_to_others(database: Database, how: str) -> None:
    own = "SELECT pg_backend_pid()"
    async with Units(database).statements() as reads:
        if how == "had":
            await reads.rows(text("SELECT 1"))  # SQLAlchemy takes a connection for the rest of the request
        ((here,),) = await reads.values(own, ())
        for _ in range(2):
            with pytest.raises(Ended):
                await reads.values(LONG, ())
            assert [tuple(row) for row in await reads.values(own, ())] == [(here,)]
        with pytest.raises(Ended):
            await reads.rows(text(LONG))
        assert [tuple(row) for row in await reads.rows(select(1))] == [(1,)]


async def test_a_field_that_others_stand_in_the_way_of_may_ask_again(database: Database) -> None:
    """As the driver tells it, by which a plan knows that the request is worth another try."""
    own, held = "SELECT pg_backend_pid()", "SELECT title FROM product WHERE id = 1 FOR UPDATE NOWAIT"
    async with database.write() as holder:
        await holder.execute(CHANGE, {"which": 1, "to": "Silk"})
        async with Units(database).statements() as reads:
            ((here,),) = await reads.values(own, ())
            with pytest.raises(asyncpg.LockNotAvailableError):
                await reads.values(held, ())
            assert [tuple(row) for row in await reads.values(own, ())] == [(here,)]
        await holder.commit()
    async with Units(database).statements() as reads:
        assert [tuple(row) for row in await reads.values(held, ())] == [("Silk",)]


async def test_a_change_that_takes_too_long_is_known_to_be_undone(database: Database) -> None:
    """Also where the statement is the transaction."""
    slow = CHANGE.where(func.pg_sleep(600).is_not(None))
    ended: list[str] = []

    async def undone() -> None:
        ended.append("undone")

    async def changed(*, lone: bool) -> None:
        async with Units(database).unit(SYSTEM, lone=lone) as work:
            work.afterwards(undone=undone)
            await work.alone(slow, {"which": 1, "to": "Silk"})

    for lone in (True, False):
        with pytest.raises(Ended, match="broke this off"):
            await changed(lone=lone)
    assert ended == ["undone", "undone"]
    async with database.read() as connection:
        assert await title(connection) == "Linen"


async def test_a_lock_that_is_not_granted_in_time_passes(database: Database) -> None:
    async with database.write() as holder:
        await holder.execute(CHANGE, {"which": 1, "to": "Silk"})
        async with Units(database).unit(SYSTEM) as work:
            with pytest.raises(Passing) as passing:
                await work.connection.execute(CHANGE, {"which": 1, "to": "Wool"})
            assert work.passing(passing.value)
    assert passing.value.extensions == {"code": "RATE_LIMITED", "retryAfter": 1}


async def test_the_victim_of_a_deadlock_passes(database: Database, database_url: str) -> None:
    del database  # its connections allow too little
    fresh = Database.open(database_url, pool_size=2)
    both = asyncio.Barrier(2)

    async def crossed(first: int, second: int) -> str:
        async with fresh.write() as connection:
            await connection.execute(CHANGE, {"which": first, "to": "Silk"})
            await both.wait()
            try:
                await connection.execute(CHANGE, {"which": second, "to": "Silk"})
            except Passing:
                return "passes"
            await connection.commit()
            return "changes"

    patient = allowed(database_url, statement_timeout="0", lock_timeout="0", deadlock_timeout="10ms")
    async with patient, asyncio.timeout(PATIENCE):
        assert sorted(await asyncio.gather(crossed(1, 2), crossed(2, 1))) == ["changes", "passes"]
    await fresh.close()
