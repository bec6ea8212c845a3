"""A parsed and validated document, kept for the next request that sends the same text."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from sqlalchemy import ColumnElement

from engine.entity import Entity

Needs = tuple[ColumnElement[Any], ...]


class Document:
    """What can be known of a document before it runs. It keeps its AST alive, so AST nodes may be keys by identity."""

    def __init__(self, ast: DocumentNode) -> None:
        self.ast = ast
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.operations: dict[str | None, OperationDefinitionNode] = {}
        for definition in ast.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                self.fragments[definition.name.value] = definition
            elif isinstance(definition, OperationDefinitionNode):
                self.operations[definition.name.value if definition.name else None] = definition
        self._asked: dict[tuple[tuple[int, ...], str], Needs] = {}

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation to run; None when the name is wrong, or missing where several could be meant."""
        if name is not None:
            return self.operations.get(name)
        return next(iter(self.operations.values())) if len(self.operations) == 1 else None

    @cached_property
    def depth(self) -> int:
        """How deep fields nest, fragments opened. Linear in the document: each fragment is measured once."""
        measured: dict[str, int] = {}

        def below(selections: SelectionSetNode | None, level: int) -> int:
            deepest = level
            for selection in selections.selections if selections else ():
                if isinstance(selection, FieldNode):
                    deepest = max(deepest, below(selection.selection_set, level + 1))
                elif isinstance(selection, InlineFragmentNode):
                    deepest = max(deepest, below(selection.selection_set, level))
                elif isinstance(selection, FragmentSpreadNode):
                    deepest = max(deepest, level + fragment(selection.name.value))
            return deepest

        def fragment(name: str) -> int:
            if name not in measured:
                measured[name] = 0  # a cycle ends here; validation refuses it with a better message
                found = self.fragments.get(name)
                measured[name] = below(found.selection_set, 0) if found else 0
            return measured[name]

        return max((below(o.selection_set, 0) for o in self.operations.values()), default=0)

    def asked(self, entity: Entity, nodes: Sequence[FieldNode], inside: tuple[str, ...] = ()) -> Needs:
        """The columns of `entity` that the selections of these field nodes read, sorted by name.

        `inside` names wrappers between the field and the entity: `("edges", "node")` for a connection.
        """
        place = (tuple(map(id, nodes)), "/".join((entity.name, *inside)))
        found = self._asked.get(place)
        if found is None:
            by_name: dict[str, ColumnElement[Any]] = {}
            sets: list[SelectionSetNode] = [n.selection_set for n in nodes if n.selection_set]
            for step in inside:
                sets = [
                    f.selection_set
                    for f in self._fields(sets, None)
                    if f.name.value == step and f.selection_set is not None
                ]
            for node in self._fields(sets, entity.names):
                declared = entity.fields.get(node.name.value)
                for need in declared.declaration.needs if declared else ():
                    by_name[_name(need)] = need
            found = self._asked[place] = tuple(by_name[k] for k in sorted(by_name))
        return found

    def selects(self, nodes: Sequence[FieldNode], *names: str) -> bool:
        """Whether any of these direct subfields is selected."""
        return any(
            f.name.value in names for f in self._fields([n.selection_set for n in nodes if n.selection_set], None)
        )

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


def merged(*groups: Sequence[ColumnElement[Any]]) -> Needs:
    """The union of needs, sorted by name: equal unions make equal statements."""
    by_name = {_name(need): need for group in groups for need in group}
    return tuple(by_name[k] for k in sorted(by_name))


def _name(need: ColumnElement[Any]) -> str:
    return str(need.key)
