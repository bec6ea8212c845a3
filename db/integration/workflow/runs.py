"""How far runs are. Statements alone; whoever calls them commits.

A run takes `load`, `begin` and `over` beside the look at who saved it, a step `opened` (with `begin`, or with what
closes the one before) and `closed`. A failure between any two of them leaves what the next worker goes on from.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, exists, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from db.integration.workflow.program import Step, type_of
from db.integration.workflow.row import (
    RunPause,
    RunState,
    StepState,
    WorkflowRow,
    WorkflowRunRow,
    WorkflowStepRow,
)
from db.store.outbox import EventRow
from db.store.row import now, table
from db.work.delivery import DeliveryRow
from db.work.functions import milliseconds

WORKFLOW: Final = table(WorkflowRow)
RUN: Final = table(WorkflowRunRow)
STEP: Final = table(WorkflowStepRow)
_EVENT: Final = table(EventRow)
_DELIVERY: Final = table(DeliveryRow)


def _named(of: Any, prefix: str) -> list[Any]:
    return [column.label(f"{prefix}_{column.name}") for column in of.c]


_GOING: Final = (RunState.RUNNING, RunState.PAUSED)
_CAUSED: Final = "event:"
_LATEST: Final = select(func.max(STEP.c.position)).where(STEP.c.run_id == RUN.c.id).correlate(RUN).scalar_subquery()
# The event that led to this one, where an event did.
_BEFORE: Final = case(
    (_EVENT.c.cause.startswith(_CAUSED), cast(func.substr(_EVENT.c.cause, len(_CAUSED) + 1), BigInteger)), else_=None
)
_EARLIER: Final = RUN.alias("earlier")
_OWN: Final = exists(
    select(1).where(_EARLIER.c.event_id == _BEFORE, _EARLIER.c.workflow_guid == WORKFLOW.c.guid)
).label("own")


async def load(connection: AsyncConnection, deliveries: Collection[int]) -> dict[int, Any]:
    """Of these deliveries, by their ids: the columns of `workflow_…`, `event_…`, and where the run has begun `run_…`
    and those of its latest step, `step_…`. `own`: a run of the same workflow led to the event; `now` is the database's
    time. One statement."""
    columns = [*_named(WORKFLOW, "workflow"), *_named(_EVENT, "event"), *_named(RUN, "run"), *_named(STEP, "step")]
    statement = (
        select(_DELIVERY.c.id, *columns, _OWN, milliseconds().label("now"))
        .join_from(_DELIVERY, _EVENT, _EVENT.c.id == _DELIVERY.c.event_id)
        .join(WORKFLOW, WORKFLOW.c.target_id == _DELIVERY.c.target_id)
        .outerjoin(RUN, RUN.c.key == _DELIVERY.c.key)
        .outerjoin(STEP, and_(STEP.c.run_id == RUN.c.id, STEP.c.position == _LATEST))
        .where(_DELIVERY.c.id.in_(deliveries))
    )
    return {row.id: row for row in await connection.execute(statement)}


async def begin(connection: AsyncConnection, values: Mapping[str, Any]) -> int | None:
    """Write a run; its id. None where it has begun: another worker did."""
    into = postgresql.insert(RUN) if connection.dialect.name == "postgresql" else sqlite.insert(RUN)
    blank = {"state": RunState.RUNNING, "step": 0, "created_at": now()}
    made = into.values(**blank, **values).on_conflict_do_nothing(index_elements=["key"]).returning(RUN.c.id)
    found: int | None = (await connection.execute(made)).scalar_one_or_none()
    return found


async def opened(connection: AsyncConnection, run: int, steps: Sequence[Step], place: int) -> int | None:
    """Write that a step is about to be done; its id. None where the run goes on no more: somebody paused it, or
    canceled it, or another worker has come as far."""
    into = postgresql.insert(STEP) if connection.dialect.name == "postgresql" else sqlite.insert(STEP)
    names = ("run_id", "position", "type", "state", "attempts", "started_at")
    values = select(
        RUN.c.id,
        literal(place),
        literal(type_of(steps[place]), STEP.c.type.type),
        literal(StepState.RUNNING, STEP.c.state.type),
        literal(1),
        literal(now(), STEP.c.started_at.type),
    ).where(RUN.c.id == run, RUN.c.state == RunState.RUNNING)
    made = into.from_select(names, values).on_conflict_do_nothing(index_elements=["run_id", "position"])
    found: int | None = (await connection.execute(made.returning(STEP.c.id))).scalar_one_or_none()
    return found


async def again(connection: AsyncConnection, run: int, step: int, attempt: int) -> bool:
    """Begin the next try of a step, the last having been `attempt`, and go on with its run. False where another worker
    has, or the run was canceled."""
    if not await goes_on(connection, run):
        return False
    mine = (STEP.c.id == step, STEP.c.attempts == attempt)
    tried = update(STEP).where(*mine).values(state=StepState.RUNNING, attempts=attempt + 1, ended_at=None)
    return (await connection.execute(tried.returning(STEP.c.id))).first() is not None


async def goes_on(connection: AsyncConnection, run: int) -> bool:
    """Whatever it was paused for. False where it is over."""
    mine = update(RUN).where(RUN.c.id == run, RUN.c.state.in_(_GOING))
    gone_on = mine.values(state=RunState.RUNNING, paused=None, resumes=None).returning(RUN.c.id)
    return (await connection.execute(gone_on)).first() is not None


async def closed(
    connection: AsyncConnection,
    step: int,
    attempt: int,
    state: StepState,
    *,
    request: str | None = None,
    response: str | None = None,
    error: str | None = None,
) -> bool:
    """Write down what became of a try. False where another worker has overtaken this one: what it did in this
    transaction must not be committed."""
    over = None if state is StepState.RUNNING else now()
    values = {"state": state, "request": request, "response": response, "error": error, "ended_at": over}
    mine = (STEP.c.id == step, STEP.c.attempts == attempt, STEP.c.state == StepState.RUNNING)
    return (await connection.execute(update(STEP).where(*mine).values(values).returning(STEP.c.id))).first() is not None


async def over(connection: AsyncConnection, run: int, state: RunState, place: int, *, error: str | None = None) -> None:
    """It has come to its end, unless somebody has canceled it."""
    values = {"state": state, "step": place, "error": error, "paused": None, "resumes": None, "ended_at": now()}
    await connection.execute(update(RUN).where(RUN.c.id == run, RUN.c.state.in_(_GOING)).values(values))


async def paused(
    connection: AsyncConnection,
    run: int,
    place: int,
    why: RunPause,
    *,
    resumes: int | None = None,
    error: str | None = None,
) -> bool:
    """It goes on later. What somebody has paused stays so. False where it was canceled or paused."""
    values = {"state": RunState.PAUSED, "paused": why, "step": place, "resumes": resumes, "error": error}
    found = update(RUN).where(RUN.c.id == run, RUN.c.state == RunState.RUNNING).values(values)
    return (await connection.execute(found.returning(RUN.c.id))).first() is not None


async def abandoned(connection: AsyncConnection, error: str) -> int:
    """Fail the runs that nobody carries on any more: their deliveries are over, and they are not. How many there were.
    That happens where workers died too often at one of them."""
    carried = exists(
        select(1).where(
            _DELIVERY.c.event_id == RUN.c.event_id,
            _DELIVERY.c.key == RUN.c.key,
            _DELIVERY.c.due.is_not(None) | _DELIVERY.c.lease.is_not(None),
        )
    )
    goes_on = (RUN.c.state == RunState.RUNNING) | (RUN.c.paused.in_((RunPause.UNAVAILABLE, RunPause.WAIT)))
    values = {"state": RunState.FAILED, "error": error, "paused": None, "resumes": None, "ended_at": now()}
    found = update(RUN).where(goes_on, RUN.c.state.in_(_GOING), ~carried).values(values)
    return (await connection.execute(found)).rowcount


def unfinished() -> ColumnElement[bool]:
    """Of an event: whether a run of it may still go on. It is not forgotten then."""
    return exists(select(1).where(RUN.c.event_id == _EVENT.c.id, RUN.c.state.in_(_GOING)))
