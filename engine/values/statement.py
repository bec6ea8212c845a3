"""How a statement whose columns are known only at run time is typed, and what is asked with values that it is given:
parameters, so that its text is one whatever they are."""

import re
from typing import Any, Final, TypeAlias

from sqlalchemy import ARRAY, ColumnElement, Select, String, any_, bindparam

AnySelect: TypeAlias = "Select[*tuple[Any, ...]]"


def among(column: ColumnElement[Any], name: str, dialect: str) -> ColumnElement[bool]:
    """`column` is one of the values bound to `name`. One array on PostgreSQL, where each length of an IN list
    would be another prepared statement."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(bindparam(name, expanding=True))


def equal(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column` is the value bound to `name`."""
    return column == bindparam(name, type_=column.type)


_ESCAPE: Final = "/"
_WITH_A_MEANING: Final = re.compile("[/%_]")


def holding(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """A text column holds, somewhere, the text bound to `name` as `held` spells it."""
    return column.contains(bindparam(name, type_=String()), escape=_ESCAPE)


def held(text: str) -> str:
    """A text for `holding`: `%` and `_` are ordinary characters."""
    return _WITH_A_MEANING.sub(rf"{_ESCAPE}\g<0>", text)
