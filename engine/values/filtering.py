"""Typed filters: what a caller sent, turned into one SQL predicate by what the filter's fields declare.

A filter answers questions, so it obeys what reading obeys: of other tables it asks the rows that the viewer sees, and
what takes a permission to read takes it to filter by.
"""

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
    false,
    func,
    not_,
    or_,
    select,
    true,
)
from strawberry.types.base import get_object_definition

from engine.values.columns import element
from engine.values.errors import BadUserInput
from engine.values.operators import OPERATORS
from engine.values.statement import AnySelect
from engine.values.viewer import Viewer, require

COLUMN: Final = "column"
FOLD: Final = "fold"
SOME: Final = "some"
COMPARED: Final = "compared"
COUNTED: Final = "counted"
PERMISSION: Final = "permission"
# A filter's parts, nested ones included; more is a program, not a question.
MOST_PARTS: Final = 100
# SQLite's parser gives up at some thirty.
DEEPEST: Final = 12

Compare = Callable[[str, Any], ColumnElement[bool]]
Visible = Callable[[Viewer], ColumnElement[bool]]


@dataclass(frozen=True, eq=False)
class Belonging:
    """Rows of another table that belong to a row of this one, as far as the viewer sees them."""

    table: FromClause
    on: ColumnElement[bool]
    outer: FromClause
    visible: Visible

    def where(self, viewer: Viewer | None) -> ColumnElement[bool]:
        return self.on if viewer is None else and_(self.on, self.visible(viewer))


def filters(
    attribute: object,
    *,
    fold: Callable[[str], str] | None = None,
    permission: str | None = None,
    description: str | None = None,
) -> Any:
    """A field of a filter input: the operators of its annotation applied to this column or expression; a plain
    Boolean is compared with it. `fold` is for columns that hold folded text: it folds what they are compared with."""
    return _field({COLUMN: element(attribute), FOLD: fold or (lambda text: text)}, description, permission)


def compared(compare: Compare, *, permission: str | None = None, description: str | None = None) -> Any:
    """A field of a filter input whose operators mean something of their own: `compare("gte", 5)` is the SQL of one."""
    return _field({COMPARED: compare}, description, permission)


def some(
    table: FromClause, on: ColumnElement[bool], *, of: FromClause, visible: Visible, description: str | None = None
) -> Any:
    """A field of a filter input that is a filter itself: some visible row of `table`, joined by `on`, must pass it."""
    return _field({SOME: Belonging(table, on, of, visible)}, description)


def counted(
    table: FromClause, on: ColumnElement[bool], *, of: FromClause, visible: Visible, description: str | None = None
) -> Any:
    """A field of a filter input: how many visible rows of `table` are joined by `on`."""
    return _field({COUNTED: Belonging(table, on, of, visible)}, description)


def _field(metadata: dict[str, Any], description: str | None, permission: str | None = None) -> Any:
    if permission is not None:
        metadata[PERMISSION] = permission
        description = f"{description or ''} Requires {permission}.".lstrip()
    return strawberry.field(default=None, description=description, metadata=metadata)


def predicate(filter_: Any, viewer: Viewer | None = None) -> ColumnElement[bool]:
    """The SQL of a filter input; an empty filter lets everything pass. Raises BadUserInput when it is too large, and
    Forbidden for a field that the viewer may not ask. Without a viewer the input is only tried."""
    return _all(filter_, viewer, [MOST_PARTS])


def sought(filter_: Any) -> "tuple[ColumnElement[Any], AnySelect] | None":
    """Where the filter asks for rows of another table by a key of theirs: a column of the filtered table, and the
    values of it that pass. They may be few, and then they are the quick way to the rows."""
    for field in get_object_definition(filter_, strict=True).fields:
        given = getattr(filter_, field.python_name)
        if given is None or SOME not in field.metadata or not _by_key(given):
            continue
        there: Belonging = field.metadata[SOME]
        if isinstance(there.on, BinaryExpression):
            keys = select(there.on.left).select_from(there.table).where(_all(given, None, [MOST_PARTS]))
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


def _all(filter_: Any, viewer: Viewer | None, budget: list[int], depth: int = 1) -> ColumnElement[bool]:
    if depth > DEEPEST:
        raise BadUserInput(f"A filter nests at most {DEEPEST} levels")
    parts: list[ColumnElement[bool]] = []
    for field in get_object_definition(filter_, strict=True).fields:
        given = getattr(filter_, field.python_name)
        if given is None:
            continue
        if viewer is not None:
            require(viewer, field.metadata.get(PERMISSION))
        if field.python_name == "and_":
            parts.extend(_all(f, viewer, _spent(budget), depth + 1) for f in given)
        elif field.python_name == "or_":
            # An empty `or` is no alternative at all, but a front end that has none yet means no filter.
            parts.append(or_(*(_all(f, viewer, _spent(budget), depth + 1) for f in given)) if given else true())
        elif field.python_name == "not_":
            # Null is no answer: what does not compare has to pass here. Said once, where it matters: a guard beside
            # each comparison makes SQLite take a wide range for a narrow one.
            parts.append(not_(func.coalesce(_all(given, viewer, _spent(budget), depth + 1), false())))
        elif SOME in field.metadata:
            there: Belonging = field.metadata[SOME]
            passing = _all(given, viewer, _spent(budget), depth + 1)
            inner = select(1).select_from(there.table).where(there.where(viewer), passing)
            parts.append(exists(inner.correlate(there.outer)))
        elif COUNTED in field.metadata:
            of: Belonging = field.metadata[COUNTED]
            rows = select(func.count()).select_from(of.table).where(of.where(viewer)).correlate(of.outer)
            parts.append(_compared({COLUMN: rows.scalar_subquery(), FOLD: str}, given, budget))
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
