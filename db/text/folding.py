"""Texts that are one to who looks for them: whatever the case, the accents, the width."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from slugify import slugify

# Accents, and what is written or left out at will: points of Hebrew, vowel signs of Arabic and its stretched line.
# The marks of other scripts are letters to those who read them.
_AT_WILL: Final = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
)
_MOST_LETTERS: Final = 16_384
APOSTROPHES: Final = frozenset("'\u2018\u2019\u201b\u02bb\u02bc\u02bd\uff07`\u00b4\u05f3\u05f4")


def caseless(text: str) -> str:
    """Compatibility forms and case folded; accents are letters of their own."""
    return unicodedata.normalize("NFKC", text).casefold()


def folded(text: str) -> str:
    """As texts are looked for and sorted: compatibility forms, case, accents and apostrophes folded, what cannot be
    seen left out. A second time changes nothing."""
    if text.isascii():
        return text.lower().replace("`", "'")
    plain = unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold()
    return unicodedata.normalize("NFKC", plain)


@lru_cache(maxsize=4096)
def latin(letter: str) -> str:
    """A letter of the Latin script in those of ASCII, where it has some (`é` e, `ß` ss, `ø` o, `İ` I); any other as it
    is."""
    if letter.isascii() or not unicodedata.name(letter, "").startswith("LATIN "):
        return letter
    return slugify(letter, lowercase=False) or letter


def _plain(letter: str) -> str:
    if letter in APOSTROPHES:
        return "'"
    if unicodedata.category(letter) == "Cf" or _AT_WILL.match(letter):
        return ""
    if (known := latin(letter)) != letter:
        return known
    parts = unicodedata.normalize("NFD", letter)
    return letter if parts == letter else "".join(map(_plain, parts))


class _Letters(dict[int, str]):
    """What letters become, worked out when one is first met: there are as many as Unicode has, and a store knows some
    hundreds."""

    def __missing__(self, letter: int) -> str:
        plain = _plain(chr(letter))
        if len(self) < _MOST_LETTERS:
            self[letter] = plain
        return plain


_PLAIN: Final = _Letters()
