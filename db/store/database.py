"""The database behind a URL: `sqlite:///path` (embedded, the default) or `postgresql://…`."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Self, TypeVar

import structlog
from sqlalchemy import Dialect, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.drivers import compiled, failures, postgres, sqlite, stored
from db.drivers.lending import Lent
from db.drivers.texts import Texts
from db.drivers.transaction import Transaction
from db.store.discretion import discreet
from engine.unit.deadline import CURRENT, INTERRUPTS, Deadline, sooner, within
from engine.values.errors import Busy, TimedOut, Unavailable

log = structlog.get_logger("storegraph.db")

T = TypeVar("T")

# How long whoever wants to write, or any connection, waits for its turn: other requests, and on SQLite an import beside
# the server. A server takes its own setting.
WAIT_SECONDS: Final = 30.0
# A transaction of a server or a worker asks all the time, and ends within a deadline. One that is silent for so long
# belongs to a process that was stopped, or cut off.
SILENCE_SECONDS: Final = 60.0
# Enough for one page of GraphiQL or a front end asking in parallel; a read holds its connection for milliseconds.
SQLITE_READERS: Final = 8
# Statements that each of these keeps prepared: what is asked again and again. sqlite3 itself would keep 128.
_SQLITE_STATEMENTS: Final = 48
# How long a question is asked of whom no deadline is known; the server asks as long as strangers may.
ASKED_SECONDS: Final = 5.0
# Whoever got a connection in the last moment still needs some for it to be tried, or opened.
_GRACE_SECONDS: Final = 2.0
# Who waits for a transaction inside a deadline learns that the database is silent before being told that it took long:
# as much sooner as it takes to leave a connection behind.
_SOONER_SECONDS: Final = 0.3
# A rollback takes a trip to the server; one that takes so long is not waited for.
_LEAVING_SECONDS: Final = 1.0
# SQLite: an acknowledged write survives a power cut.
SYNCED = "FULL"
# SQLite sleeps in its own thread while another process writes. In pieces, so that a deadline or an end is noticed.
_LOCK_SECONDS: Final = 0.1
# So many steps of a statement take some milliseconds; then SQLite asks whether its time is over.
_INSTRUCTIONS: Final = 100_000
_DEADLINE: Final = "deadline"


class Database:
    """Hands out connections. On SQLite one connection writes and others read beside it (WAL);
    on PostgreSQL one pool does both."""

    def __init__(
        self, url: URL, readers: AsyncEngine, writers: AsyncEngine, wait: float, pooler: postgres.Pooler | None = None
    ) -> None:
        self.url = url
        self.dialect = url.get_backend_name()
        self.embedded = self.dialect == "sqlite"
        # Seconds beyond a deadline, in which the database ends by itself what runs.
        self._grace = INTERRUPTS.get(self.dialect, 0.0)
        self.pooler = pooler
        self._readers = readers
        self._writers = writers
        self._wait = wait
        direct = None if pooler is None or pooler.direct is None else make_url(pooler.direct)
        self._direct = direct and create_async_engine(direct.set(drivername=postgres.DRIVER), poolclass=NullPool)
        self.texts = Texts(writers.sync_engine)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pool_size: int = 10,
        wait: float = WAIT_SECONDS,
        silence: float | None = None,
        pooler: postgres.Pooler | None = None,
    ) -> Self:
        """Connects lazily: a database that is down is noticed by the first statement. `wait`: the seconds that a
        connection is waited for before Unavailable is raised. `silence`: after so many seconds without a statement
        PostgreSQL ends a transaction, and with it what it locks; None: never. `pooler`: what the URL is of, if it is
        not PostgreSQL itself. Raises ValueError for a database that is none of ours."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and pooler is None:
            parsed = parsed.set(drivername=sqlite.DRIVER)
            readers = _sqlite(parsed, SQLITE_READERS, wait, writes=False)
            return cls(parsed, readers, _sqlite(parsed, 1, wait, writes=True), wait)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername=postgres.DRIVER)
            engine = create_async_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=wait,
                hide_parameters=True,  # of a statement that fails: hashes, and whatever else was to be stored
                json_deserializer=stored.read,
                connect_args={} if pooler is None else postgres.behind_a_pooler(silence),
                poolclass=postgres.Pool,
            )
            engine.sync_engine._compiled_cache = compiled.compiled_cache()
            postgres.Alive(engine.sync_engine)
            if pooler is None:
                event.listen(engine.sync_engine, "connect", partial(_told, silence))
            event.listen(engine.sync_engine, "handle_error", discreet)
            # What only reads needs no transaction, whose beginning and end are trips to the server.
            readers = engine.execution_options(isolation_level="AUTOCOMMIT")
            return cls(parsed, readers, engine, wait, pooler)
        if pooler is not None:
            raise ValueError("a pooler stands before PostgreSQL")
        raise ValueError(f"storegraph stores in SQLite or PostgreSQL, not in {parsed.get_backend_name()}")

    @property
    def words(self) -> Dialect:
        """What makes texts of statements for this database, and values of what its driver gives."""
        return self._readers.sync_engine.dialect

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One connection, for reads alone. SQLite: one transaction, and one snapshot; PostgreSQL: none, each statement
        sees what was committed before it. Raises Unavailable, now or from a statement, when the database cannot be had:
        Busy when no connection becomes free. The deadline of who asks counts too; TimedOut when it has passed already.
        """
        connection = self._readers.connect()
        try:
            await self._had(connection)
            yield connection
        finally:
            if connection.sync_connection is not None:  # it was had
                await self._left(connection)

    @asynccontextmanager
    async def write(self, *, later: bool = False, dry: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that the caller commits; left uncommitted it is rolled back. Raises as `read` does: Busy also
        when another process writes all the time. `later`: it may begin with its first statement; `dry`: it is
        never committed."""
        begin = partial(self._had, writes=True, margin=_SOONER_SECONDS) if later else None
        connection = Transaction(self._writers, self.texts, begin, dry=dry)
        try:
            if not self._lent(connection):
                await self._had(connection, writes=True)
            yield connection
        finally:
            if not connection.ended():
                await self._left(connection)

    def lent(self) -> Lent | None:
        """A connection for texts that only read, if one is idle, and where reads have no transaction. Raises TimedOut
        when the deadline of who asks has passed already."""
        if self.embedded:
            return None
        deadline = CURRENT.get()
        if deadline is not None and deadline.passed:
            raise TimedOut(deadline.seconds)
        return Lent.of(self._writers)

    @staticmethod
    def _lent(connection: Transaction) -> bool:
        deadline = CURRENT.get()
        if deadline is not None and deadline.passed:
            raise TimedOut(deadline.seconds)
        return connection.lent()

    async def ask(self, question: Callable[[AsyncConnection], Awaitable[T]], *, seconds: float) -> T:
        """What a question is answered on a connection of its own. Raises Unavailable, also for a question that is not
        answered in `seconds`."""
        try:
            with sooner(seconds):
                async with within(self._grace), self.read() as connection:
                    return await question(connection)
        except TimedOut as error:
            raise failures.down() from error

    async def tell(self, change: Callable[[AsyncConnection], Awaitable[T]], *, seconds: float) -> T:
        """The same in a transaction of its own, committed when the change has returned. Unavailable may come from the
        commit itself: then nobody knows whether it was made."""
        try:
            with sooner(seconds):
                async with within(self._grace), self.write() as connection:
                    result = await change(connection)
                    await connection.commit()
                    return result
        except TimedOut as error:
            raise failures.down() from error

    async def _had(self, connection: AsyncConnection, *, writes: bool = False, margin: float = 0.0) -> None:
        """`margin`: so much before the deadline, which whoever waits keeps too."""
        deadline = CURRENT.get()
        wait, most = self._wait, self._wait + _GRACE_SECONDS
        if deadline is not None:
            if deadline.passed:
                raise TimedOut(deadline.seconds)
            wait, most = min(wait, deadline.left), min(most, deadline.left + self._grace - margin)
        until = time.monotonic() + wait
        pool: Any = connection.engine.sync_engine.pool
        try:
            async with asyncio.timeout(most):
                await connection.start()
                if writes and self.embedded:
                    await _begun(connection, until)
        except Unavailable:
            raise
        except TimeoutError as error:
            # The connection that was tried, if there was one, is back; a file does not hang.
            busy = self.embedded or pool.checkedout() >= pool.size()
            raise (failures.too_busy() if busy else failures.down()) from error
        except Exception as error:  # whatever a driver says that does not connect
            raise (failures.meant(error) or failures.down()) from error

    async def _left(self, connection: AsyncConnection) -> None:
        """Gives the connection back, whatever is met: what was asked is answered. A thread cannot be given up."""
        try:
            async with asyncio.timeout(None if self.embedded else _LEAVING_SECONDS):
                await connection.close()
        except Exception as error:
            log.warning("a connection to the database was given up", exc_info=error)

    @property
    def engines(self) -> tuple[AsyncEngine, ...]:
        return (self._readers, self._writers) if self.embedded else (self._writers,)

    @property
    def listening(self) -> AsyncEngine | None:
        """Where a session listens to what others committed. None where nobody would be told: of a file, and behind a
        pooler whose PostgreSQL has no URL of its own here."""
        return self._direct if self.embedded or self.pooler is not None else self._writers

    async def close(self) -> None:
        for engine in self.engines:
            await engine.dispose()
        if self._direct is not None:
            await self._direct.dispose()


async def _begun(connection: AsyncConnection, until: float) -> None:
    """SQLite's one writer may be another process, an import say."""
    while True:
        try:
            await connection.begin()
        except Busy:
            if time.monotonic() >= until:
                raise
        else:
            return


def _told(silence: float | None, dbapi: Any, _record: Any) -> None:
    """What PostgreSQL is told of a session."""
    cursor = dbapi.cursor()
    for name, value in postgres.settings(silence).items():
        cursor.execute(f"SET {name} = {value}")
    cursor.close()
    dbapi.commit()  # or the pool's rollback takes it back


def _sqlite(url: URL, size: int, wait: float, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=wait,
        connect_args={
            "timeout": min(wait, _LOCK_SECONDS) if writes else wait,
            "cached_statements": _SQLITE_STATEMENTS,
        },
        hide_parameters=True,
        json_deserializer=stored.read,
    )
    engine.sync_engine._compiled_cache = compiled.compiled_cache()

    def connected(dbapi: Any, record: Any) -> None:
        dbapi.isolation_level = None  # this module says BEGIN itself
        cursor = dbapi.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={SYNCED}")
        cursor.execute("PRAGMA foreign_keys=ON")
        if not writes:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()
        overdue = partial(_overdue, record.info)
        dbapi.run_async(lambda connection: connection.set_progress_handler(overdue, _INSTRUCTIONS))

    def begun(connection: Any) -> None:
        if not writes and connection.connection.dbapi_connection.began:
            return  # by a statement that was read beside SQLAlchemy
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
    return re.sub(r"(?i)([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", r"\1***", url)
