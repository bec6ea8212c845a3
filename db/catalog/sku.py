"""SKU suggestions (S5 GET /products/suggest-sku)."""

import re
import time
from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import Select, select
from sqlmodel import col

from db.catalog.variant import VariantRow

LONGEST: Final = 30
_LONGEST_STEM: Final = 25
_LETTERS: Final = 3
_MOST_SUFFIXES: Final = 99
_STOP_WORDS: Final = frozenset(
    {"THE", "AND", "FOR", "WITH", "A", "AN", "OF", "IN", "ON", "TO", "IS", "IT", "BY", "OR", "AT", "FROM"}
)


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
    """Which candidates some variant has; the variant `excluding` does not count."""
    statement = select(col(VariantRow.sku)).where(col(VariantRow.sku).in_(list(candidates(stem_))))
    return statement if excluding is None else statement.where(col(VariantRow.id) != excluding)


def suggestion(stem_: str, taken: Collection[str]) -> str:
    """The first candidate that is free; after them all the stem with the time."""
    suffix = f"-{int(time.time()):010d}"
    return next((c for c in candidates(stem_) if c not in taken), stem_[: LONGEST - len(suffix)] + suffix)
