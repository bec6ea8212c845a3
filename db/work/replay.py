"""Deliveries that somebody asks for by hand."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.outbox import EventRow
from db.store.row import now, table
from db.work.delivery import DeliveryRow, DeliveryState
from db.work.functions import milliseconds, new_delivery_key
from db.work.target import TargetEventRow, TargetRow

# One transaction's worth.
AT_ONCE: Final = 1_000
_DELIVERY: Final = table(DeliveryRow)
_EVENT: Final = table(EventRow)
_TARGET: Final = table(TargetRow)
_WANTED: Final = table(TargetEventRow)
_COLUMNS: Final = ("event_id", "target_id", "replay", "key", "state", "attempts", "due", "created_at")
# What the first delivery was told of its event stays so.
_STAYS: Final = ("order_id", "occasion", "revoking")


async def enqueue(connection: AsyncConnection, target_id: int, event_id: int, *, after: int = 0) -> int | None:
    """Deliver an event to a target, whether the target wants its name or not, and whether it had it before; the id of
    the delivery. A receiver that had it before meets the same key. None where there is no such target (any more) or no
    such event. `after`: not before so many milliseconds have gone by."""
    if not await _locked(connection, target_id):
        return None
    return (await _written(connection, target_id, _EVENT.c.id == event_id, after)).get(event_id)


async def replay(connection: AsyncConnection, delivery_id: int) -> int | None:
    """Deliver again what a delivery delivered, or failed to; the id of the new one."""
    found = select(_DELIVERY.c.target_id, _DELIVERY.c.event_id).where(_DELIVERY.c.id == delivery_id)
    row = (await connection.execute(found)).first()
    return None if row is None else await enqueue(connection, row.target_id, row.event_id)


async def replay_since(
    connection: AsyncConnection, target_id: int, position: int, *, most: int = AT_ONCE
) -> tuple[int, int | None]:
    """Deliver again all events behind this position whose names the target wants now, those from before it wanted them
    too; `most` of them. How many there were, and the position to go on behind, None when there are no more."""
    if not await _locked(connection, target_id):
        return 0, None
    wanted = select(_WANTED.c.name).where(_WANTED.c.target_id == target_id)
    behind = (_EVENT.c.position > position) & _EVENT.c.name.in_(wanted)
    last = select(_EVENT.c.position).where(behind).order_by(_EVENT.c.position).limit(most)
    positions = (await connection.execute(last)).scalars().all()
    if not positions:
        return 0, None
    written = await _written(connection, target_id, behind & (_EVENT.c.position <= positions[-1]))
    return len(written), positions[-1] if len(positions) == most else None


async def _locked(connection: AsyncConnection, target_id: int) -> bool:
    """Whether the target is there. Two who ask at once take turns, so that both are numbered."""
    held = select(_TARGET.c.id).where(_TARGET.c.id == target_id, _TARGET.c.removed_at.is_(None))
    return (await connection.execute(held.with_for_update(key_share=True))).first() is not None


async def _written(
    connection: AsyncConnection, target_id: int, which: ColumnElement[bool], after: int = 0
) -> dict[int, int]:
    """Ids of new deliveries, by their events'."""
    before: Any = _DELIVERY.alias("before")
    same = (before.c.event_id == _EVENT.c.id) & (before.c.target_id == target_id)
    number = select(func.coalesce(func.max(before.c.replay) + 1, 0)).where(same).scalar_subquery()
    key = select(func.max(before.c.key)).where(same).scalar_subquery()
    stays = [select(before.c[name]).where(same).order_by(before.c.id).limit(1).scalar_subquery() for name in _STAYS]
    rows = (
        select(
            _EVENT.c.id,
            literal(target_id, _DELIVERY.c.target_id.type),
            number,
            func.coalesce(key, new_delivery_key()),
            literal(DeliveryState.WAITING, _DELIVERY.c.state.type),
            literal(0),
            milliseconds() + literal(after, BigInteger),
            literal(now(), _DELIVERY.c.created_at.type),
            *stays,
        )
        .where(which)
        .order_by(_EVENT.c.position)
    )
    made = insert(_DELIVERY).from_select((*_COLUMNS, *_STAYS), rows).returning(_DELIVERY.c.event_id, _DELIVERY.c.id)
    return {row[0]: row[1] for row in await connection.execute(made)}
