"""The `storegraph` command. Each command imports what it needs when it runs, so that `--help` answers at once."""

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from server.mistake import Mistake

if TYPE_CHECKING:
    from server.settings import Settings

T = TypeVar("T")

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
import_app = typer.Typer(no_args_is_help=True, help="Bring a store's products in.")
schema_app = typer.Typer(no_args_is_help=True, help="The GraphQL schema.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens for machines.")
app.add_typer(import_app, name="import")
app.add_typer(schema_app, name="schema")
app.add_typer(token_app, name="token")


def _doc(field: str) -> str:
    """A setting's doc line. Only a command's help shows it, and the settings take longer to import than all else."""
    if "--help" not in sys.argv[2:]:
        return ""
    from server.settings import doc, variable

    return f"{doc(field)} [{variable(field)}]"


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


def _settings(**given: Any) -> "Settings":
    """The environment's settings, and over them the options that were given."""
    from pydantic import ValidationError

    from server import logs
    from server.settings import LogLevel, Settings, mistakes

    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise Mistake(mistakes(error)) from None
    # A command says itself what it did; its log is for when something is wrong, or was asked for.
    level = settings.log_level if "log_level" in settings.model_fields_set else LogLevel.WARNING
    logs.configure(level, settings.log_format, secrets=settings.secrets())
    return settings


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help=_doc("host"))] = None,
    port: Annotated[int | None, typer.Option(help=_doc("port"))] = None,
    workers: Annotated[int | None, typer.Option(help=_doc("workers"))] = None,
    demo: Annotated[bool, typer.Option("--demo", help=_doc("demo"))] = False,
) -> None:
    """Serve GraphQL over HTTP."""
    # Imports make half a million objects that stay. The collector would look through them again and again, a tenth of
    # the start; serving turns it on again.
    gc.disable()
    try:
        settings = _settings(host=host, port=port, workers=workers, demo=demo or None)
        from server.serving import serve

        serve(settings, lambda url: _welcome(url, settings))
    finally:
        gc.enable()


def _welcome(url: str, settings: "Settings") -> None:
    if settings.demo:
        from server import demo_store

        typer.echo(demo_store.welcome(url, settings))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = _settings()
    from server import startup

    async def work() -> None:
        database = startup.opened(settings)
        try:
            async with startup.explained(database):
                await startup.migrate(database)
        finally:
            await database.close()

    _run(work())
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
) -> None:
    """Import a FluentCart store over its REST API, also beside a running server. It can be repeated."""
    settings = _settings()
    from connectors.importers.fluentcart import Source
    from server import importing

    source = Source(url, user, importing.password(settings, password))
    try:
        report = _run(importing.fluentcart(settings, source, restart=restart))
    except KeyboardInterrupt:
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


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What the token is for; shown wherever it is listed.")],
    permission: Annotated[
        list[str] | None, typer.Option(help="A permission it carries, like products/view; once for each.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Every permission.")] = False,
    expires: Annotated[str | None, typer.Option(help="After how long: 12h, 30d, 8w. Without it, never.")] = None,
) -> None:
    """Make a token and print its secret, which is not shown again."""
    from db.access.permission import PERMISSIONS

    if admin == bool(permission):
        raise Mistake("Say what the token may do: either --admin, or --permission once for each permission")
    permissions = PERMISSIONS if admin else frozenset(permission or ())
    for unknown in sorted(permissions - PERMISSIONS):
        raise Mistake(f"There is no permission {unknown!r}{_similar(unknown, PERMISSIONS)}")
    expires_at = None if expires is None else datetime.now(UTC).replace(microsecond=0) + _duration(expires)
    settings = _settings()
    from server import startup

    if not name.strip() or name == startup.ADMIN:
        raise Mistake(f"--name must say what the token is for; {startup.ADMIN} is taken by the setting of that name")

    secret = _run(startup.issue_token(settings, name.strip(), permissions, expires_at))
    until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "forever"
    typer.echo(
        f"Token {name.strip()!r}, {len(permissions)} permissions, valid {until}. Its secret is not shown again:",
        err=True,
    )
    typer.echo(secret)


def _duration(text: str) -> timedelta:
    units = {"h": "hours", "d": "days", "w": "weeks"}
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in units or not 0 < int(number) <= 10_000:
        raise Mistake(f"--expires {text}: write a number and h, d or w, like 30d")
    return timedelta(**{units[unit]: int(number)})


def _similar(unknown: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(unknown, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(sorted(known))}"


if __name__ == "__main__":
    main()
