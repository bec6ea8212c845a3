"""Text that is no HTML, as it is stored: trimmed, without tags and control characters."""

import re
from typing import Final

from db.text.invisible import blank
from db.text.portable import HALVES

# What a browser would take for a tag. A run of `<` goes with it, or `<<b>i>` would leave a tag behind.
_TAG: Final = re.compile(r"(?<!<)<++[A-Za-z/!?][^>]*+>")
_CONTROL: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f{HALVES}]")
_CONTROL_IN_LINES: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{HALVES}]")


def line(text: str) -> str:
    """One line: every run of whitespace is one space. Of a text that nobody sees nothing is left."""
    found = _spaced(_untagged(_CONTROL.sub("", _spaced(text))))
    return "" if blank(found) else found


def lines(text: str) -> str:
    """Several lines, kept as they are, each ended by `\\n`. Of a text that nobody sees nothing is left."""
    found = _untagged(_CONTROL_IN_LINES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()
    return "" if blank(found) else found


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _untagged(text: str) -> str:
    # Without a `>` behind it nothing is a tag; not searching there keeps the time linear.
    head, closing, tail = text.rpartition(">")
    return _TAG.sub("", head + closing) + tail
