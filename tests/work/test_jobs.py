"""Jobs go on where they stopped; sweeps are done once over all workers."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select

from db.store.database import Database
from db.store.row import table
from db.work import jobs
from db.work.job import JobRow, JobState, PeriodicRow
from server.work import running
from server.work.running import Kind, Periodic, Running
from server.work.worker import Worker
from tests.work.shop import PACE, Receiver, rows, until, worker

JOB = table(JobRow)
PERIODIC = table(PeriodicRow)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PAUSE", 10)


async def asked(database: Database, kind: str = "counting", **arguments: int) -> int:
    async with database.write() as connection:
        job = await jobs.ask(connection, kind, arguments, caller="token:1")
        await connection.commit()
    return job


async def over(database: Database) -> bool:
    return all(row.state in (JobState.DONE, JobState.FAILED) for row in await rows(database, JOB))


async def test_a_job_goes_on_from_its_checkpoint_when_it_fails(database: Database, receiver: Receiver) -> None:
    seen: list[int] = []

    async def counting(job: Running) -> None:
        for number in range(job.checkpoint or 0, job.arguments["upto"]):
            if number == 3 and job.attempt == 1:
                raise ValueError("not for everybody's eyes")
            seen.append(number)
            async with database.write() as connection:
                await job.note(done=number + 1, total=5, checkpoint=number + 1, connection=connection)
                await connection.commit()

    await asked(database, upto=5)
    await asked(database, kind="unknown")
    async with worker(database, receiver, kinds=[Kind("counting", counting)]).going_on():
        await until(lambda: _state(database, JobState.DONE))
    assert seen == [0, 1, 2, 3, 4]
    done, unknown = await rows(database, JOB)
    assert (done.state, done.done, done.total, done.attempts, done.error) == (JobState.DONE, 5, 5, 2, None)
    assert unknown.state is JobState.WAITING  # for a worker of another version


async def _state(database: Database, state: JobState) -> bool:
    return (await rows(database, JOB))[0].state is state


async def test_a_job_that_always_fails_is_given_up_and_can_be_tried_again(
    database: Database, receiver: Receiver
) -> None:
    async def failing(_job: Running) -> None:
        raise ValueError("not for everybody's eyes")

    job = await asked(database)
    async with worker(database, receiver, kinds=[Kind("counting", failing)]).going_on():
        await until(lambda: over(database))
    (row,) = await rows(database, JOB)
    assert (row.state, row.attempts, row.error) == (JobState.FAILED, running.TRIES, "ValueError")

    async def works(_job: Running) -> None: ...

    async with database.write() as connection:
        assert await jobs.retry(connection, job)
        assert not await jobs.retry(connection, job)
        await connection.commit()
    async with worker(database, receiver, kinds=[Kind("counting", works)]).going_on():
        await until(lambda: _state(database, JobState.DONE))


async def test_a_job_is_told_to_end_and_another_worker_goes_on(database: Database, receiver: Receiver) -> None:
    begun = asyncio.Event()

    async def patient(job: Running) -> bool:
        if job.checkpoint:
            return True
        begun.set()
        await job.ending.wait()
        await job.note(checkpoint=1)
        return False

    await asked(database)
    for _ in range(2):
        async with worker(database, receiver, kinds=[Kind("counting", patient)]).going_on():
            await begun.wait()
            if (await rows(database, JOB))[0].checkpoint:
                await until(lambda: over(database))
    (row,) = await rows(database, JOB)
    assert (row.state, row.attempts) == (JobState.DONE, 2)


async def test_who_lost_a_job_writes_nothing_more(database: Database, receiver: Receiver) -> None:
    lost = asyncio.Event()

    async def stopped(job: Running) -> None:
        async with database.write() as connection:
            await connection.execute(JOB.update().values(lease=4711))
            await connection.commit()
        try:
            await job.note(done=99)
        finally:
            lost.set()

    await asked(database)
    async with worker(database, receiver, kinds=[Kind("counting", stopped)]).going_on():
        await lost.wait()
    assert (await rows(database, JOB))[0].done == 0


async def test_a_sweep_is_done_once_for_each_time_it_is_due(database: Database, receiver: Receiver) -> None:
    """By three workers of one database, two of which get nothing to do."""
    rounds: list[int] = []
    enough = asyncio.Event()

    async def sweep() -> None:
        rounds.append(len(rounds))
        if len(rounds) > 1:
            enough.set()

    async with AsyncExitStack() as stack:
        for _ in range(1 if database.embedded else 3):
            await stack.enter_async_context(
                worker(database, receiver, periodics=[Periodic("sweep", 3600, sweep)]).going_on()
            )
        await until(lambda: rounds)
        await until(lambda: _rested(database))
        assert rounds == [0]
        async with database.write() as connection:
            await connection.execute(PERIODIC.update().values(due=0))
            await connection.commit()
        await enough.wait()
    assert rounds == [0, 1]


async def _rested(database: Database) -> bool:
    return (await rows(database, PERIODIC))[0].lease is None


async def test_a_sweep_that_fails_comes_round_again(database: Database, receiver: Receiver) -> None:
    rounds: list[bool] = []

    async def sweep() -> None:
        rounds.append(True)
        if len(rounds) == 1:
            raise OSError("no such disk")

    told: list[tuple[str, bool]] = []

    class Told:
        def attempted(self, kind: str, outcome: str, seconds: float) -> None: ...

        def job(self, name: str, failed: bool) -> None:
            told.append((name, failed))

    work = Worker(database, periodics=[Periodic("sweep", 0.01, sweep)], pace=PACE, told=Told())
    async with work.going_on():
        await until(lambda: len(rounds) > 2)
    assert told[:2] == [("sweep", True), ("sweep", False)]
    async with database.read() as connection:
        assert (await connection.execute(select(PERIODIC.c.error))).scalar_one() is None
