"""What delivers events of one kind of target. The engine knows when to call, how often and how many at once; a sender
knows what is said to whom.

    class Webhooks:
        kind = "webhook"

        async def prepare(self, claimed):   # reads events and settings for all of them at once
            ...
        async def send(self, claimed, prepared):   # one call
            ...
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias

from connectors.delivery.beginning import SECRETS, Hiding


class Verdict(Enum):
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer. `line`: `POST https://shop.example/hook`, `HTTP/1.1 200`, or what else begins it.
    `hiding`: what of the body is not kept, beside secrets."""

    line: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str = b""
    hiding: Hiding = SECRETS


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was said, for the attempt's record. Whoever reads that is not whoever sent it: the engine masks values whose
    names are secrets' (headers, keys of JSON, of a query string) and cuts what is long. A secret elsewhere, in a URL's
    path say, is left out by the sender."""

    request: Message | None = None
    response: Message | None = None
    status: int | None = None  # HTTP's


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `reason` is a short sentence for the target's owner, without secrets; `log` what was
    noted on the way, a sentence each."""

    verdict: Verdict
    reason: str | None = None
    after: float | None = None  # seconds that the other side asked for (Retry-After)
    exchange: Exchange = Exchange()
    log: tuple[str, ...] = ()
    # What was asked for holds back this delivery alone: others to the target go to somebody else.
    alone: bool = False

    @classmethod
    def delivered(cls, exchange: Exchange = Exchange(), reason: str | None = None) -> "Outcome":
        """The receiver has it, and has said so. With a reason: there was nothing to do, and why."""
        return cls(Verdict.DELIVERED, reason, exchange=exchange)

    @classmethod
    def retry(cls, reason: str, after: float | None = None, exchange: Exchange = Exchange()) -> "Outcome":
        """It may succeed later: a network error, 408, 425, 429, 5xx. Tried again after the policy's pause, or after
        what the other side asked for if that is longer; FAILED when all attempts are used up."""
        return cls(Verdict.RETRY, reason, after, exchange)

    @classmethod
    def held(cls, reason: str) -> "Outcome":
        """From `prepare` alone, by which the target was disabled until somebody saves its owner: nothing was tried, and
        the delivery waits as if it had not been claimed."""
        return cls(Verdict.HELD, reason)

    @classmethod
    def failed(cls, reason: str, exchange: Exchange = Exchange()) -> "Outcome":
        """It will not succeed however often it is tried: another 4xx, a payload that cannot be made. FAILED at once,
        for people to see and to replay."""
        return cls(Verdict.FAILED, reason, exchange=exchange)

    @classmethod
    def gone(cls, reason: str, exchange: Exchange = Exchange()) -> "Outcome":
        """The receiver wants nothing more (410): FAILED, and the target is disabled, with an event."""
        return cls(Verdict.GONE, reason, exchange=exchange)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One attempt of one delivery, whose row and attempt are committed before a sender hears of it."""

    delivery_id: int
    event_id: int  # of db.store.outbox.EventRow, which is there
    target_id: int
    target_key: str  # the owner's, as it was given to db.work.target.upsert
    key: str  # the same over attempts, workers and replays of this event to this target: a webhook's id
    attempt: int  # from 1 on
    replay: int  # 0 unless somebody asked for it again
    started_at: datetime  # by the database's clock


Prepared: TypeAlias = Any


class Sender(Protocol):
    """Of one kind of target. One object for the life of a worker; its methods run concurrently."""

    kind: ClassVar[str]

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, "Prepared | Outcome"]:
        """By `delivery_id`: what `send` needs, or an Outcome that ends the attempt without a call (a payload that
        cannot be made is `failed`, a target that is being changed `retry`). It gets a few at once, 100 at most,
        and reads for all of them together, on a connection of its own: no transaction of the engine is open. One that
        it leaves out is failed; what it raises makes all of them `retry`, with the error in the log and its type as
        the reason.

        Nothing is sent yet, and perhaps never: preparing twice must do no harm."""

    async def send(self, claimed: Claimed, prepared: Prepared) -> Outcome:
        """One call. It has `connectors.delivery.policy.SEND_SECONDS`, then it is cancelled and counts as `retry`; it is
        cancelled too when the worker has to end. What it raises counts as `retry`.

        It may run twice for the same delivery, at worst at the same time, when a worker was taken for dead: at least
        once is promised, exactly once is not. `claimed.key` tells the receiver."""
