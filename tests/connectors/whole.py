"""The whole recording, imported once for all tests that only read what came of it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import event

from connectors.importers.fluentcart import RecordedStore, Report, import_store
from db.store.database import Database
from tests.connectors.fluentcart_store import RECORDING, Recorder, source


class Steps:
    """What an import tells of its progress."""

    def __init__(self) -> None:
        self.totals: list[int] = []
        self.done = 0

    def total(self, products: int) -> None:
        self.totals.append(products)

    def advance(self, products: int) -> None:
        self.done += products


@dataclass(frozen=True)
class Done:
    """What an import reported, asked the store for, told the database, and told of its progress."""

    url: str
    report: Report
    store: Recorder
    statements: list[str]
    steps: Steps


def done(url: str) -> Done:
    """May be called while an event loop runs."""
    store, statements, steps = Recorder(RecordedStore(RECORDING)), list[str](), Steps()

    async def work() -> Report:
        database = Database.open(url)
        for engine in database.engines:
            event.listen(
                engine.sync_engine, "before_cursor_execute", lambda _c, _cu, text, _p, _co, _m: statements.append(text)
            )
        try:
            return await import_store(database, source(store), progress=steps)
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        report = thread.submit(lambda: asyncio.run(work())).result()
    return Done(url, report, store, statements, steps)


@dataclass(frozen=True)
class Whole:
    """Where it is, to be read only, and how it came there."""

    database: Database
    done: Done
