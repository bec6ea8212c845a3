"""Orders of a list, and the cursors that stand for a place in one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Final

import orjson
import strawberry
from sqlalchemy import Column, ColumnElement, FromClause, TypeDecorator, and_, or_, tuple_
from sqlalchemy.sql.elements import UnaryExpression

from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.scalars import moment, rendered

# Each further field makes another predicate; nobody reads a list sorted by more.
MOST_SORT_FIELDS: Final = 3


@strawberry.enum(description="Ascending puts nulls last, descending first.")
class SortDirection(Enum):
    ASC = strawberry.enum_value(
        "ASC", description="The smallest, earliest or first in the alphabet at the start; nulls at the end."
    )
    DESC = strawberry.enum_value(
        "DESC",
        description="The greatest, latest or last in the alphabet at the start, but for nulls, which come before.",
    )


@dataclass(frozen=True, slots=True)
class Term:
    """One column of an order."""

    name: str
    column: Column[Any]
    descending: bool

    def clause(self, *, backwards: bool, of: FromClause | None = None) -> UnaryExpression[Any]:
        """`of` is a subquery that holds the column."""
        falling = self.descending != backwards
        column = self.column if of is None else of.c[self.column.key]
        clause = column.desc() if falling else column.asc()
        if not self.column.nullable:
            return clause
        # Said aloud: SQLite's and PostgreSQL's own choices differ.
        return clause.nulls_first() if falling else clause.nulls_last()


@dataclass(frozen=True)
class Order:
    """A total order: the last term is the key, so that no two rows are equal."""

    terms: tuple[Term, ...]

    def __hash__(self) -> int:
        return self._hash  # asked with each list

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    @cached_property
    def spelled(self) -> str:
        """Names the order inside its cursors: `title+,id-`."""
        return ",".join(f"{t.name}{'-' if t.descending else '+'}" for t in self.terms)

    @property
    def columns(self) -> tuple[Column[Any], ...]:
        return tuple(t.column for t in self.terms)

    def clauses(self, *, backwards: bool = False, of: FromClause | None = None) -> list[UnaryExpression[Any]]:
        return [t.clause(backwards=backwards, of=of) for t in self.terms]

    def cursor(self, row: Any) -> str:
        """The place of a row that holds `columns`."""
        return self.cursor_of([getattr(row, t.column.key) for t in self.terms])

    def cursor_of(self, values: Sequence[Any]) -> str:
        """The place of a row with these values of `columns`."""
        values = [_written(value) for value in values]
        return identity.text_of(orjson.dumps([self.spelled, *values]))

    def place(self, cursor: str) -> list[Any]:
        """The values a cursor stands for. Raises BadUserInput for a broken one and for one of another order."""
        try:
            spelled, *values = orjson.loads(identity.bytes_of(cursor))
        except (ValueError, TypeError):
            raise BadUserInput("The cursor is broken; take cursors from `pageInfo` or `edges`") from None
        if spelled != self.spelled:
            raise BadUserInput("The cursor belongs to another sort; start again without it, or ask with its own sort")
        try:
            return [read(value) for value, read in zip(values, self._reads, strict=True)]
        except ValueError:
            raise BadUserInput("The cursor is broken; take cursors from `pageInfo` or `edges`") from None

    @cached_property
    def _reads(self) -> tuple[Callable[[Any], Any], ...]:
        return tuple(_reader(term.column) for term in self.terms)

    def beyond(self, place: Sequence[Any], *, backwards: bool = False) -> ColumnElement[bool]:
        """Rows after the place (before it, when `backwards`). The place itself need not exist any more."""
        falling = {t.descending != backwards for t in self.terms}
        if len(falling) == 1 and not any(t.column.nullable for t in self.terms):
            mine = tuple_(*self.columns)
            # One row comparison, which an index over these columns answers directly.
            return mine < tuple_(*place) if falling.pop() else mine > tuple_(*place)
        return or_(*self._stretches(place, backwards))

    def beyond_in_parts(
        self, place: Sequence[Any], dialect: str, *, backwards: bool = False
    ) -> list[ColumnElement[bool]]:
        """`beyond`, as parts that follow each other in this order. Each is one stretch of an index over the columns,
        where OR would have the index read from its start."""
        falling = {t.descending != backwards for t in self.terms}
        if dialect == "postgresql" and len(falling) == 1 and not any(t.column.nullable for t in self.terms):
            return [self.beyond(place, backwards=backwards)]
        # SQLite seeks a row comparison by its first column alone when the second is the rowid: ties are read through.
        return self._stretches(place, backwards)

    def _stretches(self, place: Sequence[Any], backwards: bool) -> list[ColumnElement[bool]]:
        stretches: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for term, value in zip(self.terms, place, strict=True):
            # What shares the longest beginning with the place comes next to it.
            stretches[:0] = [and_(*equal, further) for further in _further(term, value, backwards)]
            equal.append(term.column.is_(None) if value is None else term.column == value)
        return stretches


def _further(term: Term, value: Any, backwards: bool) -> list[ColumnElement[bool]]:
    column, falling = term.column, term.descending != backwards
    if value is None:
        # Nulls come first when falling: everything else lies beyond them. Rising they are last.
        return [column.is_not(None)] if falling else []
    if falling:
        return [column < value]
    return [column > value, column.is_(None)] if column.nullable else [column > value]


def _written(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return rendered(value) if isinstance(value, datetime) else value


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """What makes a value of the column of what a cursor holds. It raises ValueError."""
    # SQLModel decorates its types; a decorator does not know Python's type, what it decorates does.
    type_ = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    expected = type_.python_type

    def read(value: Any) -> Any:
        if value is None:
            if not column.nullable:
                raise ValueError
            return None
        if expected is datetime:
            return moment(value)
        if issubclass(expected, Enum):
            return expected(value)
        if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
            raise ValueError
        if expected is int and abs(value) >= 2**63:
            raise ValueError
        if expected is str and "\0" in value:  # no text holds it, and PostgreSQL refuses to compare with it
            raise ValueError
        return value

    return read
