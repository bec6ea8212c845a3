"""The fields that a selection asks of one type: fragments opened, fields of one name merged, `@skip` and `@include`
decided."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from engine.document.document import Document

SKIP: Final = "skip"
INCLUDE: Final = "include"

Truths = Mapping[str, bool]  # the variables that decide what is asked


class Uncompiled(Exception):
    """What no plan says yet; the operation is the standard executor's. Names what it is."""


class Selections:
    """Those of one document, for variables that decide."""

    def __init__(self, core: GraphQLSchema, document: Document, truths: Truths) -> None:
        self._core = core
        self._document = document
        self._truths = truths

    def of(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> dict[str, list[FieldNode]]:
        """The nodes of each field, by the name that it is answered under, in the answer's order. Raises Uncompiled."""
        found: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for one in sets:
            if one is not None:
                self._collect(type_, one, found, seen)
        return found

    def below(self, type_: GraphQLObjectType, nodes: Iterable[FieldNode]) -> dict[str, list[FieldNode]]:
        return self.of(type_, (node.selection_set for node in nodes))

    def _collect(
        self, type_: GraphQLObjectType, set_: SelectionSetNode, found: dict[str, list[FieldNode]], seen: set[str]
    ) -> None:
        for node in set_.selections:
            if node.directives and not self._included(node):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._applies(node.type_condition.name.value, type_):
                    self._collect(type_, node.selection_set, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._document.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, type_):
                    self._collect(type_, fragment.selection_set, found, seen)

    def _applies(self, condition: str, type_: GraphQLObjectType) -> bool:
        if condition == type_.name:
            return True
        abstract: Any = self._core.type_map[condition]
        return not isinstance(abstract, GraphQLObjectType) and self._core.is_sub_type(abstract, type_)

    def _included(self, node: SelectionNode) -> bool:
        return all(self._decided(directive) for directive in node.directives or ())

    def _decided(self, directive: DirectiveNode) -> bool:
        name = directive.name.value
        if name not in {SKIP, INCLUDE}:
            raise Uncompiled(f"@{name}")
        (argument,) = directive.arguments or ()
        value: Any = argument.value
        truth = self._truths[value.name.value] if isinstance(value, VariableNode) else value.value
        return bool(truth) is (name == INCLUDE)
