"""Who works learns of a change when it is committed: here, or through the database in another process.

Telling is for speed alone. A worker that was not told looks by itself a second later.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.store.database import Database

log = structlog.get_logger("storegraph.work")

CHANNEL: Final = "storegraph_work"
# Changes of so many seconds are told of together: a notification costs a transaction of its own, and inside the
# changing transaction it would make all that change wait for each other.
TOGETHER: Final = 0.02
_TELLING_SECONDS: Final = 5.0
# A connection that was lost is made anew after so long.
_AGAIN_SECONDS: Final = 5.0


_NOTIFY: Final = select(func.pg_notify(CHANNEL, ""))


class Notifying:
    """Tells workers of other processes, on PostgreSQL. Where there is none, or the database is a file, nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._telling: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        if not self._database.embedded and self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def aclose(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell(self) -> None:
        try:
            await asyncio.sleep(TOGETHER)
            self._telling = None  # what is committed from here on is told of by the next
            await self._database.tell(_notified, seconds=_TELLING_SECONDS)
        except Exception as error:
            log.info("workers were not told: they look by themselves", exc_info=error)
        finally:
            if self._telling is asyncio.current_task():
                self._telling = None


async def _notified(connection: AsyncConnection) -> None:
    await connection.execute(_NOTIFY)


@asynccontextmanager
async def listening(database: Database, wake: Callable[[], None]) -> AsyncIterator[None]:
    """Calls `wake` for every notification while the block runs, on a connection of its own."""
    if database.listening is None:
        yield
        return
    task = asyncio.create_task(_listened(database.listening, wake), name="listening")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _listened(engine: AsyncEngine, wake: Callable[[], None]) -> None:
    while True:
        lost = asyncio.Event()
        try:
            async with engine.connect() as connection:
                raw: Any = (await connection.get_raw_connection()).driver_connection
                raw.add_termination_listener(lambda _connection, lost=lost: lost.set())
                await raw.add_listener(CHANNEL, lambda *_: wake())
                wake()  # of what came before nobody was told
                try:
                    await lost.wait()
                finally:
                    await connection.invalidate()  # it listens: nobody else gets it
        except Exception as error:
            log.info("nobody tells this worker: it looks by itself", exc_info=error)
        await asyncio.sleep(_AGAIN_SECONDS)
