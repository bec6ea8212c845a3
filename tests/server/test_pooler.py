"""Behind a pooler that lends each transaction another session: all answers hold, and no session is left changed."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
import pytest
from sqlalchemy import func, select

from db.access.permission import PERMISSIONS
from db.drivers.postgres import Pooler
from db.store.database import Database
from db.store.unit import Units
from server import startup
from server.settings.database import Pooling
from server.settings.mistake import Mistake
from server.settings.settings import Settings
from server.work.waking import Notifying, listening
from tests.databases import sqlite_url
from tests.pooled import SESSIONS, pooled
from tests.server.running import SECONDS, issued, running, stocked

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# More than the pooler has sessions.
CONNECTIONS: Final = 8
TITLES: Final = tuple(f"Tea {number}" for number in range(10))
# Each its own statement, so that a session that keeps another's prepared is found out.
READ: Final = """query Read($first: Int!) { products(first: $first, sort: [{field: ID}]) {
  nodes { id title variants { sku } } totalCount } }"""
WRITE: Final = """mutation Write($title: String!) {
  taxClassCreate(input: {title: $title}) { taxClass { title } userErrors { message } } }"""
# What may not be left to whoever gets the session next.
SESSION: Final = """SELECT (SELECT count(*) FROM pg_prepared_statements) AS prepared,
  (SELECT count(*) FROM pg_listening_channels()) AS listening, current_setting('enable_mergejoin') AS merge,
  current_setting('idle_in_transaction_session_timeout') AS silence, current_setting('jit') AS jit,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks"""


@pytest.fixture
def through(pgbouncer: str, database_url: str, tmp_path: Path) -> Iterator[str]:
    with pooled(pgbouncer, database_url, tmp_path) as url:
        yield url


def test_all_hold_together_behind_a_pooler_and_leave_its_sessions_as_they_were(
    database_url: str, through: str, caplog: pytest.LogCaptureFixture
) -> None:
    stocked(database_url, titles=TITLES)
    headers = {"Authorization": f"Bearer {issued(database_url, *PERMISSIONS)}"}
    untouched = asyncio.run(_session(database_url))
    settings = Settings(database_url=through, database_pooler=Pooling.TRANSACTION, pool_size=CONNECTIONS)
    with running(settings) as client, ThreadPoolExecutor(CONNECTIONS) as threads:
        products = _asked(client, headers, READ, {"first": 20})["products"]
        assert products["totalCount"] == len(TITLES) + 1
        reads = [threads.submit(_asked, client, headers, READ, {"first": 1 + n % 9}) for n in range(60)]
        writes = [threads.submit(_asked, client, headers, WRITE, {"title": title}) for title in TITLES]
        for number, read in enumerate(reads):
            assert len(read.result()["products"]["nodes"]) == 1 + number % 9
        for title, write in zip(TITLES, writes, strict=True):
            assert write.result() == {"taxClassCreate": {"taxClass": {"title": title}, "userErrors": []}}
    asyncio.run(_left_alone(through, untouched))
    assert "behind the pooler nobody tells" in caplog.text
    assert "ALTER ROLE" in caplog.text


def _asked(client: httpx2.Client, headers: dict[str, str], query: str, variables: dict[str, Any]) -> Any:
    answer = client.post("/graphql", json={"query": query, "variables": variables}, headers=headers).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def _session(url: str) -> dict[str, Any]:
    connection = await asyncpg.connect(url, statement_cache_size=0)
    row = await connection.fetchrow(SESSION)
    await connection.close()
    assert row is not None
    return dict(row)


async def _left_alone(url: str, untouched: dict[str, Any]) -> None:
    """Looks at all sessions that the pooler has: as many transactions at once."""
    async with AsyncExitStack() as stack:
        seen = set()
        for _ in range(SESSIONS):
            connection = await asyncpg.connect(url, statement_cache_size=0)
            stack.push_async_callback(connection.close)
            await connection.execute("BEGIN")
            stack.push_async_callback(connection.execute, "ROLLBACK")
            seen.add(await connection.fetchval("SELECT pg_backend_pid()"))
            row = await connection.fetchrow(SESSION)
            assert row is not None
            assert dict(row) == untouched
        assert len(seen) == SESSIONS


async def test_what_a_session_would_be_told_is_said_of_each_transaction(through: str) -> None:
    database = Database.open(through, silence=7.0, pooler=Pooler())
    told = select(func.current_setting("enable_mergejoin"), func.current_setting("idle_in_transaction_session_timeout"))
    try:
        async with database.write() as connection:
            assert tuple((await connection.execute(told)).one()) == ("off", "7s")
            assert not (await connection.exec_driver_sql("SELECT name FROM pg_prepared_statements")).all()
        async with database.read() as connection:
            assert tuple((await connection.execute(told)).one()) == ("on", "0")
    finally:
        await database.close()


async def test_who_commits_is_heard_of_past_the_pooler(database_url: str, through: str) -> None:
    heard = asyncio.Event()
    told = Database.open(through, pooler=Pooler(database_url))
    try:
        assert Database.open(through, pooler=Pooler()).listening is None
        async with listening(told, heard.set), asyncio.timeout(SECONDS):
            await heard.wait()  # it listens from now on
            heard.clear()
            notifying = Notifying(told)
            Units(told).committed = notifying
            notifying()
            await heard.wait()
            await notifying.aclose()
    finally:
        await told.close()


def test_a_pooler_is_postgresqls(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="a pooler stands before PostgreSQL"):
        startup.opened(Settings(database_url=sqlite_url(tmp_path / "s.db"), database_pooler=Pooling.TRANSACTION))
