"""Inputs made of what graphql-core coerced, by one function for each type that is worked out once.

Strawberry looks up names and types of every field of every value again; a list of ten products with six variants each
has two thousand of them, and arguments are converted twice: checked before anything runs, and used.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from functools import cache
from typing import Any, Final, TypeAlias

from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    get_object_definition,
    has_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

from engine.values.naming import camel

Convert: TypeAlias = Callable[[Any], Any]

_ABSENT: Final = object()


def made(type_: type, given: Mapping[str, Any], context: object = None) -> Any:
    """An input type's value, as Strawberry would make it: what `StrawberryObjectDefinition.from_input` is for."""
    defaults, fields = _fields(type_)
    values = dict(defaults)
    for name, value in given.items():
        python_name, convert, null = fields[name]
        if value is not None:
            values[python_name] = value if convert is None else convert(value)
        elif null is not _ABSENT:
            values[python_name] = null
    return type_(**values)


def arguments(given: Mapping[str, Any], field: StrawberryField) -> dict[str, Any]:
    """The arguments of a field by their names in Python, as Strawberry would convert them."""
    known = _of_arguments(field)
    found = {}
    for name, value in given.items():
        python_name, convert = known[name]
        found[python_name] = value if convert is None else convert(value)
    return found


# Fields are made when a schema is.
@cache
def _of_arguments(field: StrawberryField) -> Mapping[str, tuple[str, Convert | None]]:
    return {a.graphql_name or camel(a.python_name): (a.python_name, _converter(a.type)) for a in field.arguments}


@cache
def _fields(type_: Any) -> tuple[dict[str, None], dict[str, tuple[str, Convert | None, Any]]]:
    """What is None unless it is given; and by its name in the graph how each field is converted, and what null is:
    _ABSENT where it has a default, and that is never null."""
    definition = get_object_definition(type_, strict=True)
    fields = definition.fields
    # A field without a default of its own may be left out only where it takes null.
    defaults = {f.python_name: None for f in fields if not _has_default(f)}
    types = {f.python_name: f.resolve_type(type_definition=definition) for f in fields}
    return defaults, {
        f.graphql_name or camel(f.python_name): (
            f.python_name,
            _converter(types[f.python_name]),
            _null(f, types[f.python_name]),
        )
        for f in fields
    }


def _null(field: Any, type_: Any) -> Any:
    if isinstance(type_, StrawberryMaybe):
        return Some(None)
    return _ABSENT if _has_default(field) and not isinstance(type_, StrawberryOptional) else None


def _has_default(field: Any) -> bool:
    return field.default_value is not MISSING or field.default_factory is not MISSING


def _converter(type_: Any) -> Convert | None:
    """None for what is right as it is: scalars and enums are converted by graphql-core."""
    if isinstance(type_, StrawberryMaybe):
        inner = _converter(type_.of_type)
        return Some if inner is None else lambda value: Some(inner(value))
    if isinstance(type_, StrawberryOptional):
        return _converter(type_.of_type)
    if isinstance(type_, StrawberryList):
        each = _converter(type_.of_type)
        # A copy even where nothing is converted: a default is the same list for every request.
        return _unless_null(list if each is None else lambda values: [each(value) for value in values])
    if isinstance(type_, LazyType):
        return _unless_null(lambda value: made(type_.resolve_type(), value))
    if has_object_definition(type_):
        return _unless_null(lambda value: made(type_, value))
    return None


def _unless_null(convert: Convert) -> Convert:
    return lambda value: value if value is None or value is UNSET else convert(value)
