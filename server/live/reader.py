"""Follows what happens by its positions: once for all subscribers of a process, and not at all while there are none."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from db.store.database import ASKED_SECONDS, Database
from db.store.outbox import number_events
from engine.unit.deadline import limited
from engine.values.errors import CodedError, ErrorCode, TimedOut, Unavailable
from resolvers.live.happened import STATE, happened
from server.work.waking import listening

log = structlog.get_logger("storegraph.live")

# Who was told of a commit looks at once, and together with what is committed in this time.
TOGETHER: Final = 0.01
# Who was not told looks by itself: an import beside the server, a notification that was lost.
POLL_SECONDS: Final = 1.0
AT_ONCE: Final = 500


class Reader:
    """`deliver` gets events in their order, each once, and when this process learnt of them, on time.monotonic()'s
    clock. `position` is how far they were handed over; a subscriber who
    has got there, and joins before anything is awaited, misses nothing and meets nothing twice."""

    def __init__(self, database: Database, deliver: Callable[[Sequence[Any], float], None]) -> None:
        self._database = database
        self._deliver = deliver
        self._stirred = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._learnt: float | None = None
        self.position = 0

    def wake(self) -> None:
        """Something was committed."""
        if self._learnt is None:
            self._learnt = time.monotonic()
        self._stirred.set()

    async def begin(self) -> None:
        """Follow, from now on if nobody did. Raises Unavailable."""
        async with self._beginning:
            if self._task is None:
                self._learnt = None
                self.position = (await self.state()).head
                self._task = asyncio.create_task(self._followed(), name="following")

    async def end(self) -> None:
        """Nobody follows any more."""
        async with self._beginning:
            task, self._task = self._task, None
            if task is not None:
                # Not in the middle of a statement, which would take its connection along.
                self._ending.set()
                self._stirred.set()
                await asyncio.gather(task, return_exceptions=True)
                self._ending.clear()

    async def state(self) -> Any:
        """What is known of all events, those that were just committed among them. Raises Unavailable."""
        found = await self._state()
        if not found.waiting:
            return found
        await self._number()
        return await self._state()

    async def page(self, after: int, until: int, which: Any = None) -> Sequence[Any]:
        """Events behind one position up to another, at most AT_ONCE. Raises CodedError: GONE; and Unavailable."""
        found, gone = await self._database.ask(
            lambda connection: _page(connection, after, until, which), seconds=ASKED_SECONDS
        )
        if after < gone:
            raise kept_no_longer(after, until)
        return found

    async def _state(self) -> Any:
        async def asked(connection: Any) -> Any:
            return (await connection.execute(STATE)).one()

        return await self._database.ask(asked, seconds=ASKED_SECONDS)

    async def _number(self) -> None:
        """Whoever comes later does it where there is no turn now: what has no position is passed by nobody."""
        try:
            with limited(ASKED_SECONDS):
                await number_events(self._database)
        except (Unavailable, TimedOut) as error:
            log.info("events are not numbered yet", reason=error.message)

    async def _followed(self) -> None:
        async with listening(self._database, self.wake):
            while not self._ending.is_set():
                self._stirred.clear()
                learnt, self._learnt = self._learnt or time.monotonic(), None
                try:
                    while not self._ending.is_set() and await self._read(learnt):
                        pass
                except Unavailable as error:
                    self._learnt = learnt
                    log.warning("subscribers wait for the database", reason=error.reason)
                except Exception as error:
                    self._learnt = learnt
                    log.error("what happened could not be read; it is tried again", exc_info=error)
                if self._ending.is_set():
                    break
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), POLL_SECONDS)
                    await asyncio.sleep(TOGETHER)

    async def _read(self, learnt: float) -> bool:
        """Whether there may be more."""
        state = await self._state()
        if state.waiting:
            await self._number()
        elif state.head <= self.position:
            return False
        found = await self._database.ask(
            lambda connection: happened(connection, self.position, AT_ONCE), seconds=ASKED_SECONDS
        )
        if found:
            self.position = found[-1].position
            self._deliver(found, learnt)
        return len(found) == AT_ONCE


async def _page(connection: Any, after: int, until: int, which: Any) -> tuple[Sequence[Any], int]:
    gone = (await connection.execute(STATE)).one().forgotten
    return await happened(connection, after, AT_ONCE, until, which), gone


def kept_no_longer(after: int, last: int, imported: int = 0) -> CodedError:
    if after > last:
        reason = (
            f"There is no position {after} yet: it was told by another store, or by this one before it was restored"
        )
    elif after < imported:
        reason = f"A store was imported at position {imported}, which is not told row by row"
    else:
        reason = f"Not all that came behind position {after} is kept still"
    return CodedError(ErrorCode.GONE, f"{reason}. Read anew, then follow without `after`", position=last)
