"""A server's part in what is followed, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from db.access.viewer import Viewer
from engine.document.bounds import Allowance
from engine.document.request import Request
from engine.values.identity import encode
from server.access.authentication import Authentication
from server.limits.limits import Limits
from server.live.caller import Caller
from server.live.group import Subscriber
from server.live.live import Live
from server.live.measuring import Measured
from server.settings.settings import Settings
from tests.gateway import ADMIN, Gateway
from tests.live.talking import CREATE, UPDATE
from tests.server.running import SECONDS


class Heard:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.errors: list[dict[str, Any]] = []
        self.ended = asyncio.Event()

    def next(self, body: bytes) -> None:
        self.bodies.put_nowait(json.loads(body))

    def failed(self, errors: Sequence[dict[str, Any]]) -> None:
        self.errors += errors
        self.ended.set()

    async def room(self) -> None:
        pass

    async def body(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.bodies.get(), SECONDS)


class Following:
    def __init__(self, gateway: Gateway, **settings: Any) -> None:
        given = Settings(database_url="sqlite:///unused.db", admin_token=SecretStr("known-admin-token"), **settings)
        self.gateway = gateway
        limits = Limits(given)
        self.authentication = Authentication(gateway.database)
        self.registry = CollectorRegistry()
        measured = Measured(self.registry)
        units = gateway.units
        self.live = Live(given, gateway.executor, gateway.database, units, self.authentication, limits, measured)

    async def __call__(self, query: str, viewer: Viewer = ADMIN, **variables: Any) -> tuple[Subscriber, Heard]:
        heard = Heard()
        caller = Caller(self.authentication, (), (), None, viewer)
        subscriber = await self.live.begin(Request(query, variables), caller, Allowance(), heard)
        await self.live.follow(subscriber)
        return subscriber, heard

    async def retitled(self, title: str) -> None:
        await self.gateway(UPDATE, {"input": {"id": encode("Product", 1), "title": title}})
        self.live.wake()


@asynccontextmanager
async def following(gateway: Gateway, **settings: Any) -> AsyncIterator[Following]:
    """With a published product."""
    await gateway(CREATE, {"input": {"title": "Tea", "fulfillmentType": "PHYSICAL"}})
    await gateway(UPDATE, {"input": {"id": encode("Product", 1), "status": "PUBLISH"}})
    found = Following(gateway, **settings)
    async with found.live.going_on():
        yield found
