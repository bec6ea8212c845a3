"""The operators that filters offer for each kind of value. Every operator given must hold."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

import strawberry
from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.dialects import postgresql

from engine.values.scalars import Cents

T = TypeVar("T")
MOST_VALUES: Final = 100
_ALL = "Every operator given must hold."
_POSTGRESQL: Final = cast(Any, postgresql.dialect)()


@strawberry.input(description=_ALL)
class EnumOperators(Generic[T]):
    eq: T | None = None
    in_: list[T] | None = strawberry.field(default=None, name="in")
    not_: T | None = strawberry.field(default=None, name="not")
    is_null: bool | None = None


@strawberry.input(description=_ALL)
class IntOperators:
    eq: int | None = None
    in_: list[int] | None = strawberry.field(default=None, name="in")
    not_: int | None = strawberry.field(default=None, name="not")
    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None
    is_null: bool | None = None


@strawberry.input(description=_ALL)
class CentsOperators:
    eq: Cents | None = None
    in_: list[Cents] | None = strawberry.field(default=None, name="in")
    not_: Cents | None = strawberry.field(default=None, name="not")
    gt: Cents | None = None
    gte: Cents | None = None
    lt: Cents | None = None
    lte: Cents | None = None


@strawberry.input(description=_ALL)
class DateTimeOperators:
    eq: datetime | None = None
    gt: datetime | None = None
    gte: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None
    is_null: bool | None = None


@strawberry.input(description=f"{_ALL} `%` and `_` are ordinary characters.")
class TextOperators:
    eq: str | None = None
    in_: list[str] | None = strawberry.field(default=None, name="in")
    not_: str | None = strawberry.field(default=None, name="not")
    contains: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    is_null: bool | None = None


# Not LIKE: SQLite's ignores the case of ASCII letters, PostgreSQL's does not. replace, substr and length agree.
def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return func.length(func.replace(column, text, "")) < func.length(column) if text else column.is_not(None)


def _starts_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    starts = func.substr(column, 1, len(text)) == text
    end = _after(text)
    # In byte order they lie together, where an index finds them. SQLite orders every text so.
    if end is None or getattr(column.type.dialect_impl(_POSTGRESQL), "collation", None) != "C":
        return starts
    return and_(starts, column >= text, column < end)


def _after(text: str) -> str | None:
    """The first text, in the order of code points (and of UTF-8's bytes), behind all that begin with this one; None
    where there is no end."""
    kept = text.rstrip("\U0010ffff")
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)


def _ends_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    tail = func.substr(column, func.length(column) - len(text) + 1)
    return (func.length(column) >= len(text)) & (tail == text)


Operator = Callable[[Any, Any], ColumnElement[bool]]
OPERATORS: Final[Mapping[str, Operator]] = {
    "eq": lambda c, v: c == v,
    "in_": lambda c, v: c.in_(v),
    "not_": lambda c, v: c.is_distinct_from(v),  # null is not the value either
    "gt": lambda c, v: c > v,
    "gte": lambda c, v: c >= v,
    "lt": lambda c, v: c < v,
    "lte": lambda c, v: c <= v,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "is_null": lambda c, v: c.is_(None) if v else c.is_not(None),
}
# Those whose SQL is the same for every value.
BOUND: Final = frozenset({"eq", "in_", "not_", "gt", "gte", "lt", "lte"})
