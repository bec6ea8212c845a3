"""How a product sells (S5 GET /products/{productId}/pricing-widgets)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import time_machine

from db.commerce.order import PaymentStatus
from tests import factories
from tests.gateway import ANONYMOUS, Gateway

DOCUMENT: Final = """
query Sales($number: Int!) {
  product(by: { databaseId: $number }) {
    salesOverview { periods { range quantity amount { cents } } widgets { title body } }
  }
}
"""
NEW_YEAR: Final = datetime(2027, 1, 1, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


async def stock(gateway: Gateway, *sold: dict[str, Any]) -> None:
    """Products 1 and 2, and an order for each line of `sold`, of product 1 unless it says otherwise."""
    rows: list[Any] = [factories.store(), factories.product(1), factories.product(2)]
    rows += [factories.variant(11, 1), factories.variant(22, 2)]
    for number, line in enumerate(sold, start=1):
        status, at = line.pop("status", PaymentStatus.PAID), line.pop("at", NEW_YEAR - timedelta(days=100))
        rows.append(factories.order(number, payment_status=status, created_at=at))
        rows.append(
            factories.order_item(number, number, **{"product_id": 1, "quantity": 1, "line_total": 1000, **line})
        )
    await factories.store_rows(gateway, rows)


async def sales(gateway: Gateway, now: datetime, number: int = 1) -> list[tuple[int, int]]:
    """Quantity and cents of all time, the last 30 days, this month."""
    with time_machine.travel(now, tick=False):
        periods = (await gateway(DOCUMENT, {"number": number}))["product"]["salesOverview"]["periods"]
    assert [p["range"] for p in periods] == ["ALL_TIME", "LAST_30_DAYS", "THIS_MONTH"]
    return [(p["quantity"], p["amount"]["cents"]) for p in periods]


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        (NEW_YEAR, (1, 1, 1)),
        (NEW_YEAR - SECOND, (1, 1, 0)),  # last month
        (NEW_YEAR - timedelta(days=30), (1, 1, 0)),  # to the second thirty days ago
        (NEW_YEAR - timedelta(days=30) - SECOND, (1, 0, 0)),
        (datetime(2020, 2, 29, tzinfo=UTC), (1, 0, 0)),
    ],
)
async def test_the_first_moment_of_a_month(gateway: Gateway, at: datetime, counted: tuple[int, int, int]) -> None:
    await stock(gateway, {"at": at})
    assert tuple(quantity for quantity, _ in await sales(gateway, NEW_YEAR)) == counted


async def test_the_last_moment_of_a_month(gateway: Gateway) -> None:
    """The first of December is still this month, and no longer within thirty days."""
    await stock(gateway, {"at": datetime(2026, 12, 1, tzinfo=UTC)})
    assert await sales(gateway, NEW_YEAR - SECOND) == [(1, 1000), (0, 0), (1, 1000)]


async def test_march(gateway: Gateway) -> None:
    """Thirty days reach across all of February."""
    await stock(gateway, {"at": datetime(2027, 1, 31, tzinfo=UTC)}, {"at": datetime(2027, 2, 1, tzinfo=UTC)})
    assert await sales(gateway, datetime(2027, 3, 2, tzinfo=UTC)) == [(2, 2000), (2, 2000), (0, 0)]


@pytest.mark.parametrize("status", PaymentStatus)
async def test_only_paid_orders_count(gateway: Gateway, status: PaymentStatus) -> None:
    paid = {"paid", "partially_paid", "partially_refunded", "refunded"}
    await stock(gateway, {"status": status})
    (all_time, *_) = await sales(gateway, NEW_YEAR)
    assert all_time == ((1, 1000) if status.value in paid else (0, 0))


async def test_refunds(gateway: Gateway) -> None:
    refunded = {"line_total": 5000, "refund_total": 5000, "status": PaymentStatus.REFUNDED}
    await stock(gateway, {"quantity": 3, "line_total": 3000, "refund_total": 1000}, refunded)
    assert (await sales(gateway, NEW_YEAR))[0] == (4, 2000)


async def test_each_product_its_own(gateway: Gateway) -> None:
    await stock(gateway, {"quantity": 2}, {"product_id": 2, "quantity": 5}, {"product_id": None, "quantity": 9})
    assert (await sales(gateway, NEW_YEAR))[0][0] == 2
    assert (await sales(gateway, NEW_YEAR, 2))[0][0] == 5


async def test_several_products_in_one_statement(gateway: Gateway) -> None:
    await stock(gateway, {"quantity": 2})
    with gateway.counting() as statements:
        found = await gateway("{ products { nodes { salesOverview { periods { quantity } } } } }")
    assert [p["salesOverview"]["periods"][0]["quantity"] for p in found["products"]["nodes"]] == [0, 2]
    assert len(statements) == 2


async def test_large_amounts(gateway: Gateway) -> None:
    await stock(gateway, {"line_total": 2**52}, {"line_total": 2**52 - 1})
    assert (await sales(gateway, NEW_YEAR))[0] == (2, 2**53 - 1)


async def test_widgets_say_the_same(gateway: Gateway) -> None:
    await stock(gateway, {"quantity": 2, "line_total": 123456})
    with time_machine.travel(NEW_YEAR, tick=False):
        (widget,) = (await gateway(DOCUMENT, {"number": 1}))["product"]["salesOverview"]["widgets"]
    assert "<span>All time (2)</span><span>$1,234.56</span>" in widget["body"]


async def test_it_is_the_stores_business(gateway: Gateway) -> None:
    await stock(gateway, {})
    answer = await gateway.answer(DOCUMENT, {"number": 1}, ANONYMOUS)
    assert answer.body["data"]["product"] == {"salesOverview": None}
    assert answer.body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
