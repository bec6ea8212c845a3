"""Variables of bulk mutations, whose items are coerced one by one: a bad one is set aside and fails nothing else.

Only items of variables: what is wrong in the text of a document is a mistake of the document.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import graphql
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    coerce_input_value,
    get_named_type,
    get_nullable_type,
    validate_input_value,
)

from engine.declared.bulk import Unread
from engine.declared.conversion import made
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.input import check_ids, check_values
from engine.declared.mutation import Performed
from engine.document.request import request_error
from engine.values.errors import BadUserInput

# Of one item; who sends more mistakes than these has no use for the list.
MOST_MISTAKES: Final = 5
Bad = Mapping[int, Unread]  # by their places


@dataclass(frozen=True, slots=True)
class Sifted:
    """`variables` without the bad items of bulk lists; these by the id of the mutation's node."""

    variables: dict[str, Any]
    bad: dict[int, tuple[str, Bad]] = field(default_factory=dict)

    def restore(self, arguments: Mapping[tuple[int, DeclaredField], Any]) -> None:
        """Puts the bad items back to their places, in the arguments as they were taken."""
        for (node, _), taken in arguments.items():
            if node in self.bad:
                restore(taken["input"], *self.bad[node])


def sifted(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    nodes: Iterable[FieldNode],
    fragments: Mapping[str, graphql.Node],
    variables: dict[str, Any],
    suggest: bool,
) -> Sifted:
    """`nodes` are the root fields that the operation runs. A variable that is used elsewhere too is left as it is."""
    if operation.operation is not graphql.OperationType.MUTATION:
        return Sifted(variables)
    root = schema.mutation_type
    found = [(node, *of) for node in nodes if root is not None and (of := _bulk(root, node, variables)) is not None]
    if not found:
        return Sifted(variables)
    uses = _uses([operation, *fragments.values()])
    here = Counter(variable for _, variable, *_ in found)
    kept, bad = dict(variables), {}
    for node, variable, whole, type_, each in found:
        if uses[variable] != here[variable]:
            continue
        value = variables[variable]
        if whole:
            kept[variable], wrong = sift(type_, each, value, suggest=suggest)
        else:
            kept[variable], wrong = _sift(type_, each, value, suggest=suggest)
        if wrong:
            bad[id(node)] = (each, wrong)
    return Sifted(kept, bad)


def sift(
    type_: GraphQLInputObjectType, each: str, value: Mapping[str, Any], *, suggest: bool = True
) -> tuple[dict[str, Any], Bad]:
    """The value of an input without the bad items of the list in its field `each`, and these."""
    items = value.get(each)
    if not isinstance(items, list):
        return dict(value), {}
    good, bad = _sift(type_, each, items, suggest=suggest)
    return {**value, each: good}, bad


def restore(input: Any, each: str, bad: Bad) -> None:
    items = list(getattr(input, each))
    for index in sorted(bad):
        items.insert(index, bad[index])
    setattr(input, each, items)


def _bulk(root: Any, node: FieldNode, variables: Mapping[str, Any]) -> tuple[str, bool, Any, str] | None:
    """Of a bulk mutation whose items are in a variable: its name, whether it is the whole input (or the list), the
    type of the input and the name of the list."""
    definition = root.fields.get(node.name.value)
    declared = (definition.extensions or {}).get(DEFINITION) if definition is not None else None
    declaration = declared.declaration if isinstance(declared, DeclaredField) else None
    each = declaration.mutation.each if isinstance(declaration, Performed) else None
    given = next((a.value for a in node.arguments or () if a.name.value == "input"), None)
    if each is None or given is None:
        return None
    type_ = get_named_type(definition.args["input"].type)
    if isinstance(given, VariableNode):
        name = given.name.value
        return (name, True, type_, each) if isinstance(variables.get(name), dict) else None
    inner = next((f.value for f in getattr(given, "fields", ()) if f.name.value == each), None)
    if isinstance(inner, VariableNode) and isinstance(variables.get(inner.name.value), list):
        return inner.name.value, False, type_, each
    return None


def _uses(texts: Iterable[graphql.Node]) -> Counter[str]:
    """How often each variable is used, its definitions apart."""
    found: Counter[str] = Counter()

    class Uses(graphql.Visitor):
        def enter_variable_definition(self, *_: Any) -> Any:
            return graphql.SKIP

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found[node.name.value] += 1

    for text in texts:
        graphql.visit(text, Uses())
    return found


def _sift(type_: GraphQLInputObjectType, each: str, items: list[Any], *, suggest: bool) -> tuple[list[Any], Bad]:
    list_ = get_nullable_type(type_.fields[each].type)
    assert isinstance(list_, GraphQLList)
    of = list_.of_type
    wrong = {index: _unread(type_, each, of, item, suggest=suggest) for index, item in enumerate(items)}
    bad = {index: unread for index, unread in wrong.items() if unread is not None}
    return [item for index, item in enumerate(items) if index not in bad], bad


def _unread(type_: GraphQLInputObjectType, each: str, of: Any, item: Any, *, suggest: bool) -> Unread | None:
    """What is wrong with an item; None if nothing is."""
    found: list[tuple[str, tuple[str, ...]]] = []

    def heard(error: GraphQLError, path: list[str | int]) -> None:
        if len(found) < MOST_MISTAKES:
            found.append((request_error(GraphQLError(error.message))["message"], tuple(map(str, path))))

    understood = coerce_input_value(item, of)
    if understood is Undefined:  # only then is it worth asking what is wrong: it costs as much again
        validate_input_value(item, of, heard, not suggest)
        return Unread(tuple(found), item)
    try:
        _check(type_, each, get_nullable_type(of), understood)
    except BadUserInput as error:
        return Unread(((error.message, error.place),), item)
    return None


def _check(type_: GraphQLInputObjectType, each: str, of: Any, item: Any) -> None:
    if isinstance(of, GraphQLInputObjectType):
        takes = of.extensions[DEFINITION].origin
        check_values(item, takes, "")
        check_ids(made(takes, item))
    elif isinstance(item, str):
        try:
            check_ids(made(type_.extensions[DEFINITION].origin, {each: [item]}))
        except BadUserInput as error:
            raise BadUserInput(error.message) from None  # its place is the item's
