"""The operators that filters offer for each kind of value. Every operator given must hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import strawberry
from sqlalchemy import ColumnElement, func

from engine.errors import BadUserInput
from engine.scalars import Cents

T = TypeVar("T")
MOST_VALUES: Final = 100
_ALL = "Every operator given must hold."


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


def _among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    if len(values) > MOST_VALUES:
        raise BadUserInput(f"`in` takes at most {MOST_VALUES} values")
    return column.in_(values)


# Not LIKE: SQLite's ignores the case of ASCII letters, PostgreSQL's does not. replace, substr and length agree.
def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return func.length(func.replace(column, text, "")) < func.length(column) if text else column.is_not(None)


def _starts_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return func.substr(column, 1, len(text)) == text


def _ends_with(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    tail = func.substr(column, func.length(column) - len(text) + 1)
    return (func.length(column) >= len(text)) & (tail == text)


Operator = Callable[[Any, Any], ColumnElement[bool]]
OPERATORS: Final[Mapping[str, Operator]] = {
    "eq": lambda c, v: c == v,
    "in_": _among,
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
