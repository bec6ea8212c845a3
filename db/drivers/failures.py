"""What the drivers say when the database cannot be had, as the one error that everybody else knows."""

import sqlite3
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.drivers import postgres, sqlite
from engine.values.errors import Busy, Unavailable

# A server that comes back takes some seconds for it.
DOWN_SECONDS: Final = 5
# SQLite's primary codes: the file is locked; it cannot be opened, read or written, its disk is full.
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BROKEN: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL})
# PostgreSQL: no connection, no resources (connections, memory, disk), shut down or starting, its own disk failing;
# a standby, where the primary was before; a transaction ended because it was silent.
_CLASSES: Final = frozenset({"08", "53", "58"})
_STATES: Final = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25006", "25P03", "25P04"})
# A deadlock's victim, a serialization failure, a lock not granted in time.
_PASSING: Final = frozenset({"40P01", "40001", "55P03"})
# By whoever operates the server, or by the time that they allow a statement.
_ENDED: Final = "57014"


def too_busy() -> Busy:
    return Busy("The database has too much to do: try again")


def locked() -> Busy:
    return Busy("Somebody else writes to the store: try again")


def down() -> Unavailable:
    return Unavailable("The database does not answer: try again", retry_after=DOWN_SECONDS)


class Lost(Unavailable):
    """The connection broke, whatever ran on it: what was not being committed is not done, and may be done again."""


class Passing(Busy):
    """Others' transactions stood in the way, says the database: what was asked is undone, and may be done again at
    once."""


class Ended(Unavailable):
    """The database broke a statement off, as it says: its transaction is undone, its connection is well."""


# After these it is known that nothing was done, and what comes next may be asked on the same connection.
UNDONE: Final = (Passing, Ended)


def lost() -> Lost:
    return Lost("The database does not answer: try again", retry_after=DOWN_SECONDS)


def meant(error: BaseException) -> Unavailable | None:
    """None for an error that is about a statement or its values."""
    if isinstance(error, PoolTimeout):
        return too_busy()
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        return locked()
    state = getattr(error, "sqlstate", None) or ""
    if state in _PASSING:
        return Passing("Others change the same: try again")
    if state == _ENDED:
        return Ended("The database broke this off, as it does when it takes too long there", retry_after=DOWN_SECONDS)
    if code in _BROKEN or state[:2] in _CLASSES or state in _STATES:
        return down()
    return None


def _told(context: ExceptionContext) -> Any:
    if context.is_pre_ping or not isinstance(context.original_exception, Exception):
        return None  # the pool connects anew, and that says whether it can be had; or somebody broke it off
    return lost() if context.is_disconnect else meant(context.original_exception)


for _dialect in (postgres.Dialect, sqlite.Dialect):
    event.listen(_dialect, "handle_error", _told)
