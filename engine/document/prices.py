"""What each field of a schema costs by itself: its `@cost` and `@listSize`, read back from the declarations."""

from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from graphql.type.introspection import SchemaMetaFieldDef, TypeMetaFieldDef

from engine.declared.connection import MOST as LONGEST
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.directives import ASSUMED, Cost, ListSize


@dataclass(frozen=True, slots=True)
class Price:
    """`assumed`: how long its list is without arguments that say so, 1 for what is no list; `slicing`: their names;
    `longest`: what they may say at most; `pages`: they size the lists of the page that the field answers; `paged`: it
    is such a list."""

    weight: int = 1
    assumed: int = 1
    slicing: frozenset[str] = frozenset()
    pages: bool = False
    paged: bool = False
    inner: GraphQLNamedType | None = None
    longest: int = LONGEST


UNKNOWN: Final = Price()


class Prices:
    """Those of one schema, worked out when first asked for."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[str, str], Price] = {}
        self._lengths: dict[tuple[str, str], int] | None = None

    def of(self, parent: GraphQLNamedType | None, name: str) -> Price:
        """For what the schema does not know, the price of a leaf: validation refuses it."""
        if parent is None:
            return UNKNOWN
        price = self._known.get((parent.name, name))
        if price is None:
            price = self._price(parent, name)
            if price is not UNKNOWN:
                self._known[parent.name, name] = price
        return price

    def _price(self, parent: GraphQLNamedType, name: str) -> Price:
        field = getattr(parent, "fields", {}).get(name)
        if parent is self._schema.query_type and name in {"__schema", "__type"}:
            field = SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef
        if field is None:
            return UNKNOWN
        inner = get_named_type(field.type)
        outer = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        listed = isinstance(outer, GraphQLList) and is_composite_type(inner)
        if parent.name.startswith("__"):
            return Price(assumed=self._length(parent.name, name) if listed else 1, inner=inner)
        said: Any = (field.extensions or {}).get(DEFINITION)
        directives = said.directives if said is not None else ()
        weight = next((int(d.weight) for d in directives if isinstance(d, Cost)), 1)
        size = next((d for d in directives if isinstance(d, ListSize)), None)
        if size is None:
            return Price(weight, ASSUMED if listed else 1, paged=listed, inner=inner)
        slicing = frozenset(size.slicing_arguments or ())
        longest = said.declaration.longest if isinstance(said, DeclaredField) else LONGEST
        pages = bool(size.sized_fields)
        return Price(weight, size.assumed_size or ASSUMED, slicing, pages, inner=inner, longest=longest)

    def _length(self, parent: str, name: str) -> int:
        """How long a list of the introspection is, on the average of those that are not empty."""
        if self._lengths is None:
            self._lengths = _lengths(self._schema)
        return self._lengths.get((parent, name), ASSUMED)


def _lengths(schema: GraphQLSchema) -> dict[tuple[str, str], int]:
    types = list(schema.type_map.values())
    counted: dict[tuple[str, str], list[int]] = {
        ("__Schema", "types"): [len(types)],
        ("__Schema", "directives"): [len(schema.directives)],
        ("__Directive", "args"): [len(d.args) for d in schema.directives],
        ("__Type", "interfaces"): [len(getattr(t, "interfaces", ())) for t in types],
        ("__Type", "possibleTypes"): [len(schema.get_possible_types(t)) for t in types if is_abstract_type(t)],
        ("__Type", "enumValues"): [len(getattr(t, "values", ())) for t in types],
        ("__Type", "fields"): [],
        ("__Type", "inputFields"): [],
        ("__Field", "args"): [],
    }
    for type_ in types:
        fields = getattr(type_, "fields", {}).values()
        taken = not any(hasattr(f, "args") for f in fields)
        counted["__Type", "inputFields" if taken else "fields"].append(len(fields))
        counted["__Field", "args"].extend(len(f.args) for f in fields if not taken)
    return {place: _mean([n for n in lengths if n]) for place, lengths in counted.items()}


def _mean(lengths: list[int]) -> int:
    return -(-sum(lengths) // len(lengths)) if lengths else 1
