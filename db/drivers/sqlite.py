"""SQLite's driver, with one trip to its thread for each statement.

aiosqlite makes a cursor, executes, fetches and closes one after the other, and each of them waits for the thread: four
waits for a statement that takes a few microseconds itself. Everything else is SQLAlchemy's own dialect.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util import EMPTY_DICT

from db.drivers.texts import Wording

DRIVER = "sqlite+onetrip"
_NOTHING = SimpleNamespace(description=None, rowcount=-1, lastrowid=None, arraysize=1)


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Closed before its rows are read: nothing of it stays in the thread."""

    __slots__ = ()

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor: Any = _NOTHING
        self._soft_closed_memoized = EMPTY_DICT
        self._rows = deque()

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        await self._trip(False, operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._trip(True, operation, seq_of_parameters)

    async def _trip(self, many: bool, operation: str, parameters: Any) -> None:
        self._cursor, self._rows = await cast(SqliteConnection, self._adapt_connection).trip(
            many, operation, parameters
        )

    async def _async_soft_close(self) -> None:
        pass

    def close(self) -> None:
        self._rows.clear()


def _run(
    connection: sqlite3.Connection, many: bool, operation: str, parameters: Sequence[Any]
) -> tuple[SimpleNamespace, deque[Any]]:
    cursor = connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(operation, parameters)
        rows = deque(cursor.fetchall() if cursor.description else ())
        done = SimpleNamespace(
            description=cursor.description, rowcount=cursor.rowcount, lastrowid=cursor.lastrowid, arraysize=1
        )
        return done, rows
    finally:
        cursor.close()


class SqliteConnection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = _Cursor

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows, as they are stored; the first statement begins the transaction that all of them see."""
        connection: Any = self._connection
        async with self._execute_mutex:
            found: list[Any] = await connection._execute(_read, connection._conn, sql, arguments)
            return found

    async def trip(self, many: bool, sql: str, arguments: Sequence[Any]) -> tuple[SimpleNamespace, deque[Any]]:
        """What a cursor tells that has run this text, and all rows, as they are stored."""
        connection: Any = self._connection
        async with self._execute_mutex:
            done: tuple[SimpleNamespace, deque[Any]] = await connection._execute(
                _run, connection._conn, many, sql, arguments
            )
            return done

    @property
    def began(self) -> bool:
        """Whether a transaction is under way."""
        connection: Any = self._connection
        return bool(connection.in_transaction)


def _read(connection: sqlite3.Connection, sql: str, arguments: Sequence[Any]) -> list[Any]:
    if not connection.in_transaction:
        connection.execute("BEGIN")
    cursor = connection.execute(sql, arguments)
    try:
        return cursor.fetchall()
    finally:
        cursor.close()


async def run(
    connection: SqliteConnection, sql: str, arguments: Sequence[Any], wording: Wording
) -> tuple[Sequence[Sequence[Any]], int]:
    """The rows of a text as they are stored, and how many it changed, -1 if nobody knows. Raises the driver's own
    errors."""
    done, rows = await connection.trip(wording.many, sql, arguments)
    return rows, done.rowcount


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        return SqliteConnection(self, super().connect(*arg, **kw)._connection)


class Dialect(SQLiteDialect_aiosqlite):
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        return _Driver(__import__("aiosqlite"), sqlite3)


registry.register("sqlite.onetrip", __name__, "Dialect")
