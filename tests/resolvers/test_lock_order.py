"""Everyone who writes an order holds what is concerned in one order, so that they wait for each other and never in a
circle: nobody is the victim of a deadlock, whose every try costs PostgreSQL a second and whose third is an error."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from itertools import combinations_with_replacement
from typing import Any, Final

import pytest

from db.store.unit import UnitOfWork
from tests.drawing import examples
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done
from tests.resolvers.test_carts import begun, v
from tests.resolvers.test_carts import go as buyer
from tests.resolvers.test_checkout import buy, method, till
from tests.resolvers.test_orders import gid, go, of, shop, taken

__all__ = ["shop", "till"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# As docs/adr/0068 has it; what belongs to an order or to a customer alone is held with that.
HELD: Final = ("cart", "orders", "customer", "product", "product_variant", "coupon", "receipt_counter", "license")
_LOCKED: Final = (
    re.compile(r"^SELECT .*?\bFROM (\w+)\b.* FOR (?:NO KEY )?(?:UPDATE|SHARE|KEY SHARE)", re.DOTALL),
    re.compile(r"^(?:UPDATE|DELETE FROM) (\w+)"),
    re.compile(r".*\b(receipt_counter)\b", re.DOTALL),  # which is behind a lock by name
)

Act = Callable[[Gateway, int], Awaitable[Callable[[], Awaitable[Any]]]]


def held(statements: Iterable[str]) -> list[str]:
    """Which tables these statements lock, each at its first time."""
    found: dict[str, None] = {}
    for statement in statements:
        for name in (match[1] for pattern in _LOCKED if (match := pattern.match(statement))):
            found.setdefault(name)
    return [name for name in found if name in HELD]


async def _checkout(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    token = await begun(gateway, 1 + number % 3, 1)
    await buyer(gateway, "cartApplyCoupon", token=token, code=("TEN", "FIVE")[number % 2])
    return lambda: buy(gateway, token, email="ada@example.org", **method(1))


async def _create(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    lines = [of(3), of(1)] if number % 2 else [of(1), of(2)]
    said = {"customerId": gid("Customer", 1), "items": lines, "paymentStatus": "PAID"}
    return lambda: go(gateway, "orderCreate", couponCodes=["TEN"], **said)


async def _pay(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(3), of(1 + number % 2))
    return lambda: go(gateway, "orderMarkAsPaid", id=order["id"])


async def _update(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    """Each has a coupon, and wants another's."""
    has, wants = ("TEN", "FIVE") if number % 2 else ("FIVE", "TEN")
    order = await taken(gateway, of(1), of(2), couponCodes=[has], customerId=gid("Customer", 1 + number % 2))
    buyer = {"customerId": gid("Customer", 2 - number % 2)}
    return lambda: go(gateway, "orderUpdate", id=order["id"], items=[of(3)], couponCodes=[wants], **buyer)


async def _cancel(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(1), of(3))
    return lambda: go(gateway, "orderStatusesUpdate", id=order["id"], status="CANCELED")


async def _refund(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(1), of(3), paymentStatus="PAID")
    said = {
        "transactionId": gid("OrderTransaction", order["transactions"][0]["databaseId"]),
        "restock": [{"itemId": gid("OrderItem", order["items"][0]["databaseId"]), "quantity": 1}],
    }
    return lambda: go(gateway, "orderRefund", id=order["id"], amount=500, **said)


async def _delete(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(1), of(3), couponCodes=["FIVE", "TEN"], status="DRAFT")
    return lambda: go(gateway, "orderDelete", id=order["id"])


async def _license(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(3))
    named = {"orderId": order["id"], "customerId": gid("Customer", 1), "variantId": v(3)}
    return lambda: done(gateway, "licenseCreate", named)


async def _generate(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    order = await taken(gateway, of(3), of(1), paymentStatus="PAID")
    for key in (1, 3):
        await done(gateway, "variantUpdate", {"id": v(key), "licensed": True})
    return lambda: done(gateway, "licensesGenerate", {"orderId": order["id"]})


async def _take_back(gateway: Gateway, number: int) -> Callable[[], Awaitable[Any]]:
    """With what it has brought."""
    await done(gateway, "variantUpdate", {"id": v(3), "licensed": True})
    order = await taken(gateway, of(1), of(3), paymentStatus="PAID")
    return lambda: go(gateway, "orderStatusesUpdate", id=order["id"], status="CANCELED")


ACTS: Final[tuple[Act, ...]] = (
    *(_checkout, _create, _pay, _update, _cancel, _refund, _delete, _license),
    *(_generate, _take_back),
)


@pytest.mark.parametrize("act", ACTS)
async def test_each_holds_in_the_order_of_all(till: Gateway, act: Act) -> None:
    carry_out = await act(till, 1)
    with till.counting() as statements:
        payload = await carry_out()
    assert payload["userErrors"] == []
    found = held(statements)
    assert found == [name for name in HELD if name in found]
    assert len(found) > 1


@pytest.mark.parametrize("act", [_create, _pay])
async def test_what_is_paid_takes_its_number_last(till: Gateway, act: Act) -> None:
    carry_out = await act(till, 1)
    with till.counting() as statements:
        await carry_out()
    assert held(statements)[-1] == "receipt_counter"


_PAIRS: Final = tuple(combinations_with_replacement(ACTS, 2))


@pytest.mark.parametrize("pair", _PAIRS[:: max(1, len(_PAIRS) // examples(12))])
async def test_nobody_is_a_victim(till: Gateway, monkeypatch: pytest.MonkeyPatch, pair: tuple[Act, Act]) -> None:
    passed: list[Exception] = []
    judged = UnitOfWork.passing

    def passing(unit: UnitOfWork, error: Exception) -> bool:
        if passes := judged(unit, error):
            passed.append(error)
        return passes

    acts = [await act(till, number) for number in range(5) for act in pair]
    monkeypatch.setattr(UnitOfWork, "passing", passing)
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(*(carry_out() for carry_out in acts))
    assert passed == []
    assert [payload["userErrors"] for payload in payloads if payload["userErrors"]] == []
