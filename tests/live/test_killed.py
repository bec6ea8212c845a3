"""A server that is killed and started again while things change: whoever follows ends with every change, each once."""

import asyncio
import json
import random
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from sqlalchemy import select
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from db.store.database import Database
from db.store.outbox import EVENT
from engine.values.identity import encode
from tests.gateway import opened
from tests.live.talking import CREATE
from tests.server.running import SECONDS, Command

TOKEN: Final = "known-admin-token"
AUTHORIZATION: Final = {"Authorization": f"Bearer {TOKEN}"}
PRODUCT: Final = encode("Product", 1)
FOLLOWED: Final = ("product.updated", "product.deleted")
QUERY: Final = """
subscription Changes($types: [String!], $after: Int) { events(types: $types, after: $after) { position name } }
"""
CHANGE: Final = """
mutation Change($input: ProductUpdateInput!, $key: String) {
  productUpdate(input: $input, idempotencyKey: $key) { userErrors { message } }
}
"""
DELETE: Final = """
mutation Delete($input: ProductDeleteInput!, $key: String) {
  productDelete(input: $input, idempotencyKey: $key) { userErrors { message } }
}
"""
SEED: Final = 20_261
AGAIN_SECONDS: Final = 0.05

Write = Callable[[str, dict[str, Any]], Awaitable[None]]


class Server:
    """A process that has the same address each time."""

    def __init__(self, folder: Path, database: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/graphql"
        self._given: dict[str, Any] = {
            "data_folder": folder,
            "DATABASE_URL": database,
            "ADMIN_TOKEN": TOKEN,
            "RATES": "off",
            "LOG_LEVEL": "error",  # a pipe that nobody reads
        }
        self._command: Command | None = None

    async def start(self) -> None:
        self._command = Command("serve", "--port", str(self.port), **self._given)
        async with httpx2.AsyncClient() as client, asyncio.timeout(SECONDS):
            while not await self._ready(client):
                assert self._command.process.poll() is None, self._command.ended()
                await asyncio.sleep(AGAIN_SECONDS)

    async def _ready(self, client: httpx2.AsyncClient) -> bool:
        try:
            return (await client.post(self.url, json={"query": "{ __typename }"})).status_code == 200
        except httpx2.TransportError:
            return False

    async def kill(self) -> None:
        assert self._command is not None
        await asyncio.to_thread(self._command.stopped, signal.SIGKILL)


class Follower:
    """One that comes back until what it follows is deleted. `told` are positions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[int] = []
        self.connections = 0
        self.over = False

    @property
    def asks(self) -> dict[str, Any]:
        return {"query": QUERY, "variables": {"types": FOLLOWED, "after": self.told[-1] if self.told else 0}}

    async def follow(self) -> None:
        while not self.over:
            try:
                async for answer in self.answers():
                    assert "errors" not in answer, answer
                    event = answer["data"]["events"]
                    assert answer["extensions"]["position"] == event["position"]
                    self.told.append(event["position"])
                    self.over = event["name"] == "product.deleted"
                    if self.over:
                        return
            except (OSError, WebSocketException, httpx2.TransportError):
                pass  # nobody is there, or nobody is any more
            await asyncio.sleep(AGAIN_SECONDS)

    def answers(self) -> AsyncIterator[dict[str, Any]]:
        raise NotImplementedError


class Socket(Follower):
    async def answers(self) -> AsyncIterator[dict[str, Any]]:
        async with connect(self.url.replace("http", "ws", 1), subprotocols=["graphql-transport-ws"]) as talk:  # type: ignore[list-item]
            await talk.send(json.dumps({"type": "connection_init", "payload": AUTHORIZATION}))
            assert json.loads(await talk.recv()) == {"type": "connection_ack"}
            await talk.send(json.dumps({"type": "subscribe", "id": "1", "payload": self.asks}))
            self.connections += 1
            async for said in talk:
                message = json.loads(said)
                assert message["type"] == "next", message
                yield message["payload"]


class Stream(Follower):
    async def answers(self) -> AsyncIterator[dict[str, Any]]:
        headers = AUTHORIZATION | {"Accept": "text/event-stream"}
        async with (
            httpx2.AsyncClient(timeout=SECONDS) as client,
            client.stream("POST", self.url, json=self.asks, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                return
            self.connections += 1
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def writing(database_url: str, server: Server) -> AsyncIterator[Write]:
    """Beside the server where another process may write, and through it where none may."""
    if database_url.startswith("postgresql"):
        async with opened(database_url) as gateway:

            async def beside(document: str, variables: dict[str, Any]) -> None:
                (answer,) = (await gateway(document, variables)).values()
                assert not answer["userErrors"], answer

            yield beside
        return
    async with httpx2.AsyncClient(timeout=SECONDS, headers=AUTHORIZATION) as client:

        async def through(document: str, variables: dict[str, Any]) -> None:
            """Until it is answered: its key makes a repeat of what was done, and not answered, harmless."""
            async with asyncio.timeout(SECONDS):
                while True:
                    try:
                        answer = await client.post(server.url, json={"query": document, "variables": variables})
                    except httpx2.TransportError:
                        await asyncio.sleep(AGAIN_SECONDS)
                        continue
                    body = answer.json()
                    if body.get("data") and all(not field["userErrors"] for field in body["data"].values()):
                        return
                    # The one before may be at it still.
                    assert answer.status_code >= 500 or body["errors"][0]["extensions"]["code"] == "CONFLICT", body
                    await asyncio.sleep(AGAIN_SECONDS)

        yield through


async def changed(write: Write, changes: int, killed: asyncio.Event) -> None:
    """The last one is made when nobody is killed any more: whoever had it before would be gone."""
    for number in range(changes):
        await write(CHANGE, {"input": {"id": PRODUCT, "title": f"Tea {number}"}, "key": f"change {number}"})
        await asyncio.sleep(0.01)  # or nearly all of it is done before anybody is killed
    await killed.wait()
    await write(DELETE, {"input": {"id": PRODUCT}, "key": "the end"})


async def happened(database_url: str) -> list[int]:
    database = Database.open(database_url)
    found = select(EVENT.c.position).where(EVENT.c.name.in_(FOLLOWED)).order_by(EVENT.c.position)
    async with database.read() as connection:
        positions = list((await connection.execute(found)).scalars())
    await database.close()
    return positions


async def told_while_killed(folder: Path, database_url: str, *, changes: int, kills: int, followers: int) -> None:
    chance = random.Random(SEED)
    server = Server(folder, database_url)
    await server.start()
    killed = asyncio.Event()
    following: list[Follower] = [Stream(server.url), *(Socket(server.url) for _ in range(followers - 1))]
    try:
        async with writing(database_url, server) as write, asyncio.timeout(600):
            await write(CREATE, {"input": {"title": "Tea", "fulfillmentType": "PHYSICAL"}})
            async with asyncio.TaskGroup() as going_on:
                for one in following:
                    going_on.create_task(one.follow())
                going_on.create_task(changed(write, changes, killed))
                for kill in range(kills):
                    # After some share of the work, at no place that anybody chose.
                    share = changes * (kill + chance.random()) / (kills + 1)
                    # Each is connected anew since the last one.
                    while any(one.connections <= kill or len(one.told) < share for one in following):  # noqa: ASYNC110
                        await asyncio.sleep(0.002)
                    await server.kill()
                    await server.start()
                killed.set()
    finally:
        await server.kill()
    positions = await happened(database_url)
    assert len(positions) == changes + 1
    for one in following:
        assert one.told == positions
        assert one.connections > kills


async def test_killed_while_things_change(tmp_path: Path, database_url: str) -> None:
    await told_while_killed(tmp_path, database_url, changes=20, kills=1, followers=3)


@pytest.mark.soak
async def test_killed_often(tmp_path: Path, database_url: str) -> None:
    await told_while_killed(tmp_path, database_url, changes=500, kills=5, followers=20)
