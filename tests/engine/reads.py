"""Documents that read, drawn over the whole schema, with real ids, cursors, filters, sorts, names, fragments and
directives. The same seed draws the same document."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

import graphql
import orjson
from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_leaf_type

from engine.declared.batch import Queried
from engine.declared.declaration import DEFINITION, DeclaredField
from engine.declared.input import IDENTIFIES
from engine.declared.listing import Connected
from engine.standard.schema import Schema
from engine.values import identity
from engine.values.errors import BadUserInput
from engine.values.naming import camel
from tests.gateway import ADMIN

DEEPEST: Final = 6
MOST_FIELDS: Final = 40  # of a document
MOMENTS: Final = ("2026-11-20T23:48:35Z", "2020-01-01T00:00:00+01:00", "2031-12-31T23:59:59.5Z")
WORDS: Final = (
    "Thing",
    "thing 1",
    "№",
    "sku-1",
    "SKU-5",
    "open",
    "a",
    "%",
    "term-1",
    "product-categories",
    "",
)


class Known:
    """What is there to be asked for, out of answers: ids by type, cursors by the sort that they belong to."""

    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.cursors: dict[str, list[str]] = defaultdict(list)
        self.texts: list[str] = list(WORDS)

    def learn(self, answer: Any) -> None:
        if isinstance(answer, dict):
            for name, value in answer.items():
                if isinstance(value, str):
                    self._text(name, value)
                else:
                    self.learn(value)
        elif isinstance(answer, list):
            for item in answer:
                self.learn(item)

    def _text(self, name: str, value: str) -> None:
        if name == "id":
            with suppress(BadUserInput):  # a viewer's is no node's, nor is that of a form's option
                _add(self.ids[identity.decode(value).type], value)
        elif name.lower().endswith("cursor"):
            import base64

            spelled, *_ = orjson.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            _add(self.cursors[spelled], value)
        elif name in {"slug", "sku", "title", "key", "login", "email", "uuid", "name"}:
            _add(self.texts, value)


def _add(values: list[str], value: str) -> None:
    if value not in values and len(values) < 60:
        values.append(value)


class Reads:
    """Draws one document. `variables` are those that it is to be sent with."""

    def __init__(self, schema: Schema, known: Known, random: Random) -> None:
        self._schema = schema
        self._core = schema.core
        self._known = known
        self._random = random
        self._left = random.randint(4, MOST_FIELDS)
        self._fragments: list[str] = []
        self._definitions: list[str] = []
        self._names = 0
        self.variables: dict[str, Any] = {}
        self._types: dict[str, str] = {}

    def document(self) -> str:
        query = self._core.query_type
        assert query is not None
        self._conditions = [self._variable("Boolean!", self._random.random() < 0.7) for _ in range(2)]
        body = self._selection(query, 0, roots=self._random.choice((1, 1, 1, 2, 3)))
        asked = " ".join(f"b{n}: __typename @include(if: {each})" for n, each in enumerate(self._conditions))
        body = f"{{ {asked} {body[1:]}"
        definitions = f"({', '.join(self._definitions)})"
        return "\n".join((f"query Drawn{definitions} {body}", *self._fragments))

    def varied(self) -> dict[str, Any]:
        """Other variables for the same document: some left out, others decided the other way."""
        varied = dict(self.variables)
        for name, type_ in self._types.items():
            if type_ == "Boolean!":
                varied[name] = self._chance(0.5)
            elif not type_.endswith("!") and self._chance(0.6):
                del varied[name]
        return varied

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def _variable(self, type_: str, value: Any) -> str:
        name = self._name("v")
        default = f" = {value}".lower() if type_ == "Boolean" and value is not None and self._chance(0.3) else ""
        self._definitions.append(f"${name}: {type_}{default}")
        if not default:
            self.variables[name] = value
            self._types[name] = type_
        return f"${name}"

    def _selection(self, type_: Any, depth: int, roots: int | None = None) -> str:
        fields = {name: field for name, field in type_.fields.items() if self._may(type_, name, field, depth)}
        leaves = [name for name, field in fields.items() if is_leaf_type(get_named_type(field.type))]
        others = [name for name in fields if name not in leaves]
        if roots is not None:
            rich = [_richness(fields[name]) for name in fields]  # what has much to ask is asked more
            chosen = list(dict.fromkeys(self._random.choices(list(fields), rich, k=roots)))
        else:
            chosen = self._random.sample(leaves, min(len(leaves), self._random.randint(1, 5)))
            if others and self._left > 0:
                many = self._random.randint(0 if chosen else 1, 2 if depth < 3 else 1)
                chosen += self._random.sample(others, min(len(others), many))
                if "nodes" in fields and self._chance(0.7) and "nodes" not in chosen:
                    chosen.append("nodes")  # a list without its rows says little
        written = [self._field(type_, name, fields[name], depth) for name in chosen]
        if self._chance(0.2):
            written.append(f"{self._name('t')}: __typename" if self._chance(0.5) else "__typename")
        if roots is None and isinstance(type_, graphql.GraphQLInterfaceType):
            written += [self._on(of, depth) for of in self._some_types()]
        self._random.shuffle(written)
        return f"{{ {' '.join(self._wrapped(type_, written) or ['__typename'])} }}"

    def _may(self, type_: Any, name: str, field: GraphQLField, depth: int) -> bool:
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            return name != "downloadUrl"  # says when it was made
        own = type_ is not self._core.query_type and len(type_.fields) <= 5  # pages, edges: they lead on
        return depth < DEEPEST + (2 if own else 0) and (self._left > 0 or own)

    def _some_types(self) -> Iterable[GraphQLObjectType]:
        names = [name for name in self._known.ids if name in self._schema.entities]
        return [self._core.type_map[n] for n in self._random.sample(names, min(len(names), 2))]  # type: ignore[misc]

    def _on(self, type_: GraphQLObjectType, depth: int) -> str:
        return f"... on {type_.name} {self._selection(type_, depth)}"

    def _wrapped(self, type_: Any, written: list[str]) -> list[str]:
        """Some of the fields in fragments, and some left out by directives."""
        if self._chance(0.25) and len(written) > 1:
            cut = self._random.randint(1, len(written))
            inner, rest = written[:cut], written[cut:]
            named = f"{{ {' '.join(inner)} }}"
            if self._chance(0.4):
                name = self._name("F")
                self._fragments.append(f"fragment {name} on {type_.name} {named}")
                spread = f"...{name}{self._directive()}"
                written = [*rest, spread, *([f"...{name}"] if self._chance(0.2) else [])]
            else:
                condition = f" on {type_.name}" if self._chance(0.5) else ""
                written = [f"...{condition}{self._directive()} {named}", *rest]
        if "id" in type_.fields and isinstance(type_, GraphQLObjectType) and type_.interfaces and self._chance(0.1):
            written.append("... on Node { id __typename }")
        return written

    def _directive(self) -> str:
        if not self._chance(0.25):
            return ""
        condition = self._random.choice([*self._conditions, "true", "false"])
        return f" @{self._random.choice(('include', 'skip'))}(if: {condition})"

    def _field(self, type_: Any, name: str, field: GraphQLField, depth: int) -> str:
        self._left -= 1
        arguments = self._arguments(field)
        inner = get_named_type(field.type)
        alias = f"{self._name('a')}: " if arguments or self._chance(0.15) else ""
        asked = f"{alias}{name}{arguments}"
        if is_leaf_type(inner):
            return f"{asked}{self._directive() if self._chance(0.4) else ''}"
        # Not everything of a list may be left out, nor is a directive wanted on each.
        directive = self._directive() if self._chance(0.3) else ""
        first = f"{asked}{directive} {self._selection(inner, depth + 1)}"
        if self._chance(0.08):  # the same field again: both are one
            first += f" {asked}{directive} {self._selection(inner, depth + 1)}"
        return first

    def _arguments(self, field: GraphQLField) -> str:
        declared = field.extensions[DEFINITION]
        given: dict[str, Any] = {}
        if isinstance(declared, DeclaredField) and isinstance(declared.declaration, Connected):
            given = self._window(field, declared)
        for name, argument in field.args.items():
            if name in {"first", "last", "after", "before", "page", "sort"}:
                continue
            required = graphql.is_required_argument(argument)
            if required or self._chance(0.3):
                declaration = declared.declaration if isinstance(declared, DeclaredField) else None
                of = declaration.identifying.get(name) if isinstance(declaration, Queried) else None
                given[name] = self._value(argument.type, name, of)
        written = [f"{name}: {self._written(field.args[name].type, value)}" for name, value in given.items()]
        return f"({', '.join(written)})" if written else ""

    def _window(self, field: GraphQLField, declared: DeclaredField) -> dict[str, Any]:
        given: dict[str, Any] = {}
        sort_type: Any = get_named_type(field.args["sort"].type)
        if self._chance(0.4):
            names = list(get_named_type(sort_type.fields["field"].type).values)
            some = self._random.sample(names, min(len(names), self._random.choice((1, 1, 2, 3))))
            given["sort"] = [
                {"field": n} | ({"direction": self._random.choice(("ASC", "DESC"))} if self._chance(0.6) else {})
                for n in some
            ]
        size = self._random.choice((1, 2, 3, 5, 12))
        kind = self._random.choice(("none", "first", "first", "last", "after", "before", "page"))
        if kind in {"first", "page"} or (kind == "after" and self._chance(0.5)):
            given["first"] = size
        if kind == "last" or (kind == "before" and self._chance(0.5)):
            given["last"] = size
        if kind == "page":
            given["page"] = self._random.randint(1, 3)
        if kind in {"after", "before"}:
            coerced = graphql.coerce_input_value(given.get("sort"), field.args["sort"].type)
            arguments = {} if coerced is None else {"sort": coerced}
            spelled = self._schema.taken(declared, arguments, ADMIN).shape.order.spelled
            if known := self._known.cursors.get(spelled):
                given[kind] = self._random.choice(known)
        return given

    def _value(self, type_: Any, name: str, of: str | None, depth: int = 0) -> Any:
        inner = graphql.get_nullable_type(type_)
        if not graphql.is_non_null_type(type_) and self._chance(0.05):
            return None
        if graphql.is_list_type(inner):
            length = self._random.choice((0, 1, 2, 3))
            return [self._value(inner.of_type, name, of, depth) for _ in range(length)]
        if graphql.is_enum_type(inner):
            return self._random.choice(list(inner.values))
        if isinstance(inner, GraphQLInputObjectType):
            return self._input(inner, depth + 1)
        scalars: Mapping[str, Callable[[], Any]] = {
            "ID": lambda: self._id(of),
            "Int": lambda: self._random.choice((0, 1, 2, 3, 5, 7, 10, 100) if name == "upTo" else (1, 2, 3, 7, 11, -1)),
            "Cents": lambda: self._random.choice((0, 100, 101, 300, 1000, 10**12)),
            "Float": lambda: self._random.choice((0, 0.25, 1.5)),
            "Boolean": lambda: self._chance(0.5),
            "DateTime": lambda: self._random.choice(MOMENTS),
        }
        return scalars.get(inner.name, lambda: self._random.choice(self._known.texts))()

    def _input(self, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        said = {camel(f.python_name): f.metadata.get(IDENTIFIES) for f in type_.extensions[DEFINITION].fields}
        names = list(type_.fields)
        if depth > 3:
            names = [n for n in names if not isinstance(get_named_type(type_.fields[n].type), GraphQLInputObjectType)]
        some = [self._random.choice(names)] if type_.is_one_of else []
        if not some and names:
            some = self._random.sample(names, min(len(names), self._random.choice((0, 1, 1, 1, 2))))
        some += [n for n, f in type_.fields.items() if graphql.is_required_input_field(f) and n not in some]
        values = {name: self._value(type_.fields[name].type, name, said.get(name), depth) for name in some}
        if type_.is_one_of:
            (name,) = values
            while values[name] is None:
                values[name] = self._value(type_.fields[name].type, name, said.get(name), depth)
        return values

    def _id(self, type_: str | None) -> str:
        """Of this type, as a rule; others are refused, but by `node`."""
        if type_ is None or self._chance(0.02):
            type_ = self._random.choice(list(self._known.ids))
        return self._random.choice(self._known.ids.get(type_) or [identity.encode(type_, 1)])

    def _written(self, type_: Any, value: Any) -> str:
        return self._variable(str(type_), value) if self._chance(0.3) else _literal(type_, value)


def _richness(field: GraphQLField) -> int:
    inner: Any = get_named_type(field.type)
    if "nodes" in getattr(inner, "fields", {}):
        inner = get_named_type(inner.fields["nodes"].type)
    return 1 + len(getattr(inner, "fields", ()))


def _literal(type_: Any, value: Any) -> str:
    inner = graphql.get_nullable_type(type_)
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(_literal(inner.of_type, item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{n}: {_literal(inner.fields[n].type, v)}' for n, v in value.items())}}}"
    return str(value) if graphql.is_enum_type(inner) else orjson.dumps(value).decode()
