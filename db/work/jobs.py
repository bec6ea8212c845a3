"""What is done with jobs: asked for, claimed, told of, ended. Statements alone; whoever calls them commits."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, Update, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.row import now, table
from db.work.functions import milliseconds
from db.work.job import JobRow, JobState

_JOB: Final = table(JobRow)


async def ask(
    connection: AsyncConnection, kind: str, arguments: Mapping[str, Any], *, caller: str | None = None
) -> int:
    """Have a job done once this transaction is committed; its id. `kind` is one that workers know, `arguments` is
    what that kind takes, as JSON."""
    values = {"kind": kind, "arguments": dict(arguments), "caller": caller, "due": milliseconds()}
    blank = {"state": JobState.WAITING, "done": 0, "attempts": 0, "created_at": now()}
    made = insert(_JOB).values(**values, **blank).returning(_JOB.c.id)
    found: int = (await connection.execute(made)).scalar_one()
    return found


async def retry(connection: AsyncConnection, job_id: int) -> bool:
    """Have a failed job tried again, from where it came to. False where there is none that failed."""
    again = (
        update(_JOB)
        .where(_JOB.c.id == job_id, _JOB.c.state == JobState.FAILED)
        .values(state=JobState.WAITING, due=milliseconds(), attempts=0, ended_at=None)
        .returning(_JOB.c.id)
    )
    return (await connection.execute(again)).first() is not None


async def claim(
    connection: AsyncConnection, lease: int, at: int, kinds: Collection[str], most: int
) -> Sequence[Row[Any]]:
    """Take so many jobs of these kinds as are due, for the worker `lease`."""
    due = (
        select(_JOB.c.id)
        .where(_JOB.c.due <= at, _JOB.c.kind.in_(sorted(kinds)))
        .order_by(_JOB.c.due, _JOB.c.id)
        .limit(most)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("picked")  # a subquery may be run again, and give others
    )
    taken = (
        update(_JOB)
        .where(_JOB.c.id.in_(select(due.c.id)), _JOB.c.due.is_not(None))
        .values(state=JobState.RUNNING, lease=lease, due=None, attempts=_JOB.c.attempts + 1)
        .returning(_JOB.c.id, _JOB.c.kind, _JOB.c.arguments, _JOB.c.checkpoint, _JOB.c.done, _JOB.c.attempts)
    )
    return (await connection.execute(taken)).all()


def held(job_id: int, lease: int) -> Update:
    """An update of a job as long as the worker `lease` holds it."""
    return update(_JOB).where(_JOB.c.id == job_id, _JOB.c.lease == lease)


async def note(connection: AsyncConnection, job_id: int, lease: int, **values: Any) -> bool:
    """Write `done`, `total`, `checkpoint` of a job under way. False where the worker does not hold it any more: what it
    did in this transaction must not be committed."""
    return (await connection.execute(held(job_id, lease).values(values).returning(_JOB.c.id))).first() is not None


async def end(
    connection: AsyncConnection, job_id: int, lease: int, state: JobState, *, error: str | None, due: int | None
) -> None:
    """It is over (`due` is None), or waits for its next turn."""
    over = now() if state in (JobState.DONE, JobState.FAILED) else None
    await connection.execute(held(job_id, lease).values(state=state, error=error, due=due, lease=None, ended_at=over))
