"""Letters: what they become, that nothing in them becomes a header, and what is made of a mail server's answers."""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from connectors.delivery.sender import Outcome, Verdict
from connectors.mail.address import Address, BadAddress, read_address, read_sender
from connectors.mail.letter import LONGEST, Letter, Unsendable, composed
from connectors.mail.sending import UNSET, Account, Mail
from connectors.mail.templates import TEMPLATES, MailTemplate
from connectors.mail.tls import MailTls
from db.integration.template import Context, TemplateError, group
from db.secrets.encrypted import Secret
from tests.connectors.mail_server import PASSWORD, USER, MailServer, mail_server
from tests.connectors.outbound.authority import Authority
from tests.patience import PATIENCE

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SHOP = read_sender("Tea & Töpfe <shop@shop.example>")
LETTER = Letter(to="ada@example.com", subject="Your order 17", text="It is on its way.\n", key="run:3/step:1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail"))


def account(server: MailServer, **others: Any) -> Account:
    return replace(Account("127.0.0.1", server.port, SHOP, MailTls.NONE), **others)


async def sent(server: MailServer, letter: Letter = LETTER, **others: Any) -> Outcome:
    return await Mail(account(server, **others)).send(letter)


# Addresses


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.Byron+shop@Example.COM ", "Ada.Byron+shop@example.com"),
        ("o'neil@xn--bcher-kva.example", "o'neil@xn--bcher-kva.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("адa@example.com", "адa@example.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_address_is_read(text: str, mailbox: str) -> None:
    assert read_address(text).mailbox == mailbox


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.com", "ada@", "ada@@example.com", "a b@example.com", "ada@exa mple.com"),
        *("ada@example.com, eve@example.com", "ada@example.com;eve@example.com", "<ada@example.com>"),
        *("Ada <ada@example.com>", '"ada"@example.com', "ada(eve)@example.com", "@relay:ada@example.com"),
        *("ada@example.com\r\nBcc: eve@example.com", "ada\n@example.com", "ada@example.com\0", "ada@[127.0.0.1]"),
        *("ada@127.0.0.1", "ada@-example.com", ".ada@example.com", "a..da@example.com", "ada@example..com"),
        *("ada\u2028@example.com", "\ud800@example.com", f"{'a' * 65}@example.com", f"a@{'b' * 63}.{'c.' * 100}com"),
        "undisclosed-recipients:;",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        read_address(text)
    with pytest.raises(Unsendable):
        composed(replace(LETTER, to=text), SHOP, NOON)


def test_a_sender_may_have_a_name() -> None:
    assert read_sender('"The shop" <shop@shop.example>') == Address("shop@shop.example", "The shop")
    assert read_sender("shop@shop.example") == Address("shop@shop.example")
    with pytest.raises(BadAddress):
        read_sender("The shop\r\nBcc: eve@example.com <shop@shop.example>")


# Letters


def test_a_letter_has_its_headers_and_both_parts() -> None:
    letter = replace(LETTER, subject="Ihre Bestellung: grüner Tee", html="<p>Grün &amp; gut</p>")
    message = composed(letter, SHOP, NOON)
    data = message.as_bytes()
    assert data.isascii()
    assert b"\r\n" in data
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert (message["From"], message["To"]) == ("Tea & Töpfe <shop@shop.example>", "ada@example.com")
    assert (message["Subject"], message["Auto-Submitted"]) == (letter.subject, "auto-generated")
    assert message["Date"] == "Tue, 01 Dec 2026 12:00:00 +0000"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_letter_keeps_its_message_id_over_retries() -> None:
    first, again = composed(LETTER, SHOP, NOON), composed(LETTER, SHOP, datetime(2026, 12, 2, tzinfo=UTC))
    other = composed(replace(LETTER, key="run:3/step:2"), SHOP, NOON)
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != other["Message-ID"]
    assert first["Message-ID"].endswith("@shop.example>")
    assert LETTER.key not in first.as_string()


@pytest.mark.parametrize("subject", ["", "  ", "a\r\nBcc: eve@example.com", "a\nb", "a\x0bb", "a\u2028b", "x" * 501])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(Unsendable):
        composed(replace(LETTER, subject=subject), SHOP, NOON)


def test_what_is_no_text_or_too_long_is_not_sent() -> None:
    for wrong in (replace(LETTER, text="\ud800"), replace(LETTER, text="x" * LONGEST)):
        with pytest.raises(Unsendable):
            composed(wrong, SHOP, NOON)


@pytest.mark.parametrize("text", ["Subject: other\r\n\r\nbody", ".\r\nMAIL FROM:<eve@example.com>\r\n", "\r\n.\r\n"])
async def test_a_body_ends_where_it_ends(text: str) -> None:
    async with mail_server() as server:
        assert (await sent(server, replace(LETTER, text=text))).verdict is Verdict.DELIVERED
    (letter,) = server.letters
    assert letter["Subject"] == LETTER.subject
    assert letter.get_content().splitlines() == text.splitlines()


# Templates


def context(**values: str) -> Context:
    return Context({"customer": group({"first_name": "<Ada>", **values}), "order": group({"id": "17"})})


def test_values_are_escaped_where_they_go() -> None:
    template = MailTemplate(
        "", "To {{customer.first_name}}", "{{customer.first_name}}", "<p>{{customer.first_name}}</p>"
    )
    letter = template.letter(context(), to="ada@example.com", key="1")
    assert (letter.subject, letter.text, letter.html) == ("To <Ada>", "<Ada>", "<p>&lt;Ada&gt;</p>")


def test_a_value_does_not_become_a_header() -> None:
    template = MailTemplate("", "To {{customer.first_name}}", "")
    with pytest.raises(TemplateError):
        template.letter(context(first_name="Ada\r\nBcc: eve@example.com"), to="ada@example.com", key="1")


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_the_named_ones_say_something(name: str) -> None:
    template = TEMPLATES[name]
    assert template.problems == ()
    letter = template.letter(context(), to="ada@example.com", key="1")
    message = composed(letter, SHOP, NOON)
    assert "17" in letter.subject
    assert "<Ada>" in letter.text
    assert "&lt;Ada&gt;" in (letter.html or "")
    assert isinstance(message, EmailMessage)


# Mail servers


async def test_a_letter_is_handed_in() -> None:
    async with mail_server() as server:
        outcome = await sent(server)
    (envelope,), (letter,) = server.envelopes, server.letters
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@shop.example", ["ada@example.com"])
    assert letter.get_content().splitlines() == [LETTER.text.strip()]
    assert outcome.verdict is Verdict.DELIVERED
    assert outcome.exchange.response is not None
    assert outcome.exchange.response.line == "SMTP 250"
    assert "ada@example.com" not in repr(outcome)


@pytest.mark.parametrize("implicit", [False, True])
async def test_over_tls_with_a_password(authority: Authority, implicit: bool) -> None:
    tls = MailTls.TLS if implicit else MailTls.STARTTLS
    given: dict[str, Any] = {
        "tls": tls,
        "user": USER,
        "password": Secret(PASSWORD),
        "tls_context": authority.trusting(),
    }
    async with mail_server(tls=authority.serving("127.0.0.1"), implicit=implicit, signs_in=True) as server:
        assert (await sent(server, **given)).verdict is Verdict.DELIVERED
        assert server.logins == [USER]

        wrong = await sent(server, **{**given, "password": Secret("wrong horse battery")})
        assert wrong.verdict is Verdict.RETRY
        assert wrong.reason is not None
        assert "does not let us in" in wrong.reason
        assert "535" in wrong.reason
        assert "horse" not in repr(wrong)
    assert len(server.letters) == 1


async def test_a_certificate_that_is_not_trusted_gets_no_password(authority: Authority) -> None:
    given: dict[str, Any] = {"tls": MailTls.STARTTLS, "user": USER, "password": Secret(PASSWORD)}
    async with mail_server(tls=authority.serving("127.0.0.1"), signs_in=True) as server:
        outcome = await sent(server, **given, tls_context=ssl.create_default_context())
        other_name = await sent(server, **given, tls_context=authority.trusting(), host="localhost")
    for one in (outcome, other_name):
        assert (one.verdict, server.logins) == (Verdict.RETRY, [])
        assert one.reason == "The mail server's certificate is not trusted, or it speaks no TLS"


async def test_a_server_that_offers_no_tls_gets_nothing() -> None:
    async with mail_server() as server:
        outcome = await sent(server, tls=MailTls.STARTTLS)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "The mail server offers no STARTTLS")
    assert server.envelopes == []


@pytest.mark.parametrize(
    ("command", "answer", "verdict"),
    [
        ("RCPT", "450 4.2.1 <ada@example.com> is busy", Verdict.RETRY),
        ("RCPT", "550 5.1.1 <ada@example.com> is unknown", Verdict.FAILED),
        ("MAIL", "451 4.3.0 later", Verdict.RETRY),
        ("MAIL", "530 5.7.0 who are you", Verdict.FAILED),
        ("DATA", "421 4.3.2 going down", Verdict.RETRY),
        ("DATA", "554 5.6.0 looks like spam", Verdict.FAILED),
    ],
)
async def test_answers_are_told_apart(command: str, answer: str, verdict: Verdict) -> None:
    async with mail_server() as server:
        server.answers[command] = answer
        outcome = await sent(server)
    assert outcome.verdict is verdict
    assert (outcome.reason or "").startswith(f"The mail server answers {answer[:3]}")
    assert "ada@example.com" not in repr(outcome)
    assert server.envelopes == []


@pytest.mark.parametrize("command", ["MAIL", "DATA"])
async def test_a_server_that_hangs_up_may_be_better_later(command: str) -> None:
    async with mail_server() as server:
        server.hangs_up.add(command)
        outcome = await sent(server)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "The mail server broke the connection off")


async def test_a_slow_server_is_given_up() -> None:
    async with mail_server() as server:
        server.stalls.add("RCPT")
        outcome = await sent(server, total=0.2)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "The mail server did not answer in time")


async def test_a_slow_farewell_sends_nothing_twice() -> None:
    async with mail_server() as server:
        server.hangs_up.add("QUIT")
        assert (await sent(server)).verdict is Verdict.DELIVERED
    assert len(server.letters) == 1


async def test_nobody_there() -> None:
    async with mail_server() as server:
        pass
    outcome = await sent(server)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "There is no connection to the mail server")


async def test_whoever_is_cancelled_closes_the_connection() -> None:
    async with mail_server() as server, asyncio.timeout(PATIENCE):
        server.stalls.add("MAIL")
        sending = asyncio.ensure_future(sent(server, total=30.0))
        await server.stalled.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    async with mail_server() as server:
        assert (await sent(server, replace(LETTER, to="адa@example.com"))).verdict is Verdict.DELIVERED
    assert server.envelopes[0].rcpt_tos == ["адa@example.com"]


async def test_without_a_mail_server_each_letter_fails() -> None:
    assert await Mail(None).send(LETTER) == Outcome.failed(UNSET)
    async with mail_server() as server:
        assert (await sent(server, replace(LETTER, to="nobody"))).verdict is Verdict.FAILED
    assert server.envelopes == []
