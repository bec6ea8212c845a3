"""A letter, and the bytes that it becomes. Nothing that it says can begin a header or a second letter."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Final

from connectors.mail.address import Address, BadAddress, read_address

LONGEST_SUBJECT: Final = 500
# Of text and markup together. What is longer belongs on a page that the letter links to.
LONGEST: Final = 512 * 1024
# Line breaks, of whatever alphabet, and the rest of what no subject holds; the tab is a blank.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES: Final = re.compile("[\ud800-\udfff]")


class Unsendable(ValueError):
    """The letter cannot be sent as it is, however often it is tried. The text is a sentence without what it said."""


@dataclass(frozen=True, slots=True)
class Letter:
    """To one address. `html` is beside the text for those who look at it; whoever makes it has escaped what it quotes.

    `key` names what is sent: under one key it is one letter, sent once or twice, and carries one Message-ID, by which
    those who receive it twice can tell."""

    to: str
    subject: str
    text: str
    key: str
    html: str | None = None


def composed(letter: Letter, sender: Address, moment: datetime) -> EmailMessage:
    """Headers and parts, in seven bits. Raises Unsendable."""
    try:
        to = read_address(letter.to)
    except BadAddress as bad:
        raise Unsendable(f"The recipient cannot be written to: {bad}") from None
    subject = letter.subject.strip()
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise Unsendable(f"A subject has 1 to {LONGEST_SUBJECT} characters")
    if _CONTROL.search(subject):
        raise Unsendable("The subject holds a line break or another control character")
    texts = (subject, letter.text, letter.html or "")
    if any(_HALVES.search(text) for text in texts):
        raise Unsendable("The letter holds what is no text")
    if sum(len(text.encode()) for text in texts) > LONGEST:
        raise Unsendable(f"The letter is longer than {LONGEST} bytes")
    ascii_only = to.is_ascii and sender.is_ascii
    message = EmailMessage((SMTP if ascii_only else SMTPUTF8).clone(cte_type="7bit"))
    message["From"] = sender.header
    message["To"] = to.header
    message["Subject"] = subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = message_id(letter.key, sender)
    # Holiday answers and the like are for letters of people (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    return message


def message_id(key: str, sender: Address) -> str:
    """The same for the same key, and for no other; the key itself cannot be read from it."""
    told = hashlib.sha256(f"{sender.mailbox} {key}".encode()).hexdigest()
    return f"<{told[:40]}@{sender.domain}>"
