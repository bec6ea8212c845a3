"""The clock of licences."""

from typing import Final

from db.access.viewer import SYSTEM
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from resolvers.commerce.license.expiry import AT_ONCE, any_due
from schema.root import schema
from server.work.jobs import Job

# How late the word of a licence may be. Nothing is judged by it alone: a licence ends with its date.
EVERY_SECONDS: Final = 30.0


def expiring(units: Units) -> Job:
    """Writes down that licences are over, as their dates come."""

    async def due() -> bool:
        return await expire_now(units) >= AT_ONCE

    return Job("expiring", due, EVERY_SECONDS)


async def expire_now(units: Units) -> int:
    """Write it down of those that are due, and say of how many. Nothing is locked where nothing is."""
    async with units.read() as connection:
        if not await any_due(connection):
            return 0
    outcome = await perform(schema.mutations["licensesExpire"], {}, SYSTEM, units, cause=Cause("sweep:expiring"))
    return int(outcome.keys["count"])
