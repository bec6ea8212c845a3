"""Failed sign-ins, and how long whoever failed has to wait. In the memory of this process, and bounded.

What is slowed is a pair of account and address, and an address whatever the account. An account as such is never shut:
whoever knows its name could shut its owner out. From addresses that it was not signed into before it takes so many
tries a minute, however many addresses they come from.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from engine.values.errors import CodedError, ErrorCode

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# From the sixth on an account waits at an address 1, 2, 4 … seconds, a quarter of an hour at most.
FREE: Final = 5
# Behind one address may be an office.
FREE_OF_ADDRESS: Final = 20
LONGEST: Final = 900.0
# After that long without a failure everything is forgotten; longer than the longest wait.
FORGOTTEN: Final = 3600.0
STRANGERS_A_MINUTE: Final = 60
# Some 2 MB in all. Whoever is pushed out has as many tries again: that takes ten thousand addresses.
MOST: Final = 10_000
# An IPv6 customer has a /64 at least.
_NETWORK: Final = 64


class TooMany(CodedError):
    """Raised instead of looking at the password at all."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, int(seconds + 0.999))
        super().__init__(
            ErrorCode.RATE_LIMITED, f"Too many failed sign-ins; try again in {self.seconds} s", retryAfter=self.seconds
        )


class Bounded(Generic[K, V]):
    """The entries used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: K) -> None:
        self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)


@dataclass
class _Count:
    failures: int = 0
    last: float = 0.0


@dataclass
class _Minute:
    begun: float
    tries: int = 0


class Attempts:
    """One per process and way of signing in."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self._counts: Bounded[tuple[str, str], _Count] = Bounded(most)
        self._strangers: Bounded[str, _Minute] = Bounded(most)
        self._familiar: Bounded[tuple[str, str], bool] = Bounded(most)

    def begin(self, account: str, address: str | None) -> None:
        """Counts a try as failed until `succeeded` says otherwise, so that a thousand at once are not all let in.
        Raises TooMany."""
        place = network(address)
        familiar = self._familiar.get((account, place)) is not None
        keys = [((account, place), FREE)]
        if not familiar:  # a neighbour who guesses does not keep the people of an office out
            keys.append((("", place), FREE_OF_ADDRESS))
        wait = max(self._wait(key, free) for key, free in keys)
        if wait > 0:
            raise TooMany(wait)
        if not familiar:
            self._meet_stranger(account)
        for key, _ in keys:
            count = self._counts.get(key) or _Count()
            self._counts.put(key, _Count(count.failures + 1, self._clock()))

    def succeeded(self, account: str, address: str | None) -> None:
        """The try was a good one. Of the address only this try is taken back: one own account would else reset it for
        guessing at others'."""
        place = network(address)
        self._counts.drop((account, place))
        counted = self._familiar.get((account, place)) is None  # of who is familiar the address was not charged
        self._familiar.put((account, place), True)
        count = self._counts.get(("", place))
        if counted and count is not None and count.failures > 0:
            self._counts.put(("", place), _Count(count.failures - 1, count.last))

    def _wait(self, key: tuple[str, str], free: int) -> float:
        count = self._counts.get(key)
        if count is None:
            return 0.0
        if self._clock() - count.last > FORGOTTEN:
            self._counts.drop(key)
            return 0.0
        if count.failures < free:
            return 0.0
        # The exponent is bounded before it is used: 2^1030 is no float.
        return count.last + min(2.0 ** min(count.failures - free, 20), LONGEST) - self._clock()

    def _meet_stranger(self, account: str) -> None:
        now = self._clock()
        minute = self._strangers.get(account)
        if minute is None or now - minute.begun >= 60:
            minute = _Minute(now)
            self._strangers.put(account, minute)
        if minute.tries >= STRANGERS_A_MINUTE:
            raise TooMany(minute.begun + 60 - now)
        minute.tries += 1


def network(address: str | None) -> str:
    """What counts as one address: of IPv6 the network that a customer gets."""
    if address is None:
        return ""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a Unix socket, or a proxy's own name for its client
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _NETWORK), strict=False))
    return str(parsed)
