"""The raw connection, as narrow as whoever reads through it needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row


class Statements(Protocol):
    """Statements one after the other on one connection, inside one transaction that is never committed."""

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of the statement. One that fails ends the transaction; the next begins another."""
