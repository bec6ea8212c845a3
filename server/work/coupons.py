"""The clock of coupons."""

from typing import Final

from db.access.viewer import SYSTEM
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from resolvers.commerce.coupon.refreshing import AT_ONCE, any_due
from schema.root import schema
from server.work.jobs import Job

# How late the stored word may be; whoever uses a coupon is judged by its dates.
EVERY_SECONDS: Final = 10.0


def refreshing(units: Units) -> Job:
    """Lets coupons begin and expire as their dates come."""

    async def due() -> bool:
        return await refresh_now(units) >= AT_ONCE

    return Job("coupons", due, EVERY_SECONDS)


async def refresh_now(units: Units) -> int:
    """Refresh what is due, and say how many. Nothing is locked where nothing is."""
    async with units.read() as connection:
        if not await any_due(connection):
            return 0
    outcome = await perform(schema.mutations["couponRefresh"], {}, SYSTEM, units, cause=Cause("sweep:coupons"))
    return int(outcome.keys["count"])
