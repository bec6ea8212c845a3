"""Engines of one process share what they compiled, as the requests of one server do.

SQLAlchemy keeps a compiled statement under its engine's dialect, and each test has engines of its own: what takes most
time in most tests would be compiling, for the hundredth time, what the test before has compiled.
"""

from typing import Any, ClassVar, Final

from sqlalchemy.dialects import registry
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.engine.url import URL
from sqlalchemy.util import LRUCache

from db.drivers import compiled, postgres, sqlite
from db.store import database

# All statements of all tests of a worker; an engine's own 500 are those of one server.
_STATEMENTS: Final = 5000

# As texts of statements are made for.
OURS: Final[dict[str, Dialect]] = {
    "sqlite": sqlite.Dialect(),
    "postgresql": postgres.Dialect(),  # type: ignore[no-untyped-call]  # SQLAlchemy's own
}


class _Shared:
    """One dialect for all engines of a driver: an entry point of SQLAlchemy's, in place of the dialect's class."""

    cache: ClassVar[LRUCache[Any, Any]] = LRUCache(_STATEMENTS)

    def __init__(self, dialect: type[Dialect]) -> None:
        self._class = type(dialect.__name__, (_Once, dialect), {"supports_statement_cache": True})

    def get_async_dialect_cls(self, url: URL) -> type[Any]:
        del url
        return self._class

    def engine_created(self, engine: Engine) -> None:
        engine._compiled_cache = self.cache

    def __call__(self) -> "_Shared":
        """What the registry calls to load it."""
        return self


class _Once:
    """Made once; connects and asks a server for its version once."""

    _made: ClassVar[dict[type[Any], Any]] = {}
    _asked: bool

    def __new__(cls, **_options: Any) -> Any:
        if cls not in cls._made:
            cls._made[cls] = super().__new__(cls)
        return cls._made[cls]

    def __init__(self, **options: Any) -> None:
        if not hasattr(self, "_asked"):
            super().__init__(**options)
            self._asked = False

    def initialize(self, connection: Connection) -> None:
        if not self._asked:
            super().initialize(connection)  # type: ignore[misc]  # the dialect's, which is the other parent
            self._asked = True


# How SQLite is synced where it is no test's.
SYNCED: Final = database.SYNCED


def leave_unsynced() -> None:
    """For this process. No power cut is tried here, and who waits for the disk at every commit waits much."""
    database.SYNCED = "OFF"


def share() -> None:
    """For this process. Processes that tests start have dialects as SQLAlchemy makes them."""
    compiled.compiled_cache = lambda: _Shared.cache
    for driver in (postgres, sqlite):
        registry.impls[driver.DRIVER.replace("+", ".")] = _Shared(driver.Dialect)
