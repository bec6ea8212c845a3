"""Orders that anything is done to, in any order: after each step the stock, the sums, the coupons and the customers say
the same as the orders."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update

from db.catalog.variant import VariantRow
from db.commerce.coupon import AppliedCouponRow, CouponRow
from db.commerce.customer import CustomerRow
from db.commerce.license import LicenseRow, LicenseStatus
from db.commerce.order import (
    STILL_PAID,
    OrderItemRow,
    OrderRow,
    OrderStatus,
    OrderTransactionRow,
    PaymentStatus,
)
from db.store.row import Row, table
from tests.drawing import examples
from tests.gateway import Gateway
from tests.resolvers.test_orders import gid, go, of, shop

__all__ = ["shop"]

COUNTED = (1, 2, 3, 5)
LICENSED = (1, 3)
PIECES = 10
CODES = ("TEN", "FIVE", "SHIP", "LONE")


async def rows(gateway: Gateway, row: type[Row]) -> list[Mapping[str, Any]]:
    """In an order that is the same each time, as chance picks from them by their places."""
    of = table(row)
    async with gateway.database.read() as connection:
        return [dict(one) for one in (await connection.execute(select(of).order_by(of.c.id))).mappings()]


class Clerk:
    """Somebody who does one thing after another, right or wrong."""

    def __init__(self, gateway: Gateway, random: Random) -> None:
        self.gateway, self.random = gateway, random
        self.done: Counter[str] = Counter()

    async def act(self) -> None:
        name = self.random.choice(
            ["create", "create", "update", "update", "pay", "refund", "status", "parcel", "delete"]
        )
        orders = await rows(self.gateway, OrderRow)
        if name == "create" or not orders:
            payload = await self._create()
        else:
            order = self.random.choice(orders)
            payload = await getattr(self, f"_{name}")(order)
        self.done[f"{name}:{'refused' if payload['userErrors'] else 'done'}"] += 1

    def _items(self) -> list[dict[str, Any]]:
        picks = [self.random.choice([1, 2, 3, 4, 5]) for _ in range(self.random.randint(1, 3))]
        return [of(pick, 1 if pick == 4 else self.random.randint(1, 3)) for pick in picks]

    def _lowered(self) -> dict[str, Any]:
        discount = self.random.choice([None, {"amount": self.random.randint(0, 9000)}, {"percentage": "33.33"}])
        return {"couponCodes": self.random.sample(CODES, self.random.randint(0, 2)), "discount": discount}

    async def _create(self) -> Any:
        paid = self.random.choice(["PENDING", "PENDING", "PAID"])
        customer = gid("Customer", self.random.choice([1, 2]))
        more = {"paymentStatus": paid, "shippingTotal": self.random.choice([0, 499])}
        return await go(
            self.gateway, "orderCreate", customerId=customer, items=self._items(), **more, **self._lowered()
        )

    async def _update(self, order: Mapping[str, Any]) -> Any:
        lines = [line for line in await rows(self.gateway, OrderItemRow) if line["order_id"] == order["id"]]
        line = self.random.choice(lines)
        mine = gid("OrderItem", line["id"])
        what: dict[str, Any] = self.random.choice(
            [
                {"items": [{"id": mine, "quantity": self.random.randint(1, 4)}]},
                {"items": [{"id": mine, "unitPrice": self.random.randint(0, 5000)}]},
                {"items": self._items()},
                {"deletedItemIds": [mine]},
                {"shippingTotal": self.random.randint(0, 900)},
                {"customerId": gid("Customer", self.random.choice([1, 2]))},
                self._lowered(),
            ]
        )
        return await go(self.gateway, "orderUpdate", id=gid("Order", order["id"]), **what)

    async def _pay(self, order: Mapping[str, Any]) -> Any:
        return await go(self.gateway, "orderMarkAsPaid", id=gid("Order", order["id"]))

    async def _refund(self, order: Mapping[str, Any]) -> Any:
        of_it = [one for one in await rows(self.gateway, OrderTransactionRow) if one["order_id"] == order["id"]]
        lines = [line for line in await rows(self.gateway, OrderItemRow) if line["order_id"] == order["id"]]
        payment, line = self.random.choice(of_it), self.random.choice(lines)
        asked: dict[str, Any] = {"amount": self.random.choice([1, 700, max(1, payment["total"])])}
        if self.random.random() < 0.5:
            asked["restock"] = [{"itemId": gid("OrderItem", line["id"]), "quantity": self.random.randint(1, 3)}]
        transaction = gid("OrderTransaction", payment["id"])
        return await go(self.gateway, "orderRefund", id=gid("Order", order["id"]), transactionId=transaction, **asked)

    async def _status(self, order: Mapping[str, Any]) -> Any:
        status = self.random.choice(["PROCESSING", "COMPLETED", "ON_HOLD", "CANCELED"])
        asked = {"status": status, "manageStock": self.random.random() < 0.8}
        return await go(self.gateway, "orderStatusesUpdate", id=gid("Order", order["id"]), **asked)

    async def _parcel(self, order: Mapping[str, Any]) -> Any:
        status = self.random.choice(["UNSHIPPED", "SHIPPED", "DELIVERED", "UNSHIPPABLE"])
        return await go(self.gateway, "orderStatusesUpdate", id=gid("Order", order["id"]), shippingStatus=status)

    async def _delete(self, order: Mapping[str, Any]) -> Any:
        return await go(self.gateway, "orderDelete", id=gid("Order", order["id"]))


async def check(gateway: Gateway) -> None:
    orders = {one["id"]: one for one in await rows(gateway, OrderRow)}
    lines = await rows(gateway, OrderItemRow)
    used = await rows(gateway, AppliedCouponRow)
    for variant in await rows(gateway, VariantRow):
        if variant["id"] in COUNTED:
            its = [line for line in lines if line["variant_id"] == variant["id"]]
            assert variant["available"] + variant["on_hold"] + variant["committed"] == PIECES
            assert variant["on_hold"] == sum(line["on_hold"] for line in its)
            assert variant["committed"] >= sum(line["committed"] for line in its)
    for key, order in orders.items():
        its = [line for line in lines if line["order_id"] == key]
        off = sum(line["discount_total"] for line in its)
        assert all(0 <= line["discount_total"] <= line["subtotal"] for line in its)
        assert all(line["line_total"] == line["subtotal"] - line["discount_total"] for line in its)
        assert off == order["coupon_discount_total"] + order["manual_discount_total"]
        assert order["coupon_discount_total"] == sum(one["amount"] for one in used if one["order_id"] == key)
        assert order["total"] == order["subtotal"] - off + order["shipping_total"]
        assert order["total_refund"] <= order["total_paid"]
        assert sum(line["refund_total"] for line in its) <= order["total_refund"]
        assert all(line["restocked_quantity"] <= line["quantity"] for line in its)
    times = Counter(one["coupon_id"] for one in used)
    assert {one["id"]: one["use_count"] for one in await rows(gateway, CouponRow)} == {n: times[n] for n in range(1, 6)}
    for customer in await rows(gateway, CustomerRow):
        own = [one for one in orders.values() if one["customer_id"] == customer["id"]]
        counted = [one for one in own if one["payment_status"] in STILL_PAID]
        assert customer["purchase_count"] == len(counted)
        assert customer["lifetime_value"] == sum(one["total_paid"] - one["total_refund"] for one in counted)
    numbers = [one["receipt_number"] for one in orders.values() if one["receipt_number"] is not None]
    assert len(numbers) == len(set(numbers))


async def check_licenses(gateway: Gateway, given_back: set[int]) -> None:
    """`given_back`: orders of which all money was given back at some time."""
    lines, licenses = await rows(gateway, OrderItemRow), await rows(gateway, LicenseRow)
    assert all(one["status"] is LicenseStatus.DISABLED for one in licenses if one["order_id"] is None)
    for order in await rows(gateway, OrderRow):
        key, over = order["id"], order["status"] is OrderStatus.CANCELED
        if order["payment_status"] is PaymentStatus.REFUNDED:
            given_back.add(key)
            over = True
        for variant in LICENSED:
            its = [line for line in lines if line["order_id"] == key and line["variant_id"] == variant]
            found = [one for one in licenses if one["order_id"] == key and one["variant_id"] == variant]
            valid = sum(one["status"] is LicenseStatus.ACTIVE for one in found)
            stay = sum(line["quantity"] - line["restocked_quantity"] for line in its)
            assert {one["customer_id"] for one in found} <= {order["customer_id"]}
            assert all(one["status"] is LicenseStatus.DISABLED for one in found if one["returned"])
            if over:
                assert valid == 0
            elif order["payment_status"] not in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED):
                assert valid <= stay
            elif key in given_back:
                assert sum(not one["returned"] for one in found) == stay
            else:
                assert valid == stay


@pytest.mark.parametrize("seed", range(2))
async def test_licences_agree(shop: Gateway, seed: int) -> None:
    async with shop.database.write() as connection:
        variants = table(VariantRow)
        await connection.execute(update(variants).where(variants.c.id.in_(LICENSED)).values(licensed=True))
        await connection.commit()
    clerk, given_back = Clerk(shop, Random(seed)), set[int]()
    for _ in range(examples(40)):
        await clerk.act()
        await check_licenses(shop, given_back)
    assert len(await rows(shop, LicenseRow)) >= 3


@pytest.mark.parametrize("seed", range(2))
async def test_all_of_it_agrees(shop: Gateway, seed: int) -> None:
    clerk = Clerk(shop, Random(seed))
    for _ in range(30):
        await clerk.act()
        await check(shop)
    assert clerk.done["create:done"] >= 3


async def test_all_of_it_happens(shop: Gateway) -> None:
    """Or the walks above would prove little."""
    clerk = Clerk(shop, Random(99))
    for _ in range(120):
        await clerk.act()
    await check(shop)
    acts = ("create", "update", "pay", "refund", "status", "parcel", "delete")
    assert [name for name in acts for end in ("done", "refused") if not clerk.done[f"{name}:{end}"]] == []
