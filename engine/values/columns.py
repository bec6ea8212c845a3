"""Columns and labelled expressions as declarations name them: by the attributes of SQLModel classes."""

from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement

T = TypeVar("T")


def element(attribute: object) -> Any:
    """The table's column behind a SQLModel attribute, which is typed as its value; a labelled expression as it is."""
    if isinstance(attribute, ColumnElement):
        return attribute
    return cast(Any, attribute).property.columns[0]


def expression(statement: ColumnElement[T], name: str) -> T:
    """A labelled SQL expression over the row's table, to be read like a column."""
    return cast(T, statement.label(name))
