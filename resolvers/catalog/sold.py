"""What orders hold stays until they are done with it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import SelectBase, func, select

from db.commerce.order import UNFINISHED, OrderRow
from db.store.row import table
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode

_ORDER: Final = table(OrderRow)


async def refuse_held(unit: Unit, rows: Mapping[int, Refuses], lines: SelectBase) -> set[int]:
    """Refuses, each in its own place, those of the rows (locked by now) that unfinished orders hold; their keys.
    `lines` gives, each once, a row's key and the `order_id` of an order that has it."""
    held: Any = lines.subquery()
    key = held.c[0]
    statement = (
        select(key, func.count())
        .join(_ORDER, _ORDER.c.id == held.c.order_id)
        .where(_ORDER.c.status.in_(UNFINISHED))
        .group_by(key)
    )
    found: dict[int, int] = {row[0]: row[1] for row in await unit.connection.execute(statement)}
    for row, orders in found.items():
        many = "1 unfinished order holds" if orders == 1 else f"{orders} unfinished orders hold"
        rows[row].refuse(ErrorCode.CONFLICT, f"{many} it; complete or cancel first")
    return set(found)
