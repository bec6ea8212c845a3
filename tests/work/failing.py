"""A database that fails at a statement or a commit of the test's choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from db.drivers import postgres
from db.store.database import Database


class Broken(Exception):
    """What the database says when it is cut off."""


@contextmanager
def failing(database: Database, at: int, *, after: bool) -> Iterator[list[str]]:
    """The statement or commit number `at` fails, from now on and once: before it is done, or when it is and nobody is
    told. Yields what was done."""
    done: list[str] = []
    engine = database.engines[-1].sync_engine

    def point(name: str, when: bool) -> None:
        if when is not after:
            return
        done.append(name)
        if len(done) == at:
            raise Broken(name)

    def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        point(statement, False)

    def behind(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        point(statement, True)

    # A commit that was made and never answered is the worst: what the worker took it does not know of. SQLAlchemy makes
    # it, or whoever has a connection that was lent.
    original: Callable[[Any], None] = engine.dialect.do_commit
    own = postgres.commit

    def commit(connection: Any) -> None:
        point("COMMIT", False)
        original(connection)
        point("COMMIT", True)

    async def commit_lent(connection: Any) -> None:
        if connection.dbapi is not engine.dialect.dbapi:  # of another database
            await own(connection)
            return
        point("COMMIT", False)
        await own(connection)
        point("COMMIT", True)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", behind)
    engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]
    postgres.commit = commit_lent
    try:
        yield done
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", behind)
        del engine.dialect.do_commit
        postgres.commit = own
