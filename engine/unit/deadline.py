"""When the request under way has to be done. Whatever runs for it, in whatever task, finds its deadline here."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeVar

from engine.values.errors import TimedOut, Unavailable

T = TypeVar("T")

# Databases that interrupt a statement by themselves at the deadline, and the seconds that they get to do it; a
# statement of the others is cancelled.
INTERRUPTS: Final = {"sqlite": 0.5}


@dataclass(slots=True)  # each request makes one, and a frozen one takes three times as long to make
class Deadline:
    seconds: float  # that the request was given
    at: float  # on time.monotonic()'s clock

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.at

    @property
    def left(self) -> float:
        """In seconds; below zero when it has passed."""
        return self.at - time.monotonic()


CURRENT: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class limited:
    """Sets the deadline of what runs inside; None for as long as it takes. Each request has one, so it is no generator,
    which takes longer to enter and to leave."""

    __slots__ = ("_deadline", "_token")

    def __init__(self, seconds: float | None) -> None:
        self._deadline = None if seconds is None else Deadline(seconds, time.monotonic() + seconds)

    def __enter__(self) -> None:
        self._token = CURRENT.set(self._deadline)

    def __exit__(self, *_: object) -> None:
        CURRENT.reset(self._token)


@contextmanager
def sooner(seconds: float) -> Iterator[None]:
    """The same, where what runs has a deadline already: the earlier one counts."""
    deadline = CURRENT.get()
    if deadline is not None and deadline.left <= seconds:
        yield
    else:
        with limited(seconds):
            yield


class within:
    """Cancels what runs inside when the deadline, and `grace` seconds, have passed. Raises TimedOut for that, and for
    any error that came after the deadline: a database that interrupts by itself says so in its own words. Unavailable
    stays: who waited in vain for the database asked for nothing that takes long. No generator either."""

    __slots__ = ("_deadline", "_grace", "_timeout")

    def __init__(self, grace: float = 0.0) -> None:
        self._grace = grace

    async def __aenter__(self) -> None:
        self._deadline = deadline = CURRENT.get()
        if deadline is None:
            return
        if deadline.passed:
            raise TimedOut(deadline.seconds)
        self._timeout = asyncio.timeout(deadline.left + self._grace)
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline = self._deadline
        if deadline is None:
            return
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            if deadline.passed:
                raise TimedOut(deadline.seconds) from late
            raise
        if isinstance(error, Exception) and not isinstance(error, Unavailable) and deadline.passed:
            raise TimedOut(deadline.seconds) from error


async def in_time(result: Awaitable[T], grace: float = 0.0) -> T:
    """What it results in. Raises TimedOut, as `within` does."""
    async with within(grace):
        return await result
