"""PostgreSQL's driver, whose broken connections are left without waiting for the server.

SQLAlchemy closes a connection that was broken off in good manners, for up to two seconds: somebody whose time is over
waits them out when the server is silent. Everything else is SQLAlchemy's own dialect.

Behind a pooler each transaction, and each statement outside of one, may be another session's: nothing is prepared for
longer than it runs, and what a session would be told is said of each transaction that changes something.
"""

import asyncio
import logging
import math
import select
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy import Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_
from sqlalchemy.util.concurrency import in_greenlet
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty, Full

from db.drivers.texts import Wording

DRIVER: Final = "postgresql+leaving"
# In which a server that answers has cancelled the statement and closed; nobody notices it.
_PATIENCE_SECONDS: Final = 0.2

# In a record's `info`: whoever takes it knows that the server answers.
_KNOWN: Final = "known"
_USED: Final = "used"
# Whether who takes a connection is about to change something.
_WRITES: Final[ContextVar[bool]] = ContextVar("writes", default=False)

_CLOSING: Final[set[asyncio.Task[None]]] = set()


@dataclass(frozen=True)
class Pooler:
    """What stands before PostgreSQL and lends each transaction any of its sessions. `direct`: the URL of PostgreSQL
    itself, for what needs one session for longer."""

    direct: str | None = None


def settings(silence: float | None) -> dict[str, str]:
    """What a session is told. After so many seconds without a statement PostgreSQL ends a transaction; None: never."""
    # A page of products with some variant that passes is a walk that stops when it is full. PostgreSQL takes a merge
    # join for one too, but that reads the variants from the end of the list up to the page: bench/results/lists.md.
    told = {"enable_mergejoin": "off"}
    return told if silence is None else told | {"idle_in_transaction_session_timeout": f"{silence * 1000:.0f}"}


def behind_a_pooler(silence: float | None) -> dict[str, Any]:
    """Arguments of the driver. It sends a statement without a name with what asks for its rows to follow, and PgBouncer
    lets a session go when those have come: no other session is ever asked for it."""
    local = "".join(f" SET LOCAL {name} = {value};" for name, value in settings(silence).items())

    class Connection(asyncpg.Connection):
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            # The driver would have the session compile nothing while it looks up a type, and another one do so again.
            own: Any = self
            own._server_caps = own._server_caps._replace(jit=False)

        async def _introspect_types(self, *given: Any) -> Any:
            async with self.transaction():  # or a savepoint of the one that there is
                await self.execute("SET LOCAL jit = off")  # it takes milliseconds, and seconds compiled
                return await super()._introspect_types(*given)  # type: ignore[misc]  # one of its own

        async def execute(self, query: str, *given: Any, **options: Any) -> Any:
            begins = not given and query.startswith("BEGIN")  # in the same trip
            return await super().execute(query + local if begins else query, *given, **options)

    return {
        "connection_class": Connection,
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": str,  # none
    }


class Dialect(PGDialect_asyncpg):
    supports_statement_cache = True

    def do_terminate(self, dbapi_connection: Any) -> None:
        if in_greenlet():
            await_(_left(dbapi_connection))
        else:
            dbapi_connection.terminate()  # collected as garbage, where nothing can be waited for


async def _left(connection: Any) -> None:
    """Asks the server to cancel what runs and to close, and goes on without its answer when that takes long."""
    closing = asyncio.create_task(_closed(connection), name="closing a connection")
    _CLOSING.add(closing)
    closing.add_done_callback(_CLOSING.discard)
    await asyncio.wait({closing}, timeout=_PATIENCE_SECONDS)


async def _closed(connection: Any) -> None:
    try:
        await connection._terminate_graceful_close()
    except Exception:  # noqa: BLE001  a connection that cannot be closed is cut
        connection._terminate_force_close()
    except asyncio.CancelledError:
        connection._terminate_force_close()
        raise


@contextmanager
def writing() -> Iterator[None]:
    """Who takes a connection inside is about to change something."""
    token = _WRITES.set(True)
    try:
        yield
    finally:
        _WRITES.reset(token)


class Line(AsyncAdaptedQueue[ConnectionPoolEntry]):
    """Idle connections, or who waits for one: the first gets the next. SQLAlchemy's own wakes the first, and whoever
    comes before that one has its turn takes the connection; beside many short reads, jobs would wait until they give
    up."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        super().__init__(maxsize, use_lifo)
        self._idle: deque[ConnectionPoolEntry] = deque()
        self._waiting: deque[asyncio.Future[ConnectionPoolEntry]] = deque()

    def qsize(self) -> int:
        return len(self._idle)

    def empty(self) -> bool:
        return not self._idle

    def full(self) -> bool:
        return 0 < self.maxsize <= len(self._idle)

    def put_nowait(self, item: ConnectionPoolEntry) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(item)
                return
        if self.full():
            raise Full
        self._idle.append(item)

    def put(self, item: ConnectionPoolEntry, block: bool = True, timeout: float | None = None) -> None:
        del block, timeout  # there is room for each that was taken
        self.put_nowait(item)

    def get_nowait(self) -> ConnectionPoolEntry:
        if not self._idle:
            raise Empty
        return self._idle.pop() if self.use_lifo else self._idle.popleft()

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        return await_(self._next(timeout)) if block and not self._idle else self.get_nowait()

    async def _next(self, seconds: float | None) -> ConnectionPoolEntry:
        waiting: asyncio.Future[ConnectionPoolEntry] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(seconds):
                return await waiting
        except BaseException as error:
            if waiting.done() and not waiting.cancelled():  # it came, and nobody is there to take it
                self.put_nowait(waiting.result())
            if isinstance(error, TimeoutError):
                raise Empty from None
            raise


class Pool(AsyncAdaptedQueuePool):
    """SQLAlchemy's own, that lends: nothing grows by what is lent, and who waits for a connection gets the next one."""

    _queue_class = Line
    _handed: ConnectionPoolEntry | None = None

    def lend(self) -> Any:
        """An idle connection's record, until it is taken back; None where no connection is idle, or the one that is
        has to be made anew: `connect` does that."""
        try:
            record: Any = self._pool.get_nowait()
        except Empty:
            return None
        made: float = record.starttime
        if record.dbapi_connection is None or max(self._invalidate_time, record._soft_invalidate_time) > made:
            self.take_back(record)
            return None
        return record

    def take_back(self, record: ConnectionPoolEntry) -> None:
        self._return_conn(record)

    @contextmanager
    def handed(self, record: Any) -> Iterator[None]:
        """Inside, `connect` makes a connection of this record, which was lent; it waits for nothing. Whatever became of
        others: a transaction that is under way has this connection alone, and what is wrong with it is told by it."""
        made, record.starttime = record.starttime, math.inf
        record.info[_KNOWN] = True
        self._handed = record
        try:
            yield
        finally:
            record.starttime = made

    def _do_get(self) -> ConnectionPoolEntry:
        handed, self._handed = self._handed, None
        return super()._do_get() if handed is None else handed


# SQLAlchemy keeps its own quiet, by names that begin with its own.
logging.getLogger(f"{__name__}.{Pool.__name__}").setLevel(logging.WARNING)


class Alive:
    """Asks a connection, when it is taken from the pool, whether the server still answers. In one trip: SQLAlchemy
    takes three, for it begins a transaction to ask in. A server that is silent is noticed here, before it is asked
    anything else. Who is about to change something begins the transaction, and that is the question."""

    def __init__(self, engine: Engine) -> None:
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)

    def _given_back(self, _connection: Any, record: Any) -> None:
        record.info[_USED] = True

    def _taken(self, connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.pop(_KNOWN, False) or _USED not in record.info:  # it was made just now
            return
        try:
            if _WRITES.get():
                await_(connection._start_transaction())
                return
            # Without preparing anything: behind a pooler that may be another server's next time.
            await_(connection.driver_connection.execute("SELECT 1"))
        except Exception as error:
            raise InvalidatePoolError from error


def begun(connection: Any) -> bool:
    """Whether a transaction is under way."""
    return connection._transaction is not None


async def run(
    connection: Any, sql: str, arguments: Sequence[Any], wording: Wording
) -> tuple[Sequence[Sequence[Any]], int]:
    """The rows of a text as they are stored, and how many it read or changed, -1 if nobody knows; in the connection's
    transaction, which it begins where there is none. Raises the driver's own errors."""
    driver = connection.driver_connection
    async with connection._execute_mutex:
        if connection._transaction is None:
            await connection._start_transaction()
        if wording.many:
            await driver.executemany(sql, arguments)
            return (), -1
        if wording.returns:
            rows: Sequence[Sequence[Any]] = await driver.fetch(sql, *arguments)
            return rows, len(rows)
        status: str = await driver.execute(sql, *arguments)
        return (), int(count) if (count := status.rpartition(" ")[2]).isdecimal() else -1


class NotAsked(Exception):
    """The driver has sent nothing."""


def quiet(driver: Any) -> bool:
    """Whether a connection that nothing was asked of is open and has said nothing: what a server says unasked is that
    it ends."""
    if driver.is_closed():
        return False
    said = select.poll()
    said.register(driver._transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not said.poll(0)


async def run_alone(
    connection: Any, sql: str, arguments: Sequence[Any], wording: Wording
) -> tuple[Sequence[Sequence[Any]], int]:
    """The same of one statement with rows that is a transaction by itself: PostgreSQL begins it and commits it. Raises
    NotAsked where the server has said meanwhile that it ends."""
    del wording
    async with connection._execute_mutex:
        try:
            rows: Sequence[Sequence[Any]] = await connection.driver_connection.fetch(sql, *arguments)
        except asyncpg.InternalClientError as error:
            raise NotAsked from error
    return rows, len(rows)


async def commit(connection: Any) -> None:
    """Ends the transaction, if one is under way. Raises the driver's own errors."""
    if connection._transaction is not None:
        await connection._call_and_discard(connection._transaction.commit)


registry.register("postgresql.leaving", __name__, "Dialect")
