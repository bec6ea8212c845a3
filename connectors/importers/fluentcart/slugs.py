"""Slugs as people write and read them."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from typing import Final
from urllib.parse import unquote_to_bytes

from slugify import slugify

LONGEST: Final = 200  # post_name and slug are VARCHAR(200) in WordPress
# Only octets beyond ASCII: a `%2f` stays what it is, or a slug could hold a slash.
_ENCODED: Final = re.compile(r"(?:%[89a-fA-F][0-9a-fA-F])+")


def decoded(slug: str) -> str:
    """WordPress percent-encodes what is not ASCII: `%e6%97%a5` is stored as `日`. Octets that are no UTF-8 stay."""
    return _ENCODED.sub(_text, slug)


def _text(match: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(match[0]).decode()
    except UnicodeDecodeError:
        return match[0]


def derived(name: str) -> str:
    """The slug that WordPress would give, decoded: Latin letters lose their accents, other scripts stay.
    Empty when the name has no letter and no digit."""
    latin = "".join(
        slugify(letter, lowercase=False) or letter if _accented(letter) else letter
        for letter in unicodedata.normalize("NFC", name)
    )
    return slugify(latin, allow_unicode=True, max_length=LONGEST)


def _accented(letter: str) -> bool:
    return not letter.isascii() and unicodedata.name(letter, "").startswith("LATIN ")


def numbered(slug: str) -> Iterator[str]:
    """The slug, then with `-2`, `-3`, … as WordPress makes slugs unique."""
    yield slug
    for number in count(2):
        yield f"{slug}-{number}"
