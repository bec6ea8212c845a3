"""Whom workflows have letters and notifications sent by. `server` fills the port; what is missing there is unavailable,
and a run that needs it pauses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connectors.delivery.sender import Outcome
from connectors.mail.letter import Letter
from connectors.mail.sending import Mail
from connectors.mail.templates import TEMPLATES
from connectors.push.note import Note
from connectors.push.sending import Push


class SendEmail(Protocol):
    """Hands one letter over. `key` names it: under one key it is one letter, with one Message-ID, however often it is
    sent. RETRY where it may succeed later; nothing is raised for what a server does."""

    async def __call__(self, *, to: str, subject: str, text: str, html: str | None, key: str) -> Outcome: ...


class SendPush(Protocol):
    """Tells all browsers of a user. Under one `key` it is one notification."""

    async def __call__(self, *, user_id: int, title: str, text: str, url: str, key: str) -> Outcome: ...


class LetterTemplate(Protocol):
    """Texts with smart codes, by a name that steps give."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Messengers:
    """`admin` is the address of whoever runs the store; None: the settings do not say, and the store's own is taken."""

    send_email: SendEmail | None = None
    send_push: SendPush | None = None
    admin: str | None = None
    templates: Mapping[str, LetterTemplate] = field(default_factory=dict)


def messengers_of(mail: Mail, push: Push) -> Messengers:
    """By the store's own mail server and keys, as far as it has them."""

    async def letter(*, to: str, subject: str, text: str, html: str | None, key: str) -> Outcome:
        return await mail.send(Letter(to, subject, text, key, html))

    async def notice(*, user_id: int, title: str, text: str, url: str, key: str) -> Outcome:
        return await push.send(user_id, Note(title, key, text, url))

    able = (None if mail.account is None else letter, None if push.identity is None else notice)
    return Messengers(*able, mail.admin, TEMPLATES)
