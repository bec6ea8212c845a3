"""One way of reading, for what is asked in a query and in a mutation alike."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Executable

from engine.unit.unit import Unit

# Reads a statement: in a query's connection, or in a mutation's.
Rows = Callable[[Executable], Awaitable[Sequence[Any]]]


def within(unit: Unit) -> Rows:
    async def rows(statement: Executable) -> Sequence[Any]:
        return (await unit.connection.execute(statement)).all()

    return rows
