"""Search: one folded text per row, in which each word that is asked for is found by containment, in any order; both
databases give the same rows.

From three characters on a trigram index proposes rows (FTS5, pg_trgm); the containment itself decides. Shorter words
are looked for in every row.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, and_, bindparam, literal_column, select, true
from sqlalchemy import column as column_
from sqlalchemy import table as table_

from db.text import folding

_SHORTEST_INDEXED: Final = 3
# A statement looks for no more; what follows is one word with its spaces.
_MOST_WORDS: Final = 8


def folded(text_: str) -> str:
    """As texts are stored and asked for: case, accents and widths folded, runs of white space one space."""
    return " ".join(folding.folded(text_).split())


def words(asked: str) -> list[str]:
    """What each row found holds, each of these somewhere."""
    return list(dict.fromkeys(folded(asked).split(" ", _MOST_WORDS - 1))) if asked.strip() else []


def search_text(*parts: str | int | None) -> str:
    """What a row is found by. Parts are lines, so that nothing is found across two of them."""
    return "\n".join(folded(str(p)) for p in parts if p not in (None, ""))


def product_search_text(product_id: int, title: str, variants: Iterable[tuple[str, str | None]]) -> str:
    """The documented search of products (title, id, variant titles), and SKUs."""
    return search_text(title, product_id, *(part for variant in variants for part in variant))


def containing(column: Column[str], asked: str, dialect: str) -> ColumnElement[bool]:
    """Rows whose text contains each word that was asked for. `%`, `_` and quotes are ordinary characters."""
    contains = contained(column, asked)
    keys = proposed(column, asked, dialect)
    return contains if keys is None else column.table.c["id"].in_(keys) & contains


def contained(column: ColumnElement[str], asked: str) -> ColumnElement[bool]:
    """`containing`, decided by each row's text alone."""
    # autoescape: a `%` in the question is a character to look for.
    return and_(true(), *(column.contains(word, autoescape=True) for word in words(asked)))


def proposed(column: Column[str], asked: str, dialect: str) -> Select[Any] | None:
    """The keys that the index proposes; None where it proposes none: PostgreSQL asks its index by itself."""
    indexed = [word for word in words(asked) if len(word) >= _SHORTEST_INDEXED]
    if dialect != "sqlite" or not indexed:
        return None
    index = table_(f"{column.table.name}_search", column_("rowid"))
    phrases = " AND ".join('"' + word.replace('"', '""') + '"' for word in indexed)
    matching = literal_column(f"{column.table.name}_search").op("MATCH")(bindparam(None, phrases))
    return select(index.c.rowid).where(matching)
