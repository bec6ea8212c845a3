"""The database behind a URL: `sqlite:///path` (embedded, the default) or `postgresql://…`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

# How long a writer waits for another process (an import beside a server) before it gives up.
SQLITE_BUSY_SECONDS: Final = 30
# Enough for one page of GraphiQL or a front end asking in parallel; a read holds its connection for milliseconds.
SQLITE_READERS: Final = 8


class Database:
    """Hands out connections. On SQLite one connection writes and others read beside it (WAL);
    on PostgreSQL one pool does both."""

    def __init__(self, url: URL, readers: AsyncEngine, writers: AsyncEngine) -> None:
        self.url = url
        self._readers = readers
        self._writers = writers

    @classmethod
    def open(cls, url: str, *, pool_size: int = 10) -> Self:
        """Connects lazily: a database that is down is noticed by the first statement."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            parsed = parsed.set(drivername="sqlite+aiosqlite")
            return cls(parsed, _sqlite(parsed, SQLITE_READERS, writes=False), _sqlite(parsed, 1, writes=True))
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+asyncpg")
            engine = create_async_engine(parsed, pool_size=pool_size, max_overflow=0, pool_pre_ping=True)
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
        """One connection, one transaction, never committed. SQLite: one snapshot; PostgreSQL: READ COMMITTED."""
        async with self._readers.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that the caller commits; left uncommitted it is rolled back."""
        async with self._writers.connect() as connection:
            yield connection

    @property
    def engines(self) -> tuple[AsyncEngine, ...]:
        return (self._readers,) if self._readers is self._writers else (self._readers, self._writers)

    async def close(self) -> None:
        for engine in self.engines:
            await engine.dispose()


def _without_merge_joins(dbapi: Any, _record: Any) -> None:
    """A page of products with some variant that passes is a walk that stops when it is full. PostgreSQL takes a merge
    join for one too, but that reads the variants from the end of the list up to the page: bench/results/lists.md."""
    cursor = dbapi.cursor()
    cursor.execute("SET enable_mergejoin = off")
    cursor.close()
    dbapi.commit()  # or the pool's rollback takes it back


def _sqlite(url: URL, size: int, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": SQLITE_BUSY_SECONDS},
    )

    def connected(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # this module says BEGIN itself
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def begun(connection: Any) -> None:
        # Two writers that began as readers would wait for each other; a writer asks for the lock at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begun)
    return engine


def shown(url: str) -> str:
    """The URL without its password, for logs and errors. A password that was not escaped may hold anything."""
    url = re.sub(r"//([^:/@]*):.*@", r"//\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)
