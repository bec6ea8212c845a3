"""How much each caller may ask: requests and changes in an hour, requests at a time, and of one document its cost and
time. Budgets are kept in this process, or in Redis for all processes together."""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from limits import RateLimitItem, RateLimitItemPerHour
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from db.access.permission import PERMISSIONS
from db.access.viewer import ANONYMOUS, Viewer, ViewerKind
from engine.declared.mutation import GUESSES, STANDARD
from engine.document.bounds import Allowance
from engine.values.errors import ErrorCode
from resolvers.access.attempts import network
from server.http.refusal import Refusal
from server.limits.windows import HOUR, Windows, reset
from server.settings.limits import RateProfile
from server.settings.mistake import Mistake
from server.settings.settings import Settings, variable

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = structlog.get_logger("storegraph.server")

HEADERS: Final = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_NAMES: Final = tuple(name.lower().encode() for name in HEADERS)
# Beside the standard budget, which every request and every mutation field is charged to.
BULK: Final = "bulk"
# Orders that visitors place.
CHECKOUT: Final = "checkout"
# Bad credentials of an address, as many as anonymous requests: when these are used up none that is not known to be good
# there is looked up.
BAD: Final = "bad"
# What a connected shop tells, counted by its connection.
INBOUND: Final = "inbound"

# Callers of whom it is remembered what holds for them.
_CALLERS: Final = 1024
# How long Redis gets to answer, and how long it is left alone after it did not.
_REDIS_SECONDS: Final = 0.25
_REDIS_REST_SECONDS: Final = 10.0


class CallerClass(StrEnum):
    ANONYMOUS = "anonymous"
    STOREFRONT = "storefront"
    AUTHENTICATED = "authenticated"
    ADMIN = "admin"

    @classmethod
    def of(cls, viewer: Viewer) -> "CallerClass":
        if viewer.kind is ViewerKind.STOREFRONT:
            return cls.STOREFRONT
        if viewer.id is None:
            return cls.ANONYMOUS
        return cls.ADMIN if viewer.permissions >= PERMISSIONS else cls.AUTHENTICATED


# Requests an hour. `documented` are those of the documented API, which knows no storefronts: their tokens count as
# authenticated.
_ANONYMOUS, _STOREFRONT, _REST = CallerClass.ANONYMOUS, CallerClass.STOREFRONT, "rest"
PROFILES: Final[Mapping[RateProfile, Mapping[str, int]]] = {
    RateProfile.DOCUMENTED: {_ANONYMOUS: 100, _STOREFRONT: 1000, _REST: 1000, BULK: 10, CHECKOUT: 60, GUESSES: 30},
    RateProfile.STOREFRONT: {_ANONYMOUS: 3600, _STOREFRONT: 7200, _REST: 3600, BULK: 10, CHECKOUT: 300, GUESSES: 60},
    RateProfile.DEMO: {_ANONYMOUS: 36_000, _STOREFRONT: 36_000, _REST: 36_000, BULK: 600, CHECKOUT: 3600, GUESSES: 600},
}


BudgetKey = tuple[str, ...]  # whose budget it is


@dataclass(frozen=True, slots=True)
class Budget:
    """One counter of one caller."""

    name: str
    hourly: int
    caller: BudgetKey

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerHour(self.hourly, namespace=f"storegraph-{self.name}")


@dataclass(frozen=True, slots=True)
class Caller:
    """What holds for a viewer at an address. `budget` is the standard one, None where nothing is counted."""

    viewer: Viewer
    key: BudgetKey
    allowance: Allowance
    budget: Budget | None


@dataclass(slots=True)
class Standing:
    """A budget after a charge. Its hour ends in so many `seconds`, which `ends` counts from 1970; `fits` is False for
    what was not charged."""

    budget: Budget
    fits: bool
    remaining: int
    seconds: float
    ends: int

    @property
    def headers(self) -> dict[bytes, bytes]:
        """Of an answer, by their names in small letters."""
        limit, remaining, ends = _NAMES
        return {limit: b"%d" % self.budget.hourly, remaining: b"%d" % self.remaining, ends: b"%d" % self.ends}

    def refusal(self) -> Refusal:
        seconds = max(1, math.ceil(self.seconds))
        return Refusal(
            429,
            f"{self.budget.hourly} {_WHAT[self.budget.name]} an hour are the most; try again in {seconds} s",
            code=ErrorCode.RATE_LIMITED,
            headers={"Retry-After": str(seconds)},
            limit=self.budget.hourly,
            remaining=self.remaining,
            retryAfter=seconds,
        )


_WHAT: Final = {
    STANDARD: "requests and changes",
    BULK: "bulk changes",
    CHECKOUT: "checkouts",
    GUESSES: "codes of coupons",
    BAD: "bad credentials",
    INBOUND: "calls of a shop",
}


class Counters:
    """Charges budgets. While Redis does not answer each process counts for itself: nobody is refused for it, and
    nobody is let off."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._shared: FixedWindowRateLimiter | None = None
        self._connections: ConnectionPool | None = None
        if redis_url is not None:
            self._connections, self._shared = _opened(redis_url)
        self._own = Windows()
        self._rests_until = -math.inf

    async def charge(self, budget: Budget, cost: int) -> Standing:
        """Charges all of it or, where it does not fit, nothing that would have fitted alone."""
        if self._shared is not None and time.monotonic() >= self._rests_until:
            try:
                return await _charged(self._shared, budget, cost)
            except (StorageError, OSError) as error:
                self._rests_until = time.monotonic() + _REDIS_REST_SECONDS
                log.warning("Redis does not answer; this process counts alone", reason=str(error))
        return self._counted(budget, cost)

    def here(self, budget: Budget, cost: int) -> Standing | None:
        """The same at once, where budgets are kept in this process alone."""
        return self._counted(budget, cost) if self._shared is None else None

    def _counted(self, budget: Budget, cost: int) -> Standing:
        fits, remaining, seconds = self._own.charge((budget.name, budget.caller), budget.hourly, cost)
        return Standing(budget, fits, remaining, seconds, reset(seconds))

    async def aclose(self) -> None:
        if self._connections is not None:
            await self._connections.aclose()


def check_redis(settings: Settings) -> None:
    """Raises Mistake for a URL that no Redis can have, before anything else is begun."""
    if settings.redis_url is not None:
        _opened(settings.redis_url)


def _opened(redis_url: str) -> "tuple[ConnectionPool, FixedWindowRateLimiter]":
    """Raises Mistake. Connects lazily: a Redis that is down is noticed by the first request."""
    try:
        from redis.asyncio import ConnectionPool

        connections = ConnectionPool.from_url(
            redis_url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
        )
        connections.make_connection()  # type: ignore[no-untyped-call]  # knows its options, and connects to nothing
        if urlsplit(redis_url).path.strip("/") not in {"", str(connections.connection_kwargs.get("db"))}:
            raise ValueError  # a number that is none is passed over
    except ImportError:
        raise Mistake(f"{variable('redis_url')} needs Redis's client: pip install 'storegraph[redis]'") from None
    except (ValueError, TypeError):
        raise Mistake(f"{variable('redis_url')}: write redis://host:port/number") from None
    from limits.aio.storage import RedisStorage

    storage = RedisStorage(
        f"async+{redis_url}",
        implementation="redispy",
        key_prefix="storegraph",
        wrap_exceptions=True,
        connection_pool=connections,  # type: ignore[arg-type]
    )
    return connections, FixedWindowRateLimiter(storage)


async def _charged(limiter: FixedWindowRateLimiter, budget: Budget, cost: int) -> Standing:
    item = budget.item
    # What costs more than is left must not use that up; one request more than fits does no harm.
    fits = cost == 1 or await limiter.test(item, *budget.caller, cost=cost)
    fits = fits and (cost == 0 or await limiter.hit(item, *budget.caller, cost=cost))
    stats = await limiter.get_window_stats(item, *budget.caller)
    seconds = min(stats.reset_time - time.time(), HOUR)
    return Standing(budget, fits, stats.remaining, seconds, reset(seconds))


class Limits:
    """Of one server process; `admitted` begins each request."""

    def __init__(self, settings: Settings, counters: Counters | None = None) -> None:
        self._counters = counters or Counters(settings.redis_url)
        self._hourly = PROFILES.get(settings.rates_in_force)
        self._inbound = settings.inbound_hourly
        self._concurrent = settings.concurrent
        self._busy: dict[BudgetKey, int] = {}
        self._callers: OrderedDict[tuple[str | None, str | None], Caller] = OrderedDict()
        allowed = {
            CallerClass.ANONYMOUS: (settings.max_cost_anonymous, settings.seconds_anonymous),
            CallerClass.STOREFRONT: (settings.max_cost_storefront, settings.seconds_storefront),
            CallerClass.AUTHENTICATED: (settings.max_cost_authenticated, settings.seconds_authenticated),
            CallerClass.ADMIN: (settings.max_cost_admin, settings.seconds_admin),
        }
        self._allowances = {of: Allowance(cost, seconds, of.value) for of, (cost, seconds) in allowed.items()}

    async def aclose(self) -> None:
        await self._counters.aclose()

    def turn(self) -> "Turn":
        return Turn(self)

    def caller(self, viewer: Viewer) -> Caller:
        """Worked out once for a viewer that stays the same, as authentication has it for some seconds."""
        place = viewer.id, viewer.address
        found = self._callers.get(place)
        if found is not None and found.viewer is not viewer and found.viewer == viewer:
            found = self._callers[place] = replace(found, viewer=viewer)  # to be known again without comparing
        if found is None or found.viewer is not viewer:
            allowance = self._allowances[CallerClass.of(viewer)]
            found = self._callers[place] = Caller(viewer, _key(viewer), allowance, self.budget(STANDARD, viewer))
            if len(self._callers) > _CALLERS:
                self._callers.popitem(last=False)
        return found

    def budget(self, name: str, viewer: Viewer) -> Budget | None:
        """None where nothing is counted."""
        if self._hourly is None:
            return None
        key = _key(viewer)
        if name != STANDARD:
            return Budget(name, self._hourly[_ANONYMOUS if name == BAD else name], key)
        hourly = viewer.hourly or self._hourly.get(CallerClass.of(viewer)) or self._hourly[_REST]
        return Budget(name, hourly, key)

    async def inbound(self, guid: str) -> None:
        """Charges a call of a connected shop. Raises Refusal(429)."""
        if self._hourly is not None:
            standing = await self._counters.charge(Budget(INBOUND, self._inbound, (guid,)), 1)
            if not standing.fits:
                raise standing.refusal()

    async def charge(self, budget: Budget | None, cost: int) -> Standing | None:
        return None if budget is None else await self._counters.charge(budget, cost)

    def here(self, budget: Budget, cost: int) -> Standing | None:
        return self._counters.here(budget, cost)

    def begin(self, key: BudgetKey) -> None:
        """Raises Refusal(429) for one request more than a caller may have under way."""
        busy = self._busy.get(key, 0)
        if busy >= self._concurrent:
            raise Refusal(
                429,
                f"You have {self._concurrent} requests under way: wait for some of them",
                code=ErrorCode.RATE_LIMITED,
                headers={"Retry-After": "1"},
                retryAfter=1,
            )
        self._busy[key] = busy + 1

    def end(self, key: BudgetKey) -> None:
        left = self._busy[key] - 1
        if left:
            self._busy[key] = left
        else:
            del self._busy[key]


class Turn:
    """One request of one caller: what it is charged, and what its answer says of that."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._caller: Caller | None = None
        self._begun = False
        self._standing: Standing | None = None  # what the answer tells

    @property
    def headers(self) -> dict[bytes, bytes]:
        return {} if self._standing is None else self._standing.headers

    async def begin(self, viewer: Viewer) -> None:
        """Charges the request, whatever becomes of it. Raises Refusal(429)."""
        self._caller = caller = self._limits.caller(viewer)
        await self._charge(caller.budget, 1)
        self._limits.begin(caller.key)
        self._begun = True

    async def unknown(self, address: str | None) -> None:
        """Before a credential is looked up that nobody knows at this address. Raises Refusal(429) where too many were
        bad."""
        standing = await self._limits.charge(self._limits.budget(BAD, _stranger(address)), 0)
        if standing is not None and not standing.remaining:
            self._standing = standing
            raise standing.refusal()

    async def turned_away(self, address: str | None) -> None:
        """Charges a request whose credential is no good to its address, whatever is left there."""
        stranger = _stranger(address)
        await self._limits.charge(self._limits.budget(BAD, stranger), 1)
        standing = await self._limits.charge(self._limits.budget(STANDARD, stranger), 1)
        if standing is not None:
            self._tell(standing)

    @property
    def allowance(self) -> Allowance:
        assert self._caller is not None
        return self._caller.allowance

    async def changes(self, rates: Sequence[str]) -> None:
        """Charges the mutation fields of the request, the first of which came with it. Raises Refusal(429): then none
        of them may run."""
        if not rates:
            return
        assert self._caller is not None
        if len(rates) > 1:
            await self._charge(self._caller.budget, len(rates) - 1)
        for name, cost in Counter(r for r in rates if r != STANDARD).items():
            await self._charge(self._limits.budget(name, self._caller.viewer), cost)

    def end(self) -> None:
        """Ending it again changes nothing."""
        if self._begun and self._caller is not None:
            self._begun = False
            self._limits.end(self._caller.key)

    async def _charge(self, budget: Budget | None, cost: int) -> None:
        if budget is None:
            return
        standing = self._limits.here(budget, cost) or await self._limits.charge(budget, cost)
        assert standing is not None
        self._tell(standing)
        if not standing.fits:
            raise standing.refusal()

    def _tell(self, standing: Standing) -> None:
        """A request that was charged to a narrower budget tells of that one."""
        if standing.budget.name != STANDARD or not standing.fits or not self._narrower:
            self._standing = standing

    @property
    def _narrower(self) -> bool:
        return self._standing is not None and self._standing.budget.name != STANDARD


def _stranger(address: str | None) -> Viewer:
    return replace(ANONYMOUS, address=address)


def _key(viewer: Viewer) -> BudgetKey:
    """Whose budget it is: an address's without a credential, a credential's, and of a token that is in everybody's page
    each address's."""
    if viewer.id is None:
        return ("address", network(viewer.address))
    if viewer.kind is ViewerKind.STOREFRONT:
        return (viewer.id, network(viewer.address))
    return (viewer.id,)
