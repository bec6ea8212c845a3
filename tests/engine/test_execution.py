"""Requests that run: what is absent is null, what fails stays in its place, what is unexpected stays in the log."""

import asyncio
import gc
from typing import Any, cast

import pytest
from sqlalchemy.pool import QueuePool
from structlog.typing import EventDict

from db.catalog.product import ProductStatus
from db.store.unit import Units
from engine.declared.statements import related_statement
from engine.standard.execution import Executor, Request
from engine.values import identity
from schema.root import schema
from tests import factories
from tests.engine.answers import asked, clean, codes, without_spills
from tests.engine.shelves import catalogue, stored
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway

NODE = "query ($id: ID!) { node(id: $id) { id ... on Product { title } ... on Taxonomy { label } } }"


async def test_what_is_absent_is_null(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(7), factories.categories()])

    for type_name, key in [
        ("Product", 8),
        ("Product", "007"),
        ("Product", "-7"),
        ("Product", "seven"),
        ("Product", 2**63 - 1),
        ("Product", 2**63),
        ("Product", 10**400),
        ("Product", "7\0"),
        ("Taxonomy", "product-colours"),
        ("Taxonomy", "product-categories\0"),
        ("Taxonomy", "\ud7ff\U0010ffff"),
        ("Colour", 1),
        ("Query", 1),
        ("Money", 1),
        ("ProductConnection", 1),
    ]:
        answer = await asked(gateway, NODE, {"id": identity.encode(type_name, key)})
        assert (key, answer.body) == (key, {"data": {"node": None}})


async def test_a_key_that_no_row_has_finds_nothing(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(7, slug="seven")])
    document = "query ($by: ProductBy!) { product(by: $by) { slug } }"
    elsewhere: list[dict[str, Any]] = [
        {"databaseId": 8},
        {"databaseId": 0},
        {"databaseId": -7},
        {"databaseId": 2**31 - 1},
        {"databaseId": -(2**31)},
        {"slug": ""},
        {"slug": "SEVEN"},
        {"slug": "seven\0"},
        {"slug": "s" * 100_000},
        {"slug": "' OR 1 = 1 --"},
        {"id": identity.encode("Product", "007")},
        {"id": identity.encode("Product", 2**64)},
    ]

    for by in elsewhere:
        assert (await asked(gateway, document, {"by": by})).body == {"data": {"product": None}}
    # A slug is looked up as it is stored: without spaces around it.
    for by in ({"databaseId": 7}, {"slug": "seven"}, {"slug": " seven "}, {"id": identity.encode("Product", 7)}):
        assert (await asked(gateway, document, {"by": by})).body == {"data": {"product": {"slug": "seven"}}}


async def test_nodes_are_answered_in_the_order_asked(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1), factories.product(2), factories.categories(), factories.term(1)])
    ids = [identity.encode(*pair.split(":")) for pair in ("Term:1", "Product:2", "Product:9", "Product:1", "Product:2")]

    with gateway.counting() as sql:
        data = await gateway("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})

    assert [node and node["id"] for node in data["nodes"]] == [ids[0], ids[1], None, ids[3], ids[4]]
    assert len(sql) == 2
    assert await gateway("{ nodes(ids: []) { id } }") == {"nodes": []}


async def test_empty_selections_are_empty_objects(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1)])

    assert await gateway("{}") == {}
    assert await gateway("{ products { nodes {} edges {} pageInfo {} } }") == {
        "products": {"nodes": [{}], "edges": [{}], "pageInfo": {}}
    }


async def test_the_name_of_a_type_costs_nothing(gateway: Gateway) -> None:
    """`__typename` is there on every type; clients add it everywhere."""
    await stored(gateway, catalogue(2))

    with gateway.counting() as sql:
        data = await gateway(
            """{ __typename products(first: 1) { __typename pageInfo { __typename } edges { __typename node { __typename
                 minPrice { __typename } variants { __typename } } } } }"""
        )

    assert data["__typename"] == "Query"
    assert data["products"]["edges"][0]["node"]["minPrice"] == {"__typename": "Money"}
    assert data["products"]["edges"][0]["node"]["variants"] == [{"__typename": "ProductVariant"}] * 3
    assert len(sql) == 2


async def test_introspection_needs_no_database(gateway: Gateway) -> None:
    with gateway.counting() as sql:
        data = await gateway('{ __schema { types { name } } __type(name: "Product") { fields { name description } } }')

    assert {"name": "Product"} in data["__schema"]["types"]
    assert sql == []


# Permissions


FIELDS = """{ products { nodes { title variants { sku cost { cents } available manageCost } commentStatus } } }"""


@pytest.mark.parametrize(
    ("viewer", "code", "missing"),
    [
        (ADMIN, None, set()),
        (CLERK, "FORBIDDEN", {"products/edit"}),
        (ANONYMOUS, "UNAUTHENTICATED", {"products/edit", "products/view"}),
    ],
)
async def test_a_field_that_is_not_for_the_caller(
    gateway: Gateway, viewer: Any, code: str | None, missing: set[str]
) -> None:
    """It is null, its error names the permission and the place, and its neighbours are answered."""
    await stored(gateway, [factories.product(1), factories.variant(1, 1, available=3, cost=5, manage_cost=True)])

    answer = await asked(gateway, FIELDS, viewer=viewer)

    (node,) = answer.body["data"]["products"]["nodes"]
    assert (node["title"], node["variants"][0]["sku"]) == ("Product 1", "SKU-1")
    errors = answer.body.get("errors", [])
    assert {error["extensions"]["code"] for error in errors} == ({code} if code else set())
    assert {error["extensions"]["permission"] for error in errors} == missing
    for error in errors:
        assert error["extensions"]["permission"] in error["message"]
        place: Any = answer.body["data"]
        for step in error["path"]:
            place = place[step]
        assert place is None
    assert (node["variants"][0]["cost"] == {"cents": 5}) == (viewer is ADMIN)
    assert (node["variants"][0]["available"] == 3) == (viewer is not ANONYMOUS)


async def test_an_alias_does_not_hide_what_is_forbidden(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1), factories.variant(1, 1, available=3)])
    document = """{ productVariant(by: {databaseId: 1}) { sku: available ...Inside } }
                  fragment Inside on Node { ... on ProductVariant { title: totalStock } }"""

    answer = await asked(gateway, document, viewer=ANONYMOUS)

    assert answer.body["data"] == {"productVariant": {"sku": None, "title": None}}
    assert codes(answer) == ["UNAUTHENTICATED", "UNAUTHENTICATED"]


async def test_a_mutation_that_is_not_for_the_caller_does_nothing(gateway: Gateway) -> None:
    await stored(gateway, [factories.product(1), factories.variant(1, 1)])
    document = 'mutation ($id: ID!) { variantUpdate(input: {id: $id, title: "X"}) { variant { title } } __typename }'

    for viewer, code in {CLERK: "FORBIDDEN", ANONYMOUS: "UNAUTHENTICATED"}.items():
        with gateway.counting() as sql:
            answer = await asked(gateway, document, {"id": identity.encode("ProductVariant", 1)}, viewer)
        assert answer.body["data"] == {"variantUpdate": None, "__typename": "Mutation"}
        assert codes(answer) == [code]
        assert answer.body["errors"][0]["extensions"]["permission"] == "products/edit"
        assert sql == []


# The unexpected


async def test_the_unexpected_is_masked_and_logged(gateway: Gateway, logged: list[EventDict]) -> None:
    """The caller learns where and under which id to complain; what happened stands in the log."""
    await stored(gateway, [factories.product(1)])
    async with gateway.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE product_variant RENAME TO moved_away")
        await connection.commit()

    answer = await gateway.answer("{ products { nodes { title variants { sku } } totalCount } }")

    without_spills(answer)
    assert answer.executed
    (error,) = answer.body["errors"]
    assert error["path"] == ["products", "nodes", 0, "variants"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "test"}
    assert "product_variant" not in error["message"]
    (entry,) = logged
    assert (entry["event"], entry["log_level"], entry["request_id"]) == ("unexpected error", "error", "test")
    assert "product_variant" in str(entry["exc_info"])


async def without_downloads(gateway: Gateway) -> None:
    """Whoever asks for downloads from now on meets the unexpected."""
    await stored(gateway, catalogue(2))
    async with gateway.database.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE product_download RENAME TO moved_away")
        await connection.commit()


async def test_what_fails_leaves_the_rest_answered(gateway: Gateway, logged: list[EventDict]) -> None:
    """Also on PostgreSQL, where a failed statement ends its transaction."""
    await without_downloads(gateway)

    answer = await gateway.answer(
        """{ a: products { totalCount }
             b: product(by: {databaseId: 1}) { downloads { id } }
             c: product(by: {databaseId: 2}) { title variants { product { categories { name } } } } }"""
    )

    data = answer.body["data"]
    assert (data["a"], data["b"], data["c"]["title"]) == ({"totalCount": 2}, None, "Thing 2 №2")
    assert [variant["product"]["categories"] for variant in data["c"]["variants"]] == [[{"name": "Term 3"}]] * 3
    assert [error["path"] for error in answer.body["errors"]] == [["b", "downloads"]]
    assert len(logged) == 1


async def test_what_two_places_wait_for_outlives_one_of_them(gateway: Gateway) -> None:
    """A non-null field that fails takes its object with it, and the loads of its neighbours: not those that the same
    rows are wanted from elsewhere."""
    await without_downloads(gateway)
    gc.collect(1)  # what is older than this test is left alone then
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))

    for inner in (
        "variants { sku }",
        "variants { sku product { title } } terms { products { totalCount } } brands { id }",
    ):
        one = "product(by: {databaseId: 1})"
        answer = await gateway.answer(f"{{ x: {one} {{ downloads {{ id }} {inner} }} y: {one} {{ {inner} }} }}")
        assert answer.body["data"]["x"] is None
        assert [variant["sku"] for variant in answer.body["data"]["y"]["variants"]] == ["SKU-1", "SKU-2", "SKU-3"]
        assert codes(without_spills(answer)) == ["INTERNAL"]

    answer = await gateway.answer(
        "{ products { nodes { downloads { id } variants { product { title } } } totalCount } }"
    )
    assert answer.body["data"] == {"products": None}
    del answer
    gc.collect(1)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1  # this one
    assert complaints == []


async def test_a_database_that_is_away_is_an_answer_too(gateway: Gateway, logged: list[EventDict]) -> None:
    class Away(Units):
        def statements(self) -> Any:
            raise OSError("connection refused by 10.0.0.5")

    answer = await Executor(schema).execute(
        Request("{ __typename products { totalCount } }", {}), ADMIN, Away(gateway.database), "away"
    )

    assert codes(without_spills(answer)) == ["INTERNAL"]
    assert answer.body["errors"][0]["extensions"]["requestId"] == "away"
    assert "10.0.0.5" not in str(answer.body)
    assert "10.0.0.5" in str(logged[0]["exc_info"])


def busy(gateway: Gateway) -> int:
    """Connections that have not been given back."""
    return sum(cast(QueuePool, engine.pool).checkedout() for engine in gateway.database.engines)


async def test_every_request_gives_its_connection_back(gateway: Gateway) -> None:
    """More requests than connections, failing ones among them."""
    await stored(gateway, [factories.product(n, status=ProductStatus.DRAFT) for n in range(1, 4)])

    for _ in range(12):
        await asked(gateway, "{ products { nodes { variants { cost { cents } } } totalCount } }", viewer=ANONYMOUS)
        clean(await gateway.answer("{ products(first: 0) { totalCount } }"))

    assert busy(gateway) == 0


async def test_a_client_that_leaves_gives_its_connection_back(gateway: Gateway) -> None:
    """At any moment of a request: before its first statement, during one, between two."""
    await stored(gateway, catalogue(20))
    document = (
        "{ products(first: 20) { nodes { title variants { sku product { slug } } brands { name } } totalCount } }"
    )
    whole = await gateway(document)

    for delay in (0, 0.001, 0.002, 0.004, 0.008, 0.016):
        request = asyncio.create_task(gateway.answer(document))
        await asyncio.sleep(delay)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        assert busy(gateway) == 0
    assert await gateway(document) == whole


async def test_kept_statements_do_not_grow_with_requests(gateway: Gateway) -> None:
    """A statement is built once for what it asks; a thousand mutations must not push the others out."""
    await stored(gateway, [factories.product(1), factories.variant(1, 1)])
    document = """mutation ($input: VariantUpdateInput!) {
        variantUpdate(input: $input) { variant { title product { title } } product { minPrice { cents } } } }"""

    async def changed(title: str) -> int:
        await gateway(document, {"input": {"id": identity.encode("ProductVariant", 1), "title": title}})
        return related_statement.cache_info().currsize

    first = await changed("First")
    assert [await changed(title) for title in ("Second", "Third", "Fourth")] == [first] * 3
