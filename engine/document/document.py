"""A parsed and validated document, kept for the next request that sends the same text."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, TypeVar, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from sqlalchemy import ColumnElement

from engine.declared.entity import Entity
from engine.values.columns import Needs, label_of

T = TypeVar("T")

# Of one document: of its operations, each with the ways in which `@skip` and `@include` may be decided.
MOST_KEPT: Final = 32


class Document:
    """What can be known of a document before it runs. It keeps its AST alive, so AST nodes may be keys by identity."""

    def __init__(self, ast: DocumentNode) -> None:
        self.ast = ast
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.operations: dict[str | None, OperationDefinitionNode] = {}
        self.fragment_definitions = self.operation_definitions = 0  # those of the same name, too
        for definition in ast.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition
                self.fragment_definitions += 1
            elif isinstance(definition, OperationDefinitionNode):
                self.operations[definition.name.value if definition.name else None] = definition
                self.operation_definitions += 1
        self.size = 0  # bytes of memory, about
        self.mark = 0  # of its text, by which it is known when it comes again
        self._deciding: dict[int, tuple[str, ...]] = {}
        self._variables: dict[int, frozenset[str]] = {}
        self._kept: dict[tuple[int, Hashable], Any] = {}
        self._values: dict[tuple[tuple[int, ...], str], int] = {}
        self._asked: dict[tuple[tuple[int, ...], str], Needs] = {}

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation to run; None when the name is wrong, or missing where several could be meant."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def name(self, operation: OperationDefinitionNode) -> str | None:
        return operation.name.value if operation.name else None

    def variables(self, operation: OperationDefinitionNode) -> frozenset[str]:
        """The names of those that the operation declares."""
        found = self._variables.get(id(operation))
        if found is None:
            names = (definition.variable.name.value for definition in operation.variable_definitions or ())
            found = self._variables[id(operation)] = frozenset(names)
        return found

    def kept(self, operation: OperationDefinitionNode, what: Hashable, make: Callable[[], T]) -> T:
        """What somebody made of an operation, for as long as the document is kept; a few things of each document."""
        place = id(operation), what
        found = self._kept.get(place)
        if found is None:
            found = make()
            if len(self._kept) < MOST_KEPT:
                self._kept[place] = found
        return cast(T, found)

    def deciding(self, operation: OperationDefinitionNode) -> tuple[str, ...]:
        """The variables that `@skip` and `@include` of the document ask, of those that the operation has; sorted."""
        found = self._deciding.get(id(operation))
        if found is None:
            own = {definition.variable.name.value for definition in operation.variable_definitions or ()}
            sets = [operation.selection_set, *(fragment.selection_set for fragment in self.fragments.values())]
            found = self._deciding[id(operation)] = tuple(sorted(own & set(_conditions(sets))))
        return found

    def asked(self, entity: Entity, nodes: Sequence[FieldNode], inside: tuple[str, ...] = ()) -> Needs:
        """The columns of `entity` that the selections of these field nodes read, sorted by name.

        `inside` names wrappers between the field and the entity: `("edges", "node")` for a connection.
        """
        place = (tuple(map(id, nodes)), "/".join((entity.name, *inside)))
        found = self._asked.get(place)
        if found is None:
            by_name: dict[str, ColumnElement[Any]] = {}
            for node in self._fields(self._inside(nodes, inside), entity.names):
                declared = entity.fields.get(node.name.value)
                for need in declared.declaration.needs if declared else ():
                    by_name[label_of(need)] = need
            found = self._asked[place] = tuple(by_name[k] for k in sorted(by_name))
        return found

    def values(self, entity: Entity, nodes: Sequence[FieldNode], inside: tuple[str, ...]) -> int:
        """How many values of a row of its own, and of the value types on it, a row's selections answer, about."""
        place = (tuple(map(id, nodes)), "/".join((entity.name, *inside)))
        found = self._values.get(place)
        if found is None:
            found = 0
            for node in self._fields(self._inside(nodes, inside), entity.names):
                declared = entity.fields.get(node.name.value)
                own = declared is None or declared.declaration.weight == 1
                found += 1 + (sum(1 for _ in self._below(node)) if own else 0)
            self._values[place] = found
        return found

    def _below(self, node: FieldNode) -> Iterator[FieldNode]:
        stack = [node]
        while stack:
            inner = stack.pop().selection_set
            for child in self._fields([inner] if inner else [], None):
                yield child
                stack.append(child)

    def selects(self, nodes: Sequence[FieldNode], *names: str) -> bool:
        """Whether any of these direct subfields is selected."""
        return any(
            f.name.value in names for f in self._fields([n.selection_set for n in nodes if n.selection_set], None)
        )

    def _inside(self, nodes: Sequence[FieldNode], steps: tuple[str, ...]) -> list[SelectionSetNode]:
        sets = [n.selection_set for n in nodes if n.selection_set]
        for step in steps:
            found = (f for f in self._fields(sets, None) if f.name.value == step)
            sets = [f.selection_set for f in found if f.selection_set is not None]
        return sets

    def _fields(self, sets: Sequence[SelectionSetNode], conditions: frozenset[str] | None) -> Iterator[FieldNode]:
        """Fields of the selection sets, fragments opened; those on types other than `conditions` left out."""
        seen: set[str] = set()
        stack = list(sets)
        while stack:
            for selection in stack.pop().selections:
                if isinstance(selection, FieldNode):
                    yield selection
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    if conditions is None or condition is None or condition.name.value in conditions:
                        stack.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                    seen.add(selection.name.value)  # a fragment spread twice asks nothing new
                    fragment = self.fragments[selection.name.value]
                    if conditions is None or fragment.type_condition.name.value in conditions:
                        stack.append(fragment.selection_set)


def _conditions(sets: list[SelectionSetNode]) -> Iterator[str]:
    """The variables that are given to directives, fragments left closed."""
    stack = list(sets)
    while stack:
        for node in stack.pop().selections:
            for directive in node.directives or ():
                values = (argument.value for argument in directive.arguments or ())
                yield from (value.name.value for value in values if isinstance(value, VariableNode))
            if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                stack.append(node.selection_set)
