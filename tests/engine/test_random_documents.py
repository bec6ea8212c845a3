"""Documents that nobody thought of: valid ones are answered alike by both databases, broken ones refused by a code."""

from typing import Any

import graphql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, mutations, nodes, queries
from strawberry.types.base import StrawberryMaybe, StrawberryOptional, get_object_definition

from db.catalog.product import ProductStatus
from db.catalog.variant import VariantStatus
from db.store.row import Row
from engine.values import identity
from engine.values.naming import camel
from resolvers.catalog.variant.input import VariantUpdateInput
from schema.root import schema
from tests import factories
from tests.drawing import examples
from tests.engine.answers import asked
from tests.engine.shelves import catalogue, stored
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway

NUMBERS = st.integers(0, 12) | st.integers(0, 12) | st.integers(-(2**31), 2**31 - 1)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "Int": NUMBERS.map(nodes.Int),
    "Cents": (NUMBERS | st.integers(-(2**53), 2**53)).map(nodes.Int),
    "DateTime": st.datetimes().map(lambda date: nodes.String(f"{date.isoformat()}Z")),
    "URL": st.text(st.characters(codec="utf-8")).map(lambda text: nodes.String(f"https://images.example.com/{text}")),
    "JSON": st.booleans().map(nodes.Boolean),
    "Upload": st.booleans().map(nodes.Boolean),  # refused: a document alone has no files
}


def ids(*types: str) -> dict[str, st.SearchStrategy[Any]]:
    """Identifiers of rows that are there, mostly: random text would not get beyond the first check."""
    keys = st.sampled_from([*range(1, 13), -1, "product-categories", "x"])
    return SCALARS | {"ID": st.builds(identity.encode, st.sampled_from(types), keys).map(nodes.String)}


class Sensible(graphql.Visitor):
    """Takes out what is refused whatever else a document says, so that the rest of it runs."""

    def enter_argument(self, node: graphql.ArgumentNode, _key: Any, _parent: Any, _path: Any, ancestors: Any) -> Any:
        beside = {argument.name.value for argument in ancestors[-1].arguments}
        refused = {
            "after": True,
            "before": True,
            "last": "first" in beside,
            "page": "last" in beside,
            "idempotencyKey": not str(getattr(node.value, "value", "")).isalnum(),
        }
        return graphql.REMOVE if refused.get(node.name.value) else None

    def enter_object_field(self, node: graphql.ObjectFieldNode, *_: Any) -> Any:
        never_null = isinstance(node.value, graphql.NullValueNode) and node.name.value in NEVER_NULL
        return graphql.REMOVE if never_null else None


NEVER_NULL = {
    camel(field.python_name)
    for field in get_object_definition(VariantUpdateInput, strict=True).fields
    if isinstance(field.type, StrawberryMaybe) and not isinstance(field.type.of_type, StrawberryOptional)
}


def sensible(document: graphql.DocumentNode) -> str:
    return graphql.print_ast(graphql.visit(document, Sensible()))


# Made where they are first drawn from: it takes seconds, and every worker imports this.
QUERIES = st.deferred(
    lambda: queries(schema.as_str(), custom_scalars=ids(*schema.entities, "Nothing"), print_ast=sensible)
)
MUTATIONS = st.deferred(lambda: mutations(schema.as_str(), custom_scalars=ids("ProductVariant"), print_ast=sensible))
BROKEN = st.deferred(lambda: queries(schema.as_str(), custom_scalars=ids("Product"), mode=Mode.NEGATIVE))
SOME = settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
VIEWERS = st.sampled_from([ADMIN, CLERK, ANONYMOUS])


# A small catalogue, not all of it for everyone; the very same rows in both databases.
ROWS: list[Row] = [
    *catalogue(10),
    factories.product(11, status=ProductStatus.DRAFT),
    factories.variant(91, 11),
    factories.variant(92, 10, status=VariantStatus.INACTIVE, sku=None),
    factories.media(1, product_id=11),
    factories.media(2, variant_id=92),
    factories.media(3, product_id=10),
]


async def filled(gateway: Gateway) -> None:
    """The first example fills the fixture's databases, the others meet what it left."""
    if not (await gateway("{ products { totalCount } }"))["products"]["totalCount"]:
        await stored(gateway, ROWS)


@SOME
@given(text=QUERIES, viewer=VIEWERS)
async def test_both_databases_answer_alike(gateways: tuple[Gateway, Gateway], text: str, viewer: Any) -> None:
    answers = []
    for gateway in gateways:
        await filled(gateway)
        answers.append(await asked(gateway, text, viewer=viewer))

    assert answers[0] == answers[1]


@SOME
@given(text=MUTATIONS, viewer=VIEWERS)
async def test_random_changes_are_made_or_refused(gateways: tuple[Gateway, Gateway], text: str, viewer: Any) -> None:
    for gateway in gateways:
        await filled(gateway)
        await asked(gateway, text, viewer=viewer)
    one, two = [await dump(gateway) for gateway in gateways]
    assert one == two


async def dump(gateway: Gateway) -> list[Any]:
    """What the changes leave behind, but for the moments."""
    async with gateway.database.read() as connection:
        statement = (
            "SELECT id, version, title, sku, price, compare_price, available, position FROM product_variant ORDER BY id"
        )
        return [tuple(row) for row in await connection.exec_driver_sql(statement)]


@SOME
@given(text=BROKEN)
async def test_broken_documents_are_refused(gateways: tuple[Gateway, Gateway], text: str) -> None:
    answer = await asked(gateways[0], text)

    assert not answer.executed
    assert graphql.validate(schema.core, graphql.parse(text))
