"""Typed filters: operators per kind of column, and/or/not around them.

A filter input names its columns once; this module turns what a caller sent into one SQL predicate.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

import strawberry
from sqlalchemy import ColumnElement, and_, not_, or_, true
from strawberry.types.base import get_object_definition

from engine.declaration import element
from engine.errors import BadUserInput

T = TypeVar("T")
COLUMN: Final = "column"
# A filter's parts, nested ones included; more is a program, not a question.
MOST_PARTS: Final = 100
MOST_VALUES: Final = 100


@strawberry.input(description="Every operator given must hold.")
class EnumOperators(Generic[T]):
    eq: T | None = None
    in_: list[T] | None = strawberry.field(default=None, name="in")
    not_: T | None = strawberry.field(default=None, name="not")


@strawberry.input(description="Every operator given must hold.")
class IntOperators:
    eq: int | None = None
    in_: list[int] | None = strawberry.field(default=None, name="in")
    not_: int | None = strawberry.field(default=None, name="not")
    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None
    is_null: bool | None = None


@strawberry.input(description="Every operator given must hold.")
class DateTimeOperators:
    eq: datetime | None = None
    gt: datetime | None = None
    gte: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None
    is_null: bool | None = None


def filters(attribute: object, *, description: str | None = None) -> Any:
    """A field of a filter input: the operators of its annotation, applied to this column."""
    return strawberry.field(default=None, description=description, metadata={COLUMN: element(attribute)})


def predicate(filter_: Any) -> ColumnElement[bool]:
    """The SQL of a filter input; an empty filter lets everything pass. Raises BadUserInput when it is too large."""
    return _all(filter_, [MOST_PARTS])


def _all(filter_: Any, budget: list[int]) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    for field in get_object_definition(filter_, strict=True).fields:
        given = getattr(filter_, field.python_name)
        if given is None:
            continue
        if field.python_name == "and_":
            parts.extend(_all(f, _spent(budget)) for f in given)
        elif field.python_name == "or_":
            # An empty `or` is no alternative at all, but a front end that has none yet means no filter.
            parts.append(or_(*(_all(f, _spent(budget)) for f in given)) if given else true())
        elif field.python_name == "not_":
            parts.append(not_(_all(given, _spent(budget))))
        else:
            parts.append(_compared(cast(ColumnElement[Any], field.metadata[COLUMN]), given, budget))
    return and_(true(), *parts)


def _spent(budget: list[int]) -> list[int]:
    budget[0] -= 1
    if budget[0] < 0:
        raise BadUserInput(f"A filter has at most {MOST_PARTS} parts")
    return budget


def _compared(column: ColumnElement[Any], operators: Any, budget: list[int]) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    for field in get_object_definition(operators, strict=True).fields:
        value = getattr(operators, field.python_name)
        if value is None:
            continue
        _spent(budget)
        parts.append(_OPERATORS[field.python_name](column, value))
    return and_(true(), *parts)


def _among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    if len(values) > MOST_VALUES:
        raise BadUserInput(f"`in` takes at most {MOST_VALUES} values")
    return column.in_(values)


_OPERATORS: Final[dict[str, Any]] = {
    "eq": lambda c, v: c == v,
    "in_": _among,
    "not_": lambda c, v: c.is_distinct_from(v),  # null is not the value either
    "gt": lambda c, v: c > v,
    "gte": lambda c, v: c >= v,
    "lt": lambda c, v: c < v,
    "lte": lambda c, v: c <= v,
    "is_null": lambda c, v: c.is_(None) if v else c.is_not(None),
}
