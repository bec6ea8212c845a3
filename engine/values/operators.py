"""The operators that filters offer for each kind of value. Every operator given must hold."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

import strawberry
from sqlalchemy import ColumnElement, and_, false, func, not_
from sqlalchemy.dialects import postgresql

from engine.values.scalars import Cents

T = TypeVar("T")
MOST_VALUES: Final = 100
_LENGTHS: Final = (2, 4, 8, 16, 32, 64, MOST_VALUES)
_ALL = "Every operator given must hold."
ON, OFF = "on", "off"
_NONE, _IS_NULL, _NOT_NULL = "none", "is_null", "not_null"
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


# Not LIKE: SQLite's ignores the case of ASCII letters, PostgreSQL's does not. replace, substr and length agree. A text
# that is looked for is a parameter, and has at least one character.
def _contains(column: Any, text: Any) -> ColumnElement[bool]:
    return func.length(func.replace(column, text, "")) < func.length(column)


def _starts_with(column: Any, text: Any, end: Any = None) -> ColumnElement[bool]:
    starts: ColumnElement[bool] = func.substr(column, 1, func.length(text)) == text
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


def _ends_with(column: Any, text: Any) -> ColumnElement[bool]:
    tail = func.substr(column, func.length(column) - func.length(text) + 1)
    return and_(func.length(column) >= func.length(text), tail == text)


# By name: the SQL of a column and of what the operator is given, each a parameter. ON and OFF are what a plain Boolean
# asks.
OPERATORS: Final[Mapping[str, Callable[..., ColumnElement[bool]]]] = {
    ON: lambda c: c,
    OFF: not_,
    "eq": lambda c, v: c == v,
    "in_": lambda c, *several: c.in_(several),
    _NONE: lambda _c: false(),
    "not_": lambda c, v: c.is_distinct_from(v),  # null is not the value either
    "gt": lambda c, v: c > v,
    "gte": lambda c, v: c >= v,
    "lt": lambda c, v: c < v,
    "lte": lambda c, v: c <= v,
    "contains": _contains,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    _IS_NULL: lambda c: c.is_(None),
    _NOT_NULL: lambda c: c.is_not(None),
}


def meant(operator: str, value: Any) -> tuple[str, tuple[Any, ...]]:
    """What a caller asks by an operator of an input: one of OPERATORS, and all that it is given."""
    if operator == "in_":
        return _one_of(value)
    if operator == _IS_NULL:
        return (_IS_NULL if value else _NOT_NULL), ()
    if operator in {"contains", "starts_with", "ends_with"} and not value:
        return _NOT_NULL, ()  # nothing is in every text
    if operator == "starts_with" and (end := _after(value)) is not None:
        return operator, (value, end)
    return operator, (value,)


def _one_of(values: list[Any]) -> tuple[str, tuple[Any, ...]]:
    """The last one stands there as often as it takes to have one of few lengths: each is a text of its own. (PostgreSQL
    takes an array that it does not know for ten values, and finds one by a way for ten.)"""
    if len(values) < 2:
        return ("eq", tuple(values)) if values else (_NONE, ())
    length = next(length for length in _LENGTHS if length >= len(values))
    return "in_", (*values, *[values[-1]] * (length - len(values)))
