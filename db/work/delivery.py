"""Deliveries: an event on its way to a target, every attempt of it, and how far events have become deliveries."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, now, wire

DISPATCHER: Final = "delivery"


class DeliveryState(StrEnum):
    WAITING = "waiting"  # for its turn, for its next attempt, or for its target to be enabled
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"  # for good, until somebody replays it
    DROPPED = "dropped"  # its target was removed first


class AttemptOutcome(StrEnum):
    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"
    UNKNOWN = "unknown"  # the worker died, or ended, before the answer was written down


class DispatcherRow(Row, table=True):
    """`position`: of the last event whose deliveries are all written. It moves in the transaction that writes them."""

    __tablename__ = "dispatcher"

    name: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    position: int = Field(default=0, sa_type=KEY)


class DeliveryRow(Row, table=True):
    """One event to one target. `replay` is 0 of what the dispatcher wrote, and counts on with each time that somebody
    asks for it again. `key` stays the same over attempts, workers and replays: receivers know duplicates by it.

    It waits while `due` is set, is held by the worker `lease` while that is, and is over when neither is."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "target_id", "replay"),
        CheckConstraint("due IS NULL OR lease IS NULL", name="waiting_or_held"),
        Index("ix_delivery_target_id", "target_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    event_id: int = Field(foreign_key="event.id", ondelete="CASCADE", sa_type=KEY)
    target_id: int = Field(foreign_key="target.id", ondelete="CASCADE", sa_type=KEY)
    replay: int = 0
    key: str
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=wire(DeliveryState))
    attempts: int = 0  # those under way included
    due: int | None = Field(default=None, sa_type=KEY)  # milliseconds of db.work.functions
    lease: int | None = Field(default=None, sa_type=KEY)  # worker.id
    # Why the last attempt did not succeed; of a delivered one: why there was nothing to do.
    reason: str | None = None
    # Of a feed's: the order that it concerns, what it happened with (db.integration.matching), and whether it undoes.
    order_id: int | None = Field(default=None, sa_type=KEY)
    occasion: str | None = None
    revoking: bool | None = None
    created_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None


class AttemptRow(Row, table=True):
    """Written before the call: one whose outcome is null is under way. Excerpts and errors are cut and masked."""

    __tablename__ = "attempt"

    delivery_id: int = Field(foreign_key="delivery.id", ondelete="CASCADE", primary_key=True, sa_type=KEY)
    number: int = Field(primary_key=True)  # from 1 on
    started_at: datetime
    duration: int | None = None  # milliseconds
    outcome: AttemptOutcome | None = Field(default=None, sa_type=wire(AttemptOutcome), nullable=True)
    status: int | None = None  # HTTP's
    request: str | None = None
    response: str | None = None
    error: str | None = None
    log: list[Any] | None = Field(default=None, sa_type=DOCUMENT)  # sentences


_DELIVERY = DeliveryRow.__table__.c  # type: ignore[attr-defined]
_DUE = _DELIVERY.due.is_not(None)
_HELD = _DELIVERY.lease.is_not(None)
# What waits and what is under way are few among what was delivered: a claim looks at them alone.
Index(
    "ix_delivery_due",
    _DELIVERY.target_id,
    _DELIVERY.due,
    _DELIVERY.id,
    sqlite_where=_DUE,
    postgresql_where=_DUE,
)
Index("ix_delivery_held", _DELIVERY.target_id, _DELIVERY.lease, sqlite_where=_HELD, postgresql_where=_HELD)
_OF_ORDER = _DELIVERY.order_id.is_not(None)
Index("ix_delivery_order_id", _DELIVERY.order_id, _DELIVERY.id, sqlite_where=_OF_ORDER, postgresql_where=_OF_ORDER)
# A feed runs once for an order on one occasion, whoever finds out and however often.
_FIRST = _OF_ORDER & (_DELIVERY.replay == 0)
Index(
    "uq_delivery_occasion",
    _DELIVERY.target_id,
    _DELIVERY.order_id,
    _DELIVERY.occasion,
    _DELIVERY.revoking,
    unique=True,
    sqlite_where=_FIRST,
    postgresql_where=_FIRST,
)
