"""/health and /ready: what a supervisor and a load balancer ask."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy.engine import make_url

from db.store.database import Database
from server import app
from server.settings.settings import Settings
from tests.server.running import issued, running

only_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Wire:
    """A connection to a database that can be cut, or go silent, between the server and it."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self._speaking = asyncio.Event()
        self._speaking.set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._joined, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers += [writer, far_writer]
            await asyncio.gather(self._carried(reader, far_writer), self._carried(far_reader, writer))

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._speaking.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def silence(self) -> None:
        self._loop.call_soon_threadsafe(self._speaking.clear)

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaking.set)

    def cut(self) -> None:
        """Ends all connections and takes no more."""

        async def end() -> None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)

    def close(self) -> None:
        self.speak()
        self.cut()

        async def rest() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(rest(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    url = make_url(database_url)
    wire = Wire(url.host or "127.0.0.1", url.port or 5432)
    yield wire
    wire.close()


@pytest.fixture
def client(database_url: str, wire: Wire) -> Iterator[httpx2.Client]:
    url = make_url(database_url).set(host="127.0.0.1", port=wire.port)
    with running(Settings(database_url=url.render_as_string(hide_password=False))) as asking:
        yield asking


def not_ready(client: httpx2.Client) -> str:
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    reason: str = answer.json()["reason"]
    return reason


@only_postgres
def test_a_database_that_is_gone_is_told_by_ready_alone(client: httpx2.Client, wire: Wire, database_url: str) -> None:
    secret = issued(database_url, "products/view")
    assert client.get("/ready").json() == {"ready": True}
    wire.cut()
    assert not_ready(client) == "the database does not answer"
    assert client.get("/health").json() == {"status": "ok"}

    answer = client.post("/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"


@only_postgres
def test_a_database_that_is_silent_does_not_hang_it(
    client: httpx2.Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "READY_SECONDS", 0.2)
    wire.silence()
    assert not_ready(client) == "the database has not answered for 0.2 s"
    wire.speak()


def test_another_schema_is_not_ready(database_url: str) -> None:
    async def changed() -> None:
        database = Database.open(database_url)
        async with database.write() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            await connection.commit()
        await database.close()

    with running(Settings(database_url=database_url)) as client:
        asyncio.run(changed())
        assert "storegraph migrate" in not_ready(client)
