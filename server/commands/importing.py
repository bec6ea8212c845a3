"""`storegraph import` at work: a bar while it runs, a table at the end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from connectors.importers.fluentcart import ImportRefused, Report, Source, import_store, render
from server import startup
from server.settings.mistake import Mistake
from server.settings.settings import Settings, variable


class Watched(Protocol):
    """What an importer tells of its progress."""

    def total(self, products: int) -> None: ...
    def advance(self, products: int) -> None: ...


async def fluentcart(
    settings: Settings, source: Source, *, restart: bool, overwrite: bool = False, dry_run: bool = False
) -> Report:
    """Import a store into the database of the settings, which may be served meanwhile. Raises Mistake."""
    # A stage is a transaction that waits for the store that it comes from.
    database = startup.opened(settings, silence=None)
    try:
        await startup.check_schema(database)
        async with startup.explained(database):
            with _bar() as bar:
                return await import_store(
                    database, source, progress=bar, restart=restart, overwrite=overwrite, dry_run=dry_run
                )
    except ImportRefused as refused:
        raise Mistake(str(refused)) from None
    finally:
        await database.close()


def password(settings: Settings, given: str | None) -> str:
    """The one of the command line, of the environment, or asked for at a terminal. Raises Mistake."""
    if given is not None:
        return given
    if settings.import_password is not None:
        return settings.import_password.get_secret_value()
    if not sys.stdin.isatty():
        raise Mistake(f"The password is missing: give --password, or set {variable('import_password')}")
    from getpass import getpass

    return getpass("Application password: ")


def show(report: Report) -> None:
    Console().print(render(report))


@contextmanager
def _bar() -> Iterator[Watched]:
    console = Console(stderr=True)
    columns = (TextColumn("Products"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("products", total=None)

        class Bar:
            def total(self, products: int) -> None:
                progress.update(task, total=products)

            def advance(self, products: int) -> None:
                progress.advance(task, products)

        yield Bar()
