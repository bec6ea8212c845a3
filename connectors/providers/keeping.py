"""Answers kept for a while: whoever types in a form asks the same again and again."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SECONDS: Final = 300.0
# Of 5 000 options each it is 100 MB at the worst; a store has a handful of lists.
MOST: Final = 128


class Keeping(Generic[T]):
    """By a place whose first part says whose it is. Several who ask at once are one question; what fails is not
    kept."""

    def __init__(
        self, *, seconds: float = SECONDS, most: int = MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[float, T]] = OrderedDict()
        self._asked: dict[tuple[str, ...], asyncio.Task[T]] = {}

    async def get(self, place: tuple[str, ...], ask: Callable[[], Awaitable[T]]) -> T:
        found = self._kept.get(place)
        if found is not None and found[0] > self._clock():
            self._kept.move_to_end(place)
            return found[1]
        task = self._asked.get(place)
        if task is None:
            task = asyncio.ensure_future(self._ask(place, ask))
            self._asked[place] = task
            task.add_done_callback(lambda done: self._over(place, done))
        return await asyncio.shield(task)

    def _over(self, place: tuple[str, ...], task: asyncio.Task[T]) -> None:
        del self._asked[place]
        if not task.cancelled():
            task.exception()  # whoever asked is told; nobody may be left who did

    async def _ask(self, place: tuple[str, ...], ask: Callable[[], Awaitable[T]]) -> T:
        answer = await ask()
        self._kept[place] = (self._clock() + self._seconds, answer)
        self._kept.move_to_end(place)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return answer
