"""Deliveries that ended go after a while, with their attempts."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.row import table
from db.work.delivery import DeliveryRow

# Deliveries that are looked at together, by their ids, and so by their age: no index over their ends is kept for it.
LOOKED_AT: Final = 1000

_DELIVERY: Final = table(DeliveryRow)


async def outdated(connection: AsyncConnection, before: datetime, behind: int) -> tuple[list[int], int | None]:
    """Of some deliveries, behind one and by their ids: those that ended before `before`, and behind which to go on;
    None where all that come behind are younger."""
    columns = (_DELIVERY.c.id, _DELIVERY.c.created_at, _DELIVERY.c.ended_at)
    some = select(*columns).where(_DELIVERY.c.id > behind).order_by(_DELIVERY.c.id).limit(LOOKED_AT)
    rows = (await connection.execute(some)).all()
    ended = [row.id for row in rows if row.ended_at is not None and row.ended_at < before]
    return ended, rows[-1].id if rows and rows[-1].created_at < before else None


async def forget(connection: AsyncConnection, ids: list[int]) -> None:
    """What was asked for anew meanwhile stays."""
    waits = or_(_DELIVERY.c.due.is_not(None), _DELIVERY.c.lease.is_not(None))
    await connection.execute(delete(_DELIVERY).where(_DELIVERY.c.id.in_(ids), ~waits))
