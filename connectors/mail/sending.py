"""Sends letters by SMTP, one connection a letter: those that a store sends are few, and a connection that is kept is
one that the other side has closed when it is needed.

Not `connectors/outbound`, which speaks HTTP to whom anybody names: the mail server is the operator's own.
"""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

import aiosmtplib
import structlog
from aiosmtplib.errors import SMTPException, SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from connectors.delivery.sender import Exchange, Message, Outcome
from connectors.mail.address import Address, read_address
from connectors.mail.letter import Letter, Unsendable, composed
from connectors.mail.tls import MailTls
from connectors.webhooks.personal import impersonal_text
from db.secrets.encrypted import Secret

log = structlog.get_logger("storegraph.mail")

# Connections at the same time; servers commonly refuse one client more than a few dozen.
_AT_ONCE: Final = 10
# Of what a server says. It is shown to people, and may be anything.
_LONGEST_ANSWER: Final = 300
_FAREWELL_SECONDS: Final = 1.0
UNSET: Final = "There is no mail server: STOREGRAPH_MAIL_HOST is not set"


@dataclass(frozen=True, slots=True)
class Account:
    """Where letters are handed in, and whose they are. `connect` and `total` are seconds: until the server has let us
    in, and for everything. `tls_context` is whom to trust instead of the system's authorities."""

    host: str
    port: int
    sender: Address
    tls: MailTls = MailTls.STARTTLS
    user: str | None = None
    password: Secret | None = None
    connect: float = 10.0
    total: float = 30.0
    tls_context: ssl.SSLContext | None = None


class Mail:
    """A port of the server. Without an account nothing is sent, and each letter fails with the reason."""

    def __init__(self, account: Account | None, admin: str | None = None) -> None:
        """`admin` is whom letters to the administrator go to, where the settings say."""
        self.account = account
        self.admin = admin
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def send(self, letter: Letter) -> Outcome:
        """DELIVERED when the server has taken the letter, RETRY where it or the way to it may be better later (its own
        4xx, no connection, a sign-in that fails: that is the account's fault, not the letter's), FAILED where this
        letter never will be. Nothing that a server does is raised. Cancelling it closes the connection."""
        if self.account is None:
            return Outcome.failed(UNSET)
        try:
            message = composed(letter, self.account.sender, datetime.now(UTC))
        except Unsendable as unsendable:
            return Outcome.failed(str(unsendable))
        async with self._turns:
            return await _sent(self.account, message, read_address(letter.to))


async def _sent(account: Account, message: EmailMessage, to: Address) -> Outcome:
    server = aiosmtplib.SMTP(
        hostname=account.host,
        port=account.port,
        # The machine's own name is asked of the resolver otherwise, which may take as long as it likes.
        local_hostname=account.sender.domain,
        username=account.user,
        password=None if account.password is None else account.password.reveal(),
        use_tls=account.tls is MailTls.TLS,
        start_tls=account.tls is MailTls.STARTTLS,
        tls_context=account.tls_context,
        timeout=account.total,
    )
    data = message.as_bytes()
    request = Message(f"SMTP {account.host}:{account.port}", {"Message-ID": message["Message-ID"]})
    answers = _Answers(request)
    try:
        async with asyncio.timeout(account.total):
            try:
                async with asyncio.timeout(account.connect):
                    await server.connect()
            except (SMTPException, OSError, ssl.SSLError, ValueError) as error:
                return answers.unconnected(error)
            options = [] if to.is_ascii and account.sender.is_ascii else ["SMTPUTF8"]
            _, said = await server.sendmail(account.sender.mailbox, [to.mailbox], data, mail_options=options)
        # The letter is with the server: whatever becomes of the farewell, it is not sent again.
        with suppress(SMTPException, OSError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await server.quit()
        return Outcome.delivered(answers.exchange(250, said))
    except (SMTPException, OSError, ValueError) as error:  # TimeoutError is an OSError
        return answers.refused(error)
    finally:
        server.close()


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is told of a server's answers: its sentences without addresses of people."""

    request: Message

    def exchange(self, code: int | None, said: str) -> Exchange:
        if code is None:
            return Exchange(self.request)
        return Exchange(self.request, Message(f"SMTP {code}", {}, _shown(said)))

    def unconnected(self, error: Exception) -> Outcome:
        """Nothing of the letter was said yet."""
        if isinstance(error, SMTPResponseException):
            reason = f"The mail server does not let us in: it answers {error.code} {_shown(error.message)}"
            return Outcome.retry(reason, exchange=self.exchange(error.code, error.message))
        if isinstance(error, TimeoutError):
            reason = "The mail server did not let us in in time"
        elif isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            reason = "The mail server's certificate is not trusted, or it speaks no TLS"
        elif isinstance(error, SMTPException) and "STARTTLS" in str(error.args[0]):
            reason = "The mail server offers no STARTTLS"
        else:
            reason = "There is no connection to the mail server"
        # What it is in detail is for the operator: names and addresses of an inner network.
        log.warning("the mail server cannot be reached", error=type(error).__name__, detail=_shown(str(error)))
        return Outcome.retry(reason, exchange=self.exchange(None, ""))

    def refused(self, error: Exception) -> Outcome:
        if isinstance(error, SMTPRecipientsRefused):
            error = error.recipients[0]
        if isinstance(error, SMTPResponseException):
            code, said = error.code, error.message
            reason = f"The mail server answers {code} {_shown(said)}"
            exchange = self.exchange(code, said)
            return Outcome.failed(reason, exchange) if 500 <= code <= 599 else Outcome.retry(reason, exchange=exchange)
        exchange = self.exchange(None, "")
        if isinstance(error, SMTPNotSupported | ValueError):
            return Outcome.failed("The mail server takes no addresses beyond ASCII", exchange)
        if isinstance(error, TimeoutError):
            return Outcome.retry("The mail server did not answer in time", exchange=exchange)
        return Outcome.retry("The mail server broke the connection off", exchange=exchange)


def _shown(said: str) -> str:
    line = " ".join(said.split())
    return impersonal_text("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line))[
        :_LONGEST_ANSWER
    ]
