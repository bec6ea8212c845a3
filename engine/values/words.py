"""Enums of the graph whose values say what they mean."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, cast

import strawberry

E = TypeVar("E", bound=type[Enum])


def worded(enum: E, description: str, values: Mapping[Any, str], *, name: str | None = None) -> E:
    """The enum as a GraphQL enum, each of its members described. Raises TypeError for a member without a description
    and for a description without a member."""
    undescribed, unknown = set(enum) - values.keys(), values.keys() - set(enum)
    if undescribed or unknown:
        raise TypeError(f"{enum.__name__} describes {unknown or 'not'}, and leaves out {undescribed or 'none'}")
    made = strawberry.enum(enum, name=name, description=description)
    for value in cast(Any, made).__strawberry_definition__.values:
        value.description = values[enum[value.name]]
    return made
