"""Fields of inputs that mean something to the engine: identifiers of a type, and values that look a row up."""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import sha256
from math import isfinite
from secrets import token_bytes
from typing import Any, Final, cast

import orjson
import strawberry
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

from engine.declared.bulk import Unread
from engine.values import identity
from engine.values.columns import element
from engine.values.errors import BadUserInput
from engine.values.naming import camel
from engine.values.upload import Uploaded

IDENTIFIES: Final = "identifies"
FINDS: Final = "finds"
FOLD: Final = "fold"
CONFIDENTIAL: Final = "confidential"
# Of this process alone: a hash that anyone could repeat would let whoever reads it guess at a password.
_PEPPER: Final = token_bytes(32)


def identifies(type_name: str, *, description: str | None = None) -> Any:
    """An `ID` field that takes ids of this type only; others are BAD_USER_INPUT before anything runs."""
    return strawberry.field(description=description, metadata={IDENTIFIES: type_name})


def finds(
    attribute: object,
    *,
    identifies: str | None = None,
    fold: Callable[[str], str] | None = None,
    description: str | None = None,
) -> Any:
    """A field of a `@oneOf` lookup input: the row whose column has this value. `fold` is for columns that hold folded
    text: it folds what is looked for."""
    metadata = {FINDS: element(attribute), FOLD: fold} | ({IDENTIFIES: identifies} if identifies else {})
    return strawberry.field(default=None, description=description, metadata=metadata)


def lookup_input(entity: str, key: Any, /, **columns: Any) -> type[Any]:
    """The `@oneOf` input `XxxBy` of an entity: its id, the store's own number behind it, and the texts that find one
    too, each a column or, where there is more to say of it, a field made by `finds`."""
    own = {"id": finds(key, identifies=entity), "database_id": finds(key, description="The store's own number.")}
    more = {name: c if isinstance(c, StrawberryField) else finds(c) for name, c in columns.items()}
    maybe: Any = strawberry.Maybe
    types = {"id": maybe[strawberry.ID], "database_id": maybe[int]}
    texts = dict.fromkeys(more, maybe[str])
    made = type(f"{entity}By", (), {"__annotations__": types | texts, **own, **more})
    return strawberry.input(made, one_of=True, description="Exactly one of these.")


def confidential(*, description: str | None = None) -> Any:
    """A field that holds a secret. Nothing keeps what it was given, not even as a hash that could be guessed at: two
    inputs that differ by it alone count as different, and after a restart any two do."""
    return strawberry.field(description=description, metadata={CONFIDENTIAL: True})


def check_ids(value: Any) -> None:
    """Raises BadUserInput for the first id inside the coerced input that is broken or of another type."""
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            try:
                check_ids(item)
            except BadUserInput as error:
                error.place = (str(index), *error.place)
                raise
    elif isinstance(value, Some):
        check_ids(value.value)
    elif (found := _nested(cast(Any, type(value)))) is not None:
        for name, expected in found.items():
            given = getattr(value, name, None)
            if given is None:
                continue
            try:
                _check_field(given, expected)
            except BadUserInput as error:
                error.place = (camel(name), *error.place)
                raise


def _check_field(given: Any, expected: str | None) -> None:
    given = given.value if isinstance(given, Some) else given
    if expected is None:
        check_ids(given)
    elif isinstance(given, list):
        for index, text in enumerate(given):
            if isinstance(text, str):
                try:
                    identity.decode(text, expected)
                except BadUserInput as error:
                    error.place = (str(index), *error.place)
                    raise
    elif isinstance(given, str):
        identity.decode(given, expected)


@cache
def _nested(type_: Any) -> Mapping[str, str | None] | None:
    """The fields of an input type that hold ids, by name, with the type that these are of; and with None those that
    may hold further inputs. None for what is no input type."""
    if not has_object_definition(type_):
        return None
    fields = get_object_definition(type_, strict=True).fields
    named = {f.python_name: f.metadata.get(IDENTIFIES) for f in fields}
    return {f.python_name: named[f.python_name] for f in fields if named[f.python_name] or _holds_inputs(f.type)}


def _holds_inputs(type_: Any) -> bool:
    while isinstance(type_, StrawberryMaybe | StrawberryOptional | StrawberryList):
        type_ = type_.of_type
    return isinstance(type_, LazyType) or has_object_definition(type_)


def check_values(value: Any, type_: Any, path: str) -> None:
    """Raises BadUserInput for what graphql-core lets through: null for a field that may only be left out (Strawberry
    tells that in Python's words), and a number that is infinite by now (`1e400`)."""
    if value is None:
        if _never_null(type_):
            raise _refused(path, "may be left out, but is never null")
        return
    while isinstance(type_, LazyType | StrawberryOptional | StrawberryMaybe):
        type_ = type_.resolve_type() if isinstance(type_, LazyType) else type_.of_type
    if isinstance(value, list) and isinstance(type_, StrawberryList):
        for index, item in enumerate(value):
            if item is not None and not isinstance(item, str | int):
                check_values(item, type_.of_type, f"{path}.{index}")
    elif isinstance(value, dict) and has_object_definition(type_):
        types, never_null = _typed(cast(Any, type_))
        for name, given in value.items():
            # Nothing, texts and whole numbers, which most values are, have nothing more to be checked here.
            if given is None:
                if name in never_null:
                    raise _refused(f"{path}.{name}", "may be left out, but is never null")
            elif not isinstance(given, str | int) and name in types:
                check_values(given, types[name], f"{path}.{name}")
    elif isinstance(value, float) and not isfinite(value):
        raise _refused(path, "is too large for a number")


def _refused(path: str, why: str) -> BadUserInput:
    place = path.removeprefix(".")
    return BadUserInput(f"`{place}` {why}", tuple(place.split(".")))


@cache
def _typed(type_: Any) -> tuple[Mapping[str, Any], frozenset[str]]:
    """The fields' types by their names in the graph, and the names of those that may only be left out."""
    fields = get_object_definition(type_, strict=True).fields
    types = {f.graphql_name or camel(f.python_name): f.type for f in fields}
    return types, frozenset(name for name, of in types.items() if _never_null(of))


def _never_null(type_: Any) -> bool:
    return isinstance(type_, StrawberryMaybe) and not isinstance(type_.of_type, StrawberryOptional)


def fingerprint(value: Any) -> str:
    """A hash of a coerced input: equal for equal meaning, whatever the spelling of the document."""
    return sha256(orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _told(field: Any, value: Any) -> Any:
    if field.metadata.get(CONFIDENTIAL) and value is not None and value is not UNSET:
        return hmac.digest(_PEPPER, orjson.dumps(_plain(value)), "sha256").hex()
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Some):
        return {"some": _plain(value.value)}
    if isinstance(value, Unread):
        return {"unread": json.dumps(value.given, sort_keys=True, default=str)}
    if isinstance(value, Uploaded):
        return {"filename": value.filename, "digest": value.digest}
    if is_dataclass(value) and not isinstance(value, type):
        given = {f.name: _told(f, getattr(value, f.name)) for f in fields(value)}
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
