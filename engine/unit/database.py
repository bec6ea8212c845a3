"""What the engine needs of the room that keeps the rows."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.unit.statements import Reading
from engine.unit.unit import Cause, Unit
from engine.values.viewer import Viewer

P = TypeVar("P")


class Database(Protocol):
    @property
    def dialect(self) -> str: ...
    @property
    def words(self) -> Dialect:
        """What makes texts of statements for this database, and values of what its driver gives."""

    def statements(self) -> Reading:
        """What the engine reads through."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """The connection itself, for functions that stand outside a mutation's transaction."""

    def unit(
        self,
        viewer: Viewer,
        ports: Sequence[type[Any]] = (),
        *,
        cause: Cause | None = None,
        lone: bool = False,
        dry: bool = False,
    ) -> AbstractAsyncContextManager[Unit]:
        """A transaction, rolled back unless it is committed. `ports`: those that its functions may reach; `cause`: what
        its events say of themselves; `lone`: nothing is written beside what its functions write, so that one statement
        may be all of it; `dry`: it will not be committed, and no number is used up by it."""

    def port(self, kind: type[P]) -> P:
        """What the edge connected of this type: a store of files, a signer. Raises LookupError."""
