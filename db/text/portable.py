"""What both databases give back as it was: the one rule of what no column can hold, for texts and JSON documents."""

import re
from collections.abc import Mapping
from typing import Any, Final

HALVES: Final = "\ud800-\udfff"  # of surrogate pairs: no text by themselves, and no UTF-8
_UNSTORABLE: Final = re.compile(f"[\0{HALVES}]")  # PostgreSQL takes no null character
# Above this a number is another one after PostgreSQL has kept it.
LARGEST_NUMBER: Final = 2**53


def portable_text(text: str, instead: str = "") -> str:
    """The text without what cannot be stored; `instead` says that there was something."""
    return _UNSTORABLE.sub(instead, text)


def portable(value: Any) -> Any:
    """The JSON document with what cannot be stored taken out of its texts and names, and numbers that would become
    others written as text. Raises RecursionError for one that is nested too deep."""
    if isinstance(value, str):
        return portable_text(value)
    if isinstance(value, list):
        return [portable(item) for item in value]
    if isinstance(value, Mapping):
        return {portable_text(name): portable(item) for name, item in value.items()}
    if isinstance(value, int | float) and abs(value) > LARGEST_NUMBER:
        return str(value)
    return value


def is_portable(value: Any, levels: int | None = None) -> bool:
    """Whether `portable` leaves the document as it is; of one that is nested deeper than so many `levels` it is not
    asked."""
    if levels is not None and _deeper(value, levels):
        return False
    return bool(portable(value) == value)


def _deeper(value: Any, levels: int) -> bool:
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else None
    return parts is not None and (levels == 0 or any(_deeper(each, levels - 1) for each in parts))
