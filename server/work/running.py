"""Jobs and sweeps: what a worker runs beside deliveries."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import BigInteger, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.database import Database
from db.store.row import table
from db.work import jobs
from db.work.job import JobState, PeriodicRow
from engine.values.errors import CodedError

log = structlog.get_logger("storegraph.work")

# Jobs at once in one worker: they write, and deliveries and requests do too.
AT_ONCE: Final = 2
# Tries of a job that raises or whose worker dies, and the milliseconds before the next, times the tries so far.
TRIES: Final = 5
PAUSE: Final = 10_000
NOTE_SECONDS: Final = 30.0
_LONGEST_ERROR: Final = 500
_PERIODIC: Final = table(PeriodicRow)


class NotOurs(Exception):
    """The job was taken from this worker: what it does now is another's to do."""


class Running:
    """One job under way. `ending` is set when the worker has to end: a job that returns then, with its checkpoint
    noted, goes on from there in another; one that does not is broken off and does too."""

    def __init__(self, database: Database, row: Any, lease: int) -> None:
        self.id: int = row.id
        self.kind: str = row.kind
        self.arguments: Mapping[str, Any] = row.arguments
        self.checkpoint: Any = row.checkpoint
        self.attempt: int = row.attempts
        self.ending = asyncio.Event()
        self._done: int = row.done
        self._database = database
        self._lease = lease

    @property
    def done(self) -> int:
        return self._done

    async def note(
        self,
        *,
        done: int | None = None,
        total: int | None = None,
        checkpoint: Any = None,
        connection: AsyncConnection | None = None,
    ) -> None:
        """Tell how far it is. With `connection` it is part of that transaction: what was done and the checkpoint behind
        it are committed together, so that nothing is done twice. Raises NotOurs when another worker has the job."""
        values = {"done": done, "total": total, "checkpoint": checkpoint}
        given = {name: value for name, value in values.items() if value is not None}
        if not given:
            return

        async def noted(on: AsyncConnection) -> bool:
            return await jobs.note(on, self.id, self._lease, **given)

        if connection is not None:
            ours = await noted(connection)
        else:
            ours = await self._database.tell(noted, seconds=NOTE_SECONDS)
        if not ours:
            raise NotOurs
        self._done = self._done if done is None else done
        self.checkpoint = self.checkpoint if checkpoint is None else checkpoint


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job. `run` returns when the job is done, or when it is told to end and has noted its checkpoint (then
    it says False: there is more). What it raises fails this try; the next begins at the checkpoint."""

    name: str
    run: Callable[[Running], Awaitable[bool | None]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A sweep: `run` is called every so many seconds, by one worker of all, and never twice at once. A round that fails
    or is missed is made up for by the next."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _JobEnd:
    id: int
    lease: int
    state: JobState
    error: str | None
    pause: int | None  # milliseconds before it goes on


@dataclass(frozen=True, slots=True)
class _RoundEnd:
    name: str
    lease: int
    error: str | None


class Beside:
    """The jobs and sweeps of one worker: claimed and ended in its ticks, run between them."""

    def __init__(
        self,
        database: Database,
        kinds: Sequence[Kind] = (),
        periodics: Sequence[Periodic] = (),
        *,
        stirred: Callable[[], None] = lambda: None,
        told: Callable[[str, bool], None] = lambda _name, _failed: None,
    ) -> None:
        self._database = database
        self._kinds = {kind.name: kind for kind in kinds}
        self._periodics = {periodic.name: periodic for periodic in periodics}
        self._stirred = stirred
        self._told = told
        self._running: dict[int, Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._job_ends: list[_JobEnd] = []
        self._round_ends: list[_RoundEnd] = []

    @property
    def names(self) -> Sequence[str]:
        """Of the kinds of jobs that it knows."""
        return tuple(self._kinds)

    @property
    def sweeps(self) -> Sequence[str]:
        return tuple(self._periodics)

    @property
    def waits(self) -> bool:
        """Whether something ended that has yet to be written down."""
        return bool(self._job_ends or self._round_ends)

    @property
    def busy(self) -> bool:
        """Whether something is under way, or has yet to be written down."""
        return bool(self._tasks) or self.waits

    async def register(self, connection: AsyncConnection) -> None:
        """Make the rows of the sweeps; a changed interval counts from the next round on."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        for name in sorted(self._periodics):
            every = int(self._periodics[name].every * 1000)
            row = insert(_PERIODIC).values(name=name, every=every, due=0)
            await connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"every": every}))

    async def tick(self, connection: AsyncConnection, lease: int, at: int, *, claims: bool) -> Callable[[], None]:
        """Write down what ended and take what is due; what is to be done once that is committed."""
        job_ends, round_ends = tuple(self._job_ends), tuple(self._round_ends)
        for end in job_ends:
            due = None if end.pause is None else at + end.pause
            await jobs.end(connection, end.id, end.lease, end.state, error=end.error, due=due)
        for round_end in round_ends:
            mine = (_PERIODIC.c.name == round_end.name) & (_PERIODIC.c.lease == round_end.lease)
            await connection.execute(update(_PERIODIC).where(mine).values(lease=None, error=round_end.error))
        taken: Sequence[Any] = ()
        rounds: Sequence[str] = ()
        if claims:
            room = AT_ONCE - len(self._running)
            if self._kinds and room > 0:
                taken = await jobs.claim(connection, lease, at, self._kinds, room)
            if self._periodics:
                rounds = await self._due(connection, lease, at)

        def committed() -> None:
            del self._job_ends[: len(job_ends)]
            del self._round_ends[: len(round_ends)]
            for row in taken:
                self._run(Running(self._database, row, lease), lease)
            for name in rounds:
                self._task(self._round(self._periodics[name], lease))

        return committed

    async def _due(self, connection: AsyncConnection, lease: int, at: int) -> Sequence[str]:
        mine = _PERIODIC.c.name.in_(sorted(self._periodics))
        due = (
            select(_PERIODIC.c.name)
            .where(mine, _PERIODIC.c.due <= at, _PERIODIC.c.lease.is_(None))
            .with_for_update(skip_locked=True, key_share=True)
            .cte("picked")
        )
        taken = (
            update(_PERIODIC)
            .where(_PERIODIC.c.name.in_(select(due.c.name)), _PERIODIC.c.lease.is_(None), _PERIODIC.c.due <= at)
            .values(lease=lease, due=literal(at, BigInteger) + _PERIODIC.c.every)
            .returning(_PERIODIC.c.name)
        )
        return list((await connection.execute(taken)).scalars())

    def forget(self, lease: int) -> None:
        """The leases are gone; jobs under way learn it when they note something."""
        self._job_ends = [end for end in self._job_ends if end.lease != lease]
        self._round_ends = [end for end in self._round_ends if end.lease != lease]

    async def end(self, seconds: float) -> None:
        """Tell jobs to stop, wait so long, then break them off."""
        for running in self._running.values():
            running.ending.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _task(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _run(self, running: Running, lease: int) -> None:
        self._running[running.id] = running
        self._task(self._job(self._kinds[running.kind], running, lease))

    async def _job(self, kind: Kind, running: Running, lease: int) -> None:
        end: _JobEnd | None = None
        try:
            more = await kind.run(running) is False
            state = JobState.WAITING if more else JobState.DONE
            end = _JobEnd(running.id, lease, state, None, 0 if more else None)
        except NotOurs:
            log.warning("a job was taken from this worker", job=running.id, kind=kind.name)
        except Exception as error:
            log.warning("a job failed", job=running.id, kind=kind.name, attempt=running.attempt, exc_info=error)
            again = running.attempt < TRIES
            state = JobState.WAITING if again else JobState.FAILED
            end = _JobEnd(running.id, lease, state, _line(error), PAUSE * running.attempt if again else None)
        finally:
            self._running.pop(running.id, None)
        if end is not None:
            self._job_ends.append(end)
        self._stirred()

    async def _round(self, periodic: Periodic, lease: int) -> None:
        error: str | None = None
        try:
            await periodic.run()
        except Exception as failure:
            log.warning("a sweep failed", sweep=periodic.name, exc_info=failure)
            error = _line(failure)
        self._told(periodic.name, error is not None)
        self._round_ends.append(_RoundEnd(periodic.name, lease, error))
        self._stirred()


def _line(error: BaseException) -> str:
    """For people who look: what went wrong, and not what with."""
    text = error.message if isinstance(error, CodedError) else type(error).__name__
    return text[:_LONGEST_ERROR]
