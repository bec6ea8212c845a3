"""The mutations of a schema by their names, each with what the schema alone knows of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from graphql import GraphQLError, GraphQLInputObjectType, Undefined, coerce_input_value, validate_input_value

from engine.declared.conversion import made
from engine.declared.declaration import DeclaredField
from engine.declared.input import check_ids, check_values
from engine.declared.mutation import Mutation, Performed
from engine.declared.payload import shown_once
from engine.document.bounds import check_variables
from engine.document.request import RequestErrors, request_error
from engine.standard import items
from engine.unit.perform import Performable
from engine.values.errors import BadUserInput
from engine.values.naming import camel
from engine.values.viewer import INTERNAL

# Whether each event of a mutation with this permission and these events is an entry of the audit log.
Audited = Callable[[str, Sequence[str]], bool]
# Of one input; who sends more mistakes than these has no use for the list.
MOST_MISTAKES: Final = 5


def public(name: str, field: DeclaredField, type_: GraphQLInputObjectType, audited: Audited) -> Performable[Any]:
    """The mutation of a root field. Raises TypeError for one that no request may ask."""
    declaration = field.declaration
    if not isinstance(declaration, Performed):
        raise TypeError(f"Mutation.{name} is no mutation")
    if declaration.permission == INTERNAL:
        raise TypeError(f"Mutation.{name} is internal, and a field can be asked for")
    return _performable(name, declaration.mutation, type_, audited, shown_once(field.target))


def internal(mutation: Mutation[Any], type_: GraphQLInputObjectType, audited: Audited) -> Performable[Any]:
    """A mutation that has no field; its name is its function's. Raises TypeError for one that is not INTERNAL."""
    name = camel(mutation.function.__name__)
    if mutation.permission != INTERNAL:
        raise TypeError(f"{name} has no field: its permission is INTERNAL")
    return _performable(name, mutation, type_, audited, frozenset())


def _performable(
    name: str, mutation: Mutation[Any], type_: GraphQLInputObjectType, audited: Audited, once: frozenset[str]
) -> Performable[Any]:
    takes = mutation.takes
    decided = audited(mutation.permission, mutation.emits) if mutation.audited is None else mutation.audited
    return Performable(name, mutation, takes, decided, once, partial(coerced, type_, takes, each=mutation.each))


def coerced(
    type_: GraphQLInputObjectType, takes: type[Any], given: Mapping[str, Any], *, each: str | None = None
) -> Any:
    """What GraphQL makes of a variable `input` with this value; bad items of the list in `each` are Unread. Raises
    BadUserInput, with the place of each mistake."""
    value = dict(given)
    try:
        check_variables({"input": value})
    except RequestErrors as refused:
        raise BadUserInput(refused.errors[0]["message"]) from None
    try:
        return _made(type_, takes, value)
    except BadUserInput:
        if each is None:
            raise
        # One by one only now: it costs as much again.
        value, bad = items.sift(type_, each, value)
        if not bad:
            raise
    made_of = _made(type_, takes, value)
    items.restore(made_of, each, bad)
    return made_of


def _made(type_: GraphQLInputObjectType, takes: type[Any], value: dict[str, Any]) -> Any:
    try:
        understood = coerce_input_value(value, type_)
        if understood is Undefined:
            raise BadUserInput("; ".join(_mistakes(type_, value)))
    except RecursionError:
        raise BadUserInput("`input` is nested too deeply") from None
    check_values(understood, takes, "input")
    made_of = made(takes, understood)
    check_ids(made_of)
    return made_of


def _mistakes(type_: GraphQLInputObjectType, value: dict[str, Any]) -> Iterator[str]:
    found: list[tuple[GraphQLError, list[str | int]]] = []
    validate_input_value(value, type_, lambda error, path: found.append((error, path)))
    for error, path in found[:MOST_MISTAKES]:
        place = "".join(f".{part}" for part in path)
        yield f"`input{place}`: {request_error(GraphQLError(error.message))['message']}"
