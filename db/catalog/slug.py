"""Slugs as WordPress derives them, and how they stay unique."""

import html
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.product import ProductRow
from db.store.row import table
from db.text.folding import APOSTROPHES, latin

LONGEST: Final = 200  # post_name and slug are VARCHAR(200) in WordPress
# What comes after these has no place in it any more.
MOST_READ: Final = 1000
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d)")
# A title is rarely given twice; whoever gives it a thousand times is not to wait for a thousand statements.
_FIRST, _GROWTH, _MOST = 16, 16, 8192


def derived(name: str) -> str:
    """The slug that WordPress would give, decoded: Latin letters lose their accents, apostrophes go, other scripts stay
    with their marks. Empty when the name has no letter and no digit in so many characters as are read."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), name[:MOST_READ])
    text = _THOUSANDS.sub("", unicodedata.normalize("NFC", text))
    letters: list[str] = []
    for letter in unicodedata.normalize("NFC", "".join(map(_written, text))).lower():
        if letter in APOSTROPHES or unicodedata.category(letter) == "Cf":
            continue
        if letter.isalnum():
            letters.append(letter)
        elif is_mark(letter):
            # An accent that a Latin letter has beside it goes, too.
            if letters and letters[-1] != "-" and not letters[-1].isascii():
                letters.append(letter)
        elif letters and letters[-1] != "-":
            letters.append("-")
    return cut("".join(letters).strip("-"), LONGEST)


def asked(slug: str) -> str:
    """What a slug, or a part of one, is looked for by: it is stored composed."""
    return unicodedata.normalize("NFC", slug.strip())


@lru_cache(maxsize=4096)
def _written(letter: str) -> str:
    """In ASCII where it is Latin; wide, narrow and other compatible forms as the letter they stand for, unless that
    takes it to pieces."""
    compatible = unicodedata.normalize("NFKC", letter)
    pieces = len(compatible) > 1 and any(map(is_mark, compatible))
    return "".join(map(latin, letter if pieces else compatible))


def is_mark(letter: str) -> bool:
    """Whether it belongs to the letter before it, and is no choice between two pictures of it."""
    return unicodedata.category(letter) in ("Mn", "Mc") and not "\ufe00" <= letter <= "\ufe0f"


def cut(slug: str, longest: int) -> str:
    """At most so long, no letter without its marks."""
    if len(slug) <= longest:
        return slug
    end = longest
    while end and is_mark(slug[end]):
        end -= 1
    return slug[:end].rstrip("-")


def numbered(slug: str, longest: int | None = None) -> Iterator[str]:
    """The slug, then with `-2`, `-3`, … as WordPress makes slugs unique; cut so that none is longer than `longest`."""
    yield slug if longest is None else cut(slug, longest)
    for number in count(2):
        suffix = f"-{number}"
        yield (slug if longest is None else cut(slug, longest - len(suffix))) + suffix


class Wanted(NamedTuple):
    slug: str
    owner: int | None  # whose slug it is to be: its present one is free for it


class Unique(NamedTuple):
    """Where no two rows have one slug: the column, and among which rows of its table."""

    column: Column[Any]
    among: tuple[ColumnElement[bool], ...] = ()
    longest: int = LONGEST

    async def owners(self, connection: AsyncConnection, slugs: Collection[str]) -> dict[str, int]:
        """The ids of the rows that have these slugs."""
        if not slugs:
            return {}
        found = select(self.column, self.column.table.c.id).where(self.column.in_(slugs), *self.among)
        return {row[0]: row[1] for row in await connection.execute(found)}


PRODUCTS: Final = Unique(table(ProductRow).c.slug)


def family(slug: str) -> str:
    """What a slug has in common with all its numbered forms, and with theirs, cut or not: to be claimed before
    `free_slugs` looks."""
    stem = re.sub(r"(?:-\d+)+$", "", slug)
    return f"product slug {stem[: LONGEST // 2]}"


async def free_slugs(connection: AsyncConnection, wanted: Sequence[Wanted], unique: Unique = PRODUCTS) -> list[str]:
    """Each slug, or its first numbered form (`mug-2`) that no other row and no other of `wanted` has; in one statement
    unless some are taken. Nobody else takes one meanwhile (of products, their families are claimed already)."""
    given: set[str] = set()
    found: dict[int, str] = {}
    forms = [numbered(w.slug, unique.longest) for w in wanted]
    window = 1
    while len(found) < len(wanted):
        candidates = {i: list(islice(forms[i], window)) for i in range(len(wanted)) if i not in found}
        owners = await unique.owners(connection, {c for each in candidates.values() for c in each})
        for i, slugs in candidates.items():
            mine = wanted[i].owner
            slug = next((s for s in slugs if s not in given and owners.get(s, mine) == mine), None)
            if slug is not None:
                found[i] = slug
                given.add(slug)
        window = _FIRST if window == 1 else min(window * _GROWTH, _MOST)
    return [found[i] for i in range(len(wanted))]
