"""Addresses of e-mail, as they may stand in an envelope and in a header: one, without anything around it."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address as _Header
from typing import Final

import idna

# What fits into an envelope (RFC 5321), and into the part before the `@`.
LONGEST: Final = 254
_LONGEST_LOCAL: Final = 64
_LONGEST_NAME: Final = 200
# Without quotes, comments, commas and routes: nobody's mailbox needs them, and each is a way to a second recipient.
_LOCAL: Final = re.compile(r"[^\s@\"(),:;<>\[\\\]\x00-\x20\x7f-\x9f]+")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAMED: Final = re.compile(r"(.*?)\s*<([^<>]*)>")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class BadAddress(ValueError):
    """The text is no address; what it says is a sentence for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Address:
    """`mailbox` is `local@domain`, the domain in ASCII and small letters; `name` is what is shown, often nothing."""

    mailbox: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]

    @property
    def is_ascii(self) -> bool:
        """Whether every mail server takes it: one that is not needs SMTPUTF8."""
        return self.mailbox.isascii()

    @property
    def header(self) -> _Header:
        local, _, domain = self.mailbox.rpartition("@")
        return _Header(display_name=self.name, username=local, domain=domain)


def read_address(text: str) -> Address:
    """`ada@example.com`, spaces around it aside. Raises BadAddress."""
    if _CONTROL.search(text):
        raise BadAddress("The address holds a line break or another control character")
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain:
        raise BadAddress("This is no e-mail address: write name@example.com")
    if not _LOCAL.fullmatch(local) or local[0] == "." or local[-1] == "." or ".." in local:
        raise BadAddress("What stands before the @ is no name of a mailbox")
    mailbox = f"{local}@{_host(domain)}"
    if len(local.encode()) > _LONGEST_LOCAL or len(mailbox.encode()) > LONGEST:
        raise BadAddress(f"An e-mail address has at most {LONGEST} characters, {_LONGEST_LOCAL} before the @")
    address = Address(mailbox)
    try:
        str(address.header)
    except (MessageError, ValueError, IndexError):  # what the parser of headers reads otherwise
        raise BadAddress("This is no e-mail address: write name@example.com") from None
    return address


def read_sender(text: str) -> Address:
    """The same, or with a name: `The shop <shop@example.com>`. Raises BadAddress."""
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return read_address(text)
    name = named[1].strip().strip('"').strip()
    if len(name) > _LONGEST_NAME or _CONTROL.search(name):
        raise BadAddress(f"A sender's name has at most {_LONGEST_NAME} characters, none of them a control character")
    return Address(read_address(named[2]).mailbox, name)


def _host(domain: str) -> str:
    host = domain.lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            raise BadAddress("What stands behind the @ is no name of a host") from None
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise BadAddress("What stands behind the @ is no name of a host")
    return host
