"""Letters and notifications as the settings say: what is refused, what becomes of them, and the commands."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from connectors.mail.address import Address
from connectors.mail.tls import MailTls
from connectors.push.keys import VapidKeys
from server.commands.main import app
from server.settings.mistake import Mistake
from server.settings.settings import Settings, describe, mistakes
from server.work import messages
from tests.connectors.mail_server import mail_server

MAIL: dict[str, Any] = {"mail_host": "smtp.shop.example", "mail_from": "The shop <shop@shop.example>"}
KEY = "c3RvcmVncmFwaCB0ZXN0cyBrZWVwIG5vIHNlY3JldHM"


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch, logging_restored: None) -> None:
    """Commands send this process's logs somewhere."""
    for setting in describe():
        monkeypatch.delenv(setting.variable, raising=False)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mail_host": "smtp.shop.example"}, "STOREGRAPH_MAIL_HOST: needs STOREGRAPH_MAIL_FROM"),
        ({**MAIL, "mail_from": "the shop"}, "STOREGRAPH_MAIL_FROM: This is no e-mail address"),
        ({**MAIL, "mail_user": "shop"}, "STOREGRAPH_MAIL_HOST: needs STOREGRAPH_MAIL_USER and"),
        ({**MAIL, "mail_user": "shop", "mail_password": "secret horse", "mail_tls": "none"}, "in the open"),
        ({**MAIL, "mail_admin": "a@b.example, c@d.example"}, "STOREGRAPH_MAIL_ADMIN"),
        ({"push_private_key": KEY}, "STOREGRAPH_PUSH_PRIVATE_KEY: needs STOREGRAPH_PUSH_CONTACT"),
        ({"push_private_key": "secret horse", "push_contact": "https://shop.example"}, "private key is 32 bytes"),
        ({"push_contact": "office@shop.example"}, "STOREGRAPH_PUSH_CONTACT: write `mailto:`"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**given)
    assert told in mistakes(refused.value)
    assert "secret horse" not in mistakes(refused.value)


def test_settings_become_an_account() -> None:
    password = SecretStr("secret horse")
    settings = Settings(**MAIL, mail_user="shop", mail_password=password, mail_admin="Office@Shop.example")
    mail = messages.mail(settings)
    assert mail.account is not None
    assert (mail.account.port, mail.account.tls) == (587, MailTls.STARTTLS)
    assert mail.account.sender == Address("shop@shop.example", "The shop")
    assert mail.admin == "Office@shop.example"
    assert "secret horse" not in repr(mail.account)
    assert "secret horse" in settings.secrets()
    assert messages.mail(Settings()).account is None
    ports = {tls: messages.mail(Settings(**MAIL, mail_tls=tls)).account for tls in MailTls}
    assert [account.port for account in ports.values() if account is not None] == [587, 465, 25]


def test_the_command_makes_a_key_that_the_settings_take() -> None:
    told = CliRunner().invoke(app, ["push", "keys"])
    assert told.exit_code == 0
    private, public = (line.rpartition("=" if "=" in line else " ")[2] for line in told.output.splitlines())
    settings = Settings(push_private_key=SecretStr(private), push_contact="mailto:office@shop.example")
    assert settings.push_private_key is not None
    assert VapidKeys(settings.push_private_key.get_secret_value()).public == public
    assert private in settings.secrets()


async def test_the_command_sends_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    from server.commands import mail as command

    async with mail_server() as server:
        settings = Settings(
            mail_host="127.0.0.1", mail_port=server.port, mail_tls=MailTls.NONE, mail_from="shop@shop.example"
        )
        outcome = await command._sent(settings, "ada@example.com")
        monkeypatch.setattr("server.commands.running.read_settings", lambda: settings)
        monkeypatch.setattr("server.commands.running.run", lambda work: (work.close(), outcome)[1])
        told = CliRunner().invoke(app, ["mail", "test", "ada@example.com"])
    assert (told.exit_code, told.output) == (0, "127.0.0.1 has taken a letter to ada@example.com.\n")
    assert [letter["To"] for letter in server.letters] == ["ada@example.com"]


def test_the_command_says_why_nothing_was_sent() -> None:
    told = CliRunner().invoke(app, ["mail", "test", "ada@example.com"])
    assert isinstance(told.exception, Mistake)
    assert "STOREGRAPH_MAIL_HOST is not set" in str(told.exception)
