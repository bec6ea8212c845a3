"""/health and /ready: what a supervisor and a load balancer ask."""

import asyncio
from collections.abc import Iterator

import httpx2
import pytest

from db.store.database import Database
from server import health
from server.settings.settings import Settings
from tests.server.running import issued, running
from tests.wire import Wire

only_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def client(database_url: str, wire: Wire) -> Iterator[httpx2.Client]:
    with running(Settings(database_url=wire.through(database_url))) as asking:
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

    credential = {"Authorization": f"Bearer {secret}"}
    for answer in (
        client.post("/graphql", json={"query": "{ __typename }"}, headers=credential),
        client.post("/graphql", json={"query": "{ products { totalCount } }"}),
        client.post("/graphql", json={"query": "{ product(by: {databaseId: 1}) { id } __typename }"}),
        client.get("/graphql", params={"documentId": "titles"}),
        client.get("/schema.graphql", headers=credential),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["errors"][0]["extensions"] == {"code": "INTERNAL", "retryAfter": 5}


@only_postgres
def test_a_database_that_is_silent_does_not_hang_it(
    client: httpx2.Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.2)
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
