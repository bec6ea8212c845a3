"""A mail server on loopback, aiosmtpd's, that takes, defers, refuses or stalls as a test says."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "shop", "correct horse"


@dataclass
class MailServer:
    """`answers` are said to commands in place of aiosmtpd's own (`RCPT`: `550 …`); a command in `stalls` is never
    answered, one in `hangs_up` ends the connection."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    stalls: set[str] = field(default_factory=set)
    hangs_up: set[str] = field(default_factory=set)
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def letters(self) -> list[EmailMessage]:
        """As a mail program reads them."""
        return [message_from_bytes(e.content, policy=default) for e in self.envelopes if isinstance(e.content, bytes)]

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (said := await self._said("RCPT", server)) is None:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_MAIL(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if (said := await self._said("MAIL", server)) is None:
            envelope.mail_from = address
        return said or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        said = await self._said("DATA", server)
        if said is None:
            self.envelopes.append(envelope)
        return said or "250 Taken as 4711"

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:
        return await self._said("QUIT", server) or "221 Bye"

    async def _said(self, command: str, server: SMTP) -> str | None:
        if command in self.stalls:
            self.stalled.set()
            await asyncio.Event().wait()
        if command in self.hangs_up:
            server.transport.abort()  # type: ignore[union-attr]
            await asyncio.Event().wait()
        return self.answers.get(command)

    def authenticated(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(
            success=(data.login.decode(), data.password.decode()) == (USER, PASSWORD), handled=False, auth_data=data
        )


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, signs_in: bool = False
) -> AsyncIterator[MailServer]:
    """With `tls` it offers STARTTLS and takes nothing before, or speaks TLS from the first byte on (`implicit`)."""
    loop = asyncio.get_running_loop()
    mail = MailServer()
    made: list[SMTP] = []

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a password without STARTTLS is unsafe: it is over TLS
            made.append(made_one())
        return made[-1]

    def made_one() -> SMTP:
        return SMTP(
            mail,
            hostname="mail.example",
            loop=loop,
            tls_context=None if implicit else tls,
            require_starttls=tls is not None and not implicit,
            auth_required=signs_in,
            auth_require_tls=not implicit,
            authenticator=mail.authenticated if signs_in else None,
            enable_SMTPUTF8=True,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls if implicit else None)
    mail.port = server.sockets[0].getsockname()[1]
    try:
        yield mail
    finally:
        server.close()
        for one in made:
            if isinstance(one.transport, asyncio.Transport):
                one.transport.abort()
            if one._handler_coroutine is not None:
                one._handler_coroutine.cancel()
        await asyncio.sleep(0)
