"""Fields of inputs that mean something to the engine: identifiers of a type, and values that look a row up."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from math import isfinite
from typing import Any, Final

import orjson
import strawberry
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryOptional,
    get_object_definition,
    has_object_definition,
)
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

from engine import identity
from engine.declaration import element
from engine.errors import BadUserInput
from engine.naming import camel

IDENTIFIES: Final = "identifies"
FINDS: Final = "finds"


def identifies(type_name: str, *, description: str | None = None) -> Any:
    """An `ID` field that takes ids of this type only; others are BAD_USER_INPUT before anything runs."""
    return strawberry.field(description=description, metadata={IDENTIFIES: type_name})


def finds(attribute: object, *, identifies: str | None = None, description: str | None = None) -> Any:
    """A field of a `@oneOf` lookup input: the row whose column has this value."""
    metadata = {FINDS: element(attribute)} | ({IDENTIFIES: identifies} if identifies else {})
    return strawberry.field(default=None, description=description, metadata=metadata)


def check_ids(value: Any) -> None:
    """Raises BadUserInput for the first id inside the coerced input that is broken or of another type."""
    if isinstance(value, list | tuple):
        for item in value:
            check_ids(item)
    elif isinstance(value, Some):
        check_ids(value.value)
    elif has_object_definition(type(value)):
        for field in get_object_definition(type(value), strict=True).fields:
            given = getattr(value, field.python_name, None)
            expected = field.metadata.get(IDENTIFIES)
            if expected is not None:
                for one in given if isinstance(given, list) else [given]:
                    text = one.value if isinstance(one, Some) else one
                    if isinstance(text, str):
                        identity.decode(text, expected)
            else:
                check_ids(given)


def check_values(value: Any, type_: Any, path: str) -> None:
    """Raises BadUserInput for what graphql-core lets through: null for a field that may only be left out (Strawberry
    tells that in Python's words), and a number that is infinite by now (`1e400`)."""
    if isinstance(type_, StrawberryMaybe):
        type_ = type_.of_type
        if value is None and not isinstance(type_, StrawberryOptional):
            raise BadUserInput(f"`{path}` may be left out, but is never null")
    while isinstance(type_, LazyType | StrawberryOptional):
        type_ = type_.resolve_type() if isinstance(type_, LazyType) else type_.of_type
    if isinstance(value, list) and isinstance(type_, StrawberryList):
        for index, item in enumerate(value):
            check_values(item, type_.of_type, f"{path}.{index}")
    elif isinstance(value, Mapping) and has_object_definition(type_):
        for field in get_object_definition(type_, strict=True).fields:
            name = field.graphql_name or camel(field.python_name)
            if name in value:
                check_values(value[name], field.type, f"{path}.{name}")
    elif isinstance(value, float) and not isfinite(value):
        raise BadUserInput(f"`{path}` is too large for a number")


def fingerprint(value: Any) -> str:
    """A hash of a coerced input: equal for equal meaning, whatever the spelling of the document."""
    return sha256(orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Some):
        return {"some": _plain(value.value)}
    if is_dataclass(value) and not isinstance(value, type):
        given = {f.name: getattr(value, f.name) for f in fields(value)}
        return {k: _plain(v) for k, v in given.items() if v is not None and v is not UNSET}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
