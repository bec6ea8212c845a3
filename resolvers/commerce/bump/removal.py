"""Order bumps whose variants go."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, delete, select

from db.commerce.events import ORDER_BUMP_DELETED
from db.commerce.order_bump import OrderBumpRow
from db.store.row import table
from engine.unit.unit import Unit

BUMP = table(OrderBumpRow)


async def remove_bumps(unit: Unit, gone: Select[Any] | Collection[int]) -> list[int]:
    """What offers variants that go (they are locked) goes too; the keys."""
    statement = select(BUMP).where(BUMP.c.source_variant_id.in_(gone)).order_by(BUMP.c.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    for row in rows:
        unit.emit(ORDER_BUMP_DELETED(row))
    keys = [row["id"] for row in rows]
    if keys:
        await unit.connection.execute(delete(BUMP).where(BUMP.c.id.in_(keys)))
    return keys
