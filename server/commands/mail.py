"""`storegraph mail …`."""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands import running as command
from server.settings.mistake import Mistake

if TYPE_CHECKING:
    from connectors.delivery.sender import Outcome
    from server.settings.settings import Settings

mail_app = typer.Typer(no_args_is_help=True, help="Letters that this store sends.")


@mail_app.callback()
def _mail() -> None:
    """Letters that this store sends."""


@mail_app.command()
def test(address: Annotated[str, typer.Argument(help="Whom to write to: name@example.com.")]) -> None:
    """Send a letter, to see whether the settings of the mail server are right."""
    from connectors.delivery.sender import Verdict

    settings = command.read_settings()
    outcome = command.run(_sent(settings, address))
    if outcome.verdict is not Verdict.DELIVERED:
        raise Mistake(outcome.reason or "The letter was not taken")
    typer.echo(f"{settings.mail_host} has taken a letter to {address}.")


async def _sent(settings: "Settings", address: str) -> "Outcome":
    from connectors.mail.letter import Letter
    from server.work import messages

    text = "This letter was sent by `storegraph mail test`: the mail server takes what this store sends.\n"
    return await messages.mail(settings).send(
        Letter(to=address, subject="A letter from storegraph", text=text, key=secrets.token_hex(16))
    )
