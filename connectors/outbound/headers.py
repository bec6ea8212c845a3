"""The head of a request: what may stand in it, and what it is as it is sent."""

import re
from functools import lru_cache
from typing import Final

from connectors.outbound.message import Request
from connectors.outbound.url import Url

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
AGENT: Final = "storegraph"
MOST: Final = 100
# Servers commonly take 8 kB of headers in all.
LONGEST: Final = 4096

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# Neither line breaks, which would begin another header, nor other control characters but the tab.
_UNSENT: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# They say how the message is carried, which is not its writer's business: two that disagree are request smuggling.
_RESERVED: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "proxy-authenticate",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "http2-settings",
    }
)


def checked_header(name: str, value: str = "") -> str | None:
    """Why this header is not sent, a sentence; None where it may be."""
    if (why := _named(name)) is not None:
        return why
    if len(value) > LONGEST:
        return f"The header {name} has more than {LONGEST} characters"
    if _UNSENT.search(value) or value != value.strip():
        return f"The header {name} holds a line break, a control character, or blanks at its ends"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"The header {name} holds what is no text"
    return None


@lru_cache(maxsize=1024)
def _named(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "A header's name is 1 to 100 letters, digits and hyphens"
    if name.lower() in _RESERVED:
        return f"The header {name} is set by the connection itself"
    return None


def refusal(request: Request) -> str | None:
    """Why this request is not sent, for its method or its headers; None where it may be."""
    if request.method not in METHODS:
        return f"The method is not one of {', '.join(METHODS)}"
    if len(request.headers) > MOST:
        return f"The request has more than {MOST} headers"
    for name, value in request.headers:
        if (why := checked_header(name, value)) is not None:
            return why
    return None


def sent(request: Request, url: Url) -> list[tuple[str, str]]:
    """All headers of the request in the order they are sent: what a dry run shows."""
    given = {name.lower() for name, _ in request.headers}
    head = [("Host", url.authority)]
    head += [(name, value) for name, value in _OURS if name.lower() not in given]
    head += request.headers
    if request.body is not None or request.method not in ("GET", "HEAD"):
        head.append(("Content-Length", str(len(request.body or b""))))
    return head


_OURS: Final = (("User-Agent", AGENT), ("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"))
