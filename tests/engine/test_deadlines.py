"""A request that takes too long is broken off with a code, at the database too, and leaves nothing behind."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, literal_column, select

from db.store.database import Database
from engine.document.bounds import Allowance
from engine.document.request import Request
from engine.plan import pages
from engine.plan.plans import Plans
from engine.standard import execution, lists
from engine.standard.execution import Executor
from engine.unit.deadline import CURRENT, in_time, limited, sooner
from engine.values.errors import Busy, TimedOut, Unavailable
from schema.root import schema
from tests import factories
from tests.gateway import ADMIN, Gateway


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """A connection that is broken off while it is made is closed by its collection, which warns: at the end of these
    tests, and not in some later one. One look through all that a worker keeps takes as long as several of them."""
    gc.collect()
    gc.disable()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.enable()


SHORT = Allowance(seconds=0.3)
# A statement that takes minutes on any machine: numbers are counted one by one.
NUMBERS = 10**10


def endless(dialect: str) -> Any:
    if dialect == "postgresql":
        return select(func.pg_sleep(600))
    numbers = select(literal_column("1").label("n")).cte("numbers", recursive=True)
    more = select(numbers.c.n + 1).where(numbers.c.n < NUMBERS)
    return select(func.count()).select_from(numbers.union_all(more))


async def running(gateway: Gateway) -> int:
    """Statements that still run on the server."""
    if gateway.database.dialect == "sqlite":
        return 0  # they run in this process; a thread that is busy would keep the pool from closing
    async with gateway.database.read() as connection:
        found = await connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(%' "
            "AND pid <> pg_backend_pid() AND datname = current_database()"
        )
        return int(found.scalar_one())


@pytest.fixture
def slow(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Every count takes for ever. Its executor is its own: it keeps the statements that it made."""
    gateway.executor = Executor(schema, plans=Plans(schema.core, schema.entities))
    for module in (lists, pages):
        monkeypatch.setattr(module, "count_statement", lambda _asked, *, dialect, **_: endless(dialect))
    return gateway


async def test_a_statement_is_broken_off(slow: Gateway) -> None:
    request = Request("{ products { nodes { id } totalCount } productVariants { totalCount } }", {})
    async with asyncio.timeout(300):  # half as long as the statement runs when nobody breaks it off
        answer = await slow.executor.execute(request, ADMIN, slow.units, "test", SHORT)

    assert answer.executed
    assert {e["extensions"]["code"] for e in answer.body["errors"]} == {"QUERY_TOO_COMPLEX"}
    assert answer.body["errors"][0]["extensions"]["seconds"] == SHORT.seconds
    assert await running(slow) == 0


async def test_connections_are_as_good_as_before(slow: Gateway) -> None:
    for _ in range(12):  # more than there are connections
        request = Request("{ products { totalCount } }", {})
        await slow.executor.execute(request, ADMIN, slow.units, "test", Allowance(seconds=0.05))

    assert await slow("{ products { nodes { id } } }") == {"products": {"nodes": []}}


async def test_what_was_answered_in_time_stays(slow: Gateway) -> None:
    await factories.store_rows(slow, [factories.product(1)])
    request = Request("{ product(by: {databaseId: 1}) { databaseId } products { totalCount } }", {})

    answer = await slow.executor.execute(request, ADMIN, slow.units, "test", SHORT)

    assert answer.body["data"] == {"product": {"databaseId": 1}, "products": None}
    assert answer.body["errors"][0]["path"] == ["products", "totalCount"]


async def test_a_change_is_broken_off_and_writes_nothing(gateway: Gateway) -> None:
    async def forever(unit: Any) -> None:
        await unit.connection.execute(endless(gateway.database.dialect))

    with limited(0.3):
        async with gateway.units.unit(ADMIN) as unit:
            with pytest.raises(TimedOut):
                await in_time(forever(unit), 0.5)

    async with gateway.units.unit(ADMIN) as unit:  # the one writer is free again
        await unit.connection.execute(select(1))


async def test_no_deadline_no_end() -> None:
    with limited(None):
        assert await in_time(asyncio.sleep(0, "done")) == "done"


async def test_of_two_deadlines_the_earlier_counts() -> None:
    with limited(60):
        for given, counts in ((0.5, 0.5), (600, 60)):
            with sooner(given):
                deadline = CURRENT.get()
                assert deadline is not None
                assert deadline.seconds == counts


async def test_a_writer_waits_its_turn_and_not_longer(database_url: str) -> None:
    database = Database.open(database_url, pool_size=1, wait=1.0)
    try:
        async with database.write():
            with pytest.raises(Busy) as refused:
                async with database.write():
                    pass
        async with database.write() as connection:
            await connection.execute(select(1))
    finally:
        await database.close()
    assert refused.value.extensions == {"code": "RATE_LIMITED", "retryAfter": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_writer_waits_for_another_process_and_not_longer(database_url: str) -> None:
    one, other = Database.open(database_url, wait=1.0), Database.open(database_url, wait=1.0)
    try:
        async with one.write():
            with pytest.raises(Busy):
                async with other.write():
                    pass
        async with other.write() as connection:
            await connection.execute(select(1))
    finally:
        await one.close()
        await other.close()


async def test_a_busy_database_is_said_to_be(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> Any:
        raise Busy("The database has too much to do: try again")

    monkeypatch.setattr(gateway.units, "statements", busy)
    answer = await gateway.executor.execute(Request("{ storeSettings { id } }", {}), ADMIN, gateway.units, "test")

    assert answer.retry_after == 1
    assert answer.body["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}


LOST = Unavailable("The database does not answer: try again", retry_after=5)


@pytest.mark.parametrize("error", [LOST, ZeroDivisionError(), OSError("reset")])
async def test_what_was_read_is_answered_whatever_its_connection_meets(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    whole = gateway.units.statements

    @asynccontextmanager
    async def lost() -> AsyncIterator[Any]:
        async with whole() as statements:
            yield statements
        raise error

    monkeypatch.setattr(gateway.units, "statements", lost)
    change = 'mutation { taxClassCreate(input: {title: "Books"}) { taxClass { title } userErrors { message } } }'
    assert (await gateway(change))["taxClassCreate"] == {"taxClass": {"title": "Books"}, "userErrors": []}
    assert await gateway("{ taxClasses { title } }") == {"taxClasses": [{"title": "Books"}]}


@pytest.mark.parametrize("root", ["{ products { totalCount } }", "{ __typename product(by: {databaseId: 1}) { id } }"])
async def test_a_database_that_is_gone_answers_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    def gone(*_: Any) -> Any:
        raise LOST

    monkeypatch.setattr(gateway.units, "statements", gone)
    answer = await gateway.answer(root)
    assert answer.retry_after == 5
    assert answer.body["errors"][0]["extensions"] == {"code": "INTERNAL", "retryAfter": 5}


async def test_a_change_that_finds_no_turn_says_when_to_try_again(gateway: Gateway) -> None:
    change = Request('mutation { taxClassCreate(input: {title: "Books"}) { userErrors { message } } }', {})
    async with asyncio.timeout(300), AsyncExitStack() as held:
        for _ in range(1 if gateway.database.embedded else 5):
            await held.enter_async_context(gateway.database.write())
        answer = await gateway.executor.execute(change, ADMIN, gateway.units, "test", SHORT)
    assert (answer.retry_after, answer.body["data"]) == (1, {"taxClassCreate": None})


async def test_nothing_is_raised(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(execution, "Context", broken)
    answer = await gateway.answer("{ __typename }")
    assert answer.body["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": "test"}
