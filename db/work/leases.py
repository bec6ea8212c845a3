"""Who works, and what is taken from those who do no more."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, insert, literal, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.row import now, table
from db.work.delivery import AttemptOutcome, AttemptRow, DeliveryRow, DeliveryState
from db.work.functions import among, milliseconds, numbers
from db.work.job import JobRow, JobState, PeriodicRow
from db.work.worker import WorkerRow

_WORKER: Final = table(WorkerRow)
_DELIVERY: Final = table(DeliveryRow)
_ATTEMPT: Final = table(AttemptRow)
_JOB: Final = table(JobRow)
_PERIODIC: Final = table(PeriodicRow)

_BEAT: Final = (
    update(_WORKER)
    .where(_WORKER.c.id == bindparam("worker", type_=BigInteger))
    .values(beat=milliseconds())
    .returning(_WORKER.c.beat)
)
INTERRUPTED: Final = "The worker was interrupted: whether the receiver has it is not known"


async def begin(connection: AsyncConnection, name: str) -> int:
    """A worker more; its id, which leases name."""
    made = insert(_WORKER).values(name=name, beat=milliseconds(), begun_at=now()).returning(_WORKER.c.id)
    found: int = (await connection.execute(made)).scalar_one()
    return found


async def beat(connection: AsyncConnection, worker: int) -> int | None:
    """It is alive; the database's time, in milliseconds. Nobody takes it for dead until this transaction ends. None:
    somebody has, and its leases are others'."""
    found: int | None = (await connection.execute(_BEAT, {"worker": worker})).scalar_one_or_none()
    return found


async def bury(connection: AsyncConnection, silent_since: int) -> Sequence[int]:
    """Take away the rows of workers that were not heard of since then; their ids. One that beats at this moment is
    waited for, and lives."""
    gone = delete(_WORKER).where(_WORKER.c.beat < silent_since).returning(_WORKER.c.id)
    return (await connection.execute(gone)).scalars().all()


async def leave(connection: AsyncConnection, worker: int) -> None:
    """It ends by itself; what it held has been released."""
    await connection.execute(delete(_WORKER).where(_WORKER.c.id == worker))


async def release(
    connection: AsyncConnection, workers: Sequence[int], at: int, *, attempts: int, pause: int, but: Sequence[int] = ()
) -> int:
    """What these workers hold waits again, as of attempts whose outcome nobody knows; how many deliveries. A delivery
    that has had all its `attempts` fails. `pause`: milliseconds times the attempts so far, before the next. `but`:
    deliveries that are under way nevertheless."""
    dialect = connection.dialect.name
    theirs = among(dialect, _DELIVERY.c.lease, "workers") & ~among(dialect, _DELIVERY.c.id, "but")
    given: dict[str, Any] = {"workers": numbers(dialect, workers), "but": numbers(dialect, but)}
    now_ = literal(at, BigInteger)
    used_up = _DELIVERY.c.attempts >= attempts
    failed = update(_DELIVERY).where(theirs, used_up).values(state=DeliveryState.FAILED, ended_at=now())
    again = update(_DELIVERY).where(theirs).values(state=DeliveryState.WAITING, due=now_ + pause * _DELIVERY.c.attempts)
    released = []
    for statement in (failed, again):
        done = statement.values(lease=None, reason=INTERRUPTED).returning(_DELIVERY.c.id)
        released += (await connection.execute(done, given)).scalars().all()
    if released:
        unknown = among(dialect, _ATTEMPT.c.delivery_id, "deliveries") & _ATTEMPT.c.outcome.is_(None)
        noted = update(_ATTEMPT).where(unknown).values(outcome=AttemptOutcome.UNKNOWN, error=INTERRUPTED)
        await connection.execute(noted, {"deliveries": numbers(dialect, released)})
    return len(released)


async def release_others(
    connection: AsyncConnection, workers: Sequence[int], at: int, *, attempts: int, pause: int
) -> None:
    """The same of jobs, which go on from their checkpoints, and of sweeps, whose next round comes when it is due."""
    dialect = connection.dialect.name
    given = {"workers": numbers(dialect, workers)}
    theirs = among(dialect, _JOB.c.lease, "workers")
    now_ = literal(at, BigInteger)
    used_up = _JOB.c.attempts >= attempts
    failed = update(_JOB).where(theirs, used_up).values(state=JobState.FAILED, ended_at=now(), error=INTERRUPTED)
    again = update(_JOB).where(theirs).values(state=JobState.WAITING, due=now_ + pause * _JOB.c.attempts)
    for statement in (failed, again):
        await connection.execute(statement.values(lease=None), given)
    rounds = update(_PERIODIC).where(among(dialect, _PERIODIC.c.lease, "workers")).values(lease=None)
    await connection.execute(rounds, given)
