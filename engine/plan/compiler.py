"""From a document to a plan: what each selection asks is read off the declarations, once."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from strawberry.types.field import StrawberryField

from engine.declared.batch import Batched, Queried
from engine.declared.connection import Counted, OfPage
from engine.declared.declaration import DEFINITION, Declaration, DeclaredField, Leaf, Relation
from engine.declared.entity import Entity, entity_of
from engine.declared.listing import Connected
from engine.declared.lookup import Every, Fixed, Lookup, Nodes, Picked, Pointed
from engine.declared.mutation import Performed
from engine.declared.payload import Changed, Deleted, Said
from engine.declared.statements import by_key
from engine.document.document import Document
from engine.plan import calls, pages, steps
from engine.plan.faults import EVERYTHING, Fault, of_field, of_items
from engine.plan.selection import Selections, Truths, Uncompiled
from engine.plan.shape import Below, Constant, Shape, Step, Value
from engine.values import identity
from engine.values.columns import label_of
from engine.values.errors import CodedError
from engine.values.viewer import Viewer, require

TYPENAME = "__typename"


class Compiler:
    """Of one document, for viewers who see and may do the same, and variables that decide the same."""

    def __init__(
        self, core: GraphQLSchema, entities: Mapping[str, Entity], document: Document, viewer: Viewer, truths: Truths
    ) -> None:
        self._core = core
        self._entities = entities
        self._selections = Selections(core, document, truths)
        self._viewer = viewer
        self._sources: dict[tuple[Relation, Entity, tuple[str, ...]], steps.Source] = {}

    def root(self, operation: OperationDefinitionNode) -> Shape:
        """What the operation asks of the root. Raises Uncompiled."""
        kind = operation.operation
        root = None if kind is OperationType.SUBSCRIPTION else self._core.get_root_type(kind)
        if root is None:
            raise Uncompiled(kind.value)
        shape = Shape(root, None)
        # What a root field fails at is its own, and the answer as a whole where it is never null.
        self._fill(shape, self._selections.of(root, [operation.selection_set]), EVERYTHING)
        if kind is OperationType.MUTATION and len(shape.steps) > 1 and not all(step.nullable for step in shape.steps):
            raise Uncompiled("mutations of which some are not performed when another fails")
        return shape

    def _shape(self, type_: Any, nodes: Sequence[FieldNode], lift: int) -> Shape:
        origin = type_.extensions[DEFINITION].origin
        shape = Shape(type_, entity_of(origin) if hasattr(origin, "__entity__") else None)
        self._fill(shape, self._selections.below(type_, nodes), lift)
        return shape

    def _fill(self, shape: Shape, selected: Mapping[str, list[FieldNode]], lift: int) -> None:
        for name, nodes in selected.items():
            shape.fields[name] = self._field(shape, nodes, lift)

    def _field(self, shape: Shape, nodes: list[FieldNode], lift: int) -> Constant | Value | Below:
        name = nodes[0].name.value
        if name == TYPENAME:
            return Constant(shape.type.name)
        field = shape.type.fields.get(name)
        if field is None:
            raise Uncompiled(name)
        said = (field.extensions or {}).get(DEFINITION)
        if not isinstance(said, DeclaredField):
            if not isinstance(said, StrawberryField) or said.base_resolver is not None or field.args:
                raise Uncompiled(f"{name}, which is not declared")
            return self._part(shape, field, said, said.python_name, nodes, lift)
        declaration = said.declaration
        try:
            require(self._viewer, declaration.permission)
        except CodedError as error:
            shape.refuses = True
            return Constant(Fault(error, nodes, of_field(field.type, lift)))
        if isinstance(declaration, Leaf) and declaration.parts:
            parts = self._parts(declaration, field.type, nodes)
            if parts is not None:
                shape.need(parts.needs)
                return Value(field.type, declaration.needs[:1], parts=parts)
        shape.need(declaration.needs)
        if isinstance(declaration, OfPage) and shape.entity is None:
            return self._part(shape, field, said, declaration.name, nodes, lift)
        if isinstance(declaration, Leaf):
            inner = self._inside(field.type, nodes, lift)
            if inner is None or not (inner.steps or inner.refuses):
                return Value(field.type, declaration.needs, declaration.function, below=inner)
            shape.steps.append(self._made(shape, declaration, inner, (said, field.type, nodes, lift)))
            return Below(len(shape.steps) - 1)
        shape.steps.append(self._step(shape, declaration, said, field, nodes, lift))
        return Below(len(shape.steps) - 1)

    def _parts(self, leaf: Leaf, type_: Any, nodes: list[FieldNode]) -> Shape | None:
        """What is asked of a value, if the row that it would be made of says all of it."""
        named: Any = get_named_type(type_)
        shape = Shape(named, None, needs=leaf.needs[:1])
        for alias, inner in self._selections.below(named, nodes).items():
            name = inner[0].name.value
            part = leaf.parts.get(name)
            if name == TYPENAME:
                shape.fields[alias] = Constant(named.name)
            elif part is None:
                return None
            else:
                shape.need(part.needs)
                shape.fields[alias] = Value(named.fields[name].type, part.needs, part.function)
        return shape

    def _part(
        self, shape: Shape, field: GraphQLField, said: Any, name: str, nodes: list[FieldNode], lift: int
    ) -> Value | Below:
        """What a value of Python holds under a name."""
        inner = self._called(field, nodes, lift)
        if inner is None or not (inner.steps or inner.refuses):
            return Value(field.type, attribute=name, below=inner)
        shape.steps.append(calls.Part(name, inner, said, field.type, nodes, lift))
        return Below(len(shape.steps) - 1)

    def _inside(self, type_: Any, nodes: list[FieldNode], lift: int) -> Shape | None:
        named = get_named_type(type_)
        if is_leaf_type(named):
            return None
        if not is_object_type(named):
            raise Uncompiled(f"a value of {named}")
        return self._shape(named, nodes, of_items(type_, lift))

    @staticmethod
    def _made(shape: Shape, leaf: Leaf, inner: Shape, of: tuple[Any, ...]) -> Step:
        """The values that a function makes of each parent, for which something is looked up, or refused."""
        listed: Any = get_nullable_type(of[1])
        several = is_list_type(listed) and is_list_type(get_nullable_type(listed.of_type))
        if several or len(leaf.needs) > 1 or (shape.entity is not None and not leaf.needs):
            raise Uncompiled(f"what is looked up, or refused, inside a value: {inner.type.name}")
        return calls.Made(leaf, inner, *of)

    def _step(
        self,
        shape: Shape,
        declaration: Declaration,
        said: DeclaredField,
        field: GraphQLField,
        nodes: list[FieldNode],
        lift: int,
    ) -> Step:
        of = (said, field.type, nodes, lift)
        if isinstance(declaration, Connected):
            asks = self._page(get_named_type(field.type), nodes, of_items(field.type, lift))
            return pages.Listed(declaration, asks, *of)
        if isinstance(declaration, Batched | Queried):
            inner = self._called(field, nodes, lift)
            if isinstance(declaration, Batched):
                return calls.Batch(declaration, inner, *of)
            return calls.Query(declaration, inner, *of)
        if isinstance(declaration, Performed):
            return calls.Perform(self._called(field, nodes, lift), *of)
        if isinstance(declaration, Said):
            says = partial(_gone, declaration.type_name) if isinstance(declaration, Deleted) else declaration.function
            return calls.Said(says, said.python_name, self._called(field, nodes, lift), *of)
        if isinstance(declaration, Counted) and shape.entity is None:
            return calls.Counts(*of)
        if isinstance(declaration, Nodes | Pointed):
            anything = steps.Anything(partial(self._rows_of, nodes, of_items(field.type, lift)))
            if isinstance(declaration, Nodes):
                return steps.Identified(anything, declaration.several, *of)
            return steps.Pointed(declaration.name, anything, *of)
        return self._found(declaration, field, nodes, lift, of)

    def _found(self, declaration: Declaration, field: GraphQLField, nodes: list[FieldNode], lift: int, of: Any) -> Step:
        if not isinstance(declaration, Relation | Picked | Lookup | Fixed | Every | Changed):
            raise Uncompiled(type(declaration).__name__)
        shape = self._shape(get_named_type(field.type), nodes, of_items(field.type, lift))
        entity = shape.entity
        assert entity is not None  # relations and lists lead to entities
        if isinstance(declaration, Relation):
            return steps.Related(declaration.parent, self._rows(declaration, entity, shape), *of)
        if isinstance(declaration, Changed):
            read, name = self._rows(declaration.relation, entity, shape), of[0].python_name
            return steps.Picked(name, read, *of) if of[0].many else steps.Related(name, read, *of)
        if isinstance(declaration, Picked):
            return steps.Picked(declaration.name, self._rows(by_key(entity), entity, shape), *of)
        if isinstance(declaration, Lookup):
            rows = {name: self._rows(relation, entity, shape) for name, relation in declaration.relations.items()}
            return steps.LookedUp(declaration, entity, rows, *of)
        if isinstance(declaration, Fixed):
            return steps.Fixed(declaration.key, self._rows(by_key(entity), entity, shape), *of)
        return steps.All(declaration, entity, shape, *of)

    def _rows_of(self, nodes: list[FieldNode], lift: int, name: str) -> tuple[Entity, steps.Rows] | None:
        entity = self._entities.get(name)
        if entity is None:
            return None
        shape = self._shape(self._core.type_map[entity.name], nodes, lift)
        return entity, self._rows(by_key(entity), entity, shape)

    def _rows(self, relation: Relation, entity: Entity, shape: Shape) -> steps.Rows:
        key = relation, entity, tuple(map(label_of, shape.needs))
        source = self._sources.get(key)
        if source is None:
            source = self._sources[key] = steps.Source(relation, entity, shape.needs)
        return steps.Rows(source, shape)

    def _called(self, field: GraphQLField, nodes: list[FieldNode], lift: int) -> Shape | None:
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return None
        inner: Any = get_nullable_type(field.type)
        if not is_object_type(named) or (is_list_type(inner) and is_list_type(get_nullable_type(inner.of_type))):
            raise Uncompiled(f"a value of {field.type}")
        return self._shape(named, nodes, of_items(field.type, lift))

    def _page(self, type_: Any, nodes: list[FieldNode], lift: int) -> pages.Asks:
        asks = pages.Asks()
        for name, inner in self._selections.below(type_, nodes).items():
            field, declaration, said = self._of_page(type_, inner)
            if declaration is None:
                asks.parts[name] = _same(type_.name)
            elif isinstance(declaration, Counted):
                counted = pages.Counted(said, field.type, inner, lift, total=True)
                asks.parts[name] = pages.of_count(asks.count(counted))
            elif declaration.name == "nodes":
                asks.parts[name] = pages.of_nodes(self._node(field, inner, lift, asks))
            elif declaration.name == "edges":
                asks.parts[name] = self._edges(field, inner, lift, asks)
            else:
                asks.parts[name] = self._info(field, inner, lift, asks)
        return asks

    def _of_page(self, type_: Any, nodes: list[FieldNode]) -> tuple[Any, Any, Any]:
        """The field, how it is declared and what it is; nothing of `__typename`. Raises Uncompiled."""
        name = nodes[0].name.value
        if name == TYPENAME:
            return None, None, None
        said = type_.fields[name].extensions.get(DEFINITION)
        declaration = said.declaration if isinstance(said, DeclaredField) else None
        if not isinstance(declaration, OfPage | Counted):
            raise Uncompiled(f"{type_}.{name}")
        return type_.fields[name], declaration, said

    def _node(self, field: GraphQLField, nodes: list[FieldNode], lift: int, asks: pages.Asks) -> Shape:
        shape = self._shape(get_named_type(field.type), nodes, of_items(field.type, lift))
        asks.shapes.append(shape)
        asks.reads = True
        return shape

    def _edges(self, field: GraphQLField, nodes: list[FieldNode], lift: int, asks: pages.Asks) -> pages.Part:
        type_: GraphQLObjectType = get_named_type(field.type)  # type: ignore[assignment]
        lift = of_items(field.type, lift)
        entries: dict[str, Any] = {}
        asks.reads = True
        for name, inner in self._selections.below(type_, nodes).items():
            of, declaration, _ = self._of_page(type_, inner)
            if declaration is None:
                entries[name] = Constant(type_.name)
            else:
                entries[name] = pages.CURSOR if declaration.name == pages.CURSOR else self._node(of, inner, lift, asks)
        return pages.of_edges(entries)

    def _info(self, field: GraphQLField, nodes: list[FieldNode], lift: int, asks: pages.Asks) -> pages.Part:
        type_: GraphQLObjectType = get_named_type(field.type)  # type: ignore[assignment]
        lift = of_items(field.type, lift)
        parts: dict[str, pages.Part] = {}
        asks.reads = True
        for name, inner in self._selections.below(type_, nodes).items():
            of, declaration, said = self._of_page(type_, inner)
            if declaration is None:
                parts[name] = _same(type_.name)
            elif declaration.name == "page_count":
                counted = pages.Counted(said, of.type, inner, lift, total=False)
                parts[name] = pages.of_page_count(asks.count(counted))
            else:
                parts[name] = pages.of_itself(pages.INFO[declaration.name])
        return pages.of_info(parts)


def _same(value: Any) -> pages.Part:
    return lambda _pages, _page, _parent: value


def _gone(type_name: str, key: Any) -> Any:
    """The id, or the ids, of what a mutation deleted."""
    return [identity.encode(type_name, each) for each in key] if type(key) is list else identity.encode(type_name, key)
