"""Places of stored files. Whoever names one and whoever deletes one lock it, so that each sees what the other did."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.events import FILE_DELETED
from db.store.locks import lock
from db.store.outbox import EVENT
from db.store.row import now

# Within it a deletion that was committed has come to its store, or the sweep has been there.
DELETED_WITHIN: Final = timedelta(hours=2)


def entity(place: Mapping[str, Any]) -> str:
    """What events call the file at a place: `driver`, `bucket` (None: the driver has none), `path`."""
    return FILE_DELETED(place).entity


async def locked_places(connection: AsyncConnection, places: Iterable[Mapping[str, Any]]) -> set[str]:
    """Hold these places until the transaction ends; the entities of those that were deleted lately."""
    entities = {entity(place) for place in places}
    await lock(connection, entities)
    statement = select(EVENT.c.entity).where(
        EVENT.c.entity.in_(sorted(entities)),
        EVENT.c.name == FILE_DELETED.name,
        EVENT.c.occurred_at > now() - DELETED_WITHIN,
    )
    return set((await connection.execute(statement)).scalars()) if entities else set()
