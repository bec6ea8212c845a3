"""What visitors see: the published catalogue, and nothing else on any way to it.

Two rules. Rows that a viewer does not see do not exist for them: not in lists, counts, relations, by id, in a search or
behind a filter. And what takes a permission to read takes the same permission to filter by.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from db.catalog.product import ProductStatus
from db.catalog.taxonomy import BRANDS
from db.catalog.variant import PaymentType, VariantStatus
from db.commerce.order import LineType
from engine.values import identity
from schema.root import schema
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway, opened
from tests.resolvers.shelf import derive

SHOWN, HIDDEN = 1, 2  # products
ACTIVE, INACTIVE, OF_HIDDEN = 11, 12, 21  # variants
UNPUBLISHED: Final = [s for s in ProductStatus if s is not ProductStatus.PUBLISH]
PUBLIC: Final = {"Media", "Product", "ProductVariant", "Taxonomy", "Term"}


@pytest.fixture
async def shelf(module_database_url: str) -> AsyncIterator[Gateway]:
    """For reading: one for all tests."""
    async with opened(module_database_url) as gateway:
        if not (await gateway("{ products { totalCount } }"))["products"]["totalCount"]:
            await fill(gateway)
        yield gateway


async def fill(gateway: Gateway) -> None:
    """A published product with an active and an inactive variant, a draft, and one row or more of what is private."""
    recurring: dict[str, Any] = {"payment_type": PaymentType.SUBSCRIPTION}
    rows = [
        factories.store(settings={"store_country": "DE"}),
        factories.product(SHOWN, title="Teapot", default_variant_id=None, extra={"margin": 5}),
        factories.product(HIDDEN, title="Nextgen teapot", status=ProductStatus.DRAFT),
        factories.variant(ACTIVE, SHOWN, title="Blue", sku="TEA-BLU", price=500, manage_stock=True, available=7),
        factories.variant(
            INACTIVE, SHOWN, title="Secretgreen", sku="TEA-GRN", price=900, status=VariantStatus.INACTIVE
        ),
        factories.variant(OF_HIDDEN, HIDDEN, title="Copper", sku="NXT-1", price=500, **recurring),
        factories.categories(),
        factories.brands(),
        factories.term(1),
        factories.term(2, BRANDS),
        *(factories.product_term(p, t) for p in (SHOWN, HIDDEN) for t in (1, 2)),
        factories.media(1, product_id=SHOWN),
        factories.media(2, product_id=HIDDEN),
        factories.media(3, variant_id=ACTIVE),
        factories.media(4, variant_id=INACTIVE),
        factories.media(5, variant_id=OF_HIDDEN),
        factories.download(1, SHOWN),
        factories.bundle_item(ACTIVE, OF_HIDDEN),
        factories.bundle_item(OF_HIDDEN, ACTIVE),
        factories.upgrade_path(1, ACTIVE),
        factories.upgrade_target(1, OF_HIDDEN),
        factories.provider("crm"),
        factories.feed(1, "crm"),
        factories.feed(2, "crm", product_id=SHOWN),
        factories.customer(1),
        factories.order(1, customer_id=1),
        factories.order_item(1, 1, product_id=SHOWN, variant_id=ACTIVE, payment_type=LineType.ONETIME),
        factories.subscription(1, customer_id=1, order_id=1, product_id=SHOWN, variant_id=ACTIVE),
    ]
    await factories.store_rows(gateway, rows)
    await derive(gateway, SHOWN, HIDDEN)


async def visited(gateway: Gateway, document: str, **variables: Any) -> Any:
    return await gateway(document, variables, ANONYMOUS)


# Rows


@pytest.mark.parametrize("status", UNPUBLISHED)
async def test_only_published_products(gateway: Gateway, status: ProductStatus) -> None:
    await factories.store_rows(gateway, [factories.product(1, status=status), factories.variant(11, 1)])
    found = await visited(
        gateway,
        """
        query Everywhere($product: ID!, $variant: ID!) {
          products { totalCount nodes { id } }
          productVariants { totalCount nodes { id } }
          byNumber: product(by: { databaseId: 1 }) { id }
          bySlug: product(by: { slug: "product-1" }) { id }
          variantByNumber: productVariant(by: { databaseId: 11 }) { id }
          variantBySku: productVariant(by: { sku: "SKU-11" }) { id }
          node(id: $product) { id }
          nodes(ids: [$product, $variant]) { id }
        }
        """,
        product=identity.encode("Product", 1),
        variant=identity.encode("ProductVariant", 11),
    )
    nothing = {"totalCount": 0, "nodes": []}
    assert found == {
        "products": nothing,
        "productVariants": nothing,
        "byNumber": None,
        "bySlug": None,
        "variantByNumber": None,
        "variantBySku": None,
        "node": None,
        "nodes": [None, None],
    }


async def test_relations_lead_to_nothing_hidden(shelf: Gateway) -> None:
    found = await visited(
        shelf,
        """
        { product(by: { databaseId: 1 }) {
            variants { databaseId bundleItems { id } bundles { id } upgradePaths { id } feeds { id }
              orderItems { totalCount nodes { id } } attributes { id } shippingClass { id } media { id }
              downloads { id } }
            gallery { attachmentId } downloads { id } upgradePaths { id } feeds { id } orderItems { totalCount }
            relatedProducts { totalCount nodes { id } } shippingClass { id } taxClass { id }
            terms { name products { totalCount nodes { databaseId } } } }
          taxonomies { terms { products { totalCount nodes { databaseId } } } } }
        """,
    )
    product = found["product"]
    (variant,) = product["variants"]
    assert variant.pop("databaseId") == ACTIVE
    assert len(variant.pop("media")) == 1
    empty = {"totalCount": 0, "nodes": []}
    assert variant.pop("orderItems") == empty
    assert variant.pop("shippingClass") is None
    assert set(map(str, variant.values())) == {"[]"}
    assert product["orderItems"] == {"totalCount": 0}
    assert product["relatedProducts"] == empty
    assert [product[name] for name in ("downloads", "upgradePaths", "feeds")] == [[], [], []]
    assert [product["shippingClass"], product["taxClass"]] == [None, None]
    only_shown = {"totalCount": 1, "nodes": [{"databaseId": SHOWN}]}
    assert [term["products"] for term in product["terms"]] == [only_shown, only_shown]
    assert [t["products"] for x in found["taxonomies"] for t in x["terms"]] == [only_shown, only_shown]


@pytest.mark.parametrize("type_", sorted(schema.entities))
async def test_nodes(shelf: Gateway, type_: str) -> None:
    """By ids that one may guess: what is private is as absent as what is not there."""
    entity = schema.entities[type_]
    keys = {"IntegrationProvider": "crm", "IntegrationSettings": "crm", "Taxonomy": BRANDS}
    keys |= {"PaymentMethod": "stripe", "StorageDriver": "s3"}
    key = keys.get(type_, ACTIVE if type_ == "ProductVariant" else 1)
    document = "query One($id: ID!) { node(id: $id) { __typename } }"
    found = await visited(shelf, document, id=identity.encode(type_, key))
    assert (found["node"] is not None) == (type_ in PUBLIC), entity


async def test_pictures_of_what_is_hidden(shelf: Gateway) -> None:
    ids = [identity.encode("Media", i) for i in range(1, 6)]
    found = await visited(shelf, "query Pictures($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert [node is not None for node in found["nodes"]] == [True, False, True, False, False]


# Search and filters: no question is answered from what is hidden


@pytest.mark.parametrize(
    ("text", "visitors", "clerks"),
    [
        ("teapot", [1], [1, 2]),
        ("nextgen", [], [2]),
        ("copper", [], [2]),
        ("blue", [1], [1]),
        ("secretgreen", [], [1]),
        ("tea-grn", [], [1]),
        ("tg", [], [1, 2]),
        ("gr", [], [1]),
        ("tea", [1], [1, 2]),  # of the title, and of a variant that they see
        ("e", [1], [1, 2]),
        ("1", [1], [1, 2]),
    ],
)
async def test_search(shelf: Gateway, text: str, visitors: list[int], clerks: list[int]) -> None:
    document = "query Find($text: String!) { products(search: $text, sort: [{ field: ID }]) { nodes { databaseId } } }"
    for viewer, numbers in ((ANONYMOUS, visitors), (CLERK, clerks)):
        found = await shelf(document, {"text": text}, viewer)
        assert [node["databaseId"] for node in found["products"]["nodes"]] == numbers


@pytest.mark.parametrize(
    ("filter_", "visitors", "clerks"),
    [
        ({"variants": {"sku": {"eq": "TEA-GRN"}}}, [], [1]),
        ({"variants": {"price": {"gt": 600}}}, [], [1]),
        ({"variants": {"status": {"eq": "INACTIVE"}}}, [], [1]),
        ({"variants": {"databaseId": {"in": [INACTIVE, OF_HIDDEN]}}}, [], [1, 2]),
        ({"variants": {"databaseId": {"eq": ACTIVE}}}, [1], [1]),
        ({"not": {"variants": {"sku": {"eq": "TEA-GRN"}}}}, [1], [2]),
        (
            {"or": [{"variants": {"sku": {"startsWith": "NXT"}}}, {"variants": {"not": {"price": {"eq": 500}}}}]},
            [],
            [1, 2],
        ),
        ({"variantCount": {"eq": 1}}, [1], [2]),
        ({"variantCount": {"eq": 2}}, [], [1]),
        ({"variantCount": {"in": [1, 2]}}, [1], [1, 2]),
        ({"status": {"in": ["DRAFT", "PUBLISH"]}}, [1], [1, 2]),
        ({"hasSubscription": True}, [], [2]),
        ({"terms": {"databaseId": {"eq": 1}}}, [1], [1, 2]),
    ],
)
async def test_filters(shelf: Gateway, filter_: Any, visitors: list[int], clerks: list[int]) -> None:
    document = """
    query Pass($filter: ProductFilter!) {
      products(filter: $filter, sort: [{ field: ID }]) { totalCount nodes { databaseId } } }
    """
    for viewer, numbers in ((ANONYMOUS, visitors), (CLERK, clerks)):
        found = (await shelf(document, {"filter": filter_}, viewer))["products"]
        assert [node["databaseId"] for node in found["nodes"]] == numbers
        assert found["totalCount"] == len(numbers)


@pytest.mark.parametrize("operators", [{"orderCount": {"gt": 0}}, {"availableQuantity": {"lte": 7}}])
@pytest.mark.parametrize("nest", [lambda f: f, lambda f: {"not": f}, lambda f: {"or": [{"and": [f]}]}])
@pytest.mark.parametrize(
    "document",
    [
        "query Root($filter: ProductFilter!) { products(filter: $filter) { totalCount } }",
        "query Below($filter: ProductFilter!) { taxonomies { terms { products(filter: $filter) { nodes { id } } } } }",
        """query Related($filter: ProductFilter!) {
          product(by: { databaseId: 1 }) { relatedProducts(filter: $filter) { totalCount } } }""",
    ],
)
async def test_filters_that_need_a_permission(shelf: Gateway, operators: Any, nest: Any, document: str) -> None:
    variables = {"filter": nest(operators)}
    answer = (await shelf.answer(document, variables, ANONYMOUS)).body
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"UNAUTHENTICATED"}
    assert {e["extensions"]["permission"] for e in answer["errors"]} == {"products/view"}
    assert "totalCount" not in str(answer["data"])
    assert "errors" not in (await shelf.answer(document, variables, CLERK)).body


async def test_the_filters_say_what_they_need() -> None:
    input_type = schema.core.type_map["ProductFilter"]
    assert isinstance(input_type, GraphQLInputObjectType)
    needing = {
        name for name, field in input_type.fields.items() if "Requires products/view." in (field.description or "")
    }
    assert needing == {"orderCount", "availableQuantity"}


# Root fields and leaves


async def test_root_fields(shelf: Gateway) -> None:
    """Each refuses a visitor, is empty, or is of the public catalogue."""
    root = schema.core.query_type
    assert root is not None
    public = {"catalogue", "node", "nodes", "product", "products", "productVariant", "productVariants", "taxonomies"}
    public |= {
        "eventTypes",
        "pushPublicKey",
        "shippingCalculation",
        "shippingMethod",
        "shippingMethods",
        "term",
        "viewer",
    }
    empty = {"integrationProviders": "{ integrationProviders { key } }", "events": "{ events { nodes { id } } }"}
    empty["changes"] = "{ changes(since: 0) { position nodes { entityId } } }"
    empty["cart"] = "{ cart { quantity } }"
    empty["checkoutReceipt"] = '{ checkoutReceipt(uuid: "nobody was told") { uuid } }'
    for name in root.fields.keys() - public - empty.keys():
        (error,) = (await shelf.answer(asking(name, root.fields[name]), {}, ANONYMOUS)).body["errors"]
        assert (name, error["extensions"]["code"]) == (name, "UNAUTHENTICATED")
    assert await visited(shelf, empty["integrationProviders"]) == {"integrationProviders": []}
    assert await visited(shelf, empty["events"]) == {"events": {"nodes": []}}
    assert await visited(shelf, empty["cart"]) == {"cart": None}
    assert await visited(shelf, empty["checkoutReceipt"]) == {"checkoutReceipt": None}
    assert await visited(shelf, empty["changes"]) == {"changes": {"position": 0, "nodes": []}}


# Ids of other types are refused before anybody asks who may.
ASKED_WITH: Final = {
    "userCapabilities": ("User", 1),
    "downloadUrl": ("ProductDownload", 1),
    "webhookDryRun": ("Webhook", 1),
    "workflowDryRun": ("Workflow", 1),
    "integrationFeedTest": ("IntegrationFeed", 1),
    "productIntegrationSettings": ("Product", 1),
}


def asking(name: str, field: GraphQLField) -> str:
    """A document that asks for this root field, with whatever arguments it needs."""
    given = []
    for argument, required in field.args.items():
        type_ = get_named_type(required.type)
        if is_required_argument(required):
            if type_.name in ("String", "JSON"):
                value = '"Teapot"'
            elif type_.name == "ID":
                value = f'"{identity.encode(*ASKED_WITH[name])}"'
            else:  # a lookup by exactly one of its keys
                value = f'{{ id: "{identity.encode(type_.name.removesuffix("By"), 1)}" }}'
            given.append(f"{argument}: {value}")
    arguments = f"({', '.join(given)})" if given else ""
    selected = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    return f"{{ {name}{arguments}{selected} }}"


async def test_private_leaves_say_so(shelf: Gateway) -> None:
    """Every leaf of products and variants that names a permission is null for a visitor, with an error."""
    for type_, lookup in (("Product", "product(by: { databaseId: 1 })"), ("ProductVariant", PRODUCT_VARIANT)):
        object_type = schema.core.type_map[type_]
        assert isinstance(object_type, GraphQLObjectType)
        private = {
            name: field
            for name, field in object_type.fields.items()
            if re.search(r"Requires \S+/\S+\.", field.description or "") and not field.args
        }
        assert private
        for name, field in private.items():
            inner = {"Money": "{ cents }", "SalesOverview": "{ periods { quantity } }"}.get(str(field.type), "")
            document = f"{{ {lookup} {{ {name} {inner} }} }}"
            answer = (await shelf.answer(document, {}, ANONYMOUS)).body
            assert list(answer["data"].values()) == [{name: None}]
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            assert "errors" not in (await shelf.answer(document, {}, ADMIN)).body


PRODUCT_VARIANT: Final = "productVariant(by: { databaseId: 11 })"
