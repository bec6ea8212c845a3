"""Rows of which a date says that they change, taken some at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Due:
    """Rows of a table that `condition`, made for the moment, is true of."""

    of: Table
    condition: Callable[[], ColumnElement[bool]]

    async def any(self, connection: AsyncConnection) -> bool:
        """Whether there are any; takes no lock."""
        return (await connection.execute(select(self.of.c.id).where(self.condition()).limit(1))).first() is not None

    async def taken(self, connection: AsyncConnection, most: int) -> list[dict[str, Any]]:
        """Some of them, by key, locked. Those that somebody is writing to have their turn the next time."""
        statement = select(self.of).where(self.condition()).order_by(self.of.c.id).limit(most)
        found = await connection.execute(statement.with_for_update(skip_locked=True))
        return [dict(row) for row in found.mappings()]
