"""What the engine reads through: see engine.unit.statements.Statements."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.values.errors import Unavailable


class ConnectionStatements:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._lost: Unavailable | None = None

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        if self._lost is not None:  # SQLAlchemy would connect anew, and wait for that as long as it takes
            raise Unavailable(self._lost.message, retry_after=self._lost.retry_after, code=self._lost.code)
        try:
            return (await self._connection.execute(statement, parameters)).all()
        except Unavailable as error:
            self._lost = error
            raise
        except DBAPIError:
            # PostgreSQL answers nothing more in a transaction that failed; the other fields have theirs to come.
            await self._connection.rollback()
            raise
