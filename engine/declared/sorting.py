"""What a list can be sorted by: one declaration makes the enum, the input and the default order."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import strawberry
from sqlalchemy import Column

from engine.values.columns import element
from engine.values.ordering import SortDirection

# Strawberry takes two types of one name and one module for one type, loaded again: it would not notice.
_NOUNS: Final[set[str]] = set()


@dataclass(frozen=True, eq=False)
class Sorting:
    """The sorts of a noun. `columns` has the members of its enum in the order in which they were declared."""

    input: type[Any]
    columns: Mapping[Any, Column[Any]]
    default: tuple[Any, SortDirection]  # what a list is ordered by when no sort is asked for


def sortable(
    noun: str,
    *,
    default: tuple[str, SortDirection],
    description: str,
    direction: SortDirection = SortDirection.ASC,
    **sorts: object,
) -> Sorting:
    """The enum `<Noun>SortField` of the sorts' names, and the input `<Noun>Sort`, whose direction is `direction` when
    it is left out. A sort is a column, or a pair of a column and the sentence that describes it. `default` is what a
    list is ordered by when nobody asks.

    Raises TypeError for a noun that has its sorts already, for a sort that is no column of the one table, for two names
    of one column, and for a default that is not among the sorts.
    """
    if noun in _NOUNS:
        raise TypeError(f"What {noun} is sorted by is declared twice")
    said = {name: sort if isinstance(sort, tuple) else (sort, None) for name, sort in sorts.items()}
    columns = {name: _column(noun, name, attribute) for name, (attribute, _) in said.items()}
    if len({c.table for c in columns.values()}) != 1:
        raise TypeError(f"{noun} is sorted by columns of one table")
    if len(set(columns.values())) < len(columns):
        raise TypeError(f"{noun} is sorted by a column under two names")
    first, way = default
    if first not in columns:
        raise TypeError(f"{noun} is listed by {first}, which is none of its sorts: {', '.join(columns)}")
    _NOUNS.add(noun)
    enum: Any = Enum  # mypy knows only enums that are spelled out
    members = {name: strawberry.enum_value(name, description=text) for name, (_, text) in said.items()}
    field = strawberry.enum(enum(f"{noun}SortField", members, module=__name__), description=description)
    made = type(
        f"{noun}Sort",
        (),
        {"__annotations__": {"field": field, "direction": SortDirection}, "direction": direction},
    )
    return Sorting(
        strawberry.input(made, description="A field to sort by, and which way."),
        {field[name]: column for name, column in columns.items()},
        (field[first], way),
    )


def _column(noun: str, name: str, attribute: object) -> Column[Any]:
    try:
        found = element(attribute)
    except AttributeError:
        found = attribute
    if not isinstance(found, Column):  # a cursor holds the column's value, and reads it back by the column's type
        raise TypeError(f"{noun} is sorted by {name}, which is no column: {attribute!r}")
    return found
