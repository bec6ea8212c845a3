"""What updates have in common: partial inputs merged into a row, and versions that say when two callers collide."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import col
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from db.outbox import EventRow
from engine.errors import ErrorCode
from engine.naming import camel
from engine.unit import Unit


def named(input: Any, *, leave: Iterable[str]) -> dict[str, Any]:
    """The columns that an update input names, by its `Maybe` fields: null clears, absent stays out."""
    fields = (f.python_name for f in get_object_definition(type(input), strict=True).fields)
    given = ((name, getattr(input, name)) for name in fields if name not in leave)
    return {name: value.value for name, value in given if isinstance(value, Some)}


def differences(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that differ from the row's."""
    return {name: value for name, value in values.items() if row[name] != value}


async def refuse_outdated(unit: Unit, entity: str, expected: int | None, actual: int) -> None:
    """Refuse with CONFLICT when the caller knew another version, naming the fields that were changed since."""
    if expected is None or expected == actual:
        return
    changed: set[str] = set()
    statement = select(col(EventRow.changed)).where(col(EventRow.entity) == entity, col(EventRow.version) > expected)
    for (names,) in await unit.connection.execute(statement):
        changed.update(names)
    told = f"; changed since: {', '.join(sorted(changed))}" if changed else ""
    unit.refuse(ErrorCode.CONFLICT, f"You edited version {expected}, it is at {actual} now{told}", "expectedVersion")
    unit.settle()


def graphql_names(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(camel(c) for c in columns))
