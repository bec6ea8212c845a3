"""Which events deliveries have a use for still: none of them is forgotten."""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from db.store.outbox import EventRow
from db.store.row import table
from db.work.delivery import DISPATCHER, DeliveryRow, DispatcherRow
from db.work.target import TargetEventRow

_EVENT = table(EventRow)
_DELIVERY = table(DeliveryRow)
_DISPATCHER = table(DispatcherRow)


def dispatched() -> Select[Any]:
    """Up to which position events have become deliveries; nothing where nobody wants any."""
    wanted = exists(select(1).select_from(table(TargetEventRow)))
    return select(_DISPATCHER.c.position).where(_DISPATCHER.c.name == DISPATCHER, wanted)


def undelivered() -> ColumnElement[bool]:
    """Of an event: whether a delivery of it is not over. With the others it goes, and their attempts do."""
    mine = _DELIVERY.c.event_id == _EVENT.c.id
    return exists(select(1).where(mine, _DELIVERY.c.due.is_not(None) | _DELIVERY.c.lease.is_not(None)))
