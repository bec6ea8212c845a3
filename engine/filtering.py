"""Typed filters: what a caller sent, turned into one SQL predicate by what the filter's fields declare."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from sqlalchemy import (
    BinaryExpression,
    Column,
    ColumnElement,
    FromClause,
    PrimaryKeyConstraint,
    UniqueConstraint,
    and_,
    exists,
    not_,
    or_,
    select,
    true,
)
from strawberry.types.base import get_object_definition

from engine.declaration import element
from engine.errors import BadUserInput
from engine.operators import OPERATORS
from engine.statement import AnySelect

COLUMN: Final = "column"
FOLD: Final = "fold"
SOME: Final = "some"
COMPARED: Final = "compared"
# A filter's parts, nested ones included; more is a program, not a question.
MOST_PARTS: Final = 100

Compare = Callable[[str, Any], ColumnElement[bool]]


@dataclass(frozen=True, eq=False)
class Some:
    """Rows of another table that belong to a row of this one."""

    table: FromClause
    on: ColumnElement[bool]
    outer: FromClause


def filters(attribute: object, *, fold: Callable[[str], str] | None = None, description: str | None = None) -> Any:
    """A field of a filter input: the operators of its annotation applied to this column or expression; a plain
    Boolean is compared with it. `fold` is for columns that hold folded text: it folds what they are compared with."""
    return strawberry.field(
        default=None, description=description, metadata={COLUMN: element(attribute), FOLD: fold or (lambda text: text)}
    )


def compared(compare: Compare, *, description: str | None = None) -> Any:
    """A field of a filter input whose operators mean something of their own: `compare("gte", 5)` is the SQL of one."""
    return strawberry.field(default=None, description=description, metadata={COMPARED: compare})


def some(table: FromClause, on: ColumnElement[bool], *, of: FromClause, description: str | None = None) -> Any:
    """A field of a filter input that is a filter itself: some row of `table`, joined by `on`, must pass it."""
    return strawberry.field(default=None, description=description, metadata={SOME: Some(table, on, of)})


def predicate(filter_: Any) -> ColumnElement[bool]:
    """The SQL of a filter input; an empty filter lets everything pass. Raises BadUserInput when it is too large."""
    return _all(filter_, [MOST_PARTS])


def sought(filter_: Any) -> "tuple[ColumnElement[Any], AnySelect] | None":
    """Where the filter asks for rows of another table by a key of theirs: a column of the filtered table, and the
    values of it that pass. They may be few, and then they are the quick way to the rows."""
    for field in get_object_definition(filter_, strict=True).fields:
        given = getattr(filter_, field.python_name)
        if given is None or SOME not in field.metadata or not _by_key(given):
            continue
        there: Some = field.metadata[SOME]
        if isinstance(there.on, BinaryExpression):
            keys = select(there.on.left).select_from(there.table).where(_all(given, [MOST_PARTS]))
            return there.on.right, keys
    return None


def _by_key(filter_: Any) -> bool:
    for field in get_object_definition(filter_, strict=True).fields:
        given, column = getattr(filter_, field.python_name), field.metadata.get(COLUMN)
        if given is None or isinstance(given, bool) or not isinstance(column, Column):
            continue
        if any(getattr(given, operator, None) is not None for operator in ("eq", "in_")) and _indexed(column):
            return True
    return False


def _indexed(column: Column[Any]) -> bool:
    constraints = (c for c in column.table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint))
    return any(column.name in keys.columns for keys in (*constraints, *column.table.indexes))


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
        elif SOME in field.metadata:
            there: Some = field.metadata[SOME]
            inner = select(1).select_from(there.table).where(there.on, _all(given, _spent(budget)))
            parts.append(exists(inner.correlate(there.outer)))
        else:
            parts.append(_compared(field.metadata, given, budget))
    return and_(true(), *parts)


def _spent(budget: list[int]) -> list[int]:
    budget[0] -= 1
    if budget[0] < 0:
        raise BadUserInput(f"A filter has at most {MOST_PARTS} parts")
    return budget


def _compared(declared: Any, given: Any, budget: list[int]) -> ColumnElement[bool]:
    if isinstance(given, bool):
        _spent(budget)
        column: ColumnElement[Any] = declared[COLUMN]
        return column if given else not_(column)
    compare = declared.get(COMPARED) or _on_column(declared[COLUMN], declared[FOLD])
    parts: list[ColumnElement[bool]] = []
    for field in get_object_definition(given, strict=True).fields:
        value = getattr(given, field.python_name)
        if value is not None:
            _spent(budget)
            parts.append(compare(field.python_name, value))
    return and_(true(), *parts)


def _on_column(column: ColumnElement[Any], fold: Callable[[str], str]) -> Compare:
    def compare(operator: str, value: Any) -> ColumnElement[bool]:
        if isinstance(value, str):
            value = _text(fold(value))
        elif isinstance(value, list):
            value = [_text(fold(v)) if isinstance(v, str) else v for v in value]
        return OPERATORS[operator](column, value)

    return compare


def _text(value: str) -> str:
    if "\0" in value:
        raise BadUserInput("NUL is not a character of a text")  # PostgreSQL refuses to compare with it
    return value
