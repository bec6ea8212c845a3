"""Slugs as WordPress derives them, and how they stay unique."""

import unicodedata
from collections.abc import Container, Iterator
from itertools import count
from typing import Final

from slugify import slugify

LONGEST: Final = 200  # post_name and slug are VARCHAR(200) in WordPress


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


def numbered(slug: str, longest: int | None = None) -> Iterator[str]:
    """The slug, then with `-2`, `-3`, … as WordPress makes slugs unique; cut so that none is longer than `longest`."""
    yield slug[:longest]
    for number in count(2):
        suffix = f"-{number}"
        yield (slug if longest is None else slug[: longest - len(suffix)].rstrip("-")) + suffix


def free(slug: str, taken: Container[str], longest: int = LONGEST) -> str:
    """The slug, or the first of its numbered forms that is not taken."""
    return next(candidate for candidate in numbered(slug, longest) if candidate not in taken)
