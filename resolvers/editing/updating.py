"""What updates have in common: partial inputs merged into a row, and versions that say when two callers collide."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col
from strawberry.types.base import get_object_definition
from strawberry.types.maybe import Some

from db.store.outbox import EventRow
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode


def named(input: Any, *, leave: Iterable[str]) -> dict[str, Any]:
    """The columns that an update input names, by its `Maybe` fields: null clears, absent stays out."""
    fields = (f.python_name for f in get_object_definition(type(input), strict=True).fields)
    given = ((name, getattr(input, name)) for name in fields if name not in leave)
    return {name: value.value for name, value in given if isinstance(value, Some)}


def said(input: Any) -> dict[str, Any]:
    """What the input of something new says, by its fields: those that are absent or null stay out."""
    fields = (f.python_name for f in get_object_definition(type(input), strict=True).fields)
    given = {name: getattr(input, name) for name in fields}
    values = {name: value.value if isinstance(value, Some) else value for name, value in given.items()}
    return {name: value for name, value in values.items() if value is not None}


def differences(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that differ from the row's."""
    return {name: value for name, value in values.items() if row[name] != value}


async def refuse_outdated(unit: Unit, entity: str, expected: int | None, actual: int) -> None:
    """Refuse with CONFLICT when the caller knew another version, naming the fields that were changed since."""
    await refuse_all_outdated(unit.connection, [Edited(unit, entity, expected, actual)])
    unit.settle()


@dataclass(frozen=True, slots=True)
class Edited:
    """What a caller edits: whose rules it breaks, and the version that the caller knew beside that of the row."""

    errors: Refuses
    entity: str
    expected: int | None
    actual: int


async def refuse_all_outdated(connection: AsyncConnection, edited: Iterable[Edited]) -> None:
    """`refuse_outdated` of many, each at its own `expectedVersion`; a statement only where one is outdated."""
    outdated = [each for each in edited if each.expected not in (None, each.actual)]
    if not outdated:
        return
    changed: defaultdict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    columns = (col(EventRow.entity), col(EventRow.version), col(EventRow.changed))
    statement = select(*columns).where(
        col(EventRow.entity).in_({each.entity for each in outdated}),
        col(EventRow.version) > min(each.expected or 0 for each in outdated),
    )
    for entity, version, names in await connection.execute(statement):
        changed[entity].append((version, names))
    for each in outdated:
        told = _changed_since(changed[each.entity], each.expected or 0, each.actual)
        message = f"You edited version {each.expected}, it is at {each.actual} now{told}"
        each.errors.refuse(ErrorCode.CONFLICT, message, "expectedVersion")


def _changed_since(events: Iterable[tuple[int, list[str]]], expected: int, actual: int) -> str:
    """Which fields were changed between two versions, as far as the events of them are kept. A change has an event for
    each version, but for what an import of before wrote."""
    since = [(version, names) for version, names in events if version > expected]
    fields = ", ".join(sorted({name for _, names in since for name in names}))
    if len({version for version, _ in since if version <= actual}) >= actual - expected:
        return f"; changed since: {fields}" if fields else ""
    unknown = "what was changed before is not known any more"
    return f"; changed since: {fields}; {unknown}" if fields else f"; {unknown.replace(' before', '')}"
