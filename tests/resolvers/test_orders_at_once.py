"""Customers at the checkout and clerks at their orders, all at once: what is refused is refused in words, and the
stock, the sums, the coupons and the customers say the same as the orders afterwards."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from random import Random
from typing import Any

from db.commerce.coupon import CouponType
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.test_carts import begun, go, v
from tests.resolvers.test_checkout import buy, method, till
from tests.resolvers.test_orders import gid, of, shop, taken, wrong
from tests.resolvers.test_orders import go as staff
from tests.resolvers.test_orders_at_random import check

__all__ = ["shop", "till"]


async def at_once(acts: Iterable[Awaitable[Any]]) -> Counter[str]:
    """How many were done, and how the others were refused."""
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(*acts)
    return Counter("done" if not payload["userErrors"] else str(wrong(payload)[0]) for payload in payloads)


async def test_customers_and_clerks(till: Gateway) -> None:
    chance = Random(5)
    acts = []
    for number in range(9):
        token = await begun(till, chance.choice([1, 2, 3]), 1)
        await go(till, "cartAdd", token=token, variantId=v(chance.choice([1, 2, 3])), quantity=1)
        if number % 3 == 0:
            await go(till, "cartApplyCoupon", token=token, code=chance.choice(["TEN", "FIVE"]))
        acts.append(buy(till, token, email="ada@example.org", **method(1)))
    for order in [await taken(till, of(chance.choice([1, 2, 3])), of(1)) for _ in range(3)]:
        acts += [staff(till, "orderMarkAsPaid", id=order["id"]) for _ in range(2)]
        acts += [
            staff(till, "orderUpdate", id=order["id"], items=[of(1)], couponCodes=["TEN"]),
            staff(till, "orderStatusesUpdate", id=order["id"], status="CANCELED"),
            staff(till, "orderDelete", id=order["id"]),
        ]
    for order in [await taken(till, of(3), paymentStatus="PAID") for _ in range(2)]:
        payment = gid("OrderTransaction", order["transactions"][0]["databaseId"])
        acts += [staff(till, "orderRefund", id=order["id"], transactionId=payment, amount=2000) for _ in range(3)]
    chance.shuffle(acts)
    assert (await at_once(acts))["done"] >= 9
    await check(till)


async def test_limits_hold(till: Gateway) -> None:
    """Of a coupon in all, and of one for each customer however they write their address; of what there is; of a cart,
    which is bought once."""
    await factories.store_rows(
        till,
        [
            factories.coupon(30, code="THREE", type=CouponType.FIXED, amount=100, max_uses=3),
            factories.coupon(31, code="EACH", type=CouponType.FIXED, amount=100, max_per_customer=2),
        ],
    )

    async def carts(variant: int, quantity: int = 1, code: str | None = None) -> list[str]:
        made = [await begun(till, variant, quantity) for _ in range(8)]
        for token in made if code else ():
            await go(till, "cartApplyCoupon", token=token, code=code)
        return made

    spelled = ("New@Example.org", "new@example.ORG")
    each = [buy(till, one, email=f"{n}@example.org") for n, one in enumerate(await carts(4, code="THREE"))]
    assert (await at_once(each))["done"] == 3
    each = [buy(till, one, email=spelled[n % 2]) for n, one in enumerate(await carts(4, code="EACH"))]
    assert (await at_once(each))["done"] == 2
    each = [buy(till, one, email=f"{n}@example.org", **method(1)) for n, one in enumerate(await carts(2, 3))]
    assert (await at_once(each))["done"] == 3  # of ten pieces
    token = await begun(till, 4, 1)
    assert (await at_once(buy(till, token, email=f"{n}@example.com") for n in range(6)))["done"] == 1
