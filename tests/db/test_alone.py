"""A statement that is all that a unit does may be the whole transaction; what else a unit does is done with it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import Executable, bindparam, func, insert, select, update

from db.access.viewer import SYSTEM
from db.catalog.product import ProductRow
from db.store import unit
from db.store.database import Database
from db.store.row import table
from db.store.unit import Units
from engine.unit.deadline import limited, within
from engine.values.errors import Unavailable
from tests import factories
from tests.patience import PATIENCE
from tests.wire import Wire

PRODUCT = table(ProductRow)
CHANGE: Final = (
    update(PRODUCT)
    .where(PRODUCT.c.id == bindparam("which"))
    .values(title=bindparam("to"))
    .returning(PRODUCT.c.id, PRODUCT.c.title)
)
on_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=2)
    async with database.write() as connection:
        await connection.execute(insert(PRODUCT), [factories.product(1, title="Linen").model_dump()])
        await connection.commit()
    yield database
    await database.close()


@pytest.fixture
async def far(database: Database, database_url: str, wire: Wire) -> AsyncIterator[Database]:
    """The same behind a wire, with its statement prepared."""
    far = Database.open(wire.through(database_url), pool_size=2)
    for _ in range(2):
        async with Units(far).unit(SYSTEM, lone=True) as work:
            await work.alone(CHANGE, {"which": 1, "to": "Linen"})
            await work.commit("change", None, {})
    yield far
    await far.close()


async def title(database: Database) -> str:
    async with database.read() as connection:
        found: str = (await connection.execute(select(PRODUCT.c.title))).scalar_one()
        return found


async def changed(database: Database, to: str, *, which: int = 1, lone: bool = True, commit: bool = True) -> Any:
    async with Units(database).unit(SYSTEM, lone=lone) as work:
        row = (await work.alone(CHANGE, {"which": which, "to": to})).one_or_none()
        if commit:
            await work.commit("change", None, {})
        return row


async def test_it_is_written_as_others_are(database: Database) -> None:
    for lone in (True, False):
        for to in ("Silk", "Wool"):
            assert tuple(await changed(database, to, lone=lone)) == (1, to)
            assert await title(database) == to


@on_postgres
async def test_it_takes_one_trip(far: Database, wire: Wire) -> None:
    before = wire.trips
    await changed(far, "Silk")
    assert wire.trips - before == 1
    await changed(far, "Wool", lone=False)
    assert wire.trips - before == 1 + 3


async def test_who_writes_more_with_it_has_a_transaction(database: Database) -> None:
    await changed(database, "Silk", lone=False, commit=False)
    assert await title(database) == "Linen"


async def test_when_it_changed_nothing_others_follow_in_a_transaction(database: Database) -> None:
    for commit, expected in ((False, "Linen"), (True, "Wool")):
        async with Units(database).unit(SYSTEM, lone=True) as work:
            assert (await work.alone(CHANGE, {"which": 2, "to": "Silk"})).one_or_none() is None
            await work.connection.execute(CHANGE, {"which": 1, "to": "Wool"})
            if commit:
                await work.commit("change", None, {})
        assert await title(database) == expected


async def test_after_another_statement_it_belongs_to_that_ones_transaction(database: Database) -> None:
    async with Units(database).unit(SYSTEM, lone=True) as work:
        await work.connection.execute(CHANGE, {"which": 1, "to": "Silk"})
        await work.alone(CHANGE, {"which": 1, "to": "Wool"})
    assert await title(database) == "Linen"


async def test_what_it_breaks_is_told_and_the_connection_goes_on(database: Database) -> None:
    again: Executable = insert(PRODUCT).returning(PRODUCT.c.id)
    row = factories.product(1, title="Linen").model_dump()
    for _ in range(3):
        async with Units(database).unit(SYSTEM, lone=True) as work:
            with pytest.raises(Exception, match=r"(?i)unique") as broken:
                await work.alone(again, row)
            assert not work.passing(broken.value)
    await changed(database, "Silk")
    assert await title(database) == "Silk"


@on_postgres
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "unnoticed"])
async def test_a_connection_that_has_ended_is_not_asked(
    far: Database, database: Database, wire: Wire, noticed: bool
) -> None:
    """Whether its driver has noticed or not."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    for to in ("Silk", "Wool", "Felt"):
        async with database.read() as connection:
            await connection.exec_driver_sql(f"{others} current_database()")
        wire.await_the_end()
        if noticed:
            await asyncio.sleep(0.05)
        assert tuple(await changed(far, to)) == (1, to)


@on_postgres
@pytest.mark.parametrize("how", ["silent", "cut"])
async def test_nobody_knows_what_became_of_it_without_an_answer(far: Database, wire: Wire, how: str) -> None:
    ended: list[str] = []

    async def noted() -> None:
        ended.append("one way or the other")

    slow = CHANGE.where(func.pg_sleep(0.3).is_not(None))

    async def changing() -> None:
        async with Units(far).unit(SYSTEM, lone=True) as work:
            work.afterwards(committed=noted, undone=noted)
            with limited(1.0 if how == "silent" else PATIENCE):
                async with within():
                    asking = asyncio.create_task(work.alone(slow, {"which": 1, "to": "Silk"}))
                    await asyncio.sleep(0.1)
                    wire.silence() if how == "silent" else await asyncio.to_thread(wire.cut)
                    await asking

    with pytest.raises(Unavailable, match="did not say whether") as untold:
        await changing()
    assert not unit.UnitOfWork.passing(unit.UnitOfWork.__new__(unit.UnitOfWork), untold.value)
    wire.speak()
    assert ended == []


async def test_a_savepoint_begins_the_transaction(database: Database) -> None:
    for commit, expected in ((False, "Linen"), (True, "Silk")):
        async with Units(database).unit(SYSTEM, lone=True) as work:
            async with work.connection.begin_nested():
                await work.connection.execute(CHANGE, {"which": 1, "to": "Silk"})
            await work.alone(CHANGE, {"which": 2, "to": "Felt"})
            if commit:
                await work.commit("change", None, {})
        assert await title(database) == expected


@on_postgres
async def test_a_server_that_is_gone_before_anything_was_asked(far: Database, wire: Wire) -> None:
    """Nothing was written then, and that is said."""
    await asyncio.to_thread(wire.cut)
    ended: list[str] = []

    async def noted() -> None:
        ended.append("undone")

    async def changing() -> None:
        async with Units(far).unit(SYSTEM, lone=True) as work:
            work.afterwards(undone=noted)
            await work.alone(CHANGE, {"which": 1, "to": "Silk"})

    with pytest.raises(Unavailable) as refused:
        await changing()
    assert "did not say whether" not in refused.value.message
    assert ended == ["undone"]


@on_postgres
async def test_a_server_that_is_silent_before_anything_was_asked(far: Database, wire: Wire) -> None:
    """Nothing was written then, and that is said."""
    wire.silence()
    with limited(1.0), pytest.raises(Unavailable) as refused:
        async with Units(far).unit(SYSTEM, lone=True) as work, within():
            await work.connection.execute(CHANGE, {"which": 1, "to": "Silk"})
    assert "did not say whether" not in refused.value.message
    wire.speak()
    assert tuple(await changed(far, "Wool")) == (1, "Wool")
