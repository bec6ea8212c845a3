"""What events tell of rows that no import is known to have seen: made here, or brought before imports took note of what
they saw."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.mapping import Mapped
from connectors.importers.reconcile import chunks
from db.store.outbox import EVENT

# Of events that another system has begun: what they tell of was not changed here.
CAUSES: Final = ("import:", "inbound:")


def made_here(cause: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether an event of this cause is somebody's deed here."""
    return or_(cause.is_(None), and_(*(~cause.startswith(one) for one in CAUSES)))


@dataclass(slots=True)
class Told:
    """Of one row: whether it was `made` or is `gone` by somebody's hand here, and which fields were `changed`, by their
    names in the graph."""

    made: bool = False
    gone: bool = False
    changed: set[str] = field(default_factory=set)

    def of(self, mapped: Mapped, name: str) -> bool:
        return self.made or mapped.shown(name) in self.changed


NOTHING: Final = Told()


async def told(connection: AsyncConnection, mapped: Mapped, keys: Collection[Any]) -> dict[Any, Told]:
    """By key; a row that no event is about is not in it."""
    if mapped.tells is None:
        return {}
    entity = mapped.tells.entity
    names = {f"{entity}:{key}": key for key in keys}
    made = mapped.tells.created and mapped.tells.created.name
    gone = mapped.tells.deleted and mapped.tells.deleted.name
    found: dict[Any, Told] = {}
    columns = EVENT.c
    for chunk in chunks(sorted(names)):
        statement = select(columns.entity, columns.name, columns.changed, columns.payload)
        here = made_here(columns.cause)
        for row in await connection.execute(statement.where(columns.entity.in_(chunk), here).order_by(columns.id)):
            one = found.setdefault(names[row.entity], Told())
            one.made |= row.name == made
            one.gone |= row.name == gone
            one.changed |= set(row.changed) | _spread(mapped, row.payload)
    return found


def _spread(mapped: Mapped, payload: Mapping[str, Any]) -> set[str]:
    """The keys of documents, where an event names those that changed."""
    return {f"{column}.{key}" for column in mapped.spread for key in payload.get(column, ())}
