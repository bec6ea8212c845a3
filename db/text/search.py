"""Search: one folded text per row, in which each word that is asked for is found by containment, in any order; both
databases give the same rows.

From three characters on a trigram index proposes rows (FTS5, pg_trgm); the containment itself decides. Shorter words
are looked for in every row.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, ColumnElement, Select, String, and_, bindparam, literal_column, select, true
from sqlalchemy import column as column_
from sqlalchemy import table as table_

from db.text import folding
from engine.values.statement import held, holding

# What a row is found by: columns by their names, and what makes each of the row's others.
FoundBy: TypeAlias = Mapping[str, Callable[[Mapping[str, Any]], str]]

PHRASES: Final = "phrases"  # the parameter of an index
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


def text_of(*columns: str) -> Callable[[Mapping[str, Any]], str]:
    """What makes `search_text` of these columns of a row."""
    return lambda row: search_text(*(row[name] for name in columns))


def sought(asked: str) -> dict[str, str]:
    """What a search for a text is given: each word, and, if it asks an index for some, PHRASES. `%`, `_` and quotes are
    ordinary characters."""
    found = words(asked)
    indexed = [word for word in found if len(word) >= _SHORTEST_INDEXED]
    given = {f"word_{number}": held(word) for number, word in enumerate(found)}
    return given if not indexed else given | {PHRASES: " AND ".join(map(_phrase, indexed))}


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def containing(column: Column[str], names: Collection[str], dialect: str) -> ColumnElement[bool]:
    """Rows whose text contains each word that was asked for, of what `sought` gives by its names."""
    contains, keys = contained(column, names), proposed(column, names, dialect)
    return contains if keys is None else column.table.c["id"].in_(keys) & contains


def contained(column: ColumnElement[str], names: Iterable[str]) -> ColumnElement[bool]:
    """`containing`, decided by each row's text alone."""
    return and_(true(), *(holding(column, name) for name in names if name != PHRASES))


def proposed(column: Column[str], names: Collection[str], dialect: str) -> Select[Any] | None:
    """The keys that the index proposes; None where it proposes none: PostgreSQL asks its index by itself."""
    if dialect != "sqlite" or PHRASES not in names:
        return None
    index = table_(f"{column.table.name}_search", column_("rowid"))
    matching = literal_column(f"{column.table.name}_search").op("MATCH")(bindparam(PHRASES, type_=String()))
    return select(index.c.rowid).where(matching)
