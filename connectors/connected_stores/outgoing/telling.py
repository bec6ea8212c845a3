"""What goes to a shop from here of its orders' parcels: carrier, number and link, once somebody here has set them."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.asking import Stores
from connectors.connected_stores.keeping import shop_of
from connectors.connected_stores.outgoing.parcel import Parcel, TakesParcels
from connectors.connected_stores.reading import READS, Reading
from connectors.connected_stores.writing import active
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.errors import ImportRefused, WrongCredentials
from db.integration import tracking
from db.store.database import Database

SECONDS: Final = 30.0
# Somebody sets another number while the last one is sent: this often, before the job's next try.
_ROUNDS: Final = 5


class Job(Protocol):
    """What a worker gives (server.work.running.Running)."""

    arguments: Mapping[str, Any]


class Telling:
    """Does such jobs (db.integration.tracking). What it raises is tried again; why it did not work is told of the
    order, after the last try too."""

    def __init__(self, database: Database, stores: Stores) -> None:
        self._database = database
        self._stores = stores

    async def __call__(self, job: Job) -> None:
        guid, order, former = (job.arguments[name] for name in ("connection", "order", "former"))
        for _ in range(_ROUNDS):
            async with self._database.read() as connection:
                row = await active(connection, guid)
                parcel = await tracking.parcel(connection, guid, order)
            if parcel is None or (row is not None and not row["push_tracking"]):
                return
            problem = tracking.AT_REST if row is None else None
            again: ImportRefused | None = None
            if row is not None:
                try:
                    await self._tell(row, parcel, former)
                # A user who may read and not write is no reason to stop the connection: the next read says more.
                except (NotTold, WrongCredentials) as reason:
                    problem = str(reason)
                except ImportRefused as reason:
                    problem, again = str(reason), reason
            # Whoever set another one meanwhile may have been told of first: what is here in the end is sent last.
            if await self._noted(order, parcel, problem) or again is not None:
                if again is not None:
                    raise again
                return
            former = parcel["tracking_number"]

    async def _tell(self, row: Mapping[str, Any], parcel: Mapping[str, Any], former: str | None) -> None:
        number, carrier, url = (parcel[f"tracking_{name}"] for name in ("number", "carrier", "url"))
        before = frozenset(one for one in (former, parcel["tracking_former"]) if one is not None and one != number)
        async with READS[row["provider"]](self._stores, shop_of(row)) as shop:
            told: Reading | TakesParcels = shop
            if not isinstance(told, TakesParcels):
                raise NotTold(f"{row['provider']} takes no parcels")
            await told.put_parcel(Parcel(int(parcel["remote"]), number, carrier, url, before))

    async def _noted(self, order: int, parcel: Mapping[str, Any], problem: str | None) -> bool:
        async def note(connection: AsyncConnection) -> bool:
            if problem is None:
                return await tracking.told(connection, order, parcel)
            return await tracking.untold(connection, order, problem, parcel)

        return await self._database.tell(note, seconds=SECONDS)
