"""The query of a subscriber's own: what it may ask, checked when it is saved, and how it is run when an event is sent.

It is one operation of the schema itself. Its variables are `$id`, the id of what the event tells of, and the keys of
the event's payload by their names, such as `$productId`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    InlineFragmentNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    OperationType,
    TypeNode,
    ValueNode,
    VariableNode,
    get_named_type,
    print_ast,
)

from db.access.permission import ALL
from db.access.viewer import ANONYMOUS, ViewerKind
from db.access.viewer import Viewer as Caller
from db.store.events import EventKind
from db.store.unit import Units
from engine.declared.batch import Batched, Queried
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.entity import Entity
from engine.declared.input import IDENTIFIES
from engine.declared.lookup import Nodes
from engine.document.bounds import Allowance
from engine.document.documents import Ready
from engine.document.request import Request, RequestErrors
from engine.standard.execution import Executor
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC, Viewer

ID: Final = "id"
# A page of a front end costs some hundreds. This one is paid for with every event.
MOST_COST: Final = 1_000
# Nobody waits for the answer, but a worker is held up by it.
SECONDS: Final = 5.0
LONGEST: Final = 16 * 1024
_BETWEEN: Final = " or "
_TYPES: Final = {int: "Int", str: "String", bool: "Boolean", float: "Float"}
# What was asked was right, and is worth another try.
_PASSING: Final = frozenset({ErrorCode.INTERNAL.value, ErrorCode.RATE_LIMITED.value})


class Unanswered(Exception):
    """A query that was not answered as a whole. `passing`: another time it may be."""

    def __init__(self, reason: str, code: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Checked:
    """`wrong` are sentences, none of a query that may be saved. `needs` are the permissions that its fields ask for,
    each as it is declared; `reads` all by which anybody sees more in its answer than others do."""

    wrong: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()


class Documents:
    """What runs subscribers' queries: the port that the edge fills with its executor and its database."""

    def __init__(self, executor: Executor, units: Units) -> None:
        self._executor = executor
        self._units = units
        self._visible: dict[str, frozenset[str]] = {}

    async def check(self, text: str, kinds: Sequence[EventKind]) -> Checked:
        """What is wrong with a query for these events, and what it takes to read its answer."""
        if len(text) > LONGEST:
            return Checked((f"A query has up to {LONGEST} characters",))
        try:
            document = await self._executor.ready(text)
        except RequestErrors as refused:
            return Checked(tuple(error["message"] for error in refused.errors))
        operations = list(document.operations.values())
        if len(operations) != 1 or operations[0].operation is not OperationType.QUERY:
            return Checked(("It is one operation, and that a query",))
        (operation,) = operations
        name = document.name(operation)
        if document.shows_schema(operation):
            return Checked(("It asks about the store, not about the schema",))
        wrong = [*_variables(operation.variable_definitions or (), kinds)]
        cost = document.costs.cost(name, {})
        if cost > MOST_COST:
            wrong.append(f"It costs {cost}, and {MOST_COST} is the most: ask for shorter lists")
        walk = _Walk(self._executor.schema, document, {kind.entity for kind in kinds})
        walk.operation()
        wrong += walk.wrong
        reads = frozenset().union(*(self._seen_by(entity) for entity in walk.entities), _each(walk.needs))
        return Checked(tuple(dict.fromkeys(wrong)), tuple(sorted(walk.needs)), reads)

    def variables(self, text: str, id: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Those that a query declares. Raises Unanswered for one that is none any more, after an upgrade say."""
        try:
            (operation,) = self._executor.document(text).operations.values()
        except RequestErrors as refused:
            raise Unanswered(f"The query: {refused.errors[0]['message']}", ErrorCode.BAD_USER_INPUT.value) from None
        names = {definition.variable.name.value for definition in operation.variable_definitions or ()}
        return {name: value for name, value in {**payload, ID: id}.items() if name in names}

    async def run(self, viewer: Viewer, text: str, variables: dict[str, Any], request_id: str) -> dict[str, Any]:
        """The data of an answer without errors. Raises Unanswered."""
        allowance = Allowance(MOST_COST, SECONDS, of="webhooks")
        answer = await self._executor.execute(Request(text, variables), viewer, self._units, request_id, allowance)
        errors = answer.body.get("errors")
        if errors:
            first = errors[0]
            code = first["extensions"]["code"]
            raise Unanswered(f"{code}: {first['message']}", code, passing=code in _PASSING)
        data: dict[str, Any] = answer.body["data"]
        return data

    def _seen_by(self, entity: Entity) -> frozenset[str]:
        """The permissions with which somebody sees other rows of an entity than without."""
        known = self._visible.get(entity.name)
        if known is None:
            nothing = str(entity.visible(ANONYMOUS))
            alone = {one: Caller("token:0", permissions=frozenset({one}), kind=ViewerKind.TOKEN) for one in ALL}
            known = frozenset(one for one, viewer in alone.items() if str(entity.visible(viewer)) != nothing)
            self._visible[entity.name] = known
        return known


def _each(needs: Collection[str]) -> frozenset[str]:
    return frozenset(one for need in needs for one in need.split(_BETWEEN))


def _variables(definitions: Sequence[Any], kinds: Sequence[EventKind]) -> Iterator[str]:
    for definition in definitions:
        name, given = definition.variable.name.value, print_ast(definition.type)
        if name == ID:
            if _bare(definition.type) != "ID":
                yield f"${ID} is of type ID!, not {given}"
            continue
        lacking = [kind.name for kind in kinds if name not in kind.payload]
        if lacking:
            known = sorted(set.intersection(*(set(kind.payload) for kind in kinds))) if kinds else []
            told = ", ".join(f"${one}" for one in (ID, *known))
            yield f"{', '.join(lacking[:3])} has no ${name[:60]}; here there are {told}"
            continue
        for kind in kinds:
            type_, nullable = _graphql(kind.payload[name].type)
            if _bare(definition.type) != type_:
                yield f"${name} of {kind.name} is of type {type_}, not {given}"
            elif nullable and isinstance(definition.type, NonNullTypeNode):
                yield f"${name} of {kind.name} may be null: declare it without `!`"


def _bare(type_: TypeNode) -> str:
    """Without its `!`."""
    if isinstance(type_, NonNullTypeNode):
        return _bare(type_.type)
    if isinstance(type_, ListTypeNode):
        return f"[{_bare(type_.type)}]"
    assert isinstance(type_, NamedTypeNode)
    return type_.name.value


def _graphql(type_: Any) -> tuple[str, bool]:
    """What a payload's type is called as a variable, and whether it may be null. Documented words are texts."""
    if isinstance(type_, UnionType):
        (some,) = (part for part in type_.__args__ if part is not NoneType)
        return _graphql(some)[0], True
    if get_origin(type_) is list:
        return f"[{_graphql(*get_args(type_))[0]}]", False
    return ("String" if issubclass(type_, StrEnum) else _TYPES[type_]), False


class _Walk:
    """All fields of a query, fragments opened once each."""

    def __init__(self, schema: Any, document: Ready, entities: set[str]) -> None:
        self._schema = schema
        self._document = document
        self._about = entities
        self.wrong: list[str] = []
        self.needs: set[str] = set()
        self.entities: set[Entity] = set()

    def operation(self) -> None:
        (operation,) = self._document.operations.values()
        seen: set[str] = set()
        stack: list[tuple[Any, Any]] = [(operation.selection_set, self._schema.core.query_type)]
        while stack:
            set_, type_ = stack.pop()
            self._reads(type_)
            for node in set_.selections:
                if isinstance(node, InlineFragmentNode):
                    condition = node.type_condition
                    stack.append((node.selection_set, self._type(condition.name.value) if condition else type_))
                elif isinstance(node, FragmentSpreadNode):
                    if node.name.value not in seen:
                        seen.add(node.name.value)
                        fragment = self._document.fragments[node.name.value]
                        stack.append((fragment.selection_set, self._type(fragment.type_condition.name.value)))
                elif (field := getattr(type_, "fields", {}).get(node.name.value)) is not None:
                    self._field(node, field)
                    if node.selection_set is not None:
                        stack.append((node.selection_set, get_named_type(field.type)))

    def _type(self, name: str) -> Any:
        return self._schema.core.type_map[name]

    def _reads(self, type_: Any) -> None:
        entity = self._schema.entities.get(type_.name)
        if entity is not None:
            self.entities.add(entity)

    def _field(self, node: FieldNode, field: Any) -> None:
        declared = (field.extensions or {}).get(DEFINITION)
        declaration = declared.declaration if isinstance(declared, DeclaredField) else None
        if declaration is not None and declaration.permission not in (None, PUBLIC):
            self.needs.add(declaration.permission)
        if isinstance(declaration, Queried | Batched) and declaration.ports:
            self.wrong.append(f"`{node.name.value}` reaches outside the store")
        for argument in node.arguments or ():
            definition = field.args[argument.name.value]
            if isinstance(declaration, Nodes):
                if self._holds_id(argument.value):
                    self._conditions(node)
            else:
                name = _snake(argument.name.value)
                own = declaration.identifying.get(name) if isinstance(declaration, Queried) else None
                for expected in _identified(argument.value, definition.type, own):
                    self._about_no_other(node.name.value, expected)

    def _holds_id(self, value: ValueNode) -> bool:
        values = value.values if isinstance(value, ListValueNode) else (value,)
        return any(isinstance(one, VariableNode) and one.name.value == ID for one in values)

    def _about_no_other(self, field: str, expected: str) -> None:
        for entity in sorted(self._about - {expected}):
            self.wrong.append(f"`{field}` takes the id of `{expected}`, and ${ID} is that of `{entity}`")

    def _conditions(self, node: FieldNode) -> None:
        """Of `node(id: $id)`: what is selected from it has to be of the types that the events tell of."""
        named: set[str] = set()
        opened: set[str] = set()
        stack = [node.selection_set]
        while stack:
            set_ = stack.pop()
            for each in set_.selections if set_ is not None else ():
                if isinstance(each, InlineFragmentNode):
                    if each.type_condition is not None:
                        named.add(each.type_condition.name.value)
                    stack.append(each.selection_set)
                elif isinstance(each, FragmentSpreadNode) and each.name.value not in opened:
                    opened.add(each.name.value)
                    fragment = self._document.fragments[each.name.value]
                    named.add(fragment.type_condition.name.value)
                    stack.append(fragment.selection_set)
        types = named & self._schema.entities.keys()
        others = sorted(types - self._about)
        for other in others:
            about = _BETWEEN.join(f"`{entity}`" for entity in sorted(self._about))
            self.wrong.append(f"It selects from `{other}`, and the events tell of {about}")
        for entity in sorted(self._about - types) if types and not others else ():
            self.wrong.append(f"It selects nothing from `{entity}`, which one of the events tells of")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _identified(value: ValueNode, type_: GraphQLInputType, expected: str | None) -> Iterator[str]:
    """The types whose ids are expected where `$id` stands in a value."""
    if isinstance(value, VariableNode):
        if value.name.value == ID and expected is not None:
            yield expected
    elif isinstance(value, ListValueNode):
        for one in value.values:
            yield from _identified(one, type_, expected)
    elif isinstance(value, ObjectValueNode):
        named: Any = get_named_type(type_)
        if isinstance(named, GraphQLInputObjectType):
            for field in value.fields:
                definition = named.fields[field.name.value]
                said = definition.extensions[DEFINITION].metadata.get(IDENTIFIES)
                yield from _identified(field.value, definition.type, said)
