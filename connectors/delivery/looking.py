"""Whether there is anything to do, and when next: one statement that changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.delivery.claiming import first_due, held_by
from db.store.outbox import EventRow
from db.store.row import table
from db.work.delivery import DISPATCHER, DispatcherRow
from db.work.functions import milliseconds
from db.work.job import JobRow, PeriodicRow
from db.work.target import TargetEventRow, TargetRow

_EVENT: Final = table(EventRow)
_DISPATCHER: Final = table(DispatcherRow)
_TARGET: Final = table(TargetRow)
_WANTED: Final = table(TargetEventRow)
_JOB: Final = table(JobRow)
_PERIODIC: Final = table(PeriodicRow)


@dataclass(frozen=True, slots=True)
class Seen:
    """In milliseconds of the database's clock. `due`: when the next delivery, job or sweep is, `beside` when the next
    job or sweep; None: nothing waits."""

    at: int
    events: bool  # that have not become deliveries
    due: int | None
    beside: int | None


async def look(connection: AsyncConnection, senders: Sequence[str], jobs: Sequence[str], sweeps: Sequence[str]) -> Seen:
    """What waits for a worker that knows these kinds of targets, jobs and sweeps."""
    names = {"senders": sorted(senders), "jobs": sorted(jobs), "sweeps": sorted(sweeps)}
    at, wanted, unnumbered, behind, delivery, job, sweep = (await connection.execute(_LOOK, names)).one()
    beside = _first(job, sweep)
    # Where nobody wants any event, nothing is written: the dispatcher catches up in one step.
    return Seen(at, bool(wanted and (unnumbered or behind)), _first(delivery, beside), beside)


def _first(*due: int | None) -> int | None:
    return min((moment for moment in due if moment is not None), default=None)


def _next_delivery() -> Any:
    """Of targets that have room: what is due first, or when the target may be called."""
    first = first_due(_TARGET.c.id).label("first")
    open_ = (
        select(first, _TARGET.c.free_at)
        .where(
            _TARGET.c.disabled.is_(None),
            _TARGET.c.removed_at.is_(None),
            _TARGET.c.kind.in_(bindparam("senders", expanding=True)),
            held_by(_TARGET.c.id) < _TARGET.c.cap,
        )
        .subquery("open")
    )
    later = case((open_.c.first > open_.c.free_at, open_.c.first), else_=open_.c.free_at)
    return select(func.min(later)).where(open_.c.first.is_not(None)).scalar_subquery()


_LOOK: Final = select(
    milliseconds(),
    exists(select(1).select_from(_WANTED)),
    exists(select(1).where(_EVENT.c.position.is_(None))),
    select(func.coalesce(func.max(_EVENT.c.position), 0)).scalar_subquery()
    > select(_DISPATCHER.c.position).where(_DISPATCHER.c.name == DISPATCHER).scalar_subquery(),
    _next_delivery(),
    select(func.min(_JOB.c.due)).where(_JOB.c.kind.in_(bindparam("jobs", expanding=True))).scalar_subquery(),
    select(func.min(_PERIODIC.c.due))
    .where(_PERIODIC.c.name.in_(bindparam("sweeps", expanding=True)), _PERIODIC.c.lease.is_(None))
    .scalar_subquery(),
)
