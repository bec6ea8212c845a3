"""What is sent, and what came of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, Protocol

MIB: Final = 1024 * 1024
# Of an answer's body, for people who look what a receiver said.
EXCERPT: Final = 1000
_SECONDS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Request:
    """`url` and `headers` are checked when they are sent; `checked_url` and `checked_header` tell before.

    `body`     the bytes as they are sent; None sends none
    `seconds`  less than the client allows from the first byte asked to the last one read; None: as long as it allows
    `longest`  bytes of the answer's body that are read, decompressed
    `whole`    whether a body that was not read as a whole is a failure, not an answer that is cut
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    seconds: float | None = None
    longest: int = MIB
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of whatever status, a redirect included: none is followed.

    `headers`  in the order received, names in small letters
    `body`     decompressed
    `cut`      why the body is not whole, a sentence; None where it is
    `seconds`  from the call to the last byte read
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: str | None
    seconds: float

    def header(self, name: str) -> str | None:
        """The first of this name, given in small letters."""
        return next((value for known, value in self.headers if known == name), None)

    @property
    def retry_after(self) -> float | None:
        """The seconds of a Retry-After, which may be a date. Shopify writes them with a fraction."""
        value = (self.header("retry-after") or "").strip()
        if _SECONDS.fullmatch(value):
            return float(value.partition(".")[0][:9] + "." + value.partition(".")[2][:3])
        try:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None

    def excerpt(self, most: int = EXCERPT) -> str:
        """The beginning of the body as text that any database takes."""
        # Four bytes are the longest character of UTF-8.
        return self.body[: most * 4].decode("utf-8", "replace")[:most].replace("\0", "\ufffd")


class Kind(StrEnum):
    """Why there is no answer."""

    URL = "url"  # cannot be asked at all
    HEADER = "header"  # the request has a method or a header that is not sent
    ADDRESS = "address"  # the host leads only to addresses that are refused
    DNS = "dns"
    UNREACHABLE = "unreachable"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    RESET = "reset"
    CLOSED = "closed"  # ended in an orderly way, before the answer did
    ANSWER_TIMEOUT = "answer_timeout"  # no status or headers without an end
    BODY_TIMEOUT = "body_timeout"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"


_UNSENT: Final = frozenset(
    {
        Kind.URL,
        Kind.HEADER,
        Kind.ADDRESS,
        Kind.DNS,
        Kind.UNREACHABLE,
        Kind.CONNECT_REFUSED,
        Kind.CONNECT_TIMEOUT,
    }
)
_LASTING: Final = frozenset({Kind.URL, Kind.HEADER})


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer, or none that is whole.

    `reason`   a sentence for people
    `seconds`  from the call to the failure
    `status`   of the answer, when it got that far
    """

    kind: Kind
    reason: str
    seconds: float
    status: int | None = None

    @property
    def unsent(self) -> bool:
        """Whether it is certain that nothing of the request arrived: then sending it again doubles nothing."""
        return self.kind in _UNSENT

    @property
    def lasting(self) -> bool:
        """Whether the same request can never succeed."""
        return self.kind in _LASTING


Outcome = Answer | Failure


class Sends(Protocol):
    """The client, or what stands for all that is outside."""

    async def send(self, request: Request) -> Outcome: ...


def received(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    """As text that any database takes, whatever the receiver wrote."""
    for name, value in headers:
        yield name.decode("latin-1").lower(), value.decode("utf-8", "replace").replace("\0", "\ufffd")
