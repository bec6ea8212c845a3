"""Work beside the requests: no failure ends it, what it noted is written down with the end, and operators are told."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette

from db.access.token import TokenRow
from db.store.database import Database
from db.store.row import table
from engine.values.errors import Busy
from server.app import create_app
from server.settings.settings import Settings
from server.work import jobs
from server.work.jobs import Job, Jobs
from tests.patience import PATIENCE

ADMIN_TOKEN = SecretStr("known-admin-token")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(jobs, "END_SECONDS", 0.2)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  what is looked at knows nothing of tests
            await asyncio.sleep(0.001)


class Rounds:
    """A job that fails in its first rounds."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.done = 0

    async def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done += 1


async def test_what_fails_is_begun_again_after_growing_pauses() -> None:
    told: list[tuple[str, bool]] = []
    broken = asyncio.CancelledError()  # a load that was under way, say; nobody ends the job
    rounds = Rounds(Busy("Somebody else writes"), ValueError(), broken, *(OSError() for _ in range(3)))
    work = Jobs(Job("noting", rounds, every=0.001), told=lambda name, failed: told.append((name, failed)))
    pauses = [work._failed(Job("other", rounds, 1), ValueError()) for _ in range(40)]
    assert pauses[:4] == [0.001, 0.002, 0.004, 0.008]
    assert pauses[-1] == jobs.LONGEST_PAUSE_SECONDS
    assert [(one.job, one.rounds) for one in work.failing] == [("other", 40)]

    async with work.going_on():
        await until(lambda: rounds.done > 1)
    assert told[40:48] == [("noting", True)] * 6 + [("noting", False)] * 2
    assert [one.job for one in work.failing] == ["other"]


async def test_the_end_waits_for_what_finishes_and_for_nothing_else() -> None:
    noted, begun = Rounds(), asyncio.Event()

    async def hangs() -> None:
        begun.set()
        await asyncio.sleep(600)

    work = Jobs(
        Job("noting", noted, 600, finishes=True), Job("hanging", hangs, 1), Job("late", hangs, 1, finishes=True)
    )
    async with asyncio.timeout(PATIENCE):
        async with work.going_on():
            await until(lambda: noted.done == 1 and begun.is_set())
    assert noted.done == 2


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Starlette:
    return create_app(
        Settings(database_url=database_url, data_folder=tmp_path, admin_token=ADMIN_TOKEN, write_wait_seconds=1.0)
    )


async def asked(app: Starlette, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, headers={"X-API-Key": ADMIN_TOKEN.get_secret_value()})


async def test_it_is_told_and_counted(app: Starlette) -> None:
    async with app.router.lifespan_context(app):
        work: Jobs = app.state.jobs
        work._failed(Job("noting", Rounds(), 60), Busy("Somebody else writes"))
        ready = await asked(app, "/ready")
        metrics = (await asked(app, "/metrics")).text
        work._worked(Job("noting", Rounds(), 60))
        mended = await asked(app, "/ready")

    assert ready.status_code == 200  # requests are answered
    assert [(one["job"], one["rounds"]) for one in ready.json()["failing"]] == [("noting", 1)]
    assert 'storegraph_job_failures_total{job="noting"} 1.0' in metrics
    assert 'storegraph_job_failing{job="noting"} 1.0' in metrics
    assert mended.json() == {"ready": True}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_one_locked_moment_loses_no_use(app: Starlette, database_url: str) -> None:
    lock = another(database_url)
    async with app.router.lifespan_context(app):
        assert (await asked(app, "/schema.graphql")).status_code == 200
        # In a thread: who writes just now needs the loop to be done with it.
        await asyncio.to_thread(lock.execute, "BEGIN IMMEDIATE")
        work: Jobs = app.state.jobs
        usage: Any = app.state.authentication._usage
        with pytest.raises(Busy):
            await usage.write()
        lock.execute("ROLLBACK")
        assert "last uses" not in [one.job for one in work.failing]
    lock.close()
    assert await last_use(database_url) is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_server_ends_though_its_store_is_locked(app: Starlette, database_url: str) -> None:
    lock = another(database_url)
    async with asyncio.timeout(PATIENCE):
        async with app.router.lifespan_context(app):
            assert (await asked(app, "/schema.graphql")).status_code == 200
            await asyncio.to_thread(lock.execute, "BEGIN IMMEDIATE")
    lock.execute("ROLLBACK")
    lock.close()
    assert await last_use(database_url) is None


def another(url: str) -> sqlite3.Connection:
    """Of another process, as far as the server can tell."""
    return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)


async def last_use(url: str) -> object:
    database = Database.open(url)
    try:
        async with database.read() as connection:
            return (await connection.execute(select(table(TokenRow).c.last_used_at))).scalar_one()
    finally:
        await database.close()
