"""Whatever is followed in this process: who follows what, and what they are told as it happens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import orjson
import structlog

from db.store.database import Database
from engine.document.bounds import Allowance
from engine.document.request import Request, RequestErrors
from engine.standard.execution import Executor
from engine.unit.database import Database as Asked
from engine.values.errors import CodedError, ErrorCode
from resolvers.live.happened import ANEW, topics
from server.access.authentication import Authentication
from server.limits.limits import Limits
from server.live.caller import Caller, Held
from server.live.group import Group, Sink, Subscriber, answered, told
from server.live.measuring import Measured, Protocol
from server.live.reader import AT_ONCE, Reader, kept_no_longer
from server.settings.settings import Settings

log = structlog.get_logger("storegraph.live")

# What is looked up for subscribers at a time: a request has its connection beside them.
LOOKED_UP_AT_ONCE: Final = 3
# Who comes back after the server did: so many are brought up to date at a time.
CATCHING_UP: Final = 3
_LOOK_SECONDS: Final = 1.0


class Live:
    """Of one server process. What it tells is looked up through `units`, by `executor`."""

    def __init__(
        self,
        settings: Settings,
        executor: Executor,
        database: Database,
        units: Asked,
        authentication: Authentication,
        limits: Limits,
        measured: Measured,
    ) -> None:
        self.measured = measured
        self.settings = settings
        self.authentication = authentication
        self.limits = limits
        self.held = Held(limits)
        self.callers: set[Caller] = set()  # those that have a connection
        self._open = dict.fromkeys(Protocol, 0)
        self.leaving = asyncio.Event()
        self.sockets: set[Callable[[], None]] = set()  # what tells each of them that the server ends
        self._executor = executor
        self._units = units
        self._reader = Reader(database, self._deliver)
        self._groups: dict[Hashable, Group] = {}
        self._topics: dict[Hashable, dict[Group, None]] = {}
        self._subscribers: set[Subscriber] = set()
        self._turns = asyncio.Semaphore(LOOKED_UP_AT_ONCE)
        self._catching_up = asyncio.Semaphore(CATCHING_UP)

    def wake(self) -> None:
        """Something was committed."""
        self._reader.wake()

    def leave(self) -> None:
        """The server ends: whoever follows is to go on elsewhere."""
        if self.leaving.is_set():
            return
        self.leaving.set()
        for leave in tuple(self.sockets):
            leave()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Asks callers' credentials again while the block runs."""
        task = asyncio.create_task(self._looking(), name="credentials of subscribers")
        try:
            yield
        finally:
            self.leave()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._reader.end()
            await asyncio.gather(*(group.settled() for group in self._groups.values()))

    async def begin(self, request: Request, caller: Caller, allowance: Allowance, sink: Sink) -> Subscriber:
        """A subscription that makes sense and is open to its caller; it is told nothing yet. Raises RequestErrors, also
        for one more than a caller may have."""
        subscription = await self._executor.subscription(request, caller.viewer, allowance)
        key = self.held.key(caller.viewer)
        most = self.settings.live_subscriptions_of_caller
        if not self.held.take(key, 1, most):
            raise RequestErrors.of(ErrorCode.RATE_LIMITED, f"You have {most} subscriptions: end some", retryAfter=1)
        subscriber = Subscriber(subscription, caller, key, sink)
        self._subscribers.add(subscriber)
        self.measured.follows(subscription.name, 1)
        return subscriber

    async def follow(self, subscriber: Subscriber) -> None:
        """Tells what was missed, then joins those who are told what happens. Returns when that is done. Raises
        RequestErrors, CodedError."""
        await self._reader.begin()
        subscription = subscriber.subscription
        follower = await subscription.begun(self._units, "live")
        if subscription.after is None:
            subscriber.position = self._reader.position
            if follower.standing:
                await self._stand(subscriber, follower)
        else:
            await self._check_kept(subscription.after, follower.topics)
            subscriber.position = subscription.after
        await self._catch_up(subscriber, follower)
        # Nothing is awaited between the last look at the reader's position and this.
        self._join(subscriber, follower)

    async def end(self, subscriber: Subscriber) -> None:
        """It is told nothing any more. Ending it again changes nothing."""
        if subscriber not in self._subscribers:
            return
        self._subscribers.discard(subscriber)
        self.measured.follows(subscriber.subscription.name, -1)
        self.held.give_back(subscriber.key, 1)
        self._leave(subscriber)
        if not self._subscribers:
            await self._reader.end()
            if self._subscribers:  # somebody came meanwhile
                await self._reader.begin()

    @property
    def connections(self) -> int:
        return sum(self._open.values())

    @contextmanager
    def connected(self, protocol: Protocol) -> Iterator[None]:
        """Counts a connection while it is open."""
        self._open[protocol] += 1
        self.measured.connections[protocol].inc()
        try:
            yield
        finally:
            self._open[protocol] -= 1
            self.measured.connections[protocol].dec()

    @property
    def subscriptions(self) -> int:
        return len(self._subscribers)

    async def _stand(self, subscriber: Subscriber, follower: Any) -> None:
        found = await subscriber.subscription.answers(
            self._units, "live", follower, lambda follower, context: follower.stands(context, subscriber.position)
        )
        for _, body in found:
            subscriber.sink.next(orjson.dumps(body))
        self.measured.told(subscriber.subscription.name, len(found))

    async def _check_kept(self, after: int, follows: frozenset[Hashable]) -> None:
        state = await self._reader.state()
        imported = state.anew if ANEW in follows else 0
        if after < max(state.forgotten, imported) or after > state.head:
            raise kept_no_longer(after, state.head, imported)

    async def _catch_up(self, subscriber: Subscriber, follower: Any) -> None:
        while (until := self._reader.position) > subscriber.position:
            answers: list[tuple[int, bytes]] = []
            async with self._catching_up:
                found = await self._reader.page(subscriber.position, until, follower.condition)
                events = [event for event in found if not follower.topics.isdisjoint(topics(event))]
                if events:
                    answers = await answered(subscriber.subscription, follower, self._units, events, self._turns)
            for _, body in answers:
                subscriber.sink.next(body)
            self.measured.told(subscriber.subscription.name, len(answers))
            subscriber.position = found[-1].position if len(found) == AT_ONCE else until
            await subscriber.sink.room()

    def _join(self, subscriber: Subscriber, follower: Any) -> None:
        if subscriber not in self._subscribers:
            return
        subscription = subscriber.subscription
        group = self._groups.get(subscription.shared_by)
        if group is None:
            group = Group(subscription, follower, self._units, self._turns, self._moved, self._dropped, self.measured)
            self._groups[subscription.shared_by] = group
            for topic in follower.topics:
                self._topics.setdefault(topic, {})[group] = None
        group.members[subscriber] = None
        subscriber.group = group

    def _leave(self, subscriber: Subscriber) -> None:
        group, subscriber.group = subscriber.group, None
        if group is None:
            return
        group.members.pop(subscriber, None)
        if group.members:
            return
        del self._groups[group.subscription.shared_by]
        for topic in group.follower.topics:
            groups = self._topics[topic]
            del groups[group]
            if not groups:
                del self._topics[topic]

    def _deliver(self, events: Sequence[Any], learnt: float) -> None:
        concerned: dict[Group, list[Any]] = {}
        for event in events:
            groups = dict.fromkeys(group for topic in topics(event) for group in self._topics.get(topic, ()))
            for group in groups:
                concerned.setdefault(group, []).append(event)
        for group, some in concerned.items():
            group.happened(some, learnt)

    def _moved(self, subscriber: Subscriber, position: int) -> None:
        self._leave(subscriber)
        subscriber.task = asyncio.create_task(self._again(subscriber, position), name="begun anew")

    async def _again(self, subscriber: Subscriber, position: int) -> None:
        """With what its caller may see by now."""
        asking = subscriber.subscription.asking
        try:
            subscription = await self._executor.subscription(asking.request, subscriber.caller.viewer, asking.allowance)
            subscriber.subscription = subscription.restarted(position)
            await self.follow(subscriber)
        except RequestErrors as refused:
            self._dropped(subscriber, refused.errors)
        except CodedError as refused:
            self._dropped(subscriber, [told(refused)])

    def _dropped(self, subscriber: Subscriber, errors: Sequence[dict[str, Any]]) -> None:
        subscriber.sink.failed(errors)

    async def _looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for caller in [caller for caller in self.callers if caller.due]:
                await caller.ask_again()
