"""Values as they stand in a text."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import orjson

from db.integration.template.failure import TemplateError


class Rich(NamedTuple):
    """A value that is markup where markup goes, and text elsewhere. Whoever makes one has escaped the markup."""

    text: str
    html: str


def is_empty(value: object) -> bool:
    """Nothing, an empty text, an empty list. Zero and `no` are values."""
    if isinstance(value, Rich):
        return not value.text
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def shown(value: object) -> str:
    """A moment is RFC 3339 in UTC, a truth `yes` or `no`, a list what it holds with commas between."""
    if isinstance(value, str):
        return value.value if isinstance(value, Enum) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Rich):
        return value.text
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list | tuple):
        return ", ".join(_json(each) if isinstance(each, dict | list | tuple) else shown(each) for each in value)
    return _json(value) if isinstance(value, dict) else str(value)


def moment(value: datetime) -> str:
    """Where it says no zone it is UTC: as databases without zones keep it."""
    aware = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=shown, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError as error:  # nested too deeply, or a number that JSON readers cannot hold
        raise TemplateError(f"A value cannot be written: {error}") from error
