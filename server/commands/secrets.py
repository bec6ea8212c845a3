"""`storegraph secrets …`."""

from typing import TYPE_CHECKING

import typer

from server.commands import running as command

if TYPE_CHECKING:
    from server.settings.settings import Settings

secrets_app = typer.Typer(no_args_is_help=True, help="Secrets of other systems, which this store keeps encrypted.")


@secrets_app.command()
def key() -> None:
    """Print a new key for STOREGRAPH_SECRET_KEYS."""
    from db.secrets.encrypted import new_secret_key

    typer.echo(new_secret_key())


@secrets_app.command()
def rotate() -> None:
    """Encrypt every stored secret again, with the newest key. Keys kept in a file are replaced by a new one."""
    settings = command.read_settings()
    count = command.run(_rotate(settings))
    typer.echo(f"{count} secrets are encrypted with the newest key.")


async def _rotate(settings: "Settings") -> int:
    from contextlib import nullcontext

    from server import startup
    from server.settings import secret_keys

    database = startup.opened(settings)
    store = startup.store_file(database)
    # A server that runs has read the file; keys of the settings it has all of.
    own_file = store is not None and not settings.secret_keys
    try:
        with startup.alone(database) if own_file else nullcontext():
            await startup.check_schema(database)
            async with startup.explained(database):
                return await secret_keys.rotate(settings, database, store)
    finally:
        await database.close()
