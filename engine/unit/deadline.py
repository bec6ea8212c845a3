"""When the request under way has to be done. Whatever runs for it, in whatever task, finds its deadline here."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

from engine.values.errors import TimedOut

T = TypeVar("T")

# Databases that interrupt a statement by themselves at the deadline, and the seconds that they get to do it; a
# statement of the others is cancelled.
INTERRUPTS: Final = {"sqlite": 0.5}


@dataclass(frozen=True, slots=True)
class Deadline:
    seconds: float  # that the request was given
    at: float  # on time.monotonic()'s clock

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.at


CURRENT: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def limited(seconds: float | None) -> Iterator[None]:
    """Sets the deadline of what runs inside; None for as long as it takes."""
    token = CURRENT.set(None if seconds is None else Deadline(seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        CURRENT.reset(token)


@asynccontextmanager
async def within(grace: float = 0.0) -> AsyncIterator[None]:
    """Cancels what runs inside when the deadline, and `grace` seconds, have passed. Raises TimedOut for that, and for
    any error that came after the deadline: a database that interrupts by itself says so in its own words."""
    deadline = CURRENT.get()
    if deadline is None:
        yield
        return
    if deadline.passed:
        raise TimedOut(deadline.seconds)
    left = deadline.at - time.monotonic() + grace
    try:
        async with asyncio.timeout(left):
            yield
    except Exception as error:
        if deadline.passed:
            raise TimedOut(deadline.seconds) from error
        raise


async def in_time(result: Awaitable[T], grace: float = 0.0) -> T:
    """What it results in. Raises TimedOut, as `within` does."""
    async with within(grace):
        return await result
