"""Where something new stands among its own kind."""

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
