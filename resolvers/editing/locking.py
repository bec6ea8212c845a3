"""Rows read to be changed, by the ids that callers name them with."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Table, select

from engine.unit.unit import Unit
from engine.values import identity
from engine.values.errors import ErrorCode

MOST_REFERENCED: Final = 100


async def locked(
    unit: Unit, of: Table, keys: Collection[int], *visible: ColumnElement[bool]
) -> dict[int, dict[str, Any]]:
    """The rows with these keys, by key, in its order; those absent or hidden are left out."""
    (key,) = of.primary_key.columns
    statement = select(of).where(key.in_(keys), *visible).order_by(key).with_for_update()
    return {row[key.name]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}


async def referenced(
    unit: Unit, of: Table, ids: Sequence[str], *among: ColumnElement[bool], what: str, path: str
) -> list[int]:
    """The keys of rows that a list of ids names, without repeats. They are locked: who deletes one waits, and takes it
    out of what is written here. Refuses NOT_FOUND at the place of each that is absent, VALIDATION for too many."""
    if len(ids) > MOST_REFERENCED:
        unit.refuse(ErrorCode.VALIDATION, f"At most {MOST_REFERENCED} of them", path)
        unit.settle()
    (key,) = of.primary_key.columns
    keys = [key_of(each) for each in ids]
    held = select(key).where(key.in_(keys), *among).with_for_update(read=True, key_share=True)
    found = set((await unit.connection.execute(held)).scalars()) if keys else set()
    for index in (index for index, each in enumerate(keys) if each not in found):
        unit.refuse(ErrorCode.NOT_FOUND, f"No such {what}", path, str(index))
    return list(dict.fromkeys(keys))


def key_of(id: str) -> int:
    """The key inside a global id that was checked to be of the right type; no row has -1."""
    key = identity.number(identity.decode(id).key)
    return -1 if key is None else key


def not_found(unit: Unit, what: str, *path: str) -> NoReturn:
    """Raises Refused with everything that was wrong so far."""
    unit.refuse(ErrorCode.NOT_FOUND, f"No such {what}", *path)
    unit.settle()
    raise AssertionError("settle raises")


def missing(found: Mapping[int, Any], keys: Collection[int]) -> list[int]:
    return [key for key in keys if key not in found]
