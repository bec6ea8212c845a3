"""A recorded case of each mutation, to be run again in other ways: as a dry run, twice under one key."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    parse,
    print_ast,
)

from schema.root import schema
from tests.operations.case import Case, cases

# Said beside what the case asks for, under names that no case uses.
TOLD: Final = parse("{ x { toldErrors: userErrors { code } toldEvents: events { name } } }")
OURS: Final = frozenset({"validateOnly", "idempotencyKey"})


@dataclass(frozen=True)
class Place:
    """A step of a case whose operation is one mutation, which went well when it was recorded."""

    case: Case
    step: int
    field: str
    key: str  # of the answer

    def __str__(self) -> str:
        return f"{self.field}: {self.case} step {self.step}"

    def document(self, **arguments: bool | str) -> str:
        """The case's document, its mutation with other arguments beside the input, and telling more."""
        document = parse(self.case.document)
        changed = [_changed(d, self.case.steps[self.step].operation, arguments) for d in document.definitions]
        return print_ast(DocumentNode(definitions=tuple(changed)))


def _changed(definition: Any, operation: str, arguments: dict[str, bool | str]) -> Any:
    if not isinstance(definition, OperationDefinitionNode) or definition.name is None:
        return definition
    if definition.name.value != operation:
        return definition
    (field,) = definition.selection_set.selections
    assert isinstance(field, FieldNode)
    assert field.selection_set
    (told,) = TOLD.definitions
    assert isinstance(told, OperationDefinitionNode)
    (beside,) = told.selection_set.selections
    assert isinstance(beside, FieldNode)
    assert beside.selection_set
    kept = [argument for argument in field.arguments or () if argument.name.value not in OURS]
    selections = (*field.selection_set.selections, *beside.selection_set.selections)
    asked = replace(
        field,
        arguments=(*kept, *(_argument(name, value) for name, value in arguments.items())),
        selection_set=SelectionSetNode(selections=selections),
    )
    return replace(definition, selection_set=SelectionSetNode(selections=(asked,)))


def _argument(name: str, value: bool | str) -> ArgumentNode:
    node: ValueNode = BooleanValueNode(value=value) if isinstance(value, bool) else StringValueNode(value=value)
    return ArgumentNode(name=NameNode(value=name), value=node)


def mutations() -> set[str]:
    root = schema.core.mutation_type
    assert isinstance(root, GraphQLObjectType)
    return set(root.fields)


@cache
def places() -> dict[str, Place]:
    """Of each mutation the first step that shows it at work, by its field."""
    found: dict[str, Place] = {}
    for case in cases():
        for place in _places(case):
            found.setdefault(place.field, place)
    return found


def _places(case: Case) -> Iterator[Place]:
    if not case.writes or case.recorded is None:
        return
    answers = case.recorded if isinstance(case.recorded, list) else [case.recorded]
    definitions = {
        d.name.value: d
        for d in parse(case.document).definitions
        if isinstance(d, OperationDefinitionNode) and d.name and d.operation is OperationType.MUTATION
    }
    for number, (step, answer) in enumerate(zip(case.steps, answers, strict=False)):
        definition = definitions.get(step.operation)
        if definition is None or len(definition.selection_set.selections) != 1 or "errors" in answer:
            continue
        (field,) = definition.selection_set.selections
        if not isinstance(field, FieldNode) or OURS & {argument.name.value for argument in field.arguments or ()}:
            continue
        key = field.alias.value if field.alias else field.name.value
        payload = answer["data"].get(key)
        if payload is not None and not payload.get("userErrors", [None]):
            yield Place(case, number, field.name.value, key)
