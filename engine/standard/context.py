"""One request: who asks, the connection it reads through, and the loads it has under way."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import structlog
from graphql import FieldNode, GraphQLResolveInfo
from sqlalchemy import Executable, Row

from engine.declared.declaration import DeclaredField
from engine.document.document import Document
from engine.document.request import OPEN, Openness
from engine.standard.pace import Pace
from engine.unit.database import Database
from engine.unit.deadline import INTERRUPTS
from engine.unit.statements import Reading
from engine.unit.unit import Cause
from engine.values import viewer as viewers
from engine.values.viewer import Viewer

log = structlog.get_logger("storegraph.engine")

P = TypeVar("P")


# The payload of a field that is a mutation, by how it is declared, its node and its arguments.
Performs: TypeAlias = Callable[[DeclaredField, FieldNode, Mapping[str, Any]], Awaitable[Any]]


class Context:
    """Lives as long as one operation. Statements run one after the other on one connection, opened by the first."""

    def __init__(
        self, viewer: Viewer, database: Database, document: Document, request_id: str, openness: Openness = OPEN
    ) -> None:
        self.viewer = viewer
        self.database = database
        self.document = document
        self.request_id = request_id
        self.openness = openness  # what the viewer is told of the schema
        # By the identity of the node and by the field: checked, and as the field is resolved with them.
        self.arguments: dict[tuple[int, DeclaredField], Any] = {}
        # By the place or the declaration that made them: dataloaders, and what the parents of one list share.
        self.loaders: dict[Hashable, Any] = {}
        # What became of mutations, by the identity of their nodes.
        self.performed: dict[int, Any] = {}
        # Performs the mutation of a field: `engine.standard.performing`, which knows this class.
        self.performs: Performs
        # What was done for the answer, if somebody wants to know.
        self.steps: list[dict[str, Any]] | None = None
        self.pace = Pace()
        self.extensions: dict[str, Any] = {}
        self._connection: Reading | None = None
        self._turn = asyncio.Lock()
        self._over = False

    @property
    def cause(self) -> Cause:
        """Of what the operation changes."""
        return Cause.request(self.request_id)

    @property
    def dialect(self) -> str:
        return self.database.dialect

    @property
    def grace(self) -> float:
        """Seconds beyond the deadline after which a statement is cancelled."""
        return INTERRUPTS.get(self.dialect, 0.0)

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """All rows of one statement."""
        async with self._turn:
            return await (await self._reading()).rows(statement, parameters)

    async def values(self, sql: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """All rows of a text that was compiled, as the driver gives them."""
        async with self._turn:
            return await (await self._reading()).values(sql, arguments)

    async def _reading(self) -> Reading:
        """Whoever asks has the turn."""
        if self._over:
            raise asyncio.CancelledError  # a load under way when the answer was settled without it
        if self._connection is None:
            self._connection = await self.database.statements().__aenter__()
        return self._connection

    async def forget(self) -> None:
        """After a commit: what was read before it is stale, and so is an open read transaction (SQLite's snapshot)."""
        async with self._turn:
            self.loaders.clear()
            self.pace = Pace()
            await self._give_back()

    async def apart(self, work: Callable[[], Awaitable[P]]) -> P:
        """What takes a connection of its own. This request holds none meanwhile: requests that each held one and waited
        for another would wait for ever."""
        async with self._turn:
            if self._over:
                raise asyncio.CancelledError
            await self._give_back()
            return await work()

    async def close(self) -> None:
        """Gives the connection back. An error may have settled the answer while loads were under way: a statement that
        runs is waited for, those behind it do not begin."""
        self._over = True
        if self._connection is None and not self._turn.locked():
            return
        async with self._turn:
            await self._give_back()

    async def _give_back(self) -> None:
        """Raises nothing: what was read is read, and what was committed is not undone by a connection that is lost."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.__aexit__(None, None, None)
        except Exception as error:
            log.warning("a connection was not given back", request_id=self.request_id, exc_info=error)

    def require(self, permission: str) -> None:
        """Raises Forbidden, which names the permission."""
        viewers.require(self.viewer, permission)


Info: TypeAlias = "GraphQLResolveInfo[Context]"
