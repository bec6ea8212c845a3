"""Answers to GET that a cache may keep (RFC 9111), and the short answer to who has them already (RFC 9110, 304)."""

import hashlib
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

# A caller's own cache may keep it, if it asks whether it still holds.
PRIVATE: Final = "private, no-cache"
_SENT_WITH_304: Final = frozenset({"etag", "cache-control", "vary"})
# More than any browser keeps of one address.
_LONGEST: Final = 2000


def tagged(response: Response) -> Response:
    """Give a whole answer its ETag: the same for the same bytes of the same media type."""
    about = f"{response.media_type}\n".encode() + bytes(response.body)
    response.headers["ETag"] = f'"{hashlib.sha256(about).hexdigest()[:32]}"'
    return response


def public(seconds: int) -> str:
    """Anyone's cache may keep it so long: a shared one needs to ask nobody meanwhile."""
    return f"public, max-age={seconds}" if seconds else PRIVATE


def unless_known(response: Response, headers: Headers) -> Response:
    """304 without a body where the caller's If-None-Match names the answer's ETag."""
    etag = response.headers.get("etag")
    given = ",".join(headers.getlist("if-none-match"))[:_LONGEST]
    # Weakly: a proxy that compresses makes W/"…" of a tag.
    names = {name.strip().removeprefix("W/") for name in given.split(",")}
    if etag is None or not ({etag, "*"} & names):
        return response
    known = Response(status_code=304)
    known.raw_headers = [(k, v) for k, v in response.raw_headers if k.decode("latin-1").lower() in _SENT_WITH_304]
    return known
