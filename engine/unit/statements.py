"""The raw connection, as narrow as whoever reads through it needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from sqlalchemy import Executable, Row


class Statements(Protocol):
    """Statements one after the other on one connection, inside one transaction that is never committed."""

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of the statement. One that fails ends the transaction; the next begins another."""

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The same of a text in the database's own words, as the driver gives them. Raises Unavailable, or the driver's
        own error."""


class Reading(Statements, Protocol):
    """Statements with the connection that they are read on: had when it is entered, which raises Unavailable, and given
    back when it is left. They keep the deadline of who asks, and raise TimedOut."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
