"""The gateway without HTTP: a document in, an answer out, and the statements that it took."""

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connectors.storage import Links, Storage
from db.access.permission import ALL
from db.access.viewer import ANONYMOUS, Viewer
from db.store.database import Database
from db.store.unit import Units
from engine.document.bounds import Allowance
from engine.standard.execution import Answer, Executor, Request
from resolvers.access.sign_in import SignIns
from schema.root import schema

ADMIN = Viewer("token:admin", "admin", ALL)
CLERK = Viewer("token:clerk", "clerk", frozenset({"products/view"}))
# What an answer says is tried with documents that no server would pay for.
ANY_COST = Allowance(2**53)

__all__ = ["ADMIN", "ANONYMOUS", "CLERK", "Gateway", "opened"]


class Gateway:
    """One per test, on one database. `folder` is for files: those of uploads, and `files` of the driver `local`."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.executor = Executor(schema)
        self.folder = folder
        numbers = itertools.count(1)
        self.storage = Storage(folder / "files", tokens=lambda: f"{next(numbers):016x}")
        self.links = Links("https://api.store.example", lambda: ["a key of the tests"])
        self.units = Units(database, SignIns(), self.storage, self.links)

    def put(self, *paths: str) -> None:
        """Small files where the driver `local` has its own."""
        for path in paths:
            place = self.folder / "files" / path
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.write_bytes(b"%PDF-1.7")

    async def answer(self, document: str, variables: dict[str, Any] | None = None, viewer: Viewer = ADMIN) -> Answer:
        request = Request(document, variables or {})
        return await self.executor.execute(request, viewer, self.units, "test", ANY_COST)

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
        with tempfile.TemporaryDirectory() as folder:
            yield Gateway(database, Path(folder))
    finally:
        await database.close()
