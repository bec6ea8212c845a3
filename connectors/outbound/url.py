"""URLs that may be asked, as text: what can be told before anybody is asked where a name leads.

That is told when the connection is made, of the address that it is made to, because the answer may be another one each
time (`connectors/outbound/resolving.py`)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote

import idna

from connectors.outbound.reach import PUBLIC, Address, Reach
from engine.values.errors import ErrorCode

LONGEST: Final = 2048
# Of one that is sent, which may carry what it tells in its query. Servers take about as much in a line.
LONGEST_SENT: Final = 8000
_PORTS: Final = {"http": 80, "https": 443}
_PARTS: Final = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?#]*)([^#]*)(#.*)?", re.DOTALL)
_PORT: Final = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT: Final = 65535
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What resolvers would read as an IPv4 address in one of its old spellings (`0x7f.1`, `2130706433`, `0177.0.0.1`).
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_HOST: Final = 253
# Bytes that a request line may hold as they are; `%` because the caller's own escapes are left alone.
_AS_THEY_ARE: Final = "/?:@!$&'()*+,;=-._~%[]|^`{}\"<>"


class BadUrl(Exception):
    """The URL cannot be asked; the text is a sentence for whoever wrote it."""

    code = ErrorCode.VALIDATION


@dataclass(frozen=True, slots=True)
class Url:
    """`host` is in ASCII and small letters, without brackets; `target` is path and query, as they are sent;
    `address` is the host's where it is one."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def checked_url(text: str, reach: Reach = PUBLIC) -> Url:
    """What the text means, when it may be asked as far as the text tells. Raises BadUrl."""
    if len(text) > LONGEST:
        raise BadUrl(f"The URL has more than {LONGEST} characters")
    url = parsed(text)
    if url.address is not None and (refusal := reach.refusal(url.address)) is not None:
        raise BadUrl(f"The URL's host is not asked: {refusal}")
    here = url.host == "localhost" or url.host.endswith(".localhost")
    if here and reach.refusal(IPv4Address("127.0.0.1")) is not None:
        raise BadUrl(f"The URL's host is not asked: {url.host} is this machine itself")
    return url


@lru_cache(maxsize=512)  # some are long, and none is asked again
def parsed(text: str) -> Url:
    """What the text means, wherever it leads. Raises BadUrl."""
    if len(text) > LONGEST_SENT:
        raise BadUrl(f"The URL has more than {LONGEST_SENT} characters")
    if not text.isprintable() or "\\" in text:
        raise BadUrl("The URL holds a control character, a line break or a backslash")
    parts = _PARTS.fullmatch(text.strip())
    if parts is None or parts[1] is None:
        raise BadUrl("The URL is not whole: write https://, the host and the path")
    scheme = parts[1].lower()
    if scheme not in _PORTS:
        raise BadUrl(f"The URL's scheme is {scheme}: only http and https are asked")
    if "@" in parts[2]:
        raise BadUrl("The URL holds a user or a password: send credentials in a header")
    if parts[4] is not None:
        raise BadUrl("The URL has a fragment (#), which is never sent: leave it out")
    host, address, port = _host_and_port(parts[2])
    try:
        target = quote(parts[3], safe=_AS_THEY_ARE).removesuffix("?")
    except UnicodeEncodeError:
        raise BadUrl("The URL holds what is no text") from None
    if not target.startswith("/"):
        target = f"/{target}"
    return Url(scheme, host, _PORTS[scheme] if port is None else port, target, address)


def _host_and_port(authority: str) -> tuple[str, Address | None, int | None]:
    if authority.startswith("["):
        written, bracket, after = authority[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise BadUrl("The URL's host is no IPv6 address in brackets")
        return *_ipv6(written), _port(after.removeprefix(":") if after else None)
    written, colon, after = authority.partition(":")
    return *_named(written), _port(after if colon else None)


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not _PORT.fullmatch(text) or not 0 < int(text) <= _HIGHEST_PORT:
        raise BadUrl(f"The URL's port is not one of 1 to {_HIGHEST_PORT}")
    return int(text)


def _ipv6(text: str) -> tuple[str, Address]:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        raise BadUrl("The URL's host is no IPv6 address in brackets") from None
    if address.scope_id is not None:
        raise BadUrl("The URL's host names an interface of this machine (%)")
    return str(address), address


def _named(text: str) -> tuple[str, Address | None]:
    host = text.lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            raise BadUrl("The URL's host is no name of a machine") from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise BadUrl("The URL's host is no name of a machine" if host else "The URL names no host")
    if _NUMBER.fullmatch(labels[-1]) is None:
        return host, None
    try:
        return host, IPv4Address(host)
    except AddressValueError:
        raise BadUrl("The URL's host is an address in an unusual form: write four numbers, as in 192.0.2.1") from None
