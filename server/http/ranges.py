"""Parts of a file (RFC 9110 §14): which bytes a Range header asks for, and whether the caller's copy still holds."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

_RANGE: Final = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII)
_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')


class Unsatisfiable(Exception):
    """Begins beyond the end of the file."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to `end`, exclusive, of a file of `size`."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def requested(header: str | None, size: int) -> Span | None:
    """The one range that was asked for; None for the whole file. Several ranges, other units and what is malformed are
    answered by the whole, as the specification allows. Raises Unsatisfiable."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise Unsatisfiable
        return Span(max(0, size - length), size, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(last) + 1, size) if last else size, size)


def matches(if_none_match: str, etag: str | None) -> bool:
    """Whether the caller has this version already; `W/` makes no difference here."""
    if if_none_match.strip() == "*":
        return True
    if etag is None:
        return False
    return any(tag.removeprefix("W/") == etag.removeprefix("W/") for tag in _TAG.findall(if_none_match))


def still_holds(if_range: str | None, etag: str | None, modified_at: datetime) -> bool:
    """Whether the part that the caller has is of this version: only then may it get the rest instead of the whole."""
    if if_range is None:
        return True
    given = if_range.strip()
    if given.startswith(('"', "W/")):
        return etag is not None and not etag.startswith("W/") and given == etag
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return False
    return moment.tzinfo is not None and moment == modified_at.replace(microsecond=0)


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
