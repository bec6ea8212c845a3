"""Columns and labelled expressions as declarations name them: by the attributes of SQLModel classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, cast

from sqlalchemy import Column, ColumnElement

from engine.values.viewer import Viewer, permits

T = TypeVar("T")
Needs: TypeAlias = tuple[ColumnElement[Any], ...]


def element(attribute: object) -> Any:
    """The table's column behind a SQLModel attribute, which is typed as its value; a labelled expression as it is."""
    if isinstance(attribute, ColumnElement):
        return attribute
    return cast(Any, attribute).property.columns[0]


def expression(statement: ColumnElement[T], name: str) -> T:
    """A labelled SQL expression over the row's table, to be read like a column."""
    return cast(T, statement.label(name))


_INSTEAD: Final = "instead"


@dataclass(frozen=True, slots=True)
class _Instead:
    permission: str
    column: str


def instead(column: str, *, without: str) -> Mapping[str, Any]:
    """What a column says of itself whose values not everyone may know (SQLModel's `sa_column_kwargs`): viewers without
    a permission read the column of this name, of the same table and type, in its place. Whatever is declared of the
    first (a field, a filter, a sort) means the second for them."""
    return {"info": {_INSTEAD: _Instead(without, column)}}


def seen_by(column: ColumnElement[T], viewer: Viewer) -> ColumnElement[T]:
    """The column that this viewer reads under a column's name: itself, or what stands in its place."""
    said = column.info.get(_INSTEAD) if isinstance(column, Column) else None
    if said is None or permits(viewer, said.permission):
        return column
    return cast("ColumnElement[T]", cast(Any, column).table.c[said.column])


def selected(needs: Sequence[ColumnElement[Any]], viewer: Viewer) -> list[ColumnElement[Any]]:
    """What a statement selects of needs for this viewer. Rows hold it under the names of the needs."""
    seen = ((need, seen_by(need, viewer)) for need in needs)
    return [need if column is need else column.label(label_of(need)) for need, column in seen]


def merged(*groups: Sequence[ColumnElement[Any]]) -> Needs:
    """The union of needs, sorted by name: equal unions make equal statements."""
    by_name = {label_of(need): need for group in groups for need in group}
    return tuple(by_name[k] for k in sorted(by_name))


def label_of(need: ColumnElement[Any]) -> str:
    """The name under which a row holds the column."""
    return str(cast(Any, need).key)
