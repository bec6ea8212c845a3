"""What a permission guards is not told in another way: by an alias, a fragment, a relation, a filter, an order."""

from typing import Any

import pytest

from db.access import holder
from db.access.viewer import Viewer, ViewerKind
from tests import factories
from tests.factories import store_rows
from tests.gateway import Gateway

COST = 4711
NODE = "UHJvZHVjdFZhcmlhbnQ6MTE"  # ProductVariant:11


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    await store_rows(
        gateway,
        [
            factories.store(),
            factories.product(1),
            factories.variant(11, 1, cost=COST, manage_cost=True, price=9000),
            factories.customer(1, email="hidden@example.com"),
            factories.order(1, customer_id=1),
            factories.order_item(1, 1, product_id=1, variant_id=11, cost=COST),
        ],
    )
    return gateway


async def person(gateway: Gateway, role: str) -> Viewer:
    async with gateway.database.read() as connection:
        held = await holder.of_roles(connection, [role])
    return Viewer(f"user:{role}", role, held, ViewerKind.USER, user_id=1)


@pytest.mark.parametrize(
    "document",
    [
        "{ productVariant(by: { databaseId: 11 }) { cost { cents } } }",
        "{ productVariant(by: { databaseId: 11 }) { innocent: cost { c: cents } } }",
        f'{{ node(id: "{NODE}") {{ ... on ProductVariant {{ cost {{ cents }} }} }} }}',
        f'{{ nodes(ids: ["{NODE}"]) {{ ...V }} }} fragment V on ProductVariant {{ cost {{ cents }} }}',
        "{ productVariants { nodes { cost { cents } } edges { node { cost { cents } } } } }",
        "{ product(by: { databaseId: 1 }) { variants { product { variants { cost { cents } } } } } }",
        "{ product(by: { databaseId: 1 }) { orderItems { nodes { cost { cents } variant { cost { cents } } } } } }",
        "{ productVariant(by: { databaseId: 11 }) { a: sku ... @include(if: true) { cost { cents } } } }",
    ],
)
async def test_a_cost_is_not_shown_on_any_way_to_it(shop: Gateway, document: str) -> None:
    worker, manager = await person(shop, "worker"), await person(shop, "manager")
    refused = await shop.answer(document, viewer=worker)
    assert refused.executed
    codes = {(e["extensions"]["code"], e["extensions"]["permission"]) for e in refused.body["errors"]}
    assert codes == {("FORBIDDEN", "products/edit")}
    assert str(COST) not in str(refused.body)
    assert str(COST) in str((await shop.answer(document, viewer=manager)).body)


@pytest.mark.parametrize(
    "filter_",
    [
        {"available": {"gte": 0}},
        {"or": [{"sku": {"eq": "SKU-11"}}, {"available": {"gte": 0}}]},
        {"not": {"available": {"gte": 0}}},
    ],
)
async def test_nobody_finds_by_what_they_may_not_see(shop: Gateway, filter_: dict[str, Any]) -> None:
    document = "query ($f: ProductVariantFilter) { productVariants(filter: $f) { totalCount } }"
    visitor = Viewer("token:1", "shop", kind=ViewerKind.STOREFRONT)
    answer = await shop.answer(document, {"f": filter_}, visitor)
    assert [e["extensions"]["code"] for e in answer.body["errors"]] in (["FORBIDDEN"], ["BAD_USER_INPUT"])
    assert "totalCount" not in str(answer.body.get("data"))


async def test_whose_order_it_is_needs_to_see_customers(shop: Gateway) -> None:
    packer = Viewer("token:2", "packer", frozenset({"orders/view"}), ViewerKind.TOKEN)
    document = '{ node(id: "T3JkZXI6MQ") { ... on Order { databaseId customer { email } } } }'
    assert await shop(document, viewer=packer) == {"node": {"databaseId": 1, "customer": None}}
    worker = await person(shop, "worker")
    assert (await shop(document, viewer=worker))["node"]["customer"] == {"email": "hidden@example.com"}
