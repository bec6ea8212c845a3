"""Nested values as forms and query strings hold them: `customer[name]=…&items[0][quantity]=2`."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode


def encoded(value: Any) -> str:
    """Objects and lists by their keys in brackets; true and false as such, null as an empty text. What is empty itself
    has no place in a form, and is left out."""
    return urlencode(list(_pairs(value, "")))


def _pairs(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _pairs(part, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _pairs(part, f"{name}[{index}]")
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        yield name, "" if value is None else str(value)
