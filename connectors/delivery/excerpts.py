"""What an attempt keeps of a request and its answer: the beginning, without secrets."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from connectors.delivery.beginning import Name, beginning, remembered
from connectors.delivery.sender import Message
from db.secrets.confidential import MASK, confidential
from db.text.portable import portable_text

# Characters of each excerpt: enough to see what was meant, little enough to keep a month of them.
LONGEST: Final = 4_000
# A longer body is not read to be masked; of it nothing is kept but its length.
_LONGEST_BODY: Final = 256 * 1024
_URL: Final = re.compile(r"https?://\S+")
# Of these the whole value lets somebody in, whatever the words of their names say.
_HEADERS: Final = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})


def excerpt(message: Message | None) -> str | None:
    """As it stands in the record, or nothing of what was never sent."""
    if message is None:
        return None
    head = [_URL.sub(lambda found: url(found[0]), message.line), *map(_header, message.headers.items())]
    text = "\n".join(head) + f"\n\n{_body(message)}" if message.body else "\n".join(head)
    return cut(text)


def cut(text: str) -> str:
    """The beginning of a text, as it can be stored."""
    text = portable_text(text, "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


_hidden: Final = remembered(lambda name: Name(name.lower() in _HEADERS or confidential(name)))


def url(text: str) -> str:
    """A URL without a password, and without the values of what is named like a secret in its query."""
    try:
        parts = urlsplit(text)
        place = parts.netloc.rpartition("@")[2]
        query = [(name, MASK if confidential(name) else value) for name, value in _pairs(parts.query)]
    except ValueError:
        return MASK
    kept = urlencode(query, safe="*") if query else parts.query
    return urlunsplit((parts.scheme, f"{MASK}@{place}" if "@" in parts.netloc else place, parts.path, kept, ""))


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _header(header: tuple[str, str]) -> str:
    name, value = header
    return f"{name}: {MASK if _hidden(name).hidden else value}"


def _body(message: Message) -> str:
    size = len(message.body)
    if size > _LONGEST_BODY:
        return f"({size} bytes)"
    hiding = message.hiding
    kind = next((v for n, v in message.headers.items() if n.lower() == "content-type"), "").partition(";")[0].strip()
    if kind == "application/x-www-form-urlencoded":
        fields = _pairs(_text(message.body)[: 3 * LONGEST])
        return urlencode([(n, MASK if hiding.field(n) else hiding.text(v)) for n, v in fields], safe="*[]")
    document = _document(message.body)
    if isinstance(document, Mapping | list):
        return beginning(document, LONGEST, hiding)
    # Beyond what is kept: what is hidden may begin before its end.
    return hiding.text(_text(message.body)[: 2 * LONGEST])


def _document(body: bytes | str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _text(body: bytes | str) -> str:
    return body if isinstance(body, str) else body.decode("utf-8", "replace")
