"""The clocks of what changes as its date comes: products that are scheduled, coupons, licences,
subscriptions."""

from dataclasses import dataclass
from typing import Final

from db.access.viewer import SYSTEM
from db.store.unit import Units
from engine.unit.perform import perform
from engine.unit.unit import Cause
from resolvers.catalog.product.publishing import SCHEDULED
from resolvers.commerce.coupon.refreshing import TURNING
from resolvers.commerce.license.expiry import OVER
from resolvers.commerce.subscription.lapsing import ENDING
from resolvers.editing.due import AT_ONCE, Due
from schema.root import schema
from server.work.jobs import Job


@dataclass(frozen=True, slots=True)
class Clock:
    """`mutation` changes what is `due`, AT_ONCE of it. It may be `every` so many seconds late. Several servers may look
    at once: each row is changed by one of them."""

    name: str
    mutation: str
    due: Due
    every: float

    def job(self, units: Units) -> Job:
        async def round_() -> bool:
            return await self.strike(units) >= AT_ONCE

        return Job(self.name, round_, self.every)

    async def strike(self, units: Units) -> int:
        """Change what is due, and say how much it was. Nothing is locked where nothing is."""
        async with units.read() as connection:
            if not await self.due.any(connection):
                return 0
        cause = Cause(f"sweep:{self.name}")
        outcome = await perform(schema.mutations[self.mutation], {}, SYSTEM, units, cause=cause)
        return int(outcome.keys["count"])


PUBLISHING: Final = Clock("publishing", "scheduledPublish", SCHEDULED, 10.0)
# Whoever uses a coupon is judged by its dates, and a licence ends with its own, whatever word is stored.
COUPONS: Final = Clock("coupons", "couponRefresh", TURNING, 10.0)
EXPIRING: Final = Clock("expiring", "licensesExpire", OVER, 30.0)
# What their date ends has lasted for days after it.
LAPSING: Final = Clock("lapsing", "subscriptionsLapse", ENDING, 60.0)
