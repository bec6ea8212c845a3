"""`storegraph documents …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands import running as command

if TYPE_CHECKING:
    from db.access.document import TrustedDocumentRow
    from server.graphql.manifest import Entry, Registration
    from server.settings.settings import Settings

documents_app = typer.Typer(no_args_is_help=True, help="Trusted documents: the operations that clients are built with.")


@documents_app.command()
def register(
    manifest: Annotated[Path, typer.Argument(help="As graphql-codegen, Relay or Apollo write it.")],
    client: Annotated[str, typer.Option(help="Whose documents these are: `shop`, `shop/2.1`.")],
) -> None:
    """Register a client's documents, beside those that it has: older releases of it go on asking."""
    settings = command.read_settings()
    from server.graphql import manifest as manifests

    done = command.run(_register(settings, client, manifests.read(manifest)))
    number = "1 document" if done.new == 1 else f"{done.new} documents"
    others = "1 was" if done.known == 1 else f"{done.known} were"
    typer.echo(f"New of {client}: {number}; {others} registered already.")


@documents_app.command()
def report(
    client: Annotated[str | None, typer.Option(help="Of this client only.")] = None,
) -> None:
    """How much each document is used, and what it uses that is deprecated or gone."""
    settings = command.read_settings()
    rows = command.run(_listed(settings, client))
    if not rows:
        typer.echo("No document is registered.")
        return
    from rich.console import Console
    from rich.table import Table

    from schema.root import schema
    from server.graphql import manifest as manifests
    from server.graphql.executor import executor

    runs = executor(settings)
    shown = Table("Client", "Id", "Operation", "Uses", "Last use", "Deprecated or gone")
    for row in rows:
        problems = manifests.problems(row.text, runs) or manifests.deprecations(row.text, schema)
        used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
        shown.add_row(row.client, row.document_id, row.operation, str(row.uses), used, "\n".join(problems))
    Console(width=None if Console().is_terminal else 200).print(shown)


async def _register(settings: "Settings", client: str, entries: "list[Entry]") -> "Registration":
    from server import startup
    from server.graphql import manifest as manifests
    from server.graphql.executor import executor

    database = startup.opened(settings)
    try:
        await startup.check_schema(database)
        async with startup.explained(database):
            return await manifests.register(database, client, entries, executor(settings))
    finally:
        await database.close()


async def _listed(settings: "Settings", client: str | None) -> "list[TrustedDocumentRow]":
    from db.access import document
    from server import startup

    database = startup.opened(settings)
    try:
        await startup.check_schema(database)
        async with startup.explained(database), database.read() as connection:
            return await document.listed(connection, client)
    finally:
        await database.close()
