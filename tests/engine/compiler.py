"""Proof that the declarations can be compiled: lists, relations and leaves, without graphql-core's executor.

A plan is made of a document once. Running it goes breadth-first: one statement for the list, one for each relation,
then rows become the answer by functions that were composed when the plan was made. No errors on paths, no null
propagation, no directives: that is the work of an executor; this says that the declarations hold what one needs.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import FieldNode, FragmentSpreadNode, GraphQLObjectType, SelectionSetNode, get_named_type, is_leaf_type
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import convert_arguments

from engine.context import Context
from engine.declaration import DeclaredField, Leaf, Relation
from engine.document import Document, Needs, merged
from engine.entity import Entity, entity_of
from engine.listing import Connected
from engine.loader import PARENT, Seen, related_statement
from engine.schema import DEFINITION, Schema

Write = Callable[[Any], Any]  # a row, or a value, to its part of the answer
Children = dict[Any, list[Any]]  # by the parent's key


@dataclass
class Shape:
    """What is selected from one type: columns to read, relations to load, and how a row becomes an object."""

    needs: Needs
    relations: Sequence["Related"]
    write: Write


@dataclass
class Related:
    relation: Relation
    entity: Entity
    shape: Shape
    children: Children  # filled by each run


class Compiler:
    def __init__(self, schema: Schema, text: str) -> None:
        self.schema = schema
        self.document = Document(schema_document(schema, text))

    def fields(self, type_: GraphQLObjectType, selections: SelectionSetNode) -> dict[str, tuple[FieldNode, Any]]:
        """Selected fields by the name they are answered under."""
        found: dict[str, tuple[FieldNode, Any]] = {}
        for node in selections.selections:
            if isinstance(node, FieldNode):
                found[(node.alias or node.name).value] = node, type_.fields[node.name.value]
            elif isinstance(node, FragmentSpreadNode):
                found |= self.fields(type_, self.document.fragments[node.name.value].selection_set)
        return found
