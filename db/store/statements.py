"""What the engine reads through: see engine.unit.statements.Statements."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.drivers import failures, sqlite
from db.drivers.lending import Broken, Lent
from db.store.database import Database
from engine.unit.deadline import INTERRUPTS, within
from engine.values.errors import CodedError, Unavailable


class Reads:
    """Statements that a request reads with, on one connection, within its deadline. They go to the driver as texts. On
    PostgreSQL one that is idle is lent to them; what SQLAlchemy has to run, what failed, and what was asked of a
    connection that is gone gets another one, which was asked first whether it is there. No snapshot is promised there,
    and on SQLite there is one connection."""

    __slots__ = ("_database", "_grace", "_lent", "_statements", "_turn")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._grace = INTERRUPTS.get(database.dialect, 0.0)
        self._lent: Lent | None = None
        self._turn: AbstractAsyncContextManager[AsyncConnection] | None = None
        self._statements: ConnectionStatements | None = None

    async def __aenter__(self) -> Self:
        self._lent = self._database.lent()
        if self._lent is None:
            await self._begun()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lent is not None:
            self._lent.back()
        if self._turn is not None:
            await self._turn.__aexit__(None, None, None)

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        asked = self._database.texts.of(statement, parameters)
        if asked is not None and not asked.wording.many:
            try:
                found = await self.values(*asked.bound())
            except CodedError:
                raise
            except Exception:  # noqa: BLE001, S110  whatever it is happens again, and SQLAlchemy says what it is
                pass
            else:
                return asked.wording.found(found, len(found)).all()
        # It keeps the deadline by itself: who waited for it in vain is told that, and not to ask for less.
        statements = self._statements or await self._begun()
        async with within(self._grace):
            return await statements.rows(statement, parameters)

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        if self._lent is not None:
            try:
                return await self._lent.values(sql, arguments)
            except Broken:
                pass
        statements = self._statements or await self._begun()
        async with within(self._grace):
            return await statements.values(sql, arguments)

    async def _begun(self) -> "ConnectionStatements":
        if self._lent is not None:
            self._lent.back()
            self._lent = None
        turn = self._database.read()
        self._statements = ConnectionStatements(await turn.__aenter__())
        self._turn = turn
        return self._statements


class ConnectionStatements:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._lost: Unavailable | None = None

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        self._check()
        try:
            return (await self._connection.execute(statement, parameters)).all()
        except (DBAPIError, *failures.UNDONE):
            # PostgreSQL answers nothing more in a transaction that failed; the other fields have theirs to come.
            await self._connection.rollback()
            raise
        except Unavailable as error:
            self._lost = error
            raise

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        self._check()
        connection = self._connection.sync_connection
        assert connection is not None  # it was had
        driver: Any = connection.connection.dbapi_connection
        hear = connection.dispatch if connection._has_events or connection.engine._has_events else None
        for before in hear.before_cursor_execute if hear else ():  # who listens to SQLAlchemy hears of this too
            before(connection, None, sql, tuple(arguments), None, False)
        found = await self._fetched(driver, sql, arguments)
        for after in hear.after_cursor_execute if hear else ():
            after(connection, None, sql, tuple(arguments), None, False)
        return found

    async def _fetched(self, driver: Any, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        if isinstance(driver, sqlite.SqliteConnection):
            return await driver.values(sql, arguments)
        try:
            return await driver.driver_connection.fetch(sql, *arguments)  # type: ignore[no-any-return]
        except Exception as error:
            if driver.driver_connection.is_closed():
                self._lost = failures.down()
                await self._connection.invalidate()
            else:
                await self._connection.rollback()
            meant = failures.meant(error)
            if isinstance(meant, failures.Ended):  # asked again, it would take as long again
                raise meant from error
            raise
        except BaseException:  # it was not waited for: nobody knows what the connection is about
            await self._connection.invalidate()
            raise

    def _check(self) -> None:
        if self._lost is not None:  # SQLAlchemy would connect anew, and wait for that as long as it takes
            raise Unavailable(self._lost.message, retry_after=self._lost.retry_after, code=self._lost.code)
