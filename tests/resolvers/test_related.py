"""Related products (S5 GET /products/{productId}/related-products)."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from db.catalog.product import ProductStatus
from db.catalog.taxonomy import BRANDS
from tests import factories
from tests.gateway import ADMIN, ANONYMOUS, Gateway

DOCUMENT: Final = """
query Related($number: Int!, $categories: Boolean! = true, $brands: Boolean! = true, $sort: [ProductSort!]) {
  product(by: { databaseId: $number }) {
    relatedProducts(byCategories: $categories, byBrands: $brands, sort: $sort) {
      totalCount
      nodes { databaseId }
    }
  }
}
"""
CATEGORY, OTHER_CATEGORY, CHILD, BRAND = 1, 2, 3, 4


@pytest.fixture
async def shelf(gateway: Gateway) -> Gateway:
    """Product 1 in category 1 and of brand 4. By category 2 and 3 belong to it, by brand 3 and 4; 5 shares nothing, 6
    only a category that 1 is not in, 7 one below; 8 and 9 share all and are not published."""
    titles = {2: "Delta", 3: "alpha", 4: "Charlie"}
    prices = {2: 300, 3: 100, 4: 200}
    days = {2: 2, 3: 3, 4: 1}
    hidden = {8: ProductStatus.DRAFT, 9: ProductStatus.PRIVATE}
    products = [
        factories.product(
            i,
            title=titles.get(i, f"Product {i}"),
            status=hidden.get(i, ProductStatus.PUBLISH),
            min_price=prices.get(i, 0),
            max_price=prices.get(i, 0),
            published_at=datetime(2026, 1, days.get(i, 9), tzinfo=UTC),
        )
        for i in range(1, 10)
    ]
    terms = [
        factories.categories(),
        factories.brands(),
        factories.term(CATEGORY),
        factories.term(OTHER_CATEGORY),
        factories.term(CHILD, parent_id=CATEGORY),
        factories.term(BRAND, BRANDS),
    ]
    carried = [(1, CATEGORY), (1, BRAND), (2, CATEGORY), (3, CATEGORY), (3, BRAND), (4, BRAND)]
    carried += [(6, OTHER_CATEGORY), (7, CHILD), (8, CATEGORY), (8, BRAND), (9, CATEGORY), (9, BRAND)]
    links = [factories.product_term(*pair) for pair in carried]
    await factories.store_rows(gateway, [*products, *terms, *links])
    return gateway


async def related(gateway: Gateway, number: int = 1, **variables: Any) -> list[int]:
    viewer = variables.pop("viewer", ADMIN)
    found = (await gateway(DOCUMENT, {"number": number, **variables}, viewer))["product"]["relatedProducts"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["databaseId"] for node in found["nodes"]]


async def test_by_what(shelf: Gateway) -> None:
    """Itself is never among them, nobody twice, and unpublished ones not even for an admin."""
    assert sorted(await related(shelf)) == [2, 3, 4]
    assert sorted(await related(shelf, brands=False)) == [2, 3]
    assert sorted(await related(shelf, categories=False)) == [3, 4]
    assert await related(shelf, categories=False, brands=False) == []
    assert await related(shelf, 5) == []
    assert await related(shelf, 6) == []


async def test_a_draft_has_related_products(shelf: Gateway) -> None:
    assert sorted(await related(shelf, 8)) == [1, 2, 3, 4]


async def test_for_visitors(shelf: Gateway) -> None:
    assert sorted(await related(shelf, viewer=ANONYMOUS)) == [2, 3, 4]


@pytest.mark.parametrize(
    ("field", "direction", "ids"),
    [
        ("TITLE", "ASC", [3, 4, 2]),
        ("TITLE", "DESC", [2, 4, 3]),
        ("PUBLISHED_AT", "ASC", [4, 2, 3]),
        ("PUBLISHED_AT", "DESC", [3, 2, 4]),
        ("MIN_PRICE", "ASC", [3, 4, 2]),
        ("MIN_PRICE", "DESC", [2, 4, 3]),
    ],
)
async def test_order(shelf: Gateway, field: str, direction: str, ids: list[int]) -> None:
    assert await related(shelf, sort=[{"field": field, "direction": direction}]) == ids


async def test_of_several_products_at_once(shelf: Gateway) -> None:
    document = """
    { products(sort: [{ field: ID }]) {
        nodes { databaseId relatedProducts(first: 1, sort: [{ field: ID }]) { nodes { databaseId } totalCount } } } }
    """
    with shelf.counting() as statements:
        found = (await shelf(document))["products"]["nodes"]
    counts = {p["databaseId"]: p["relatedProducts"]["totalCount"] for p in found}
    firsts = {p["databaseId"]: [n["databaseId"] for n in p["relatedProducts"]["nodes"]] for p in found}
    assert counts == {1: 3, 2: 2, 3: 3, 4: 2, 5: 0, 6: 0, 7: 0, 8: 4, 9: 4}
    assert firsts == {1: [2], 2: [1], 3: [1], 4: [1], 5: [], 6: [], 7: [], 8: [1], 9: [1]}
    assert len(statements) == 3


async def test_two_flags_side_by_side(shelf: Gateway) -> None:
    document = """
    { product(by: { databaseId: 1 }) {
        categories: relatedProducts(byBrands: false) { totalCount }
        brands: relatedProducts(byCategories: false) { totalCount }
        both: relatedProducts { totalCount } } }
    """
    found = (await shelf(document))["product"]
    assert {name: part["totalCount"] for name, part in found.items()} == {"categories": 2, "brands": 2, "both": 3}
