"""How a statement whose columns are known only at run time is typed, and how it is asked for many keys at once."""

from typing import Any, TypeAlias

from sqlalchemy import ARRAY, ColumnElement, Select, any_, bindparam

AnySelect: TypeAlias = "Select[*tuple[Any, ...]]"


def among(column: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """`column` is one of the values bound to `name`. One array on PostgreSQL, where each length of an IN list
    would be another prepared statement."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(bindparam(name, expanding=True))
