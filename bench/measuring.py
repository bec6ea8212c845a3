"""One store behind a gateway without HTTP, and how long it takes to answer."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import event

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.store.database import Database
from db.store.unit import Units
from engine.standard.execution import Executor, Request
from schema.root import schema

ADMIN: Final = Viewer("token:bench", "bench", PERMISSIONS)


@dataclass
class Times:
    """Milliseconds of each request: in all, and what of it went by waiting for statements."""

    all: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)


class Gateway:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.last: tuple[str, Any] = ("", ())  # the last statement and its parameters
        self._executor = Executor(schema)
        self._units = Units(database)
        self._waited = 0.0
        self._since = 0.0
        for engine in database.engines:
            event.listen(engine.sync_engine, "before_cursor_execute", self._before)
            event.listen(engine.sync_engine, "after_cursor_execute", self._after)

    def _before(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self.last = (statement, parameters)
        self._since = time.perf_counter()

    def _after(self, *_: Any) -> None:
        self._waited += time.perf_counter() - self._since

    async def answer(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = await self._executor.execute(Request(document, variables), ADMIN, self._units, "bench")
        if "errors" in answer.body:
            raise RuntimeError(f"{answer.body['errors']} for {document}")
        data: dict[str, Any] = answer.body["data"]
        return data

    async def timed(self, document: str, variables: dict[str, Any], times: Times) -> None:
        self._waited = 0.0
        started = time.perf_counter()
        await self.answer(document, variables)
        times.all.append((time.perf_counter() - started) * 1e3)
        times.statements.append(self._waited * 1e3)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Gateway]:
    database = Database.open(url)
    try:
        yield Gateway(database)
    finally:
        await database.close()
