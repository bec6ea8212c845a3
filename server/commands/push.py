"""`storegraph push …`."""

import typer

push_app = typer.Typer(no_args_is_help=True, help="Notifications in browsers.")


@push_app.callback()
def _push() -> None:
    """Notifications in browsers."""


@push_app.command()
def keys() -> None:
    """Print a new key for STOREGRAPH_PUSH_PRIVATE_KEY, and the public one that belongs to it."""
    from connectors.push.keys import VapidKeys
    from server.settings.settings import variable

    made = VapidKeys.made()
    typer.echo(f"{variable('push_private_key')}={made.private}")
    typer.echo(f"public key: {made.public}")
