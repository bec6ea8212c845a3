"""Answers to GET that a cache may keep (RFC 9111), and the short answer to who has them already (RFC 9110, 304)."""

import hashlib
from typing import Final

from server.http.call import Call
from server.http.reply import Reply

# A caller's own cache may keep it, if it asks whether it still holds.
PRIVATE: Final = b"private, no-cache"
_SENT_WITH_304: Final = frozenset({b"etag", b"cache-control", b"vary"})
# More than any browser keeps of one address.
_LONGEST: Final = 2000


def tagged(reply: Reply) -> Reply:
    """Give a whole answer its ETag: the same for the same bytes of the same media type."""
    about = reply.headers.get(b"content-type", b"") + b"\n" + reply.body
    reply.headers[b"etag"] = f'"{hashlib.sha256(about).hexdigest()[:32]}"'.encode()
    return reply


def public(seconds: int) -> bytes:
    """Anyone's cache may keep it so long: a shared one needs to ask nobody meanwhile."""
    return b"public, max-age=%d" % seconds if seconds else PRIVATE


def unless_known(reply: Reply, call: Call) -> Reply:
    """304 without a body where the caller's If-None-Match names the answer's ETag."""
    etag = reply.headers.get(b"etag")
    given = ",".join(call.header_values(b"if-none-match"))[:_LONGEST]
    # Weakly: a proxy that compresses makes W/"…" of a tag.
    names = {name.strip().removeprefix("W/") for name in given.split(",")}
    if etag is None or not ({etag.decode(), "*"} & names):
        return reply
    return Reply(304, {name: value for name, value in reply.headers.items() if name in _SENT_WITH_304})
