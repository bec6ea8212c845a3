"""Fixed windows in the memory of this process: what each caller has used of each budget, until its hour ends."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
# Some 50 MB. Whoever came first is forgotten first, and has a new budget: that takes a hundred thousand addresses.
MOST: Final = 100_000


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


class Windows:
    """An hour of a caller begins with its first charge. `clock` goes forward alone: the time of day may jump ahead and
    back, and a window that was begun in between would end in another year."""

    def __init__(self, *, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Window] = OrderedDict()  # the one that ends first is first

    def charge(self, key: Hashable, most: int, cost: int) -> tuple[bool, int, float]:
        """Whether it fits (all of it, or nothing is charged), what is left, and in how many seconds the hour ends."""
        window = self._window(key)
        fits = window.used + cost <= most
        if fits:
            window.used += cost
        return fits, max(0, most - window.used), window.ends - self._clock()

    def __len__(self) -> int:
        return len(self._kept)

    def _window(self, key: Hashable) -> _Window:
        now = self._clock()
        while self._kept and next(iter(self._kept.values())).ends <= now:
            self._kept.popitem(last=False)
        window = self._kept.get(key)
        if window is None:
            window = self._kept[key] = _Window(now + HOUR)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return window


def reset(seconds: float) -> int:
    """The time of day in so many seconds, since 1970."""
    return math.ceil(time.time() + seconds)
