"""What the schema says of its parts where their declarations say nothing and it follows from what they are.

A description that somebody wrote is never replaced. What nothing is known of stays bare, and a test refuses it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from engine.declared.input import IDENTIFIES

_DEFINITION: Final = GraphQLCoreConverter.DEFINITION_BACKREF
# What fields say of themselves by their declaration; behind what somebody said of them.
_SENTENCES: Final = re.compile(r"(?:^| )(?:Requires [\w/]+(?: or [\w/]+)*|REST: [^.]+)\.")
_HIDDEN: Final = re.compile(r"(?:; null|, or) when it is hidden from you")  # which only readers care for
_NOUN: Final = re.compile(r"(.*?)(?:Bulk)?(?:Create|Update)?(?:Item)?Input")

_ENTITY: Final[Mapping[str, str]] = {
    "databaseId": "The store's own number for it, as the REST APIs know it.",
    "version": "How often it was edited, from 1. Sent back as `expectedVersion`, it keeps an edit from overwriting "
    "another; prices and stock that follow from other rows do not count.",
    "createdAt": "When it was made, in UTC; null where the store that it was imported from does not say.",
    "updatedAt": "When it was last edited, in UTC; null where the store that it was imported from does not say.",
}
_PAGES: Final[Mapping[str, str]] = {
    "nodes": "The items of this page, in the order of the list.",
    "edges": "The same items, each with its cursor.",
    "pageInfo": "Where this page stands, and whether there are others.",
    "node": "The item itself.",
    "hasNextPage": "Whether more follow. Going backwards it only says that `before` was given.",
    "hasPreviousPage": "Whether there are any before it. Going forwards it only says that this is not the start.",
    "startCursor": "The cursor of the first item, for `before`; null on an empty page.",
    "endCursor": "The cursor of the last item, for `after`; null on an empty page.",
    "perPage": "The most items that a page has: `first` or `last`, or 10.",
}
_ARGUMENTS: Final[Mapping[str, str]] = {
    "filter": "Only those that pass; all that you may see when absent.",
    "upTo": "Where counting stops, which is quicker for long lists: 100 answers 100 for a hundred and for a million. "
    "From 0; all are counted when absent.",
    "node.id": "The `id` of a node of any type.",
    "nodes.ids": "Ids of nodes of any types, at most 100; repeats are answered each time.",
    "by": "What it is found by: one key, and no other.",
}
_OPERATORS: Final[Mapping[str, str]] = {
    "eq": "Equal to this. What is null is equal to nothing: ask with `isNull`.",
    "in": "Equal to one of these, at most 100; an empty list lets nothing pass.",
    "not": "Anything but this, null included.",
    "gt": "Greater or later than this; null never is.",
    "gte": "This, or greater or later; null never is.",
    "lt": "Less or earlier than this; null never is.",
    "lte": "This, or less or earlier; null never is.",
    "contains": "With this text anywhere in it.",
    "startsWith": "With this text at its start.",
    "endsWith": "With this text at its end.",
    "isNull": "True: only what is null. False: only what is not.",
}
_NO_NULL: Final[Mapping[str, str]] = {**_OPERATORS, "eq": "Equal to this."}
_COMBINED: Final[Mapping[str, str]] = {
    "and": "All of these filters must let it pass; an empty list does.",
    "or": "One of these filters must let it pass; an empty list does too.",
    "not": "This filter must not let it pass. What it compares with null passes here.",
}
_SORT: Final[Mapping[str, str]] = {
    "field": "What is compared. The first of `sort` decides, the next only between equals.",
    "direction": "ASC: ascending, nulls last. DESC: descending, nulls first.",
}
# Strawberry has no place for them beside the arguments.
_DIRECTIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "cost": {"weight": "A whole number, as text: 10 for what is looked up, 100 and more for a mutation."},
    "listSize": {
        "assumedSize": "The length that is reckoned with where no slicing argument is given.",
        "slicingArguments": "The arguments that say how long the list is at most.",
        "sizedFields": "The lists that are meant, where the field itself is a page of them.",
        "requireOneSlicingArgument": "Not used here: a slicing argument may always be left out.",
    },
    "requiresPermission": {"any": "Names of permissions; one of them is enough."},
    "emits": {"events": "Names of events, such as `product.updated`."},
}
_EXPECTED: Final = "The version you saw; a newer one makes a CONFLICT and nothing is written."


def derive(schema: GraphQLSchema) -> None:
    """Gives descriptions to fields, arguments, input fields and enum values that have none."""
    _Wording(schema).say()
    for directive in schema.directives:
        for name, sentence in _DIRECTIVES.get(directive.name, {}).items():
            _describe(directive.args[name], sentence)


def own(description: str | None) -> str:
    """What a description says beside the sentences that follow from a declaration."""
    return _SENTENCES.sub("", description or "").strip()


class _Wording:
    def __init__(self, schema: GraphQLSchema) -> None:
        types = schema.type_map.values()
        self.named = schema.type_map
        self.objects = [
            t for t in types if isinstance(t, GraphQLObjectType | GraphQLInterfaceType) and not t.name.startswith("__")
        ]
        self.inputs = [t for t in types if isinstance(t, GraphQLInputObjectType)]
        # Filters and sorts, and what they are of.
        self.of: dict[str, Any] = dict(self._listed())

    def _listed(self) -> Iterator[tuple[str, Any]]:
        for input_ in self.inputs:
            yield input_.name, self.named.get(input_.name.removesuffix("Filter").removesuffix("By"))
        for type_ in self.objects:
            for field in type_.fields.values():
                page = get_named_type(field.type)
                if not {"filter", "sort"} & field.args.keys() or "nodes" not in getattr(page, "fields", {}):
                    continue
                node = get_named_type(page.fields["nodes"].type)
                for name in {"filter", "sort"} & field.args.keys():
                    yield get_named_type(field.args[name].type).name, node

    def say(self) -> None:
        for type_ in self.objects:
            for name, field in type_.fields.items():
                _describe(field, self._field(type_, name, field))
                for argument, declared in field.args.items():
                    _describe(declared, self._argument(name, argument, declared))
        for input_ in self.inputs:
            for name, field_ in input_.fields.items():
                _describe(field_, self._input(input_, name, field_))

    def _field(self, type_: Any, name: str, field: GraphQLField) -> str | None:
        if type_.name.endswith(("Connection", "Edge", "PageInfo", "Listing")) and name in _PAGES:
            return _PAGES[name]
        interfaces = {i.name for i in type_.interfaces}
        if "Node" in interfaces:
            return _ENTITY.get(name)
        if interfaces & {"Payload", "ItemResult"} and _is_entity(get_named_type(field.type)):
            many = is_list_type(_nullable(field))
            are, missing = ("they are", "Empty") if many else ("it is", "Null")
            return f"The {_words(name)} as {are} by now. {missing} with `validateOnly`, and when refused."
        return None

    def _argument(self, field: str, name: str, argument: GraphQLArgument) -> str | None:
        if name == "input":
            return get_named_type(argument.type).description
        return _ARGUMENTS.get(name) or _ARGUMENTS.get(f"{field}.{name}")

    def _input(self, input_: GraphQLInputObjectType, name: str, field: GraphQLInputField) -> str | None:
        if input_.name.endswith("Operators"):
            return (_OPERATORS if "isNull" in input_.fields else _NO_NULL).get(name)
        if name in _COMBINED and get_named_type(field.type) is input_:
            return _COMBINED[name]
        if input_.name.endswith("Sort") and name in _SORT:
            if name == "field":
                self._sorts(get_named_type(field.type), self.of.get(input_.name))
            return _SORT[name]
        noun = self.of.get(input_.name)
        if input_.name.endswith("Filter") and noun is not None:
            said = _said(noun, name)
            return said and f"By its `{name}`. {said}"
        identified = field.extensions[_DEFINITION].metadata.get(IDENTIFIES)
        if input_.name.endswith("By") and noun is not None:
            said = _said(noun, name)
            return f"The opaque id of {_a(identified)}." if identified else said and f"Its `{name}`. {said}"
        if name == "expectedVersion":
            return _EXPECTED
        noun = self._noun(input_)
        if identified:
            relation = "" if noun is None or name == "id" else _said(noun, re.sub("Ids?$", "", name))
            relation = _HIDDEN.sub("", relation)
            ids = "Opaque ids" if is_list_type(_nullable(field)) else "The opaque id"
            return f"{ids} of {_a(identified)}. {relation}".strip()
        if noun is None or not _same(field, noun.fields.get(name)):
            return None
        return _said(noun, name)

    def _sorts(self, enum: Any, noun: Any) -> None:
        if noun is None or not isinstance(enum, GraphQLEnumType):
            return
        for name, value in enum.values.items():
            head, *rest = name.lower().split("_")
            field = head + "".join(word.capitalize() for word in rest)
            said = _said(noun, field)
            if name == "ID":
                _describe(value, "By its number, which is the order in which the rows were made.")
            elif said:
                _describe(value, f"By `{field}`. {said}")

    def _noun(self, input_: GraphQLInputObjectType) -> Any:
        """What the input makes or changes: the type that it is named after, or the one that its mutation answers."""
        for class_ in input_.extensions[_DEFINITION].origin.__mro__:
            match = _NOUN.fullmatch(class_.__name__)
            if match is None:
                continue
            found = self.named.get(match[1])
            if found is None:
                payload = self.named.get(f"{class_.__name__.removesuffix('Input')}Payload")
                field = getattr(payload, "fields", {}).get(f"{match[1][:1].lower()}{match[1][1:]}")
                found = None if field is None else get_named_type(field.type)
            if isinstance(found, GraphQLObjectType):
                return found
        return None


def _describe(element: Any, sentence: str | None) -> None:
    if sentence and not own(element.description):
        element.description = f"{sentence} {element.description or ''}".rstrip()


def _said(noun: Any, name: str) -> str:
    field = noun.fields.get(name)
    return own(field.description) if field is not None else ""


def _same(given: GraphQLInputField, shown: GraphQLField | None) -> bool:
    if shown is None:
        return False
    names = get_named_type(given.type).name, get_named_type(shown.type).name
    return names[0] == names[1] or names == ("Cents", "Money") or names[0] == f"{names[1]}Input"


def _is_entity(type_: Any) -> bool:
    return "Node" in {i.name for i in getattr(type_, "interfaces", ())}


def _nullable(field: Any) -> Any:
    return field.type.of_type if is_non_null_type(field.type) else field.type


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda m: f" {m[1].lower()}", name)


def _a(type_name: str) -> str:
    return f"{'an' if type_name[0] in 'AEIOU' and not type_name.startswith('User') else 'a'} `{type_name}`"
