"""An idle connection to PostgreSQL, lent for statements that only read.

The pool's own way asks a connection whether it is there, in a trip of its own, and passes through SQLAlchemy's
greenlets to hand it over and to take it back. Here the first statement is the question: nothing was changed yet, and
nothing will be, so what finds the connection broken is asked again on another one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util.concurrency import greenlet_spawn

from db.drivers import failures
from db.drivers.asked import Asked
from db.drivers.postgres import Pool
from engine.unit.deadline import CURRENT, Deadline
from engine.values.errors import CodedError, TimedOut

# In which a server that is there has confirmed that it cancels a statement whose time is over. One that does not is
# taken for one that does not answer at all.
_CONFIRMED_SECONDS: Final = 1.0

# What is prepared is kept by the driver and by the server, a hundred of each connection: only texts that come again.
_ASKED: Final = Asked()


async def _once(driver: Any, sql: str, arguments: Sequence[Any], deadline: Deadline | None) -> Any:
    """In as many trips as one that is prepared and kept."""
    statement = await driver.prepare(sql, name="", timeout=None if deadline is None else deadline.left)
    return await statement.fetch(*arguments, timeout=None if deadline is None else max(0.001, deadline.left))


class Broken(Exception):
    """The connection was, before it answered: what was asked may be asked on another one."""


class Lent:
    """Whoever has it gives it back. After an error that leaves nobody knowing what it is about it is back already."""

    __slots__ = ("_answered", "_engine", "_heard", "_over", "_pool", "_record")

    def __init__(self, engine: Any, pool: Pool, record: Any) -> None:
        self._engine = engine
        self._pool = pool
        self._record = record
        self._answered = False
        self._over: CodedError | None = None
        self._heard: bool = engine._has_events

    @classmethod
    def of(cls, engine: AsyncEngine) -> Self | None:
        """None where the pool lends none: its own way has to be taken then."""
        pool = engine.sync_engine.pool
        assert isinstance(pool, Pool)
        record = pool.lend()
        if record is None:
            return None
        return cls(engine.sync_engine, pool, record)

    def back(self) -> None:
        if self._record is not None:
            record, self._record = self._record, None
            self._pool.take_back(record)

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows, as the driver gives them. Raises Broken; TimedOut, when the deadline passes; Unavailable, when the
        server has not answered anything by then; and the driver's own errors."""
        if not self._heard:
            return await self._fetched(sql, arguments)
        hear = self._engine.dispatch
        for before in hear.before_cursor_execute:  # who listens to SQLAlchemy hears of this too
            before(None, None, sql, tuple(arguments), None, False)
        found = await self._fetched(sql, arguments)
        for after in hear.after_cursor_execute:
            after(None, None, sql, tuple(arguments), None, False)
        return found

    async def _fetched(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        if self._over is not None:
            raise self._over
        deadline = CURRENT.get()
        left = None if deadline is None else deadline.left
        if deadline is not None and left is not None and left <= 0:
            raise TimedOut(deadline.seconds)
        driver = self._record.dbapi_connection.driver_connection
        try:
            found: Sequence[Sequence[Any]] = (
                await driver.fetch(sql, *arguments, timeout=left)
                if _ASKED.before(sql)
                else await _once(driver, sql, arguments, deadline)
            )
        except Exception as error:
            if deadline is not None and deadline.passed:
                silent = not await self._confirmed() and not self._answered
                self._over = failures.down() if silent else TimedOut(deadline.seconds)
                await self._dropped(error)
                raise self._over from error
            meant = failures.meant(error)
            if driver.is_closed() or (meant is not None and not isinstance(meant, failures.UNDONE)):
                await self._dropped(error)
                raise Broken from error
            self._answered = True
            if isinstance(meant, failures.Ended):  # asked again, it would take as long again
                raise meant from error
            raise
        except BaseException as error:  # it was not waited for: nobody knows what the connection is about
            await self._dropped(error)
            raise
        self._answered = True
        return found

    async def _confirmed(self) -> bool:
        """Whether the server says that it has cancelled what it was asked."""
        closing = asyncio.create_task(self._record.dbapi_connection._terminate_graceful_close())
        done, _ = await asyncio.wait({closing}, timeout=_CONFIRMED_SECONDS)
        if not done:
            closing.cancel()
            return False
        return closing.exception() is None

    async def _dropped(self, error: BaseException) -> None:
        try:
            await greenlet_spawn(self._record.invalidate, error)
        finally:
            self.back()
