"""The gateway without HTTP: a document in, an answer out, and the statements that it took."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import event

from db.access.permission import PERMISSIONS
from db.access.viewer import ANONYMOUS, Viewer
from db.database import Database
from db.unit import Units
from engine.execution import Answer, Executor, Request
from schema.root import schema

ADMIN = Viewer("token:admin", "admin", PERMISSIONS)
CLERK = Viewer("token:clerk", "clerk", frozenset({"products/view"}))

__all__ = ["ADMIN", "ANONYMOUS", "CLERK", "Gateway", "opened"]


class Gateway:
    """One per test, on one database. `statements` holds the SQL since the last `counting`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.executor = Executor(schema)
        self.units = Units(database)

    async def answer(self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN) -> Answer:
        return await self.executor.execute(Request(document, variables or {}), viewer, self.units, "test")

    async def __call__(
        self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
    ) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.answer(document, variables, viewer)
        assert "errors" not in answer.body, answer.body["errors"]
        data: dict[str, Any] = answer.body["data"]
        return data

    async def refused(
        self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN
    ) -> list[dict[str, Any]]:
        """The errors of a request that did not run."""
        answer = await self.answer(document, variables, viewer)
        assert not answer.executed, answer.body
        errors: list[dict[str, Any]] = answer.body["errors"]
        return errors

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements that reach the driver meanwhile, transaction control left out."""
        statements: list[str] = []

        def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith("BEGIN"):
                statements.append(statement)

        for engine in self.database.engines:
            event.listen(engine.sync_engine, "before_cursor_execute", executed)
        try:
            yield statements
        finally:
            for engine in self.database.engines:
                event.remove(engine.sync_engine, "before_cursor_execute", executed)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Gateway]:
    database = Database.open(url, pool_size=5)
    try:
        yield Gateway(database)
    finally:
        await database.close()
