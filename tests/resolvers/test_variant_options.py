"""Variants to choose from (S5 GET /products/search-product-variant-options)."""

from typing import Any, Final

import pytest

from db.catalog.product import ProductStatus, StockStatus
from db.catalog.variant import PaymentType, VariantStatus
from tests import factories
from tests.gateway import ANONYMOUS, Gateway
from tests.resolvers.shelf import derive, id_of

DOCUMENT: Final = """
query Options($search: String, $include: [ID!]! = [], $type: PaymentType) {
  variantOptions(search: $search, includeIds: $include, paymentType: $type) {
    product { title }
    variants { databaseId }
  }
}
"""
SOLD_OUT: Final[dict[str, Any]] = {"manage_stock": True, "available": 0, "stock_status": StockStatus.OUT_OF_STOCK}
RECURRING: Final[dict[str, Any]] = {"payment_type": PaymentType.SUBSCRIPTION}


@pytest.fixture
async def shelf(gateway: Gateway) -> Gateway:
    rows = [
        factories.product(1, title="banana", manage_stock=True),
        factories.variant(11, 1, manage_stock=True, position=2),
        factories.variant(12, 1, position=1, title="Monthly", **RECURRING),
        factories.variant(13, 1, position=3, **SOLD_OUT),
        factories.variant(14, 1, position=4, status=VariantStatus.INACTIVE),
        factories.product(2, title="Apple", manage_stock=True),
        factories.variant(21, 2, **SOLD_OUT),
        factories.product(3, title="Cherry", status=ProductStatus.DRAFT),
        factories.variant(31, 3),
        factories.product(4, title="Äpfel"),
        # Sold out, but the stock is not managed: it does not count.
        factories.variant(41, 4, stock_status=StockStatus.OUT_OF_STOCK),
    ]
    await factories.store_rows(gateway, rows)
    await derive(gateway, 1, 2, 3, 4)
    return gateway


async def options(gateway: Gateway, **variables: Any) -> list[tuple[str, list[int]]]:
    found = (await gateway(DOCUMENT, variables))["variantOptions"]
    return [(o["product"]["title"], [v["databaseId"] for v in o["variants"]]) for o in found]


async def test_what_can_be_bought(shelf: Gateway) -> None:
    """Published, active, in stock where stock is managed; products by their title, variants by their position."""
    assert await options(shelf) == [("Äpfel", [41]), ("banana", [12, 11])]


async def test_one_time_only(shelf: Gateway) -> None:
    assert await options(shelf, type="ONETIME") == [("Äpfel", [41]), ("banana", [11])]
    assert await options(shelf, type="SUBSCRIPTION") == [("banana", [12])]


async def test_included_are_always_there(shelf: Gateway) -> None:
    """Sold out, inactive, a subscription, of a draft, not found by the search: all the same."""
    chosen = [id_of(i) for i in (13, 14, 21, 31, 12)]
    expected = [("Äpfel", [41]), ("Apple", [21]), ("banana", [12, 11, 13, 14]), ("Cherry", [31])]
    assert await options(shelf, include=chosen, type="ONETIME") == expected
    assert await options(shelf, include=[id_of(21)], search="äpf") == [("Äpfel", [41]), ("Apple", [21])]


async def test_included_that_are_nothing(shelf: Gateway) -> None:
    assert await options(shelf, include=[id_of(999)], search="nothing") == []


async def test_search(shelf: Gateway) -> None:
    assert await options(shelf, search="MONTH") == [("banana", [12, 11])]
    assert await options(shelf, search="sku-11") == [("banana", [12, 11])]
    assert await options(shelf, search="cherry") == []
    assert await options(shelf, search="  ") == await options(shelf)


async def test_twenty_products(gateway: Gateway) -> None:
    """Whole ones, the first by title; what is included comes on top of them."""
    rows: list[Any] = []
    for i in range(1, 26):
        rows += [factories.product(i, title=f"Title {i:02}"), factories.variant(i, i), factories.variant(100 + i, i)]
    await factories.store_rows(gateway, rows)
    found = await options(gateway)
    assert found == [(f"Title {i:02}", [i, 100 + i]) for i in range(1, 21)]
    assert await options(gateway, include=[id_of(25)]) == [*found, ("Title 25", [25])]


@pytest.mark.parametrize("ids", [["nonsense"], ["UHJvZHVjdDox"], [id_of(11), "11"], [id_of(11)] * 101])
async def test_ids_that_are_none_of_a_variants(shelf: Gateway, ids: list[str]) -> None:
    """Of a product, of nothing, or too many: nothing runs."""
    (error,) = await shelf.refused(DOCUMENT, {"include": ids})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_visitors_get_none(shelf: Gateway) -> None:
    answer = await shelf.answer(DOCUMENT, {}, ANONYMOUS)
    assert answer.body["data"] == {"variantOptions": None}
