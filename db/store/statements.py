"""What the engine reads through: see engine.unit.statements.Statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection


class ConnectionStatements:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        try:
            return (await self._connection.execute(statement, parameters)).all()
        except DBAPIError:
            # PostgreSQL answers nothing more in a transaction that failed; the other fields have theirs to come.
            await self._connection.rollback()
            raise
