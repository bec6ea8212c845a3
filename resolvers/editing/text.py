"""Text from callers, as it is stored: db's rules, which imports keep too."""

from typing import Final

from db.text.address import is_web_address
from db.text.plain import line, lines

__all__: Final = ["bounded", "is_web_address", "line", "lines"]


def bounded(text: str, most: int, stored: str | None) -> str:
    """One character too many is refused as any number is, and costs the rules after this one nothing. What is `stored`
    already is not judged again: it stays whole."""
    return text if text == stored else text[: most + 1]
