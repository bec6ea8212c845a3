"""The recorded store, imported as any store is: once per worker and database, read in place or written to in a copy.

`tests/conftest.py` has it imported; a conftest that imports these fixtures gives its folder gateways to it.
"""

import asyncio
import contextlib
import itertools
import shutil
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
import time_machine

from connectors.importers.fluentcart import RecordedStore, Source, import_store
from db.store.database import Database
from tests import databases
from tests.gateway import Gateway, opened

RECORDING: Final = Path(__file__).parent / "data" / "fluentcart-store.jsonl.xz"
SITE: Final = "https://store.example"  # as the demo store calls itself
# What storegraph stamps itself (media, terms) says the same in every run.
IMPORTED: Final = datetime(2026, 11, 21, tzinfo=UTC)
# When the tests' changes are made.
NOW: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)


def import_recording(url: str) -> None:
    """Fill a migrated database. May be called while an event loop runs."""

    async def work() -> None:
        database = Database.open(url)
        try:
            report = await import_store(database, Source(SITE, "user", "password", transport=RecordedStore(RECORDING)))
            assert not report.skipped, report.skipped
        finally:
            await database.close()

    with time_machine.travel(IMPORTED, tick=False):
        _finished(work())


class Imported(Protocol):
    """The imported store on one kind of database."""

    reading: str  # for whoever does not write

    def copy(self) -> AbstractContextManager[str]:
        """The URL of a database of one's own."""


class OnSqlite:
    def __init__(self, template: Path) -> None:
        self._template = template
        self._numbers = itertools.count(1)
        import_recording(databases.sqlite_url(template))
        with contextlib.closing(sqlite3.connect(template)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.reading = databases.sqlite_url(template)

    @contextmanager
    def copy(self) -> Iterator[str]:
        path = self._template.with_name(f"copy-{next(self._numbers)}.sqlite")
        shutil.copyfile(self._template, path)
        yield databases.sqlite_url(path)
        for file in path.parent.glob(f"{path.name}*"):  # its write-ahead log too
            file.unlink()


class OnPostgres:
    """Readers disconnect before anyone copies: a database in use cannot be copied."""

    def __init__(self, created: databases.PostgresDatabases) -> None:
        self._created = created
        self.reading = created.create(migrated=True)
        import_recording(self.reading)

    @contextmanager
    def copy(self) -> Iterator[str]:
        url = self._created.take(self.reading)
        yield url
        self._created.give_back(url)

    def drop(self) -> None:
        self._created.drop(self.reading)


def _finished(work: Coroutine[Any, Any, None]) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(partial(asyncio.run, work)).result()


@pytest.fixture
async def recorded_store(imported: Imported) -> AsyncIterator[Gateway]:
    """A gateway to the recorded store, for reading only."""
    async with opened(imported.reading) as gateway:
        yield gateway


@pytest.fixture
async def recorded_copy(imported: Imported) -> AsyncIterator[Gateway]:
    """A gateway to a copy of the recorded store, to be written to; the clock stands at `NOW`."""
    with imported.copy() as url, time_machine.travel(NOW, tick=False):
        async with opened(url) as gateway:
            yield gateway
