"""How a statement whose columns are known only at run time is typed, and what is asked with values that it is given:
parameters, so that its text is one whatever they are."""

import re
from typing import Any, Final, TypeAlias

from sqlalchemy import ARRAY, Boolean, ColumnElement, Select, String, and_, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

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


class Planned(ColumnElement[bool]):
    """True. PostgreSQL plans a statement that holds it for the value that is bound to `name`, each time: of one that is
    kept prepared it takes one plan for all values by and by, where that seems no dearer, and here it always does. Of a
    value that it knows it sees that it is not null; the rest is gone before anything is planned."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [("given", InternalTraversal.dp_clauseelement)]  # noqa: RUF012  SQLAlchemy's own

    def __init__(self, name: str) -> None:
        self.given = bindparam(name, type_=String())


@compiles(Planned)
def _true(_element: Planned, _compiler: Any, **_more: Any) -> str:
    return "1 = 1"


@compiles(Planned, "postgresql")
def _planned(element: Planned, compiler: Any, **more: Any) -> str:
    return f"({compiler.process(element.given, **more)} IS NOT NULL OR {_DEAR})"


_DEAR: Final = "(SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b) < 0"


def holding(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """A text column holds, somewhere, the text bound to `name` as `held` spells it. Which plan is quick hangs on it: in
    one for all texts each is rare, and for one of two letters an index is read from end to end."""
    found = column.contains(bindparam(name, type_=String()), escape=_ESCAPE)
    return and_(found, Planned(name))


def held(text: str) -> str:
    """A text for `holding`: `%` and `_` are ordinary characters."""
    return _WITH_A_MEANING.sub(rf"{_ESCAPE}\g<0>", text)
