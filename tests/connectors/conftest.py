"""The database under the importers, and the recorded store."""

from collections.abc import AsyncIterator

import pytest

from db.store.database import Database
from tests.connectors.fluentcart_store import Exchanges, keep, recorded


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def exchanges() -> Exchanges:
    """The recording, to be altered at will."""
    return recorded()


@pytest.fixture
def few(exchanges: Exchanges) -> Exchanges:
    """A mug with one variant (4), a poster with six (5), a font with files (8), a jacket with a gallery (26)."""
    keep(exchanges, 4, 5, 8, 26)
    return exchanges
