"""Readers of single values as FluentCart's REST API writes them (released.md): numbers as strings, `"yes"` and `"no"`,
`[]` for an empty map, prices as strings of cents. Each raises Unreadable and nothing else."""

import html
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Final, Literal, TypeAlias

import orjson

from connectors.importers.mapping import Reader, Record, Unreadable
from db.catalog.html import safe
from db.text.address import is_active
from db.text.plain import line as one_line
from db.text.plain import lines as several_lines
from db.text.portable import portable, portable_text


class Required(Enum):
    """The default of a value that has none."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED
Missing: TypeAlias = Literal[Required.REQUIRED] | None

INTEGER: Final = 2**31 - 1  # what the columns hold, and what GraphQL's Int carries
MONEY: Final = 2**53 - 1  # what a JSON number carries exactly

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,40})?", re.ASCII)
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_URL_ENTITY: Final = re.compile(r"&(?:amp|#0*38|#[xX]0*26);")
_TRUE: Final = frozenset({"yes", "true", "1", "on"})
_FALSE: Final = frozenset({"no", "false", "0", "off", ""})
# A price of 19.99 times a hundred is 1998.9999999999998 in the store's own arithmetic.
_CENT_NOISE: Final = Decimal("0.005")


def shown(value: Any) -> str:
    """A value for a message: one short line, control characters escaped."""
    text = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= 40 else f"{text[:37]}..."


def line(text: str) -> str:
    """What somebody else wrote, fit for a message: one line, nothing that a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:200]).strip()


def _absent(default: Any) -> Any:
    if default is REQUIRED:
        raise Unreadable("is missing")
    return default


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise Unreadable(f"{shown(value)} is not a number")
    if isinstance(value, int):
        if abs(value) < 10**20:
            return Decimal(value)
    elif isinstance(value, float):
        if math.isfinite(value) and abs(value) < 1e20:
            return Decimal(repr(value))
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise Unreadable(f"{shown(value)} is not a number")


def whole(default: int | Missing = REQUIRED, *, least: int = -INTEGER - 1, most: int = INTEGER) -> Reader:
    """5, "5", "5.0", 5.0; nothing and "" are the default."""
    return _rounded(default, least, most, Decimal(0), "a whole number")


def cents(default: int | Missing = 0, *, least: int = 0) -> Reader:
    """9147, "9147", "9147.0": hundredths in every currency (`money.convert`), not negative unless `least` says so."""
    return _rounded(default, least, MONEY, _CENT_NOISE, "a whole number of cents")


def exact(default: Decimal, *, digits: int, places: int) -> Reader:
    """8393.5, "8393.50": a number of so many digits, some of them decimals; nothing and "" are the default."""

    def read(value: Any) -> Decimal:
        if value is None or (isinstance(value, str) and not value.strip()):
            return default
        number = _decimal(value)
        if abs(number) >= 10 ** (digits - places):
            raise Unreadable(f"{shown(value)} is too large")
        return round(number, places)

    return read


def present(read: Reader) -> Reader:
    """What the reader finds, which must be something."""

    def reading(value: Any) -> Any:
        return _absent(REQUIRED) if (found := read(value)) is None else found

    return reading


def _rounded(default: int | Missing, least: int, most: int, noise: Decimal, what: str) -> Reader:
    def read(value: Any) -> int | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            result: int | None = _absent(default)
            return result
        exact = _decimal(value)
        rounded = int(exact.to_integral_value())
        if abs(exact - rounded) > noise:
            raise Unreadable(f"{shown(value)} is not {what}")
        if not least <= rounded <= most:
            raise Unreadable(f"{shown(value)} is not between {least} and {most}")
        return rounded

    return read


def key(value: Any) -> int:
    """An identifier: 17 or "17"."""
    result: int = whole(least=1)(value)
    return result


def reference(value: Any) -> int | None:
    """An identifier or none: null, "", 0, "0" and false all mean none."""
    result: int | None = whole(0, least=0)(None if value is False else value)
    return result or None


def measure(value: Any) -> float | None:
    """A weight or a length: 1.5, "1.5"; nothing and "" are null."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return float(_decimal(value))


def flag(default: bool | Missing = False) -> Reader:
    """The store's booleans: "yes" "no" "true" "false" "1" "0" "" 1 0 true false; null is the default."""

    def read(value: Any) -> bool | None:
        if value is None:
            result: bool | None = _absent(default)
            return result
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float) and value in (0, 1):
            return bool(value)
        if isinstance(value, str):
            word = value.strip().lower()
            if word in _TRUE:
                return True
            if word in _FALSE:
                return False
        raise Unreadable(f"{shown(value)} is neither yes nor no")

    return read


def text(default: str | Missing = REQUIRED, *, longest: int | None = None) -> Reader:
    """Text as it is: words, paths and names of files. A number counts as its digits."""
    return _text(default, longest, portable_text)


def markup(default: str | Missing = REQUIRED) -> Reader:
    """HTML, of which what is safe is left."""
    return _text(default, None, safe)


def plain(default: str | Missing = REQUIRED) -> Reader:
    """One line that is no markup: WordPress stores `&` in it as `&amp;` and other signs as numbers; they are read back.
    Tags go, as they do from what callers write."""
    return _text(default, None, lambda value: one_line(_decoded(value)))


def paragraphs(default: str | Missing = REQUIRED) -> Reader:
    """`plain`, which may have several lines."""
    return _text(default, None, lambda value: several_lines(_decoded(value)))


def address(default: str | Missing = REQUIRED) -> Reader:
    """A URL, of which WordPress writes the ampersands as `&amp;` or `&#038;` where it expects HTML around it. One that
    runs in the browser is none."""

    def decoded(value: str) -> str:
        url = _URL_ENTITY.sub("&", portable_text(value))
        return "" if is_active(url) else url

    read = _text(default, None, decoded)
    return read if default is REQUIRED else lambda value: read(value) or default


def _decoded(value: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), value)


def name(longest: int | None = None) -> Reader:
    """A word that is there or not: nothing and blank are null."""
    read = _text(None, longest, one_line)
    return lambda value: read(value) or None


def _text(default: str | Missing, longest: int | None, decode: Reader) -> Reader:
    def read(value: Any) -> str | None:
        if value is None:
            result: str | None = _absent(default)
            return result
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unreadable(f"{shown(value)} is not text")
        try:
            written: str = decode(str(value))
        except ValueError:  # an integer of more digits than Python writes
            raise Unreadable("is a number of too many digits") from None
        if longest is not None and len(written) > longest:
            raise Unreadable(f"{shown(written)} is longer than {longest} characters")
        return written

    return read


def word(words: type[StrEnum], default: StrEnum | Missing = REQUIRED) -> Reader:
    """One of the documented words; nothing and "" are the default."""

    def read(value: Any) -> StrEnum | None:
        if value is None or value == "":
            result: StrEnum | None = _absent(default)
            return result
        try:
            return words(value)
        except ValueError:
            raise Unreadable(f"{shown(value)} is none of {', '.join(words)}") from None

    return read


def moment(value: Any) -> datetime | None:
    """A point in time: ISO 8601, or MySQL's form in UTC; nothing, "" and MySQL's zero date are null."""
    read = local_moment(value)
    if read is None:
        return None
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        raise Unreadable(f"{shown(value)} is beyond the calendar") from None


def local_moment(value: Any) -> datetime | None:
    """A date and time as written, with an offset only if it says one."""
    if value is None or (isinstance(value, str) and (not value.strip() or value.startswith("0000-00-00"))):
        return None
    if not isinstance(value, str):
        raise Unreadable(f"{shown(value)} is not a date")
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise Unreadable(f"{shown(value)} is not a date") from None


def branch(value: Any) -> Record:
    """A map: PHP writes an empty one as `[]`, and some columns hold it as a string of JSON."""
    value = _parsed(value)
    if value is None or value == [] or value == "":
        return {}
    if isinstance(value, dict):
        return value
    raise Unreadable(f"{shown(value)} is not a map")


def entries(value: Any) -> list[Any]:
    """A list: PHP writes one with gaps as a map of its positions."""
    value = _parsed(value)
    if value is None or value == "":
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    raise Unreadable(f"{shown(value)} is not a list")


def _parsed(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            return orjson.loads(value)
        except ValueError:
            raise Unreadable(f"{shown(value)} is not JSON") from None
    return value


def document(value: Any) -> Any:
    """Anything, as it is; PHP's empty list and "" are null."""
    try:
        return None if value in ("", [], {}) else portable(value)
    except RecursionError:
        raise Unreadable("is nested too deep") from None
