"""A database of the test's own, a receiver and a worker."""

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from db.store.database import Database
from tests.work.shop import Receiver, opened


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What fails here on purpose fills no log: putting one traceback down for people takes a second."""
    with structlog.testing.capture_logs():
        yield
