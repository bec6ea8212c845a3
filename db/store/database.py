"""The database behind a URL: `sqlite:///path` (embedded, the default) or `postgresql://…`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Self

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from db.store import sqlite
from engine.unit.deadline import CURRENT, Deadline
from engine.values.errors import Busy

# How long whoever wants to write, or any connection, waits for its turn: other requests, and on SQLite an import beside
# the server. A server takes its own setting.
WAIT_SECONDS: Final = 30.0
# Enough for one page of GraphiQL or a front end asking in parallel; a read holds its connection for milliseconds.
SQLITE_READERS: Final = 8
# So many steps of a statement take some milliseconds; then SQLite asks whether its time is over.
_INSTRUCTIONS: Final = 100_000
_DEADLINE: Final = "deadline"


class Database:
    """Hands out connections. On SQLite one connection writes and others read beside it (WAL);
    on PostgreSQL one pool does both."""

    def __init__(self, url: URL, readers: AsyncEngine, writers: AsyncEngine) -> None:
        self.url = url
        self._readers = readers
        self._writers = writers

    @classmethod
    def open(cls, url: str, *, pool_size: int = 10, wait: float = WAIT_SECONDS) -> Self:
        """Connects lazily: a database that is down is noticed by the first statement. `wait`: the seconds that a
        connection is waited for before Busy is raised."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            parsed = parsed.set(drivername=sqlite.DRIVER)
            return cls(parsed, *(_sqlite(parsed, n, wait, writes=w) for n, w in ((SQLITE_READERS, False), (1, True))))
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+asyncpg")
            engine = create_async_engine(
                parsed, pool_size=pool_size, max_overflow=0, pool_timeout=wait, pool_pre_ping=True
            )
            event.listen(engine.sync_engine, "connect", _without_merge_joins)
            return cls(parsed, engine, engine)
        raise ValueError(f"storegraph stores in SQLite or PostgreSQL, not in {parsed.get_backend_name()}")

    @property
    def embedded(self) -> bool:
        return self.dialect == "sqlite"

    @property
    def dialect(self) -> str:
        return self.url.get_backend_name()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One connection, one transaction, never committed. SQLite: one snapshot; PostgreSQL: READ COMMITTED. Raises
        Busy when none becomes free."""
        async with _turn(self._readers) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that the caller commits; left uncommitted it is rolled back. Raises Busy when its turn does not
        come."""
        async with _turn(self._writers) as connection:
            if self.embedded:
                await _begun(connection)
            yield connection

    @property
    def engines(self) -> tuple[AsyncEngine, ...]:
        return (self._readers,) if self._readers is self._writers else (self._readers, self._writers)

    async def close(self) -> None:
        for engine in self.engines:
            await engine.dispose()


@asynccontextmanager
async def _turn(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = engine.connect()
    try:
        await connection.start()
    except PoolTimeout as error:
        raise Busy("The database has too much to do: try again") from error
    try:
        yield connection
    finally:
        await connection.close()


async def _begun(connection: AsyncConnection) -> None:
    """SQLite's one writer may be another process, an import say."""
    try:
        await connection.begin()
    except OperationalError as error:
        if "database is locked" not in str(error.orig):
            raise
        raise Busy("Somebody else writes to the store: try again") from error


def _without_merge_joins(dbapi: Any, _record: Any) -> None:
    """A page of products with some variant that passes is a walk that stops when it is full. PostgreSQL takes a merge
    join for one too, but that reads the variants from the end of the list up to the page: bench/results/lists.md."""
    cursor = dbapi.cursor()
    cursor.execute("SET enable_mergejoin = off")
    cursor.close()
    dbapi.commit()  # or the pool's rollback takes it back


def _sqlite(url: URL, size: int, wait: float, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=wait,
        connect_args={"timeout": wait},
    )

    def connected(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None  # this module says BEGIN itself
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        overdue = partial(_overdue, record.info)
        dbapi.run_async(lambda connection: connection.set_progress_handler(overdue, _INSTRUCTIONS))

    def begun(connection: Any) -> None:
        # Two writers that began as readers would wait for each other; a writer asks for the lock at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    event.listen(engine.sync_engine, "before_cursor_execute", _watched)
    return engine


def _watched(connection: Any, *_: Any) -> None:
    connection.info[_DEADLINE] = CURRENT.get()


def _overdue(info: dict[str, Any]) -> bool:
    """SQLite asks; True interrupts its statement. A thread that runs one can be stopped by nothing else."""
    deadline: Deadline | None = info.get(_DEADLINE)
    return deadline is not None and deadline.passed


def shown(url: str) -> str:
    """The URL without its password, for logs and errors. A password that was not escaped may hold anything."""
    url = re.sub(r"//([^:/@]*):.*@", r"//\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)
