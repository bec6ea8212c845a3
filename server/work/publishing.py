"""The clock of scheduled products."""

from typing import Final

from db.access.viewer import SYSTEM
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from resolvers.catalog.product.publishing import AT_ONCE, any_due
from schema.root import schema
from server.work.jobs import Job

# How late a product may be. Several servers may look at once: each product is published by one of them.
EVERY_SECONDS: Final = 10.0


def publishing(units: Units) -> Job:
    """Publishes products as their dates come."""

    async def due() -> bool:
        return await publish_now(units) >= AT_ONCE

    return Job("publishing", due, EVERY_SECONDS)


async def publish_now(units: Units) -> int:
    """Publish what is due, and say how many. Nothing is locked where nothing is."""
    async with units.read() as connection:
        if not await any_due(connection):
            return 0
    outcome = await perform(schema.mutations["scheduledPublish"], {}, SYSTEM, units, cause=Cause("sweep:publishing"))
    return int(outcome.keys["count"])
