"""The client that asks whatever subscribers and integrations name, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.outbound.client import Outbound, Times
from connectors.outbound.door import Door
from connectors.outbound.reach import Reach
from server.settings.settings import Settings


def client(settings: Settings) -> Outbound:
    """Not open yet: `async with`."""
    times = Times(connect=settings.outbound_connect_seconds, total=settings.outbound_seconds)
    return Outbound(Reach(settings.outbound_networks), times)


@asynccontextmanager
async def door(settings: Settings) -> AsyncIterator[Door]:
    """The way out for the client of stores of files, to the same addresses."""
    door = Door(Reach(settings.outbound_networks))
    try:
        yield door
    finally:
        await door.close()
