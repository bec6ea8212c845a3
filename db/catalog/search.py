"""Search: one folded text per row, found by containment; both databases give the same rows.

From three characters on a trigram index proposes rows (FTS5, pg_trgm); the containment itself decides. Shorter texts
are looked for in every row.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, bindparam, literal_column, select
from sqlalchemy import column as column_
from sqlalchemy import table as table_

from db.catalog.product import sort_key

_SHORTEST_INDEXED: Final = 3


def folded(text_: str) -> str:
    """As texts are stored and asked for: compatibility forms and case folded, runs of white space one space."""
    return sort_key(" ".join(text_.split()))


def search_text(*parts: str | int | None) -> str:
    """What a row is found by. Parts are lines, so that nothing is found across two of them."""
    return "\n".join(folded(str(p)) for p in parts if p not in (None, ""))


def product_search_text(product_id: int, title: str, variants: Iterable[tuple[str, str | None]]) -> str:
    """The documented search of products (title, id, variant titles), and SKUs."""
    return search_text(title, product_id, *(part for variant in variants for part in variant))


def containing(column: Column[str], asked: str, dialect: str) -> ColumnElement[bool]:
    """Rows whose text contains what was asked. `%`, `_` and quotes are ordinary characters."""
    contains = contained(column, asked)
    keys = proposed(column, asked, dialect)
    return contains if keys is None else column.table.c["id"].in_(keys) & contains


def contained(column: ColumnElement[str], asked: str) -> ColumnElement[bool]:
    """`containing`, decided by each row's text alone."""
    # autoescape: a `%` in the question is a character to look for.
    return column.contains(folded(asked), autoescape=True)


def proposed(column: Column[str], asked: str, dialect: str) -> Select[Any] | None:
    """The keys that the index proposes; None where it proposes none: PostgreSQL asks its index by itself."""
    wanted = folded(asked)
    if dialect != "sqlite" or len(wanted) < _SHORTEST_INDEXED:
        return None
    index = table_(f"{column.table.name}_search", column_("rowid"))
    phrase = '"' + wanted.replace('"', '""') + '"'
    matching = literal_column(f"{column.table.name}_search").op("MATCH")(bindparam(None, phrase))
    return select(index.c.rowid).where(matching)
