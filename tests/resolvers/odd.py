"""Inputs that are right but for one thing or two: what a front end sends that has a bug, and whoever tries doors."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    get_nullable_type,
    is_required_input_field,
    parse,
    type_from_ast,
)

from engine.values import identity
from schema.root import schema

_TEXTS: Final = (
    "",
    " ",
    "\u200b",
    "a\0b",
    "%_\\",
    "' OR 1=1 --",
    "Ünï😀 \u202e",
    "x" * 300,
    "x\n" * 3000,
    "0",
)
_NUMBERS: Final = (0, -1, 1, 2, 100, 2**31 - 1, -(2**31))
_OF: Final[Mapping[str, tuple[Any, ...]]] = {
    "Int": _NUMBERS,
    "Cents": (*_NUMBERS, 2**53 - 1, -(2**53) + 1),
    "Float": (0.0, -1.5, 1e300, 0.1),
    "Boolean": (True, False),
    "Decimal": ("0", "-1", "1e30", "99.999", "0.00000000001", "100", "NaN", "7"),
    "DateTime": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2020-02-29T12:00:00+14:00", "2031-01-01T00:00:00Z"),
    "JSON": (None, [], {}, "x", 1e300, 2**60, {"a": {"b": [1, None, {"c": "\0"}]}}, {"": 1}, True, "x" * 5000),
    "CurrencyCode": ("EUR", "eur", "XXX", "", "ABCD"),
    "URL": ("http://127.0.0.1:1/", "https://example.org/ä?b=c#d", "javascript:alert(1)", "", "file:///etc/passwd"),
}
_IDS: Final = ("", "x", "1", "-1", "UHJvZHVjdDox", identity.encode("Product", 2**62), "x" * 500)

# Where something else can stand, by the container that it is in; and what its type is.
Spot = tuple[Any, Any, GraphQLInputType]


def odd(document: str, operation: str, variables: Mapping[str, Any], chance: Random) -> dict[str, Any]:
    """These variables of an operation, with something else in one place or two."""
    made = deepcopy(dict(variables))
    for _ in range(chance.choice((1, 1, 2))):
        spots = [*_spots(made, _declared(document, operation))]
        if spots:
            container, key, kind = chance.choice(spots)
            container[key] = _other(kind, container[key] if _has(container, key) else None, chance)
    return made


def _declared(document: str, operation: str) -> dict[str, GraphQLInputType]:
    (found,) = (
        definition
        for definition in parse(document).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name and definition.name.value == operation
    )
    return {
        declared.variable.name.value: type_from_ast(schema.core, declared.type)  # type: ignore[misc]
        for declared in found.variable_definitions or ()
    }


def _has(container: Any, key: Any) -> bool:
    return key < len(container) if isinstance(container, list) else key in container


def _spots(container: Any, types: Mapping[Any, GraphQLInputType]) -> Iterator[Spot]:
    """Also where nothing was said."""
    for key, declared in types.items():
        kind = get_nullable_type(declared)
        value = container[key] if _has(container, key) else None
        if getattr(kind, "name", "") == "Upload" or (isinstance(kind, GraphQLList) and _of_uploads(kind)):
            continue
        yield container, key, declared
        if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            yield from _spots(value, {name: field.type for name, field in kind.fields.items()})
        elif isinstance(kind, GraphQLList) and isinstance(value, list):
            yield from _spots(value, dict.fromkeys(range(len(value)), kind.of_type))


def _of_uploads(kind: GraphQLList[Any]) -> bool:
    return getattr(get_nullable_type(kind.of_type), "name", "") == "Upload"


def _other(declared: GraphQLInputType, value: Any, chance: Random) -> Any:
    if not isinstance(declared, GraphQLNonNull) and chance.random() < 0.15:
        return None
    kind: Any = get_nullable_type(declared)
    if isinstance(kind, GraphQLList):
        return _other_list(kind, value, chance)
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: _other(field.type, None, chance)
            for name, field in kind.fields.items()
            if is_required_input_field(field) or chance.random() < 0.3
        }
    if isinstance(kind, GraphQLEnumType):
        return chance.choice(list(kind.values))
    if kind.name == "ID":
        return chance.choice([*_IDS, *_beside(value)])
    texts = (*_TEXTS, *(() if not isinstance(value, str) else (value.upper(), f" {value} ", value * 20)))
    return chance.choice(_OF.get(kind.name, texts))


def _other_list(kind: GraphQLList[Any], value: Any, chance: Random) -> list[Any]:
    given = list(value) if isinstance(value, list) else []
    ways: list[Callable[[], list[Any]]] = [
        list,
        lambda: given + given,
        lambda: (given or [_other(kind.of_type, None, chance)]) * chance.choice((2, 101)),
        lambda: [*given, _other(kind.of_type, None, chance)],
    ]
    return chance.choice(ways)()


def _beside(id: Any) -> list[str]:
    """Ids of the same type: of the rows beside, and of none."""
    try:
        kind = identity.decode(id).type
    except Exception:  # noqa: BLE001  whatever it is that was there
        return []
    return [identity.encode(kind, key) for key in (1, 2, 3, 10**6)]
