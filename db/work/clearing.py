"""What removed targets leave behind, taken away a little at a time: whoever removes one does not wait for it; and
credentials that nothing goes out by any more."""

from typing import Final

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.row import now, table
from db.work.delivery import DeliveryRow, DeliveryState
from db.work.functions import milliseconds
from db.work.seat import SEAT
from db.work.target import CredentialRow, TargetRow

# Milliseconds, after which others write.
AT_ONCE: Final = 500
# Nobody takes longer from a credential's row to the one that names it.
UNUSED_MILLISECONDS: Final = 600_000
_DELIVERY: Final = table(DeliveryRow)
_TARGET: Final = table(TargetRow)
_CREDENTIAL: Final = table(CredentialRow)


async def clear(connection: AsyncConnection) -> bool:
    """Drop what still waits for removed targets, and delete those that nothing tells of any more; whether there is more
    to do. What was sent to them stays on record as long as any delivery does."""
    removed = select(_TARGET.c.id).where(_TARGET.c.removed_at.is_not(None))
    waiting = (
        select(_DELIVERY.c.id)
        .where(_DELIVERY.c.target_id.in_(removed), _DELIVERY.c.due.is_not(None))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("waiting")
    )
    dropped = (
        update(_DELIVERY)
        .where(_DELIVERY.c.id.in_(select(waiting.c.id)), _DELIVERY.c.due.is_not(None))
        .values(state=DeliveryState.DROPPED, due=None, ended_at=now())
    )
    if (await connection.execute(dropped)).rowcount == AT_ONCE:
        return True
    told_of = exists(select(1).where(_DELIVERY.c.target_id == _TARGET.c.id))
    await connection.execute(delete(_TARGET).where(_TARGET.c.removed_at.is_not(None), ~told_of))
    named = exists(select(1).where(_TARGET.c.credential == _CREDENTIAL.c.name))
    sitting = exists(select(1).where(SEAT.c.credential == _CREDENTIAL.c.name))
    left = _CREDENTIAL.c.free_at < milliseconds() - UNUSED_MILLISECONDS
    unused = select(_CREDENTIAL.c.name).where(left, ~named, ~sitting).with_for_update(skip_locked=True)
    await connection.execute(delete(_CREDENTIAL).where(_CREDENTIAL.c.name.in_(unused)))
    return False
