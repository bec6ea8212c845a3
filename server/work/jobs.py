"""Work that goes on beside the requests, for as long as the server serves: looked after, so that none of it stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from engine.unit.deadline import limited

log = structlog.get_logger("storegraph.server")

# The pause after a first failure; it doubles with each that follows, and what is mended is taken up in five minutes.
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 300.0
# A round that takes longer hangs.
ROUND_SECONDS: Final = 60.0
# In which a round under way, and one more for what is still noted, come to an end when the server does.
END_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Job:
    """`round` is done again and again, with `every` so many seconds between two; one that returns True has more to do
    at once. `finishes`: when the server ends, a round under way goes on, and one more is done."""

    name: str
    round: Callable[[], Awaitable[object]]
    every: float
    finishes: bool = False


@dataclass(slots=True)
class Failing:
    """A job whose last round failed. `since` is when the first of `rounds` in a row did."""

    job: str
    rounds: int = 0
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


def readiness(failing: Sequence[Failing]) -> dict[str, Any]:
    """What `/ready` says of whoever can do their work: what of it fails at the moment."""
    told = [{"job": one.job, "rounds": one.rounds, "since": one.since.isoformat()} for one in failing]
    return {"ready": True, "failing": told} if told else {"ready": True}


class Jobs:
    """Does them, one task each. `told` hears the name of a job after each round, and whether that failed."""

    def __init__(self, *jobs: Job, told: Callable[[str, bool], None] = lambda _name, _failed: None) -> None:
        self._jobs = jobs
        self._told = told
        self._failing: dict[str, Failing] = {}
        self._ending = asyncio.Event()

    @property
    def failing(self) -> list[Failing]:
        return list(self._failing.values())

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Until the block ends, and at most END_SECONDS longer."""
        tasks = {asyncio.create_task(self._kept_up(job), name=job.name): job for job in self._jobs}
        try:
            yield
        finally:
            self._ending.set()
            for task, job in tasks.items():
                if not job.finishes:
                    task.cancel()
            _, late = await asyncio.wait(tasks, timeout=END_SECONDS)
            for task in late:
                log.warning("the server ends before the work beside it", job=tasks[task].name)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _kept_up(self, job: Job) -> None:
        pause = 0.0
        while not await self._ends_in(pause):
            try:
                more = await _round(job, ROUND_SECONDS)
            except Exception as error:  # noqa: BLE001  no failure ends a job
                pause = self._failed(job, error)
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                pause = self._failed(job, error)  # something of its own was broken off, and not the job
            else:
                self._worked(job)
                pause = 0.0 if more is True else job.every
        if job.finishes:
            try:
                await _round(job, END_SECONDS)
            except Exception as error:
                log.warning("the last round of work beside the requests failed", job=job.name, exc_info=error)

    async def _ends_in(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._ending.wait()
        except TimeoutError:
            return self._ending.is_set()

    def _failed(self, job: Job, error: BaseException) -> float:
        """The seconds until the next try."""
        failing = self._failing.setdefault(job.name, Failing(job.name))
        failing.rounds += 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failing.rounds - 1, 30))
        log.warning("work beside the requests failed", job=job.name, rounds=failing.rounds, pause=pause, exc_info=error)
        self._told(job.name, True)
        return pause

    def _worked(self, job: Job) -> None:
        failing = self._failing.pop(job.name, None)
        if failing is not None:
            log.info("work beside the requests goes on", job=job.name, after=failing.rounds)
        self._told(job.name, False)


async def _round(job: Job, seconds: float) -> object:
    """What it reaches knows the deadline and ends by it; what knows none is broken off."""
    with limited(seconds):
        async with asyncio.timeout(seconds + END_SECONDS):
            return await job.round()
