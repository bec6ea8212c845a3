"""A refusal is one null and one error, never a neighbour's: what can be refused is nullable."""

from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_non_null_type,
)

from connectors.storage import Links
from db.access.permission import IS_SUPER_ADMIN
from db.commerce.order import PaymentStatus
from db.secrets.encrypted import NoSecretKey
from db.store.unit import Units
from engine.declared.connection import Connection
from engine.declared.listing import connected
from engine.standard.schema import Schema
from engine.values.identity import encode
from resolvers.access.user import USERS
from schema.access.user import User
from schema.root import schema
from tests import factories
from tests.gateway import ANONYMOUS, Gateway
from tests.schema.matrix import REFUSALS, request, root_fields

# Said by every declaration that takes a permission, of a field as of a part of a filter.
SAID = "Requires "


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for type_ in schema.core.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                yield f"{type_}.{name}", field


def refuses(type_: Any, known: frozenset[str] = frozenset()) -> bool:
    """Whether an input asks for a permission somewhere."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType) or named.name in known:
        return False
    return any(
        SAID in (field.description or "") or refuses(field.type, known | {named.name})
        for field in named.fields.values()
    )


def test_what_needs_a_permission_is_nullable() -> None:
    """Those that the schema says, of the field itself or of a part of its filter."""
    guarded = {
        place: field.type
        for place, field in fields()
        if SAID in (field.description or "") or any(refuses(argument.type) for argument in field.args.values())
    }
    assert {"Query.users", "Query.roles", "Query.tokens", "Query.products", "Term.products"} < guarded.keys()
    assert {"Query.integrationFeeds", "Query.auditLog", "Query.trustedDocuments"} < guarded.keys()
    assert [place for place, type_ in guarded.items() if is_non_null_type(type_)] == []


def test_a_field_that_is_never_null_and_may_be_refused_does_not_load() -> None:
    @strawberry.type
    class Query:
        users: Connection[User] = connected(USERS, permission=IS_SUPER_ADMIN)

    with pytest.raises(TypeError, match=r"Query\.users may be refused, and has to be nullable"):
        Schema(Query)


async def test_a_refused_root_leaves_its_neighbours(gateway: Gateway) -> None:
    refused = []
    for name, declared, field in root_fields():
        if not name.startswith("Query."):
            continue
        answer = await gateway.executor.execute(
            request(name, declared, field, beside="taxonomies { name }"), ANONYMOUS, gateway.units, "test"
        )
        codes = [error["extensions"]["code"] for error in answer.body.get("errors", ())]
        if REFUSALS.issuperset(codes) and codes:
            refused.append(name)
            assert len(answer.body["data"]["taxonomies"]) == 2, name
    assert len(refused) > 10


@pytest.mark.parametrize(
    "refused",
    [
        'events(types: ["product.created"]) { totalCount }',
        "products(filter: { orderCount: { gt: 1 } }) { totalCount }",
        "product(by: { databaseId: 1 }) { relatedProducts(filter: { availableQuantity: { gt: 1 } }) { totalCount } }",
    ],
)
async def test_a_refused_argument_leaves_the_neighbours(gateway: Gateway, refused: str) -> None:
    await factories.store_rows(gateway, [factories.product(1)])
    answer = await gateway.answer(f"{{ {refused} productVariants {{ totalCount }} }}", viewer=ANONYMOUS)
    assert [error["extensions"]["code"] for error in answer.body["errors"]] == ["UNAUTHENTICATED"]
    assert answer.body["data"]["productVariants"] == {"totalCount": 0}


async def test_links_that_cannot_be_signed_are_null_one_by_one(gateway: Gateway) -> None:
    """As on PostgreSQL without secret keys."""

    def keys() -> list[str]:
        raise NoSecretKey("no key")

    gateway.units = Units(gateway.database, gateway.storage, Links("https://api.store.example", keys))
    rows = [factories.product(1), factories.variant(11, 1), factories.download(1, 1)]
    order = factories.order(1, payment_status=PaymentStatus.PAID)
    await factories.store_rows(gateway, [*rows, order, factories.order_item(1, 1, product_id=1, variant_id=11)])

    answer = await gateway.answer(
        """query ($order: ID!) {
          product(by: { databaseId: 1 }) { title downloads { title url } }
          order: node(id: $order) { ... on Order { downloads { title status url } } }
        }""",
        {"order": encode("Order", 1)},
    )
    assert answer.body["data"] == {
        "product": {"title": "Product 1", "downloads": [{"title": "File 1", "url": None}]},
        "order": {"downloads": [{"title": "File 1", "status": "GRANTED", "url": None}]},
    }
    assert {error["path"][-1] for error in answer.body["errors"]} == {"url"}
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"CONFIGURATION_ERROR"}
