"""Text from callers, as it is stored: db's rules, which imports keep too."""

from typing import Final

from db.text.address import is_web_address
from db.text.plain import line, lines

__all__: Final = ["is_web_address", "line", "lines"]
