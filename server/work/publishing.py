"""The clock of scheduled products."""

import asyncio
from typing import Final

import structlog

from db.access.viewer import SYSTEM
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from resolvers.catalog.product.publishing import AT_ONCE, any_due
from schema.root import schema

log = structlog.get_logger("storegraph.server")

# How late a product may be. Several servers may look at once: each product is published by one of them.
EVERY_SECONDS: Final = 10.0


async def publish_scheduled(units: Units) -> None:
    """Publish products as their dates come, until cancelled. What fails is logged and tried again."""
    while True:
        published = 0
        try:
            published = await publish_now(units)
        except Exception as error:
            log.warning("scheduled products wait", exc_info=error)
        if published < AT_ONCE:
            await asyncio.sleep(EVERY_SECONDS)


async def publish_now(units: Units) -> int:
    """Publish what is due, and say how many. Nothing is locked where nothing is."""
    async with units.read() as connection:
        if not await any_due(connection):
            return 0
    outcome = await perform(schema.mutations["scheduledPublish"], {}, SYSTEM, units, cause=Cause("sweep:publishing"))
    return int(outcome.keys["count"])
