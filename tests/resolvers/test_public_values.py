"""What a product repeats of its variants is of those that the viewer sees: in fields, in filters, in sorts, in cursors,
whoever asked before."""

from typing import Any, Final

import pytest
from sqlalchemy import event

from db.access.viewer import Viewer
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.variant import BillingInterval, PaymentType, VariantStatus
from engine.values import identity
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, CLERK, Gateway
from tests.resolvers.invariants import check_invariants
from tests.resolvers.shelf import derive

TEA, CUP, POT = 1, 2, 3
HIDDEN: Final[dict[str, Any]] = {"status": VariantStatus.INACTIVE}
EMPTY: Final[dict[str, Any]] = {"manage_stock": True, "available": 0, "stock_status": "out-of-stock"}
RECURRING: Final[dict[str, Any]] = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.MONTHLY}
# Who edits without seeing what is hidden.
EDITOR: Final = Viewer("token:editor", "editor", frozenset({"products/edit"}))
VALUES: Final = "minPrice { cents } maxPrice { cents } hasPriceRange hasSubscription stockAvailability"


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """Tea is sold for 500; a cheap subscription to it is hidden, and so is a dear tin, the only one in stock. A cup
    costs 300, and hides nothing. All of a pot is hidden."""
    await factories.store_rows(
        gateway,
        [
            factories.categories(),
            factories.term(1),
            factories.product(TEA, manage_stock=True),
            factories.variant(11, TEA, price=500, **EMPTY),
            factories.variant(12, TEA, price=100, **RECURRING, **HIDDEN, **EMPTY),
            factories.variant(13, TEA, price=900, manage_stock=True, available=4, **HIDDEN),
            factories.product(CUP),
            factories.variant(21, CUP, price=300),
            factories.product(POT, manage_stock=True),
            factories.variant(31, POT, price=700, **HIDDEN),
            *(factories.product_term(product, 1) for product in (TEA, CUP, POT)),
        ],
    )
    await derive(gateway, TEA, CUP, POT)
    return gateway


def values(low: int, high: int, subscribed: bool, stock: str) -> dict[str, Any]:
    return {
        "minPrice": {"cents": low},
        "maxPrice": {"cents": high},
        "hasPriceRange": low != high,
        "hasSubscription": subscribed,
        "stockAvailability": stock,
    }


OF_TEA: Final = {
    True: values(100, 900, True, "IN_STOCK"),
    False: values(500, 500, False, "OUT_OF_STOCK"),
}
VIEWERS: Final = ((ANONYMOUS, False), (CLERK, True), (EDITOR, False), (ADMIN, True), (ANONYMOUS, False))


async def test_fields_on_every_way_to_a_product(shop: Gateway) -> None:
    document = f"""
    query Everywhere($tea: ID!) {{
      product(by: {{ databaseId: 1 }}) {{ {VALUES} }}
      node(id: $tea) {{ ... on Product {{ {VALUES} }} }}
      products(filter: {{ databaseId: {{ eq: 1 }} }}) {{ nodes {{ {VALUES} }} edges {{ node {{ {VALUES} }} }} }}
      productVariant(by: {{ databaseId: 11 }}) {{ product {{ {VALUES} }} }}
      term(by: {{ id: "{identity.encode("Term", 1)}" }}) {{
        products(filter: {{ databaseId: {{ eq: 1 }} }}) {{ nodes {{ {VALUES} }} }} }}
      related: product(by: {{ databaseId: 2 }}) {{
        relatedProducts(filter: {{ databaseId: {{ eq: 1 }} }}, sort: [{{ field: MAX_PRICE }}]) {{
          nodes {{ {VALUES} }} }} }}
    }}
    """
    for viewer, all_of_them in VIEWERS:
        found = await shop(document, {"tea": identity.encode("Product", TEA)}, viewer)
        shown = OF_TEA[all_of_them]
        (listed,) = found["products"]["nodes"]
        (edge,) = found["products"]["edges"]
        (below,) = found["term"]["products"]["nodes"]
        (related,) = found["related"]["relatedProducts"]["nodes"]
        other = found["productVariant"]["product"]
        assert [found["product"], found["node"], listed, edge["node"], other, below, related] == [shown] * 7, viewer


async def test_what_is_all_hidden_costs_nothing_and_is_not_for_sale(shop: Gateway) -> None:
    document = f"{{ product(by: {{ databaseId: {POT} }}) {{ {VALUES} }} }}"
    found = (await shop(document, {}, ANONYMOUS))["product"]
    assert found == values(0, 0, False, "OUT_OF_STOCK")


FILTERED: Final = """
query Filtered($filter: ProductFilter!) {
  products(filter: $filter, sort: [{ field: ID }]) { nodes { databaseId } totalCount }
  term: taxonomies { terms { products(filter: $filter, sort: [{ field: ID }]) { nodes { databaseId } totalCount } } }
}
"""


FILTERS: Final[list[tuple[Any, list[int], list[int]]]] = [
    ({"minPrice": {"lt": 300}}, [POT], [TEA]),
    ({"minPrice": {"eq": 500}}, [TEA], []),
    ({"maxPrice": {"gt": 300}}, [TEA], [TEA, POT]),
    ({"maxPrice": {"in": [900, 700]}}, [], [TEA, POT]),
    ({"hasSubscription": True}, [], [TEA]),
    ({"hasSubscription": False}, [TEA, CUP, POT], [CUP, POT]),
    ({"stockAvailability": {"eq": "IN_STOCK"}}, [CUP], [TEA, CUP, POT]),
    ({"not": {"stockAvailability": {"in": ["IN_STOCK"]}}}, [TEA, POT], []),
    ({"or": [{"and": [{"minPrice": {"gte": 500}}, {"not": {"hasSubscription": True}}]}]}, [TEA], [POT]),
]


def _in_its_term(found: dict[str, Any]) -> Any:
    (term,) = [term for taxonomy in found["term"] for term in taxonomy["terms"]]
    return term["products"]


async def test_filters(shop: Gateway) -> None:
    for filter_, visitors, clerks in FILTERS:
        for viewer, all_of_them in VIEWERS:
            found = await shop(FILTERED, {"filter": filter_}, viewer)
            expected = clerks if all_of_them else visitors
            for page in (found["products"], _in_its_term(found)):
                assert [node["databaseId"] for node in page["nodes"]] == expected, (filter_, viewer)
                assert page["totalCount"] == len(expected)


PAGE: Final = """
query Page($after: String, $before: String, $first: Int, $last: Int, $page: Int, $sort: [ProductSort!]) {
  products(after: $after, before: $before, first: $first, last: $last, page: $page, sort: $sort) {
    edges { cursor node { databaseId minPrice { cents } } } pageInfo { hasNextPage endCursor startCursor }
  }
}
"""


SORTS: Final = {"MIN_PRICE": ([POT, CUP, TEA], [TEA, CUP, POT]), "MAX_PRICE": ([POT, CUP, TEA], [CUP, POT, TEA])}


async def test_sorts_and_cursors(shop: Gateway) -> None:
    for field, orders in SORTS.items():
        for viewer, all_of_them in VIEWERS:
            for sort in ([{"field": field}], [{"field": field}, {"field": "TITLE"}]):
                for direction, order in (("ASC", orders[all_of_them]), ("DESC", orders[all_of_them][::-1])):
                    sort[0]["direction"] = direction
                    assert await walked(shop, viewer, sort, "first", "after", "endCursor") == order, (viewer, sort)
                    back = await walked(shop, viewer, sort, "last", "before", "startCursor")
                    assert back == order[::-1], (viewer, sort)
                    third = (await shop(PAGE, {"first": 1, "page": 3, "sort": sort}, viewer))["products"]
                    assert [edge["node"]["databaseId"] for edge in third["edges"]] == order[2:]


async def walked(shop: Gateway, viewer: Viewer, sort: Any, size: str, place: str, further: str) -> list[int]:
    """The whole list, one by one."""
    seen: list[int] = []
    asked: dict[str, Any] = {size: 1, "sort": sort}
    for _ in (TEA, CUP, POT):
        found = (await shop(PAGE, asked, viewer))["products"]
        seen += [edge["node"]["databaseId"] for edge in found["edges"]]
        asked[place] = found["pageInfo"][further]
    return seen


async def test_a_cursor_is_of_no_use_to_who_sees_another_order(shop: Gateway) -> None:
    sort = [{"field": "MIN_PRICE"}]
    given = {
        viewer: (await shop(PAGE, {"first": 1, "sort": sort}, viewer))["products"]["pageInfo"]["endCursor"]
        for viewer in (ANONYMOUS, CLERK)
    }
    for viewer, other in ((ANONYMOUS, CLERK), (CLERK, ANONYMOUS)):
        (error,) = await shop.refused(PAGE, {"after": given[other], "sort": sort}, viewer)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
    # Where both see one order its cursors serve both.
    by_title = [{"field": "TITLE"}]
    cursor = (await shop(PAGE, {"first": 1, "sort": by_title}, CLERK))["products"]["pageInfo"]["endCursor"]
    following = (await shop(PAGE, {"after": cursor, "sort": by_title}, ANONYMOUS))["products"]["edges"]
    assert [edge["node"]["databaseId"] for edge in following] == [CUP, POT]


async def test_both_follow_whatever_changes(shop: Gateway) -> None:
    """Status, price, payment, stock; by one and by all."""
    fulfillment = FulfillmentType.DIGITAL.name
    made = {"productId": identity.encode("Product", CUP), "title": "Big", "fulfillmentType": fulfillment, "price": 50}
    numbers = {"totalStock": 0, "available": 0, "committed": 0, "onHold": 0}
    tin, cup = identity.encode("ProductVariant", 13), identity.encode("ProductVariant", 21)
    changes: list[tuple[str, dict[str, Any]]] = [
        ("variantUpdate", {"id": tin, "price": 950}),
        ("variantUpdate", {"id": tin, "status": "ACTIVE"}),
        ("variantUpdate", {"id": tin, "status": "INACTIVE", "price": 50}),
        ("variantUpdate", {"id": cup, "price": 310}),
        ("variantCreate", {**made, **numbers, "paymentType": "ONETIME", "status": "INACTIVE"}),
        ("variantCreate", {**made, **numbers, "paymentType": "ONETIME", "title": "Small", "price": 20}),
        (
            "productUpdate",
            {
                "id": identity.encode("Product", POT),
                "variants": [{"id": identity.encode("ProductVariant", 31), "status": "ACTIVE", "price": 650}],
            },
        ),
        (
            "inventoryUpdate",
            {
                "productId": identity.encode("Product", POT),
                "variantId": identity.encode("ProductVariant", 31),
                "totalStock": 0,
                "available": 0,
            },
        ),
        ("productDuplicate", {"id": identity.encode("Product", TEA)}),
        ("variantDelete", {"id": identity.encode("ProductVariant", 12)}),
    ]
    for name, asked in changes:
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation Do($input: {type_}!) {{ {name}(input: $input) {{ userErrors {{ message }} }} }}"
        assert (await shop(document, {"input": asked}))[name] == {"userErrors": []}
        await check_invariants(shop, events=False)


async def test_an_editor_is_answered_as_a_viewer(shop: Gateway) -> None:
    """A payload is read as everything else is: who may change a price does not learn of hidden ones by that."""
    document = f"""
    mutation Price($input: VariantUpdateInput!) {{
      variantUpdate(input: $input) {{ product {{ {VALUES} }} userErrors {{ message }} }}
    }}
    """
    asked = {"input": {"id": identity.encode("ProductVariant", 11), "price": 550}}
    for viewer, expected in ((EDITOR, values(550, 550, False, "OUT_OF_STOCK")), (ADMIN, {})):
        payload = (await shop(document, asked, viewer))["variantUpdate"]
        assert payload["product"] == {**OF_TEA[viewer is ADMIN], **expected}


async def test_no_draft_is_listed_by_its_prices(shop: Gateway) -> None:
    await factories.store_rows(shop, [factories.product(4, status=ProductStatus.DRAFT, min_price=1, max_price=1)])
    found = await shop(FILTERED, {"filter": {"maxPrice": {"eq": 1}}}, ANONYMOUS)
    assert found["products"]["totalCount"] == 0


ORDERED: Final = {
    "sort: [{ field: MIN_PRICE }]": ("ix_product_public_min_price", "ix_product_min_price_id"),
    "sort: [{ field: MIN_PRICE, direction: DESC }]": ("ix_product_public_min_price", "ix_product_min_price_id"),
    "sort: [{ field: MAX_PRICE }]": ("ix_product_public_max_price", "ix_product_max_price_id"),
}
NARROWED: Final = {
    "filter: { hasSubscription: true }": ("ix_product_public_has_subscription", "ix_product_has_subscription_id"),
    "filter: { stockAvailability: { eq: OUT_OF_STOCK } }": (
        "ix_product_public_stock_availability",
        "ix_product_stock_availability_id",
    ),
}


async def test_both_are_read_from_an_index(gateway: Gateway) -> None:
    """In its order, without a sort. PostgreSQL, which looks at how many rows there are, has to be kept from reading and
    sorting what little there is."""
    embedded = gateway.database.embedded
    for asked, indexes in (ORDERED | (NARROWED if embedded else {})).items():
        for viewer, index in zip((ANONYMOUS, CLERK), indexes, strict=True):
            document = f"{{ products({asked}) {{ nodes {{ minPrice {{ cents }} }} }} }}"
            plan = await planned(gateway, document, viewer)
            assert f"{index} " in plan, (viewer.name, asked, plan)
            assert "SORT" not in plan.upper(), plan
            assert "TEMP B-TREE" not in plan, plan


async def planned(gateway: Gateway, document: str, viewer: Viewer) -> str:
    """The plan of the one statement that a document takes."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "product.id DESC" in statement or "ORDER BY product" in statement:
            sent.append((statement, parameters))

    for engine in gateway.database.engines:
        event.listen(engine.sync_engine, "before_cursor_execute", keep)
    await gateway(document, {}, viewer)
    for engine in gateway.database.engines:
        event.remove(engine.sync_engine, "before_cursor_execute", keep)
    ((statement, parameters),) = sent
    async with gateway.database.write() as connection:
        if not gateway.database.embedded:
            for way in ("seqscan", "bitmapscan", "sort"):
                await connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        prefix = "EXPLAIN QUERY PLAN" if gateway.database.embedded else "EXPLAIN"
        rows = await connection.exec_driver_sql(f"{prefix} {statement}", parameters)
        return "".join(f"{row[-1]} \n" for row in rows)
