"""What a subscriber's own query may ask: told from its text alone."""

import asyncio
from typing import Any, cast

import pytest

from connectors.webhooks.query import MOST_COST, Checked, Documents
from db.events import KINDS
from engine.standard.execution import Executor
from schema.root import schema

DOCUMENTS = Documents(Executor(schema), cast(Any, None))
PRODUCT = "product.updated"


def checked(query: str, *events: str) -> Checked:
    return asyncio.run(DOCUMENTS.check(query, [KINDS[name] for name in events or (PRODUCT,)]))


def wrong(query: str, *events: str) -> tuple[str, ...]:
    return checked(query, *events).wrong


@pytest.mark.parametrize(
    "query",
    [
        "{ products { totalCount } }",
        "query ($id: ID!) { product(by: {id: $id}) { title variants { sku } } }",
        "query ($id: ID) { product(by: {id: $id}) { title } }",
        "query ($productId: Int!) { product(by: {databaseId: $productId}) { title } }",
        "query ($id: ID!, $slug: String) { node(id: $id) { ... on Product { id } } product(by: {slug: $slug}) { id } }",
        "query ($id: ID!) { node(id: $id) { ...P } } fragment P on Product { title }",
        "query ($id: ID!) { node(id: $id) { __typename } }",
        "query ($id: ID!) { nodes(ids: [$id]) { ... on Product { title } } }",
        "query ($id: ID!) { events(entityId: $id, first: 1) { nodes { name } } }",
    ],
)
def test_queries_of_a_product(query: str) -> None:
    assert wrong(query) == ()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("mutation { productDelete(input: {id: 1}) { deletedId } }", "one operation, and that a query"),
        ("query A { maxExcerptWordCount } query B { maxExcerptWordCount }", "one operation, and that a query"),
        ("{ __schema { types { name } } }", "not about the schema"),
        ('{ __typename __type(name: "Product") { name } }', "not about the schema"),
        (
            "query ($colour: String) { product(by: {slug: $colour}) { title } }",
            "no $colour",
        ),
        ("query ($id: Int!) { product(by: {databaseId: $id}) { title } }", "$id is of type ID!"),
        ("query ($productId: String!) { product(by: {slug: $productId}) { title } }", "is of type Int, not String!"),
        ("query ($id: ID!) { node(id: $id) { ... on Order { uuid } } }", "from `Order`"),
        ("query ($id: ID!) { nodes(ids: [$id]) { ...O } } fragment O on Order { uuid }", "from `Order`"),
        ("query ($id: ID!) { productVariant(by: {id: $id}) { sku } }", "the id of `ProductVariant`"),
        ("query ($id: ID!) { downloadUrl(id: $id) }", "the id of `ProductDownload`"),
        ("query ($id: ID!) { product(by: {id: $id}) { downloads { url } } }", "reaches outside"),
        ("{ products(first: 100) { nodes { variants { product { title } } } } }", f"{MOST_COST} is the most"),
        ("{ products { totalCount } } #" + "x" * 20_000, "up to 16384 characters"),
    ],
)
def test_queries_that_are_not_saved(query: str, says: str) -> None:
    assert any(says in sentence for sentence in wrong(query)), wrong(query)


def test_each_of_several_events_is_asked_for() -> None:
    both = (PRODUCT, "variant.updated")
    assert (
        wrong("query ($id: ID!) { node(id: $id) { ... on Product { title } ... on ProductVariant { sku } } }", *both)
        == ()
    )
    assert wrong("query ($id: ID!) { node(id: $id) { ... on Product { title } } }", *both) == (
        "It selects nothing from `ProductVariant`, which one of the events tells of",
    )
    assert wrong("query ($id: ID!) { product(by: {id: $id}) { title } }", *both) == (
        "`product` takes the id of `Product`, and $id is that of `ProductVariant`",
    )
    # Only what all of them say is a variable.
    assert wrong("query ($productId: Int!) { product(by: {databaseId: $productId}) { title } }", *both) == ()
    assert wrong("query ($variantId: Int!) { productVariant(by: {databaseId: $variantId}) { sku } }", *both) == (
        "product.updated has no $variantId; here there are $id, $productId",
    )


def test_what_may_be_null_is_declared_so() -> None:
    query = "query ($sku: String%s) { productVariant(by: {sku: $sku}) { title } }"
    assert wrong(query % "", "variant.updated") == ()
    assert wrong(query % "!", "variant.updated") == ("$sku of variant.updated may be null: declare it without `!`",)


def test_the_permissions_of_fields_are_named() -> None:
    kinds = [KINDS[PRODUCT]]
    found = asyncio.run(DOCUMENTS.check("{ taxClasses { title } storeSettings { name } }", kinds))
    assert (found.wrong, found.needs) == ((), ("products/view", "store/settings"))
    # What only rows are hidden by takes no permission to ask for, and one to see what others are told.
    found = asyncio.run(DOCUMENTS.check("query ($id: ID!) { product(by: {id: $id}) { title feeds { name } } }", kinds))
    assert found.needs == ()
    assert {"products/view", "integrations/view"} <= found.reads


def test_only_what_is_declared_is_handed_over() -> None:
    query = "query ($id: ID!, $slug: String) { node(id: $id) { id } product(by: {slug: $slug}) { title } }"
    assert DOCUMENTS.variables(query, "abc", {"slug": "lamp", "productId": 1}) == {"id": "abc", "slug": "lamp"}
