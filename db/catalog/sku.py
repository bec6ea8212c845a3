"""SKUs: how they are written, when two are one, and suggestions (S5 GET /products/suggest-sku)."""

import re
import time
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import Select, select

from db.catalog.variant import VariantRow
from db.store.row import table
from db.text.invisible import visible

LONGEST: Final = 30
_LONGEST_STEM: Final = 25
_LETTERS: Final = 3
_MOST_SUFFIXES: Final = 99
_STOP_WORDS: Final = frozenset(
    {"THE", "AND", "FOR", "WITH", "A", "AN", "OF", "IN", "ON", "TO", "IS", "IT", "BY", "OR", "AT", "FROM"}
)


def written(sku: str) -> str:
    """As it is stored: composed, without what nobody sees, each run of white space one space."""
    return " ".join(visible(unicodedata.normalize("NFC", sku)).split())


def sku_key(sku: str) -> str:
    """What two SKUs have in common that are one: case and compatibility forms do not tell them apart, nor does what
    is not stored."""
    return written(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", sku).casefold()))


def key_of_stored(sku: str | None) -> str | None:
    """The column `sku_key` beside the column `sku`."""
    return None if sku is None else sku_key(sku)


def stem(title: str, variant_title: str | None = None) -> str:
    """`EXA-PRO-MON` for "Example Product" and "Monthly"; empty when no word is left."""
    text = title
    if variant_title and variant_title.strip().casefold() != title.strip().casefold():
        text = f"{title} {variant_title}"
    words = re.sub(r"[^A-Z0-9\s]", "", text.upper()).split()
    return "-".join(w[:3] for w in words if w not in _STOP_WORDS)[:_LONGEST_STEM].rstrip("-")


def candidates(stem_: str) -> Iterator[str]:
    """The stem, then with -1 to -99, cut so that the whole fits."""
    yield stem_
    for number in range(1, _MOST_SUFFIXES + 1):
        suffix = f"-{number}"
        yield stem_[: LONGEST - len(suffix)] + suffix


def taken_skus(stem_: str, *, excluding: int | None = None) -> Select[str | None]:
    """Which candidates some variant has, by their keys; the variant `excluding` does not count."""
    keys = [sku_key(each) for each in candidates(stem_)]
    variants = table(VariantRow).c
    statement = select(variants.sku_key).where(variants.sku_key.in_(keys))
    return statement if excluding is None else statement.where(variants.id != excluding)


def suggestion(stem_: str, taken: Collection[str]) -> str:
    """The first candidate whose key is free; after them all the stem with the time."""
    suffix = f"-{int(time.time()):010d}"
    return next((c for c in candidates(stem_) if sku_key(c) not in taken), stem_[: LONGEST - len(suffix)] + suffix)
