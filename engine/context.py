"""One request: who asks, the connection it reads through, and the loads it has under way."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.declaration import PUBLIC
from engine.errors import Forbidden

if TYPE_CHECKING:
    from engine.document import Document
    from engine.unit import Unit


class Viewer(Protocol):
    """Who asks. Two viewers with equal `visibility_key` see the same rows."""

    @property
    def id(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def address(self) -> str | None: ...
    @property
    def permissions(self) -> frozenset[str]: ...
    @property
    def visibility_key(self) -> Hashable: ...


class Database(Protocol):
    """What the engine needs of the room `db`."""

    @property
    def dialect(self) -> str: ...
    def read(self) -> AbstractAsyncContextManager[AsyncConnection]: ...
    def unit(self, viewer: Viewer) -> "AbstractAsyncContextManager[Unit]": ...


class Context:
    """Lives as long as one operation. Statements run one after the other on one connection, opened by the first."""

    def __init__(self, viewer: Viewer, database: Database, document: "Document", request_id: str) -> None:
        self.viewer = viewer
        self.database = database
        self.document = document
        self.request_id = request_id
        # By the place or the declaration that made them: dataloaders, and what the parents of one list share.
        self.loaders: dict[Hashable, Any] = {}
        self.extensions: dict[str, Any] = {}
        self._stack = AsyncExitStack()
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()
        self._over = False

    @property
    def dialect(self) -> str:
        return self.database.dialect

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of one statement."""
        async with self._turn:
            if self._over:
                raise asyncio.CancelledError  # a load under way when the answer was settled without it
            if self._connection is None:
                self._connection = await self._stack.enter_async_context(self.database.read())
            try:
                return (await self._connection.execute(statement, parameters)).all()
            except DBAPIError:
                # PostgreSQL answers nothing more in a transaction that failed; the other fields have theirs to come.
                await self._connection.rollback()
                raise

    async def forget(self) -> None:
        """After a commit: what was read before it is stale, and so is an open read transaction (SQLite's snapshot)."""
        async with self._turn:
            self.loaders.clear()
            self._connection = None
            await self._stack.aclose()

    async def close(self) -> None:
        """Gives the connection back. An error may have settled the answer while loads were under way: a statement that
        runs is waited for, those behind it do not begin."""
        self._over = True
        async with self._turn:
            await self._stack.aclose()

    def require(self, permission: str) -> None:
        """Raises Forbidden, which names the permission."""
        if permission != PUBLIC and permission not in self.viewer.permissions:
            raise Forbidden(permission, anonymous=self.viewer.id is None)
