"""Characters that nobody sees: of zero width, fillers, marks of direction, selectors of variants."""

import re
from typing import Final

# Unicode's Default_Ignorable_Code_Point and what else is drawn as nothing: interlinear marks, the blank of Braille.
_RANGES: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE: Final = re.compile(f"[{_RANGES}]")
_NOTHING_ELSE: Final = re.compile(rf"[\s{_RANGES}]*")


def visible(text: str) -> str:
    """The text without them: for codes, in which nobody means one. In words they join emoji and letters."""
    return _INVISIBLE.sub("", text)


def blank(text: str) -> bool:
    """Whether nothing is to be seen of a text."""
    return _NOTHING_ELSE.fullmatch(text) is not None
