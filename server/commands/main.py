"""The `storegraph` command. Each command imports what it needs when it runs, so that `--help` answers at once."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from server.commands.access import token_app, user_app
from server.commands.documents import documents_app
from server.commands.jobs import jobs_app
from server.commands.mail import mail_app
from server.commands.push import push_app
from server.commands.running import read_settings, run
from server.commands.secrets import secrets_app
from server.settings.mistake import Mistake

if TYPE_CHECKING:
    from server.settings.settings import Settings


MISTAKE: Final = 2
INTERRUPTED: Final = 130  # as a shell counts SIGINT

app = typer.Typer(
    name="storegraph",
    help="A GraphQL gateway over a store's catalog and integrations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Settings are environment variables that begin with STOREGRAPH_: docs/settings.md lists them.",
)
import_app = typer.Typer(no_args_is_help=True, help="Bring a store in: its catalog, customers and orders.")
schema_app = typer.Typer(no_args_is_help=True, help="The GraphQL schema.")
app.add_typer(import_app, name="import")
app.add_typer(schema_app, name="schema")
app.add_typer(token_app, name="token")
app.add_typer(user_app, name="user")
app.add_typer(documents_app, name="documents")
app.add_typer(secrets_app, name="secrets")
app.add_typer(jobs_app, name="jobs")
app.add_typer(mail_app, name="mail")
app.add_typer(push_app, name="push")


def _doc(field: str) -> str:
    """A setting's doc line. Only a command's help shows it, and the settings take longer to import than all else."""
    if "--help" not in sys.argv[2:]:
        return ""
    from server.settings.settings import doc, variable

    return f"{doc(field)} [{variable(field)}]"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"storegraph {version('storegraph')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Which version this is.")
    ] = False,
) -> None:
    """A GraphQL gateway over a store's catalog and integrations."""


def main() -> None:
    try:
        app(prog_name="storegraph")
    except Mistake as mistake:
        typer.echo(f"storegraph: {mistake}", err=True)
        sys.exit(MISTAKE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `storegraph schema export | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help=_doc("host"))] = None,
    port: Annotated[int | None, typer.Option(help=_doc("port"))] = None,
    workers: Annotated[int | None, typer.Option(help=_doc("workers"))] = None,
    demo: Annotated[bool, typer.Option("--demo", help=_doc("demo"))] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="With --demo: begins with the store as it was at first.")
    ] = False,
) -> None:
    """Serve GraphQL over HTTP."""
    # Imports make half a million objects that stay. The collector would look through them again and again, a tenth of
    # the start; serving turns it on again.
    gc.disable()
    try:
        settings = read_settings(host=host, port=port, workers=workers, demo=demo or None)
        if reset:
            _reset(settings)
        from server.commands.serving import serve

        serve(settings, lambda url: _welcome(url, settings))
    finally:
        gc.enable()


@app.command()
def worker(
    port: Annotated[int | None, typer.Option(help=_doc("worker_port"))] = None,
) -> None:
    """Deliver events and run jobs, beside servers that leave it to workers. It may be on another machine."""
    settings = read_settings(worker_port=port)
    from server.commands.working import work

    work(settings)


def _reset(settings: "Settings") -> None:
    if not settings.demo:
        raise Mistake("--reset is for the demo: give --demo too")
    from server.commands import demo_store

    demo_store.reset(settings)


def _welcome(url: str, settings: "Settings") -> None:
    if settings.demo:
        from server.commands import demo_store

        typer.echo(demo_store.welcome(url, settings))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = read_settings()
    from server import startup

    async def work() -> None:
        database = startup.opened(settings)
        try:
            async with startup.explained(database):
                await startup.migrate(database)
        finally:
            await database.close()

    run(work())
    typer.echo("The schema is up to date.")


@import_app.command("fluentcart")
def import_fluentcart(
    url: Annotated[str, typer.Argument(help="The site of the store: https://shop.example.")],
    user: Annotated[str, typer.Option(help="A WordPress user who may manage the store.")],
    password: Annotated[
        str | None,
        typer.Option(help="An application password of that user. Better in STOREGRAPH_IMPORT_PASSWORD, or asked for."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="From the first product on, where an import was interrupted.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Let the store win over what was changed here since the last import.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be changed and what would be kept; write nothing.")
    ] = False,
) -> None:
    """Import a FluentCart store over its REST API, also beside a running server. It can be repeated: what was changed
    here since stays."""
    settings = read_settings()
    from connectors.importers.fluentcart import Source
    from server.commands import importing

    source = Source(url, user, importing.password(settings, password))
    try:
        report = run(importing.fluentcart(settings, source, restart=restart, overwrite=overwrite, dry_run=dry_run))
    except KeyboardInterrupt:
        if not dry_run:
            typer.echo("Interrupted: the next import goes on where this one stopped.", err=True)
        raise
    importing.show(report)


@schema_app.command("export")
def schema_export(
    output: Annotated[Path | None, typer.Option(help="Write it there instead of to standard output.")] = None,
) -> None:
    """The schema in GraphQL's schema language."""
    from schema.root import schema

    text = f"{schema.as_str().rstrip()}\n"
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Mistake(f"{output}: {error.strerror}") from None


if __name__ == "__main__":
    main()
