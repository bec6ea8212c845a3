"""Columns and labelled expressions as declarations name them: by the attributes of SQLModel classes."""

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import ColumnElement

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


def merged(*groups: Sequence[ColumnElement[Any]]) -> Needs:
    """The union of needs, sorted by name: equal unions make equal statements."""
    by_name = {key_of(need): need for group in groups for need in group}
    return tuple(by_name[k] for k in sorted(by_name))


def key_of(need: ColumnElement[Any]) -> str:
    """The name under which a row holds the column."""
    return str(cast(Any, need).key)
