"""Where something new stands among its own kind."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

LAST: Final = 2**31 - 1  # what the column and GraphQL's Int hold


def after(position: int) -> int:
    """The next position, from 1. After the last possible one there is none: the new one shares it, and its id puts it
    behind."""
    return min(max(position, 0), LAST - 1) + 1


async def next_position(connection: AsyncConnection, position: Column[Any], among: ColumnElement[bool]) -> int:
    """The position after the last one among its own kind."""
    last = select(func.coalesce(func.max(position), 0)).where(among)
    found: int = (await connection.execute(last)).scalar_one()
    return after(found)


def placed(present: Mapping[int, int], named: Sequence[int | None]) -> list[int]:
    """The positions of those that a list names. `present` are the positions of those that are there, by their keys;
    None in the list is a new one.

    A list that names all of them is their order: they are numbered anew, unless they stand in it already. Otherwise
    nobody moves, and new ones come after the last."""
    keys = [key for key in named if key is not None]
    stand = [present[key] for key in keys if key in present]
    appended = named[: len(keys)] == keys
    if set(keys) >= present.keys() and not (appended and all(one < other for one, other in pairwise(stand))):
        return list(range(1, len(named) + 1))
    result, last = [], max(present.values(), default=0)
    for key in named:
        if key is None:
            last = after(last)
        result.append(last if key is None else present.get(key, last))
    return result
