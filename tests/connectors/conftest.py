"""The database under the importers, and the recorded store."""

from collections.abc import AsyncIterator

import pytest

from db.database import Database
from tests.connectors.fluentcart_store import Exchanges, recorded


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def exchanges() -> Exchanges:
    """The recording, to be altered at will."""
    return recorded()
