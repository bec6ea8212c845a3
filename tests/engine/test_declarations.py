"""What is declared holds: no start without permissions, no wrong types past mypy, a sentence that says all."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import strawberry
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, parse
from graphql.execution.values import get_argument_values
from sqlalchemy import func
from structlog.typing import EventDict

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.catalog import visibility
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.store.row import table
from engine.declared.batch import Argument, queried
from engine.declared.connection import Connection, Counted, OfPage
from engine.declared.declaration import (
    DEFINITION,
    Declaration,
    DeclaredField,
    Leaf,
    Relation,
    column,
    computed,
    declare,
    related,
)
from engine.declared.entity import Node, entity, entity_of
from engine.declared.listing import Asked, connected
from engine.declared.lookup import lookup, node
from engine.declared.mutation import Mutation, mutation, performed
from engine.declared.pages import page_statement
from engine.declared.payload import Keys, Payload, changed
from engine.standard.context import Context
from engine.standard.execution import Executor, Request
from engine.standard.schema import Schema
from engine.unit.unit import Event, Unit
from engine.values.columns import expression
from engine.values.operators import MOST_VALUES
from engine.values.viewer import PUBLIC, SIGNED_IN
from resolvers.catalog.product.listing import PRODUCTS, ProductBy
from schema.catalog.product import Product
from schema.catalog.variant import ProductVariant
from schema.root import schema
from tests import factories
from tests.engine.answers import codes, without_spills
from tests.engine.shelves import stored
from tests.gateway import ADMIN, ANONYMOUS, Gateway

HOUSE = Path(__file__).parent.parent.parent


def declared() -> Iterator[tuple[str, GraphQLField, DeclaredField]]:
    """Every declared field of the schema: where it is, as graphql-core sees it, as it was declared."""
    for type_ in schema.core.type_map.values():
        for name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            found = field.extensions.get(DEFINITION)
            if isinstance(found, DeclaredField):
                yield f"{type_.name}.{name}", field, found


def kinds(of: type[Declaration] = Declaration) -> Iterator[type[Declaration]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


# Declarations are data


def test_no_declaration_resolves_itself() -> None:
    found = list(kinds())

    assert len(found) > 15
    assert [kind.__name__ for kind in found if hasattr(kind, "resolve")] == []
    assert "get_result" not in vars(DeclaredField)


def test_every_field_is_resolved_by_its_declaration() -> None:
    """In place of Strawberry's resolver, which looks up arguments and annotations again for each value."""
    for place, field, _ in declared():
        assert field.resolve is not None
        assert field.resolve.__module__ == "engine.standard.resolving", place


def test_pages_and_money_are_declared() -> None:
    for name in ("ProductConnection", "ProductEdge", "PageInfo", "Money"):
        type_ = schema.core.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field in type_.fields.values():
            assert isinstance(field.extensions[DEFINITION].declaration, OfPage | Counted | Leaf), name


def asked(text: str) -> Asked:
    """What `products` is asked with these arguments."""
    query = schema.core.query_type
    assert query is not None
    field = query.fields["products"]
    definition: Any = parse(f"{{ products{text} {{ totalCount }} }}").definitions[0]
    given = get_argument_values(field, definition.selection_set.selections[0])
    return cast(Asked, schema.taken(field.extensions[DEFINITION], given, ANONYMOUS))


def test_lists_of_one_shape_have_one_statement() -> None:
    """Whatever their parameters, lists and what is looked for among them. A large filter is one of a kind."""

    def statement(text: str, viewer: Viewer = ADMIN) -> Any:
        return page_statement(asked(text), (), viewer, "sqlite")

    one = statement("(first: 3, filter: {databaseId: {gt: 1, in: [1, 2]}})")
    assert statement("(first: 7, filter: {databaseId: {gt: 9, in: [3, 4]}})") is one
    assert asked("(first: 7, filter: {databaseId: {gt: 9, in: [3, 4]}})").parameters == {
        "most": 8,
        "reach": 8,
        "skipped": 0,
        "given_0": 3,
        "given_1": 4,
        "given_2": 9,
    }
    others = [
        statement("(first: 3)"),
        statement("(last: 3, filter: {databaseId: {gt: 1, in: [1, 2]}})"),
        statement("(page: 2, filter: {databaseId: {gt: 1, in: [1, 2]}})"),
        statement("(first: 3, filter: {databaseId: {lt: 1, in: [1, 2]}})"),
        statement("(first: 3, filter: {not: {databaseId: {gt: 1, in: [1, 2]}}})"),
        statement("(first: 3, filter: {databaseId: {gt: 1, in: [1, 2]}}, sort: {field: TITLE})"),
        statement("(first: 3, filter: {databaseId: {gt: 1, in: [1, 2]}})", ANONYMOUS),
    ]
    assert len({id(other) for other in (one, *others)}) == len(others) + 1
    for looks in (
        '(search: "MUG")',
        '(filter: {title: {contains: "MUG"}})',
        '(filter: {title: {startsWith: "MUG", endsWith: "MUG"}})',
        '(filter: {variants: {sku: {in: ["MUG"]}}, availableQuantity: {gt: 3}})',
        '(filter: {variants: {sku: {in: ["MUG", "a", "b"]}}})',
    ):
        assert asked(looks).bound
        assert statement(looks) is statement(looks.replace("MUG", "bowl"))
    assert statement('(search: "mug")') is not statement('(search: "mug bowl")')
    lists = (f"(filter: {{databaseId: {{in: {list(range(length))}}}}})" for length in range(MOST_VALUES + 1))
    assert len({id(statement(of_a_length)) for of_a_length in lists}) == 9  # nothing, one, and seven lengths
    of_many = f"{{in: {list(range(MOST_VALUES))}}}"
    for large in (
        f"(filter: {{and: [{'{databaseId: {gt: 1}}, ' * 12}]}})",
        f"(filter: {{databaseId: {of_many}, minPrice: {of_many}}})",
    ):
        assert not asked(large).bound
        assert statement(large) is not statement(large)


def test_a_declaration_is_data_that_nobody_changes() -> None:
    known = [kind for kind in kinds() if kind.__module__.startswith("engine.")]

    assert len(known) > 15
    assert [kind for kind in known if "__dataclass_params__" not in vars(kind)] == []
    assert [kind for kind in known if not cast(Any, kind).__dataclass_params__.frozen] == []
    for place, _, found in declared():
        held = [getattr(found.declaration, one.name) for one in fields(cast(Any, found.declaration))]
        assert not any(isinstance(value, (dict, list, set)) for value in held), place


def test_a_declaration_that_nothing_resolves_refuses_to_load() -> None:
    class Unheard(Declaration):
        permission = PUBLIC

    @strawberry.type
    class Query:
        title: str = declare(Unheard())

    with pytest.raises(TypeError, match="Unheard is declared, but nothing resolves it"):
        Schema(Query)


# What refuses to load


def test_a_root_field_without_a_declaration_refuses_to_load() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self) -> str:
            return "hello"

    with pytest.raises(TypeError, match=r"Query\.hello declares no permission"):
        Schema(Query)


def test_a_root_field_without_a_permission_refuses_to_load() -> None:
    @strawberry.type
    class Query:
        title: str = column(ProductRow.title)

    with pytest.raises(TypeError, match=r"Query\.title declares no permission"):
        Schema(Query)


def test_a_root_field_with_an_empty_permission_refuses_to_load() -> None:
    @strawberry.type
    class Query:
        product: Product | None = lookup(ProductBy, permission="")

    with pytest.raises(TypeError, match=r"Query\.product declares no permission"):
        Schema(Query)


def test_a_mutation_written_by_hand_refuses_to_load() -> None:
    @strawberry.type
    class Query:
        node: Node | None = node()

    @strawberry.type(name="Mutation")
    class Changes:
        @strawberry.mutation
        def explode(self) -> bool:
            return True

    with pytest.raises(TypeError, match=r"Mutation\.explode declares no permission"):
        Schema(Query, Changes, types=[Product])


def test_a_former_name_of_an_entity_names_nothing_else() -> None:
    @entity(VariantRow, visible=visibility.variants, description="Was a product once.", formerly=("Product",))
    class Ware(Node):
        title: str = column(VariantRow.title)

    @strawberry.type
    class Query:
        node: Node | None = node()

    with pytest.raises(TypeError, match="Ware was called Product, and that is another type now"):
        Schema(Query, types=[Product, Ware])


@pytest.mark.parametrize(("permission", "rest"), [("", "POST /products"), ("products/edit", "")])
def test_a_mutation_names_its_permission_and_its_operation(permission: str, rest: str) -> None:
    with pytest.raises(TypeError, match="a mutation names its permission and its documented operation"):
        mutation(permission=permission, rest=rest)


def test_a_relation_leads_to_an_entity() -> None:
    with pytest.raises(TypeError, match="is no entity"):
        entity_of(strawberry.type(type("Money", (), {"__annotations__": {"cents": int}})))


def test_every_relation_of_the_schema_leads_to_an_entity() -> None:
    """Nothing is left to the first request that asks."""
    relations = [(place, found) for place, _, found in declared() if isinstance(found.declaration, Relation)]

    assert len(relations) > 30
    for place, found in relations:
        assert entity_of(found.target).name in schema.entities, place


def test_every_entity_says_who_sees_it() -> None:
    """By a predicate of an area's visibility.py."""
    predicates = [entity.visible for entity in schema.entities.values()]

    assert all(p.__module__.startswith("db.") and p.__module__.endswith(".visibility") for p in predicates)
    node_type = schema.core.type_map["Node"]
    assert isinstance(node_type, GraphQLInterfaceType)
    assert {t.name for t in schema.core.get_possible_types(node_type)} == set(schema.entities)


# What the schema says of it


def test_a_description_names_the_permission() -> None:
    with_permission = 0
    for place, field, found in declared():
        permission = found.declaration.permission
        if permission and permission not in (PUBLIC, SIGNED_IN):
            assert f"Requires {permission}." in (field.description or ""), place
            with_permission += 1
        else:
            assert "Requires " not in (field.description or ""), place
    assert with_permission > 20


def test_a_description_names_the_documented_operations() -> None:
    for place, field, found in declared():
        for operation in found.rest:
            assert re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /\S*", operation), place
            assert operation in (field.description or ""), place
    assert sum(bool(found.rest) for _, _, found in declared()) > 5


def test_a_mutation_says_what_it_does_and_takes() -> None:
    assert schema.core.mutation_type is not None
    for name, field in schema.core.mutation_type.fields.items():
        declaration: Mutation[Any] = field.extensions[DEFINITION].declaration.mutation
        description = field.description or ""
        assert description.startswith((declaration.function.__doc__ or "?").split(".")[0].split("\n")[0]), name
        open_to = {PUBLIC: "Open to everyone.", SIGNED_IN: "Open to everyone who signed in."}
        needs = open_to.get(declaration.permission, f"Requires {declaration.permission}.")
        assert f"{needs} REST: {declaration.rest}." in description if declaration.rest else needs in description, name
        for event in declaration.emits:
            assert event in description, name
        assert set(field.args) == {"input", "idempotencyKey", "validateOnly"}, name


def test_the_sdl_carries_the_directives() -> None:
    text = schema.as_str()

    assert '@requiresPermission(any: ["products/edit"])' in text
    assert '@emits(events: ["variant.updated"])' in text
    assert 'slicingArguments: ["first", "last"]' in text


# What they do


@entity(ProductRow, visible=visibility.products, description="A product, in other words.")
class Book(Node):
    title: str = column(ProductRow.title)
    forgotten: str | None = declare(Leaf((), lambda row: row.slug))
    shout: str = computed(str.upper, ProductRow.title)
    between: int = computed(
        lambda low, high, version: high - low + version,
        ProductRow.min_price,
        ProductRow.max_price,
        ProductRow.version,
    )
    letters: int = column(expression(func.length(ProductRow.title), "letters"))
    variants: list[ProductVariant] | None = related(
        VariantRow.product_id,
        to=ProductRow.id,
        where=table(VariantRow).c.price > 100,
        order=[VariantRow.price],
        permission="products/edit",
        description="The dear ones.",
    )


async def _hello(context: Context, name: str, times: int = 1) -> str:
    return f"{name} {context.viewer.id}" * times


@strawberry.type(name="Query")
class Shop:
    books: Connection[Book] | None = connected(PRODUCTS, permission="store/settings", description="All of them.")
    hello: str | None = queried(
        _hello, Argument("name", str), Argument("times", int, default=1), permission="products/view"
    )


@strawberry.input
class NoteInput:
    text: str


async def note_make(unit: Unit, input: NoteInput) -> Keys:
    """Change nothing, and emit what the input says."""
    unit.emit(Event(input.text, "Product:1"))
    return {"product": 1}


@strawberry.type
class NotePayload(Payload):
    product: Book | None = changed(ProductRow.id)


@strawberry.type(name="Mutation")
class Changes:
    note: NotePayload | None = performed(
        mutation(permission="products/edit", rest="POST /notes", emits=(SimpleNamespace(name="note.made"),))(note_make)
    )


TOYS = Executor(Schema(Shop, Changes, types=[Book, Product, ProductVariant]))


async def test_declared_fields_answer_as_declared(gateway: Gateway) -> None:
    prices = {1: 200, 2: 50, 3: 150}
    variants = [factories.variant(n, 1, price=price) for n, price in prices.items()]
    await stored(gateway, [factories.product(1, title="tea", min_price=50, max_price=200), *variants])
    text = """{ hello(name: "A") books { nodes { id title shout between letters
                variants { databaseId } } totalCount } }"""

    answer = await TOYS.execute(Request(text, {}), ADMIN, gateway.units, "test")

    (found,) = answer.body["data"]["books"]["nodes"]
    assert found.pop("id")
    assert found == {
        "title": "tea",
        "shout": "TEA",
        "between": 151,
        "letters": 3,
        "variants": [{"databaseId": 3}, {"databaseId": 1}],
    }
    assert answer.body["data"]["hello"] == "A token:admin"


async def test_a_column_that_was_not_declared_is_not_there(gateway: Gateway, logged: list[EventDict]) -> None:
    """An error that cannot be overlooked; a null would be."""
    await stored(gateway, [factories.product(1)])

    answer = await TOYS.execute(Request("{ books { nodes { title forgotten } } }", {}), ADMIN, gateway.units, "test")

    assert answer.body["data"] == {"books": {"nodes": [{"title": "Product 1", "forgotten": None}]}}
    assert codes(answer) == ["INTERNAL"]
    assert "slug" in str(logged[0]["exc_info"])


@pytest.mark.parametrize(
    ("document", "permission"),
    [
        ("{ books { totalCount } }", "store/settings"),
        ('{ hello(name: "A") }', "products/view"),
        ("{ books { nodes { variants { sku } } } }", "products/edit"),
    ],
)
async def test_each_kind_of_field_asks_for_its_permission(gateway: Gateway, document: str, permission: str) -> None:
    await stored(gateway, [factories.product(1)])
    clerk = Viewer("token:clerk", "clerk", PERMISSIONS - {permission})

    answer = await TOYS.execute(Request(document, {}), clerk, gateway.units, "test")

    (error,) = answer.body["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "permission": permission}
    assert permission in error["message"]


async def test_an_event_that_was_not_declared_is_a_bug(gateway: Gateway, logged: list[EventDict]) -> None:
    """Nothing is written, and the log says which function has to declare it."""
    await stored(gateway, [factories.product(1)])
    note = "mutation ($text: String!) { note(input: {text: $text}) { product { title } events { name } } }"

    told = await TOYS.execute(Request(note, {"text": "note.made"}), ADMIN, gateway.units, "test")
    untold = await TOYS.execute(Request(note, {"text": "note.lost"}), ADMIN, gateway.units, "test")

    assert told.body == {"data": {"note": {"product": {"title": "Product 1"}, "events": None}}}
    assert codes(without_spills(untold)) == ["INTERNAL"]
    assert "note_make emits {'note.lost'} without declaring it" in str(logged[0]["exc_info"])
    async with gateway.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT name FROM event")).all() == [("note.made",)]
