"""A connection for changes: SQLAlchemy's, that leaves to SQLAlchemy only what needs it.

Its statements go to the driver as texts (`db.drivers.texts`), and on PostgreSQL the connection itself is an idle one
that the pool lends: taken, begun, committed and given back without SQLAlchemy's greenlets. Whatever else is asked of it
(a savepoint, a rollback, a statement that SQLAlchemy has to run) makes it SQLAlchemy's own first, in the same
transaction.
What goes wrong is told by SQLAlchemy's own function, so that it is the same error, with the same consequences.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util.concurrency import greenlet_spawn

from db.drivers import failures, postgres, sqlite
from db.drivers.texts import Asked, Texts, Values
from engine.values.errors import Unavailable

_RUNS: Final = {"postgresql": postgres.run, "sqlite": sqlite.run}


class Transaction(AsyncConnection):
    __slots__ = ("_begin", "_record", "_texts", "dry", "untold")

    def __init__(
        self,
        engine: AsyncEngine,
        texts: Texts,
        begin: Callable[["Transaction"], Awaitable[None]] | None = None,
        *,
        dry: bool = False,
    ) -> None:
        """`begin`, where a connection that was `lent` may begin with its first statement, has it started then. `dry`:
        what it does is rolled back, whatever it is."""
        super().__init__(engine)
        self.dry = dry
        self._texts = texts
        self._begin = begin
        self.untold = False  # whether a statement that was alone had no answer
        self._record: Any = None  # of a connection that is lent, as long as SQLAlchemy knows nothing of it

    @property  # type: ignore[misc]  # nobody gives it another
    def dialect(self) -> Dialect:
        return self.sync_engine.dialect

    @property
    def _proxied(self) -> Connection:
        if self._record is not None:
            record, self._record = self._record, None
            self._begin = None  # SQLAlchemy's driver begins with the first statement
            with self._pool.handed(record):
                connection = self.sync_engine.connect()
            connection.begin()  # which tells the server nothing
            self.sync_connection = self._assign_proxied(connection)
        return super()._proxied

    @property
    def _pool(self) -> postgres.Pool:
        pool = self.sync_engine.pool
        assert isinstance(pool, postgres.Pool)
        return pool

    async def start(self, is_ctxmanager: bool = False) -> "Transaction":
        """Raises as SQLAlchemy does. On PostgreSQL the transaction has begun then."""
        self._begin = None
        if not isinstance(self.sync_engine.pool, postgres.Pool):
            await super().start(is_ctxmanager)
        elif not await self._lent():
            with postgres.writing():
                await super().start(is_ctxmanager)
            self._proxied.begin()
        return self

    async def _lent(self) -> bool:
        """False where no connection is idle, or the one that is turns out to be gone: the pool makes another."""
        record, self._record = self._record or self._pool.lend(), None
        return record is not None and await self._begun(record)

    def lent(self) -> bool:
        """Has an idle connection, whose transaction begins later. False where no connection is idle."""
        pool = self.sync_engine.pool
        if self._begin is None or not isinstance(pool, postgres.Pool):
            return False
        self._record = pool.lend()
        return self._record is not None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to commit."""
        return self._record is not None and not postgres.begun(self._record.dbapi_connection)

    async def _begun(self, record: Any) -> bool:
        try:
            await record.dbapi_connection._start_transaction()
        except BaseException as error:
            try:
                await greenlet_spawn(record.invalidate, error)
            finally:
                self._pool.take_back(record)
            if isinstance(error, Exception):
                return False
            raise
        self._record = record
        return True

    async def execute(
        self,
        statement: Executable,
        parameters: Values | Sequence[Values] | None = None,
        *,
        execution_options: Any = None,
    ) -> Any:
        if self._begin is not None:
            await self._begin(self)
        driver = None if execution_options else self._driver()
        asked = None if driver is None else self._texts.of(statement, parameters)
        if driver is None or asked is None:
            return await super().execute(statement, parameters, execution_options=execution_options)
        return await self._run(driver, asked)

    async def alone(self, statement: Executable, parameters: Values) -> Any:
        """A statement that is the whole transaction, if it changes anything, and without which nothing has begun: it
        is committed when its answer is here. Where that cannot be told beforehand it is like others."""
        driver = None if self._begin is None or self._record is None else self._record.dbapi_connection
        asked = None if driver is None else self._texts.of(statement, parameters)
        # It is not asked again on another connection, as a question would be: this one has to be there.
        if driver is None or asked is None or not postgres.quiet(driver.driver_connection):
            return await self.execute(statement, parameters)
        try:
            return await self._run(driver, asked, alone=True)
        except postgres.NotAsked:
            return await self.execute(statement, parameters)
        except (Unavailable, asyncio.CancelledError) as error:
            self.untold = not isinstance(error, failures.UNDONE)
            raise

    async def _run(self, driver: Any, asked: Asked, *, alone: bool = False) -> Any:
        try:
            sql, arguments = asked.bound()
        except Exception as error:  # noqa: BLE001  a value that is none of its column's: it is raised
            await self._failed(error, asked.wording.sql, always=True)
        wording, engine = asked.wording, self.sync_engine
        hear = engine.dispatch if engine._has_events else None
        # Who listens to SQLAlchemy hears of this too, and may have another word.
        for before in hear.before_cursor_execute if hear else ():
            sql, arguments = before(self.sync_connection, None, sql, arguments, None, wording.many)
        try:
            run = postgres.run_alone if alone else _RUNS[self.dialect.name]
            rows, count = await run(driver, sql, arguments, wording)
        except postgres.NotAsked:
            raise
        except BaseException as error:  # noqa: BLE001  it is raised
            await self._failed(error, sql, arguments)
        for after in hear.after_cursor_execute if hear else ():
            after(self.sync_connection, None, sql, arguments, None, wording.many)
        return wording.found(rows, count)

    def _driver(self) -> Any:
        """SQLAlchemy's adapter of the driver's connection, in a transaction; None where SQLAlchemy has something to say
        before another statement runs."""
        if self._record is not None:
            return self._record.dbapi_connection
        connection = self.sync_connection
        if connection is None or connection.closed or connection.invalidated or not connection.in_transaction():
            return None
        nested = connection.get_nested_transaction()
        if nested is not None and not nested.is_active:
            return None
        return connection.connection.dbapi_connection

    async def commit(self) -> None:
        record = self._record
        if record is None:
            await super().commit()
            return
        try:
            await postgres.commit(record.dbapi_connection)
        except BaseException as error:  # noqa: BLE001  it is raised
            await self._failed(error)

    def ended(self) -> bool:
        """Whether there is nothing to be closed: it was never had, or it was lent, its transaction is over, and it is
        given back by now."""
        if self._record is None:
            return self.sync_connection is None
        if postgres.begun(self._record.dbapi_connection):
            return False
        record, self._record = self._record, None
        self._pool.take_back(record)
        return True

    async def close(self) -> None:
        if not self.ended():
            await super().close()

    async def _failed(
        self, error: BaseException, sql: str | None = None, arguments: Sequence[Any] = (), *, always: bool = False
    ) -> NoReturn:
        """Raises what SQLAlchemy would. It tells of a statement in its own errors about what the driver says; `always`:
        in whatever."""
        await greenlet_spawn(_tell, self._proxied, error, sql, arguments, always)
        raise error


def _tell(connection: Connection, error: BaseException, sql: str | None, arguments: Any, always: bool) -> None:
    driver: Any = None if connection.invalidated else connection.connection.dbapi_connection
    try:
        if isinstance(error, Exception) and driver is not None and not always:
            driver._handle_exception(error)  # raises it in the words of SQLAlchemy's driver
        raise error
    except BaseException as meant:  # noqa: BLE001  it is raised
        about = always or isinstance(meant, connection.dialect.loaded_dbapi.Error)
        connection._handle_dbapi_exception(meant, sql if about else None, arguments, None, None)
