"""Those who ask the same and see the same: what happens is looked up once, and told to all of them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import orjson
import structlog

from engine.declared.following import Follower
from engine.document.request import RequestErrors
from engine.standard.subscribing import Subscription
from engine.unit.database import Database
from engine.values.errors import CodedError, Unavailable
from server.live.caller import Caller
from server.live.measuring import Measured, Reason

log = structlog.get_logger("storegraph.live")

# What a group has not been told of yet: a document that takes so much longer than things happen is not answered.
MOST_WAITING: Final = 10_000
# When the database cannot be had, and how often that is tried.
_AGAIN_SECONDS: Final = 1.0
_TRIES: Final = 5
# Members that are told in one turn of the loop.
_MEMBERS_AT_ONCE: Final = 200


class Sink(Protocol):
    """Where one subscription's answers go. None of these waits, but for `room`."""

    def next(self, body: bytes) -> None: ...
    def failed(self, errors: Sequence[dict[str, Any]]) -> None: ...
    async def room(self) -> None: ...


class Subscriber:
    """One subscription of one connection. `position` is how far it was told."""

    __slots__ = ("caller", "group", "key", "position", "sink", "subscription", "task")

    def __init__(self, subscription: Subscription, caller: Caller, key: Any, sink: Sink) -> None:
        self.subscription = subscription
        self.caller = caller
        self.key = key
        self.sink = sink
        self.position = 0
        self.group: Group | None = None
        self.task: asyncio.Task[None] | None = None  # while it begins

    @property
    def outdated(self) -> bool:
        """Whether its caller sees other things by now than when it began."""
        subscription, viewer = self.subscription, self.caller.viewer
        return viewer is not subscription.viewer and subscription.seen_by(viewer) != subscription.seen_by(
            subscription.viewer
        )


class Group:
    """`moved` begins a subscriber anew who sees other things by now, from a position on; `dropped` ends one."""

    def __init__(
        self,
        subscription: Subscription,
        follower: Follower,
        database: Database,
        turns: asyncio.Semaphore,
        moved: Callable[[Subscriber, int], None],
        dropped: Callable[[Subscriber, Sequence[dict[str, Any]]], None],
        measured: Measured,
    ) -> None:
        self.subscription = subscription
        self.follower = follower
        self.members: dict[Subscriber, None] = {}
        self._database = database
        self._turns = turns
        self._moved = moved
        self._dropped = dropped
        self._measured = measured
        self._waiting: deque[tuple[Sequence[Any], Sequence[Subscriber], float]] = deque()
        self._task: asyncio.Task[None] | None = None

    def happened(self, events: Sequence[Any], learnt: float) -> None:
        """Tells those who are here now; who joins later has met these events. `learnt`: when this process did."""
        if sum(len(events) for events, _, _ in self._waiting) > MOST_WAITING:
            late = {"message": "This takes longer than things happen: ask for less", "extensions": _LATE}
            for member in tuple(self.members):
                self._measured.ended(Reason.BEHIND)
                self._dropped(member, [late])
            return
        self._waiting.append((events, tuple(self.members), learnt))
        self._measured.waiting.inc(len(events))
        if self._task is None:
            self._task = asyncio.create_task(self._tell(), name="telling")

    async def settled(self) -> None:
        """When nothing is looked up for it any more."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _tell(self) -> None:
        try:
            while self._waiting:
                events, members, learnt = self._waiting.popleft()
                try:
                    await self._told(events, await self._still(events, members))
                finally:
                    self._measured.waiting.dec(len(events))
                self._measured.lagged(time.monotonic() - learnt)
        except Exception as error:
            log.error("subscribers were not told", exc_info=error)
            for member in tuple(self.members):
                self._measured.ended(Reason.FAULT)
                self._dropped(member, [_FAULT])
        finally:
            self._task = None

    async def _still(self, events: Sequence[Any], members: Sequence[Subscriber]) -> list[Subscriber]:
        """Those who may be told: visibility and permissions are asked again."""
        for caller in dict.fromkeys(member.caller for member in members if not member.caller.anonymous):
            await caller.ask_again()
        found = []
        for member in members:
            if member.group is not self or member.caller.refused is not None:
                continue
            if member.outdated:
                self._moved(member, events[0].position - 1)
            else:
                found.append(member)
        return found

    async def _told(self, events: Sequence[Any], members: Sequence[Subscriber]) -> None:
        if not members:
            return
        try:
            answers = await answered(self.subscription, self.follower, self._database, events, self._turns)
        except RequestErrors as refused:
            for member in members:
                self._dropped(member, refused.errors)
            return
        for position, body in answers:
            for start in range(0, len(members), _MEMBERS_AT_ONCE):
                if start:
                    await asyncio.sleep(0)
                some = [member for member in members[start : start + _MEMBERS_AT_ONCE] if member.group is self]
                self._measured.told(self.subscription.name, len(some))
                for member in some:
                    member.position = position
                    member.sink.next(body)


async def answered(
    subscription: Subscription,
    follower: Follower,
    database: Database,
    events: Sequence[Any],
    turns: asyncio.Semaphore,
) -> list[tuple[int, bytes]]:
    """What is told of events, as it is sent. Raises RequestErrors where nothing can be told any more."""
    for left in reversed(range(_TRIES)):
        try:
            async with turns:
                found = await subscription.answers(
                    database, "live", follower, lambda follower, context: follower.told(context, events)
                )
            return [(position, orjson.dumps(body)) for position, body in found]
        except Unavailable as error:
            if not left:
                raise RequestErrors(told(error)) from None
            await asyncio.sleep(_AGAIN_SECONDS)
        except CodedError as refused:
            raise RequestErrors(told(refused)) from None
    raise AssertionError


def told(error: CodedError) -> dict[str, Any]:
    return {"message": error.message, "extensions": error.extensions}


_LATE: Final = {"code": "RATE_LIMITED", "retryAfter": 1}
_FAULT: Final = {"message": "Something went wrong on our side", "extensions": {"code": "INTERNAL"}}
