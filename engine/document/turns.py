"""Turns at what only a few may do at a time, shared fairly between classes of callers."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.values.errors import Busy


class Turns:
    """At most `at_once` at a time, and of one class at most `of_one`, all of them unless said. The next turn is that of
    the class that was served longest ago, and of whoever waits longest in it: however many of one class wait, another
    waits only for those that are under way."""

    def __init__(self, at_once: int, *, of_one: int | None = None) -> None:
        self._free = at_once
        self._of_one = of_one or at_once
        self._under_way: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._served: dict[str, int] = {}  # when each class had its last turn, in turns
        self._turns = 0

    @asynccontextmanager
    async def taken(self, of: str = "", seconds: float | None = None) -> AsyncIterator[None]:
        """A turn for a caller of this class. Raises Busy when it does not come in so many seconds."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(of, deque()).append(turn)
        self._pass_on()
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it came when nobody waited for it any more
                self._end(of)
            if isinstance(error, TimeoutError):
                raise Busy("Too much is asked at once: try again") from None
            raise
        try:
            yield
        finally:
            self._end(of)

    def _end(self, of: str) -> None:
        self._under_way[of] -= 1
        self._free += 1
        self._pass_on()

    def _pass_on(self) -> None:
        while self._free and (of := self._next()) is not None:
            turn = self._waiting[of].popleft()
            if not self._waiting[of]:
                del self._waiting[of]
            if turn.done():  # cancelled
                continue
            self._free -= 1
            self._under_way[of] += 1
            self._turns += 1
            self._served[of] = self._turns
            turn.set_result(None)

    def _next(self) -> str | None:
        waiting = (of for of in self._waiting if self._under_way[of] < self._of_one)
        return min(waiting, key=lambda of: self._served.get(of, 0), default=None)
