"""`storegraph worker` and `storegraph jobs`, as somebody runs them."""

import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from db.store.database import Database
from db.work import jobs
from db.work.job import JobRow
from tests.server.running import SECONDS, Command, serving, storegraph

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def working(tmp_path: Path, **environment: Any) -> Iterator[tuple[Command, str]]:
    """A worker and where it tells its state."""
    environment["LOG_LEVEL"] = "info"
    command = Command("worker", "--port", "0", data_folder=tmp_path, **environment)
    try:
        command.said('"event":"state"')
        yield command, f"http://127.0.0.1:{json.loads(command.lines[-1])['port']}"
    finally:
        if command.process.poll() is None:
            command.process.send_signal(signal.SIGKILL)
            command.process.communicate(timeout=SECONDS)


def test_a_worker_tells_how_it_is_and_ends_when_it_is_told_to(database_url: str, tmp_path: Path) -> None:
    with working(tmp_path, DATABASE_URL=database_url) as (command, url), httpx2.Client(base_url=url) as client:
        assert client.get("/health").json() == {"status": "ok"}
        answer = client.get("/ready")
        while answer.status_code == 503:  # its row is not written yet
            assert answer.json()["reason"] == "the worker has not begun yet"
            answer = client.get("/ready")
        assert answer.json() == {"ready": True}
        assert "storegraph_deliveries_waiting 0.0" in client.get("/metrics").text
        code, told, _ = storegraph("jobs", "state", data_folder=tmp_path, DATABASE_URL=database_url)
        assert (code, told.splitlines()[0]) == (0, "workers: 1")
        code, _, log = command.stopped()
        assert code == 0
        assert '"event":"a worker ends"' in log
    _, told, _ = storegraph("jobs", "state", data_folder=tmp_path, DATABASE_URL=database_url)
    assert told.splitlines()[0] == "workers: 0"


@only_sqlite
def test_a_file_has_one_worker(database_url: str, tmp_path: Path) -> None:
    with serving(data_folder=tmp_path, DATABASE_URL=database_url) as server:
        server.url()
        code, _, log = storegraph("worker", data_folder=tmp_path, DATABASE_URL=database_url)
    assert code == 2
    assert "SQLite has one" in log
    assert len(log.splitlines()) == 1


@only_sqlite
def test_a_server_may_leave_the_work_to_another_process(database_url: str, tmp_path: Path) -> None:
    with (
        serving(data_folder=tmp_path, DATABASE_URL=database_url, WORK="false") as server,
        working(tmp_path, DATABASE_URL=database_url) as (_, url),
    ):
        server.url()
        assert httpx2.get(f"{url}/health").status_code == 200


def test_jobs_are_listed_and_tried_again(database_url: str, tmp_path: Path) -> None:
    async def failed() -> None:
        database = Database.open(database_url)
        async with database.write() as connection:
            job = await jobs.ask(connection, "export", {})
            row = JobRow.__table__  # type: ignore[attr-defined]
            await connection.execute(row.update().values(state="failed", due=None, error="PROVIDER_ERROR", done=3))
            assert job == 1
            await connection.commit()
        await database.close()

    asyncio.run(failed())

    def said(*arguments: str) -> tuple[int, str]:
        code, out, err = storegraph("jobs", *arguments, data_folder=tmp_path, DATABASE_URL=database_url)
        return code, out + err

    assert "PROVIDER_ERROR" in said("list", "--state", "failed")[1]
    assert said("list", "--state", "done")[1] == "No job.\n"
    assert said("list", "--state", "lost")[0] == 2
    assert said("state", "1")[1].startswith("export: failed, 3 done, 0 tries, asked for ")
    assert said("state", "9")[0] == 2
    assert said("retry", "1") == (0, "Job 1 waits for a worker.\n")
    assert said("retry", "1")[0] == 2
