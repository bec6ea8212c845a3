"""Events become deliveries: those behind the dispatcher's position, to every target that wants their names, in one
statement, with which the position moves."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store.outbox import EventRow
from db.store.row import now, table
from db.work.delivery import DISPATCHER, DeliveryRow, DeliveryState, DispatcherRow
from db.work.functions import milliseconds, new_delivery_key
from db.work.target import TargetEventRow, TargetRow

# One transaction's worth of deliveries, about: some hundredths of a second, after which others write.
AT_ONCE: Final = 2_000
_EVENT: Final = table(EventRow)
_TARGET: Final = table(TargetRow)
_WANTED: Final = table(TargetEventRow)
_DELIVERY: Final = table(DeliveryRow)
_DISPATCHER: Final = table(DispatcherRow)


@dataclass(frozen=True, slots=True)
class Dispatched:
    events: int
    deliveries: int
    more: bool


_NONE: Final = Dispatched(0, 0, more=False)
_FAN_OUT: Final = insert(_DELIVERY).from_select(
    ("event_id", "target_id", "replay", "key", "state", "attempts", "due", "created_at"),
    select(
        _EVENT.c.id,
        _WANTED.c.target_id,
        literal(0),
        new_delivery_key(),
        literal(DeliveryState.WAITING, _DELIVERY.c.state.type),
        literal(0),
        milliseconds(),
        bindparam("moment", type_=_DELIVERY.c.created_at.type),
    )
    .join_from(_EVENT, _WANTED, (_WANTED.c.name == _EVENT.c.name) & (_WANTED.c.since < _EVENT.c.position))
    .where(_EVENT.c.position > bindparam("position"), _EVENT.c.position <= bindparam("upto"))
    .order_by(_EVENT.c.position),
)


async def dispatch(connection: AsyncConnection) -> Dispatched:
    """The next events, by their positions: whoever calls numbers them before (`number_events`) and commits after. Where
    another worker is at it, nothing: it goes on for all."""
    last = select(func.coalesce(func.max(_EVENT.c.position), 0)).scalar_subquery()
    targets = select(func.count()).select_from(_TARGET).where(_TARGET.c.removed_at.is_(None)).scalar_subquery()
    # What nobody wanted when it was numbered nobody gets: a first webhook does not read a store's history.
    begun = select(func.min(_WANTED.c.since)).scalar_subquery()
    place = select(_DISPATCHER.c.position, last, targets, begun).where(_DISPATCHER.c.name == DISPATCHER)
    found = (await connection.execute(place.with_for_update(key_share=True, skip_locked=True, of=_DISPATCHER))).first()
    if found is None:
        return _NONE
    position, end, count, since = found
    position = max(position, end if since is None else min(end, since))
    upto = min(end, position + max(1, AT_ONCE // max(1, count)))
    if upto <= found.position:
        return _NONE
    written = await connection.execute(_FAN_OUT, {"position": position, "upto": upto, "moment": now()})
    moved = update(_DISPATCHER).where(_DISPATCHER.c.name == DISPATCHER).values(position=upto)
    await connection.execute(moved)
    return Dispatched(upto - position, written.rowcount, more=upto < end)
