"""Both databases beside each other, for what must be the same on both; and the log."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests import databases
from tests.gateway import Gateway, opened


@pytest.fixture
async def gateways(
    sqlite_template: Path, postgres_databases: databases.PostgresDatabases, tmp_path: Path
) -> AsyncIterator[tuple[Gateway, Gateway]]:
    """The schema over SQLite and over PostgreSQL, each empty."""
    path = tmp_path / "both.sqlite"
    shutil.copyfile(sqlite_template, path)
    url = postgres_databases.take()
    try:
        async with opened(databases.sqlite_url(path)) as sqlite, opened(url) as postgresql:
            yield sqlite, postgresql
    finally:
        postgres_databases.give_back(url)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What the test's requests log. Printing a traceback takes longer than most tests."""
    with capture_logs() as entries:
        yield entries
