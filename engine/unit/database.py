"""What the engine needs of the room that keeps the rows."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.unit.unit import Cause, Unit
from engine.values.viewer import Viewer

P = TypeVar("P")


class Database(Protocol):
    @property
    def dialect(self) -> str: ...
    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...
    def unit(self, viewer: Viewer, *, cause: Cause | None = None) -> AbstractAsyncContextManager[Unit]: ...
    def port(self, kind: type[P]) -> P:
        """What the edge connected of this type: a store of files, a signer. Raises LookupError."""
