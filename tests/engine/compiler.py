"""Proof that the declarations can be compiled: a list, its relations and leaves, without graphql-core's executor.

A plan is made of a document once: what to read, and functions that turn rows into the answer. Running it goes
breadth-first, one statement for the list and one for each relation. It knows no errors on paths, no null propagation
and no directives, which is an executor's work; it shows that the declarations say all that one needs to know.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from graphql import FieldNode, GraphQLField, GraphQLObjectType, SelectionSetNode, get_named_type, is_leaf_type, parse
from graphql.execution.values import get_argument_values

from engine.declared.declaration import DEFINITION, DeclaredField, Leaf, Relation
from engine.declared.entity import entity_of
from engine.declared.listing import Asked
from engine.declared.pages import page_statement
from engine.declared.statements import PARENT, Seen, related_statement
from engine.document.document import Document
from engine.standard.context import Context
from engine.standard.schema import Schema
from engine.values.columns import Needs, label_of, merged

Found: TypeAlias = "dict[Step, Mapping[Any, list[Any]]]"  # what each relation found, by the parents' keys
Write: TypeAlias = Callable[[Any, Found], Any]  # a row to its part of the answer


@dataclass
class Shape:
    """What is selected of one type."""

    needs: Needs = ()
    steps: list["Step"] = field(default_factory=list)
    writes: dict[str, Write] = field(default_factory=dict)

    def write(self, row: Any, found: Found) -> dict[str, Any]:
        return {name: write(row, found) for name, write in self.writes.items()}


@dataclass(eq=False)
class Step:
    """One relation as selected in one place: one statement a run."""

    relation: Relation
    declared: DeclaredField
    shape: Shape

    async def load(self, context: Context, parents: list[Any]) -> Mapping[Any, list[Any]]:
        children: dict[Any, list[Any]] = defaultdict(list)
        keys = dict.fromkeys(getattr(row, self.relation.parent) for row in parents)
        if known := [key for key in keys if key is not None]:
            entity, seen = entity_of(self.declared.target), Seen(context.viewer)
            statement = related_statement(self.relation, entity, self.shape.needs, seen, context.dialect)
            for row in await context.rows(statement, {"keys": known}):
                children[row._mapping[PARENT]].append(row)
        return children

    def write(self, row: Any, found: Found) -> Any:
        below = [self.shape.write(child, found) for child in found[self][getattr(row, self.relation.parent)]]
        return below if self.declared.many else next(iter(below), None)


class Plan:
    """Answers `{ aList(…) { nodes { … } } }`."""

    def __init__(self, schema: Schema, text: str) -> None:
        self.schema = schema
        self.document = Document(parse(text))
        self.permissions: set[str] = set()
        query = schema.core.query_type
        operation = self.document.operation(None)
        assert query is not None
        assert operation is not None
        ((self.name, (node, root)),) = self._fields(query, operation.selection_set).items()
        self.declared: DeclaredField = root.extensions[DEFINITION]
        self.given = get_argument_values(root, node)
        page = cast(GraphQLObjectType, get_named_type(root.type))
        ((self.nodes, (node, items)),) = self._fields(page, cast(SelectionSetNode, node.selection_set)).items()
        self.shape = self._shape(items, node)

    async def run(self, context: Context) -> dict[str, Any]:
        for permission in self.permissions:
            context.require(permission)
        asked: Asked = self.schema.taken(self.declared, self.given, context.viewer)
        statement = page_statement(asked, self.shape.needs, context.viewer, context.dialect)
        rows = list(await context.rows(statement, asked.parameters))[: asked.window.size]
        found: Found = {}
        level = [(self.shape, rows)]
        while level:
            below = []
            for shape, parents in level:
                for step in shape.steps:
                    found[step] = await step.load(context, parents)
                    below.append((step.shape, [row for children in found[step].values() for row in children]))
            level = below
        return {"data": {self.name: {self.nodes: [self.shape.write(row, found) for row in rows]}}}

    def _fields(self, type_: GraphQLObjectType, set_: SelectionSetNode) -> dict[str, tuple[FieldNode, GraphQLField]]:
        """The selected fields by the names they are answered under, fragments opened."""
        fields: dict[str, tuple[FieldNode, GraphQLField]] = {}
        for node in set_.selections:
            if isinstance(node, FieldNode):
                fields[(node.alias or node.name).value] = node, type_.fields[node.name.value]
            else:
                spread = node if hasattr(node, "selection_set") else self.document.fragments[cast(Any, node).name.value]
                fields |= self._fields(type_, cast(Any, spread).selection_set)
        return fields

    def _shape(self, field_: GraphQLField, selected: FieldNode) -> Shape:
        shape = Shape()
        type_ = cast(GraphQLObjectType, get_named_type(field_.type))
        for name, (node, inner) in self._fields(type_, cast(SelectionSetNode, selected.selection_set)).items():
            declared: DeclaredField = inner.extensions[DEFINITION]
            declaration = declared.declaration
            shape.needs = merged(shape.needs, declaration.needs)
            self.permissions |= {declaration.permission} - {None}  # type: ignore[arg-type]
            if isinstance(declaration, Relation):
                step = Step(declaration, declared, self._shape(inner, node))
                shape.steps.append(step)
                shape.writes[name] = step.write
            else:
                shape.writes[name] = self._leaf(cast(Leaf, declaration), inner, node)
        return shape

    def _leaf(self, leaf: Leaf, field_: GraphQLField, node: FieldNode) -> Write:
        type_ = get_named_type(field_.type)
        read = _reader(leaf)
        if is_leaf_type(type_):
            return lambda row, _: None if (value := read(row)) is None else type_.serialize(value)
        value_type = self._shape(field_, node)  # Money, say: leaves of one value
        return lambda row, found: None if (value := read(row)) is None else value_type.write(value.row, found)


def _reader(leaf: Leaf) -> Callable[[Any], Any]:
    """As a compiler would write it in place: the column, or the function of the columns."""
    arguments = ", ".join(f"row.{label_of(need)}" for need in leaf.needs) or "row"
    text = arguments if leaf.function is None else f"function({arguments})"
    return cast("Callable[[Any], Any]", eval(f"lambda row: {text}", {"function": leaf.function}))
