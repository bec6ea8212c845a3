"""How what was sold is searched: by its own text, by its lines', by its customer's."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, exists, or_, select, union_all

from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.store.row import table
from db.text.search import PHRASES, contained, containing, sought
from engine.declared.listing import Search
from engine.values.viewer import Viewer

CUSTOMER: Final = table(CustomerRow)
Visible = Callable[[Viewer], ColumnElement[bool]]


def search_through(text: Column[str], *others: tuple[Column[str], ColumnElement[bool], Visible], said: str) -> Search:
    """A search of the rows of `text`'s table: all words are in that text, or all of them in the text of one row of
    another table that is joined to it and that the viewer sees."""
    of = text.table

    def condition(names: Sequence[str], viewer: Viewer) -> ColumnElement[bool]:
        found = (
            exists(select(1).where(on, visible(viewer), contained(other, names)).correlate(of))
            for other, on, visible in others
        )
        return or_(contained(text, names), *found)

    def proposed(names: Sequence[str], dialect: str) -> Select[Any] | None:
        """On either database: no index looks through an OR of tables by itself."""
        if PHRASES not in names:
            return None
        ways = [select(of.c.id).where(containing(text, names, dialect))]
        for other, on, _ in others:
            joined = select(of.c.id).select_from(other.table.join(of, on))
            ways.append(joined.where(containing(other, names, dialect)))
        return select(union_all(*ways).subquery("proposed").c.id)

    return Search(sought, condition, said, proposed)


def of_customer(held: ColumnElement[Any]) -> tuple[Column[str], ColumnElement[bool], Visible]:
    """The customer whose key stands in a column."""
    return CUSTOMER.c.search_text, held == CUSTOMER.c.id, visibility.customers
