"""The database under the importers, and the recorded store."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from db.store.database import Database
from tests import databases
from tests.connectors import fluentcart_store
from tests.connectors.fluentcart_store import Exchanges, recorded
from tests.connectors.whole import Done, Whole, done


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def whole_on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    path = tmp_path_factory.mktemp("whole") / "store.sqlite"
    shutil.copyfile(sqlite_template, path)
    return done(databases.sqlite_url(path))


@pytest.fixture(scope="session")
def whole_on_postgresql(postgres_databases: databases.PostgresDatabases) -> Iterator[Done]:
    url = postgres_databases.create(migrated=True)
    yield done(url)
    postgres_databases.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
async def whole(request: pytest.FixtureRequest) -> AsyncIterator[Whole]:
    """On each database in turn."""
    imported: Done = request.getfixturevalue(f"whole_on_{request.param}")
    opened = Database.open(imported.url)
    yield Whole(opened, imported)
    await opened.close()


@pytest.fixture
def exchanges() -> Exchanges:
    """The recording, to be altered at will."""
    return recorded()


@pytest.fixture
def small() -> Exchanges:
    """The same of fewer products, customers and orders, in smaller pages."""
    return fluentcart_store.small()


@pytest.fixture
def sold() -> Exchanges:
    """A mug with one variant (4), a poster with six (5), a font with files (8), a jacket with a gallery (26); twelve
    customers and their forty orders."""
    return fluentcart_store.few()


@pytest.fixture
def few() -> Exchanges:
    """The same in a store that has sold nothing."""
    return fluentcart_store.few(customers=0)
