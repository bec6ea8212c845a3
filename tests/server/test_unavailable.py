"""Every route says in one way that the database cannot be had: 503, Retry-After, a code, and when to ask again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import insert
from starlette.applications import Starlette

from connectors.storage import Links
from db.store.database import SQLITE_READERS, Database
from db.store.row import Row, table
from engine.values.errors import Busy
from server.app import create_app
from server.settings.settings import Settings
from tests import factories
from tests.wire import Wire

KEY: Final = "b3Blbi1zZXNhbWUtb3Blbi1zZXNhbWUtb3Blbi1zZXM="
ADMIN: Final = {"X-API-Key": "known-admin-token"}
LINK: Final = Links("", lambda: [KEY]).url("d-1")
CHANGE: Final = 'mutation { taxClassCreate(input: {title: "Books"}) { userErrors { message } } }'
SECONDS: Final = 120  # reached by what hangs alone
# What reads, by everyone and by a credential that has to be looked up.
READING: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "a query": ("POST", "/graphql", {"json": {"query": "{ products { totalCount } }"}}),
    "a query by GET": ("GET", "/graphql", {"params": {"query": "{ __typename product(by: {databaseId: 1}) { id } }"}}),
    "a credential": ("POST", "/graphql", {"json": {"query": "{ __typename }"}, "headers": ADMIN}),
    "a document": ("POST", "/graphql", {"json": {"documentId": "titles"}}),
    "the schema": ("GET", "/schema.graphql", {"headers": ADMIN}),
    "a download": ("GET", LINK, {}),
}


@asynccontextmanager
async def served(url: str, folder: Path, **given: Any) -> AsyncIterator[tuple[Starlette, httpx2.AsyncClient]]:
    settings = Settings(
        database_url=url,
        data_folder=folder,
        admin_token=SecretStr(ADMIN["X-API-Key"]),
        secret_keys=(SecretStr(KEY),),
        **given,
    )
    app = create_app(settings)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")
    async with asyncio.timeout(SECONDS), app.router.lifespan_context(app), client:
        yield app, client


async def had(held: AsyncExitStack, make: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
    """A connection that is held from now on. The work beside requests has one now and then, and gives it back."""
    while True:
        try:
            await held.enter_async_context(make())
        except Busy:
            continue
        return


async def answered(client: httpx2.AsyncClient, method: str, path: str, **given: Any) -> httpx2.Response:
    """What is said to who asks again, as a 503 tells them to: the work beside requests may write just now."""
    while (answer := await client.request(method, path, **given)).status_code == 503:
        assert answer.headers["Retry-After"]
    return answer


async def kept(database: Database, *rows: Row) -> None:
    async with database.write() as connection:
        for row in rows:
            values = {name: getattr(row, name) for name in type(row).model_fields}
            await connection.execute(insert(table(type(row))).values(values))
        await connection.commit()


def check(name: str, answer: httpx2.Response, code: str, seconds: int) -> None:
    assert answer.status_code == 503, (name, answer.text)
    assert answer.headers["Retry-After"] == str(seconds), name
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": code, "retryAfter": seconds}, name


async def test_while_all_connections_are_taken(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path, pool_size=3, write_wait_seconds=0.05) as (app, client):
        database: Database = app.state.database
        async with AsyncExitStack() as held:
            for _ in range(SQLITE_READERS if database.embedded else 3):
                await had(held, database.read)
            for name, (method, path, given) in READING.items():
                check(name, await client.request(method, path, **given), "RATE_LIMITED", 1)
            ready, metrics = await client.get("/ready"), await client.get("/metrics")
        again = await answered(client, *READING["a credential"][:2], **READING["a credential"][2])

    assert (ready.status_code, ready.json()["reason"]) == (503, "the database has too much to do")
    assert "Retry-After" in ready.headers
    assert metrics.status_code == 200  # told when it is needed most, without what only the database knows
    assert "storegraph_outbox_waiting" not in metrics.text
    assert again.status_code == 200


async def test_while_somebody_else_writes(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "guide.pdf").write_bytes(b"%PDF-1.7")
    shop = (
        factories.product(1),
        factories.variant(11, 1),
        factories.download(1, 1, identifier="d-1", driver="local", file_name="guide.pdf", file_path="guide.pdf"),
        factories.order(1),
        factories.order_item(1, 1, product_id=1, variant_id=11),
    )
    async with served(database_url, tmp_path, pool_size=3, write_wait_seconds=0.05) as (app, client):
        database: Database = app.state.database
        await kept(database, *shop)
        link = Links("", lambda: [KEY]).url("d-1", order_id=1)
        assert (await answered(client, "GET", link)).status_code == 200
        async with AsyncExitStack() as held:
            for _ in range(1 if database.embedded else 3):
                await had(held, database.write)
            check("a change", await client.post("/graphql", json={"query": CHANGE}, headers=ADMIN), "RATE_LIMITED", 1)
            check("a count", await client.get(link), "RATE_LIMITED", 1)
        assert (await answered(client, "GET", link)).status_code == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_while_the_server_is_silent_and_when_it_is_gone(database_url: str, wire: Wire, tmp_path: Path) -> None:
    """Nobody waits beyond a stranger's deadline, though a turn would be waited for much longer."""
    # More than the work beside requests takes: where all connections are taken, that is said, and sooner.
    given = {"pool_size": 6, "write_wait_seconds": 600.0, "seconds_anonymous": 0.3}
    async with served(wire.through(database_url), tmp_path, **given) as (_, client):
        wire.silence()
        for name, (method, path, asked) in READING.items():
            check(name, await client.request(method, path, **asked), "INTERNAL", 5)
        wire.cut()
        for name, (method, path, asked) in READING.items():
            check(name, await client.request(method, path, **asked), "INTERNAL", 5)
