"""What the engine needs of the room that keeps the rows."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.unit.statements import Statements
from engine.unit.unit import Unit
from engine.values.viewer import Viewer

P = TypeVar("P")


class Database(Protocol):
    @property
    def dialect(self) -> str: ...
    def statements(self) -> AbstractAsyncContextManager[Statements]:
        """What the engine reads through."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """The connection itself, for functions that stand outside a mutation's transaction."""

    def unit(self, viewer: Viewer) -> AbstractAsyncContextManager[Unit]: ...
    def port(self, kind: type[P]) -> P:
        """What the edge connected of this type: a store of files, a signer. Raises LookupError."""
