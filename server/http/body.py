"""The body of a POST: read within a limit, decoded as JSON, or refused with the reason."""

from functools import lru_cache
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from server.http.refusal import Refusal

_UTF8: Final = frozenset({"utf-8", "utf8"})


# A client sends the same all the time; a stranger's inventions push it out at worst. What is refused is not kept.
_KEPT: Final = 64


@lru_cache(maxsize=_KEPT)
def check_content_type(content_type: str | None) -> None:
    """JSON only: what a form or a script can send to another origin without asking first would let any page ask in
    the name of whoever looks at it (CSRF)."""
    kind, *parameters = (part.strip() for part in (content_type or "").lower().split(";"))
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    if kind != "application/json":
        sent = f"not {kind[:100]!r}" if kind else "and it is missing"
        raise Refusal(415, f"Send the body as JSON: Content-Type must be application/json, {sent}")
    if not _UTF8.issuperset(charsets):
        raise Refusal(415, "Send the JSON in UTF-8: Content-Type: application/json")


def check_encoding(content_encoding: str | None) -> None:
    if content_encoding and content_encoding.strip().lower() != "identity":
        raise Refusal(
            415, "Send the body uncompressed, without Content-Encoding", headers={"Accept-Encoding": "identity"}
        )


def bounded(content: bytes, limit: int) -> bytes:
    """The same. Raises Refusal(413)."""
    if len(content) > limit:
        raise _too_long(limit)
    return content


async def read(receive: Receive, content_length: str | None, limit: int) -> bytes:
    """All bytes of the body, counted as they come; `content_length` may lie. Raises Refusal(413) beyond `limit` without
    waiting for the rest, and ClientDisconnect."""
    if content_length is not None and content_length.isdecimal() and int(content_length[:20]) > limit:
        raise _too_long(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_long(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def decoded(text: bytes | str, what: str) -> Any:
    """JSON as the standard has it: UTF-8, no NaN, no lone surrogates, nested no deeper than orjson follows (1024)."""
    if not text:
        raise Refusal(400, f'{what} is empty: send a JSON object like {{"query": "{{ __typename }}"}}')
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        # The position helps; the text itself is not repeated, it may hold what should not be shown.
        raise Refusal(
            400, f"{what} is no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None


def _too_long(limit: int) -> Refusal:
    return Refusal(413, f"The body is longer than {limit} bytes: send a shorter document, or fewer things at a time")
