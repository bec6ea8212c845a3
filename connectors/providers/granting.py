"""What orders give, counted in the store's own database: `Run.grants` of a run that is no rehearsal."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from db.integration import grant
from db.store.database import Database

# A statement or two, and a wait for who revokes something of the same customer just now.
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class OrderGrants:
    """Of one order, by one provider; each call is a transaction of its own. Raises Unavailable, which makes an attempt
    that is repeated."""

    database: Database
    provider_key: str
    order_id: int
    customer_id: int | None

    async def give(self, kind: str, ids: Collection[str]) -> None:
        await self.database.tell(
            lambda connection: grant.give(connection, self.provider_key, kind, ids, self.order_id, self.customer_id),
            seconds=_SECONDS,
        )

    async def take(self, kind: str, ids: Collection[str]) -> Sequence[str]:
        return await self.database.tell(
            lambda connection: grant.take(connection, self.provider_key, kind, ids, self.order_id, self.customer_id),
            seconds=_SECONDS,
        )
