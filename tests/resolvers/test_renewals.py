"""Renewals: what a partner's billing has collected is an order of its own, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.catalog.product import FulfillmentType
from db.catalog.variant import BillingInterval, PaymentType
from db.commerce.subscription import SubscriptionStatus
from db.commerce.sums.plan import one_later
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, refused
from tests.resolvers.shelf import events
from tests.resolvers.test_carts import begun, by_staff
from tests.resolvers.test_checkout import buy, method, till
from tests.resolvers.test_orders import gid, shop, stock
from tests.resolvers.test_taxes import IN_AUSTIN, bought, taxed
from tests.resolvers.test_taxes import read as read_taxed

__all__ = ["shop", "taxed", "till"]

PAYLOAD = """subscription { databaseId status billCount billTimes nextBillingAt version }
  order { databaseId type status paymentStatus invoiceNo total { cents } subtotal { cents } taxTotal { cents }
    shippingStatus parent { databaseId } customer { databaseId } billingAddress { city }
    items { title quantity paymentType lineTotal { cents } taxAmount { cents } } }
  transaction { vendorChargeId total { cents } status paymentMethod }"""
PLAN: dict[str, Any] = {
    "payment_type": PaymentType.SUBSCRIPTION,
    "interval": BillingInterval.MONTHLY,
    "price": 3000,
    "billing_times": 3,
}


async def renew(gateway: Gateway, key: int, charge: str, **input: Any) -> Any:
    asked = {"id": gid("CustomerSubscription", key), "vendorChargeId": charge, **input}
    return await done(gateway, "subscriptionRenew", asked, PAYLOAD)


async def no_renewal(gateway: Gateway, key: int, charge: str, **input: Any) -> list[tuple[str, str]]:
    asked = {"id": gid("CustomerSubscription", key), "vendorChargeId": charge, **input}
    return await refused(gateway, "subscriptionRenew", asked)


async def subscribed(gateway: Gateway, product: int = 5, **variant: Any) -> tuple[int, int]:
    """The keys of an order of a plan, which is paid, and of what it began."""
    await factories.store_rows(gateway, [factories.variant(60, product, title="Monthly", **{**PLAN, **variant})])
    sent = method(1) if variant.get("fulfillment_type") is FulfillmentType.PHYSICAL else {}
    first = (await buy(gateway, await begun(gateway, 60), **sent))["receipt"]["orderNumber"]
    await by_staff(gateway, "orderMarkAsPaid", id=gid("Order", first))
    found = await gateway("{ subscriptions { nodes { databaseId } } }")
    return first, found["subscriptions"]["nodes"][0]["databaseId"]


async def test_a_renewal_is_an_order(till: Gateway) -> None:
    first, key = await subscribed(till)
    before = len(await events(till))
    due = (await till("{ subscriptions { nodes { nextBillingAt } } }"))["subscriptions"]["nodes"][0]["nextBillingAt"]
    found = await renew(till, key, "ch_2")
    assert found["subscription"] | {"version": 0} == {
        "databaseId": key,
        "status": "ACTIVE",
        "billCount": 2,
        "billTimes": 3,
        "nextBillingAt": one_later("monthly", datetime.fromisoformat(due)).isoformat().replace("+00:00", "Z"),  # type: ignore[union-attr]
        "version": 0,
    }
    order = found["order"]
    assert (order["type"], order["status"], order["paymentStatus"]) == ("RENEWAL", "COMPLETED", "PAID")
    assert (order["parent"], order["total"]) == ({"databaseId": first}, {"cents": 3000})
    assert order["billingAddress"] == {"city": "Bremen"}
    assert [line["paymentType"] for line in order["items"]] == ["SUBSCRIPTION"]
    assert found["transaction"] == {
        "vendorChargeId": "ch_2",
        "total": {"cents": 3000},
        "status": "SUCCEEDED",
        "paymentMethod": "offline_payment",
    }
    numbers = await till("{ orders(sort: {field: ID}) { nodes { invoiceNo } } }")
    assert len({node["invoiceNo"] for node in numbers["orders"]["nodes"]}) == 2
    customer = (await till("{ customers(first: 1) { nodes { purchaseCount lifetimeValue { cents } } } }"))["customers"]
    assert customer["nodes"] == [{"purchaseCount": 2, "lifetimeValue": {"cents": 6000}}]
    names = [one["name"] for one in (await events(till))[before:]]
    assert names.index("order.created") < names.index("subscription.renewed")
    assert "subscription.completed" not in names
    renewed = next(one for one in await events(till, "subscription.renewed"))
    assert renewed["payload"]["renewalOrderId"] == order["databaseId"]


async def test_the_last_bill_completes_it(till: Gateway) -> None:
    _, key = await subscribed(till)
    await renew(till, key, "ch_2")
    last = await renew(till, key, "ch_3")
    assert last["subscription"] | {"version": 0} == {
        "databaseId": key,
        "status": "COMPLETED",
        "billCount": 3,
        "billTimes": 3,
        "nextBillingAt": None,
        "version": 0,
    }
    names = [one["name"] for one in await events(till)]
    # The end of its term comes before its last renewal, as documented.
    assert names.index("subscription.completed") < len(names) - 1 - names[::-1].index("subscription.renewed")
    assert await no_renewal(till, key, "ch_4") == [("BUSINESS_RULE", "id")]


async def test_a_charge_is_noted_down_once(till: Gateway) -> None:
    """Also by several at once, and of another subscription."""
    _, key = await subscribed(till)
    await factories.store_rows(till, [factories.subscription(900, interval="monthly", recurring_total=100)])
    document = """mutation Go($input: SubscriptionRenewInput!) { subscriptionRenew(input: $input) {
      order { id } userErrors { code field } } }"""
    asked = [{"id": gid("CustomerSubscription", key), "vendorChargeId": "ch_once"} for _ in range(4)]
    async with asyncio.timeout(PATIENCE):
        said = await asyncio.gather(*(till(document, {"input": one}) for one in asked))
    made = [one for one in said if one["subscriptionRenew"]["order"]]
    assert len(made) == 1
    others = [one["subscriptionRenew"]["userErrors"] for one in said if not one["subscriptionRenew"]["order"]]
    assert others == [[{"code": "CONFLICT", "field": ["vendorChargeId"]}]] * 3
    assert await no_renewal(till, 900, "ch_once") == [("CONFLICT", "vendorChargeId")]


async def test_goods_leave_the_stock_as_far_as_they_are_there(till: Gateway) -> None:
    sent = {"fulfillment_type": FulfillmentType.PHYSICAL, "manage_stock": True, "total_stock": 2, "available": 2}
    _, key = await subscribed(till, product=1, **sent)
    assert await stock(till, 60) == (1, 1, 0)
    order = (await renew(till, key, "ch_2"))["order"]
    assert (order["status"], order["shippingStatus"]) == ("PROCESSING", "UNSHIPPED")
    assert await stock(till, 60) == (0, 2, 0)
    await renew(till, key, "ch_3")
    assert await stock(till, 60) == (0, 2, 0)


async def test_one_that_had_ended_lives_again(till: Gateway) -> None:
    """From the day on which it was paid; one that was canceled gets what was paid, and stays so."""
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(days=90)
    terms: dict[str, Any] = {"interval": "weekly", "recurring_total": 700, "next_billing_at": past}
    await factories.store_rows(
        till,
        [
            factories.subscription(900, status=SubscriptionStatus.EXPIRED, **terms),
            factories.subscription(901, status=SubscriptionStatus.CANCELED, **terms),
        ],
    )
    paid = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    until = (paid + timedelta(days=7)).isoformat().replace("+00:00", "Z")
    for key, status in ((900, "ACTIVE"), (901, "CANCELED")):
        found = (await renew(till, key, f"ch_{key}", paidAt=paid.isoformat()))["subscription"]
        assert (found["status"], found["nextBillingAt"]) == (status, until)


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"vendorChargeId": ""}, ("VALIDATION", "vendorChargeId")),
        ({"vendorChargeId": "x" * 193}, ("VALIDATION", "vendorChargeId")),
        ({"amount": -1}, ("VALIDATION", "amount")),
        ({"paidAt": "2999-01-01T00:00:00Z"}, ("VALIDATION", "paidAt")),
        ({"nextBillingAt": "2001-01-01T00:00:00Z"}, ("VALIDATION", "nextBillingAt")),
        ({"paymentMethod": "x" * 51}, ("VALIDATION", "paymentMethod")),
        ({"id": gid("CustomerSubscription", 404)}, ("NOT_FOUND", "id")),
        ({"id": gid("CustomerSubscription", 901)}, ("BUSINESS_RULE", "id")),
        ({"id": gid("CustomerSubscription", 902)}, ("VALIDATION", "nextBillingAt")),
        ({"expectedVersion": 7}, ("CONFLICT", "expectedVersion")),
    ],
)
async def test_what_is_no_renewal(till: Gateway, input: dict[str, Any], expected: tuple[str, str]) -> None:
    await factories.store_rows(
        till,
        [
            factories.subscription(900, interval="monthly", recurring_total=700),
            factories.subscription(901, interval="monthly", status=SubscriptionStatus.PENDING),
            factories.subscription(902, interval="now and then", recurring_total=700),
        ],
    )
    before = len(await events(till))
    asked = {"id": gid("CustomerSubscription", 900), "vendorChargeId": "ch_1", **input}
    assert await refused(till, "subscriptionRenew", asked) == [expected]
    assert len(await events(till)) == before
    assert (await till("{ orders { totalCount } }"))["orders"]["totalCount"] == 0


@pytest.mark.parametrize("amount", [None, 1001])
async def test_a_renewal_is_taxed_as_its_first_order(taxed: Gateway, amount: int | None) -> None:
    """What its rates come to adds up to its tax, whatever was paid."""
    await factories.store_rows(taxed, [factories.variant(60, 5, title="Monthly", **PLAN)])
    receipt, first = await bought(taxed, await begun(taxed, 60), billing=IN_AUSTIN)
    await by_staff(taxed, "orderMarkAsPaid", id=gid("Order", receipt["orderNumber"]))
    found = await taxed("{ subscriptions { nodes { databaseId recurringTotal { cents } } } }")
    (subscription,) = found["subscriptions"]["nodes"]
    given = {} if amount is None else {"amount": amount}
    made = (await renew(taxed, subscription["databaseId"], "ch_2", **given))["order"]
    order = await read_taxed(taxed, made["databaseId"])
    assert made["total"]["cents"] == amount or subscription["recurringTotal"]["cents"]
    assert made["subtotal"]["cents"] + made["taxTotal"]["cents"] == made["total"]["cents"]
    assert [each["name"] for each in order["taxes"]] == [each["name"] for each in first["taxes"]] == ["TX", "Local"]
    if amount is None:
        assert order["taxes"] == first["taxes"]


def test_months_of_the_calendar() -> None:
    """The 31st is the last of shorter months, and the 31st again."""
    at, day, seen = datetime(2026, 1, 31, 12, tzinfo=UTC), 31, []
    for _ in range(5):
        at = one_later("monthly", at, day) or at
        seen.append((at.month, at.day))
    assert seen == [(2, 28), (3, 31), (4, 30), (5, 31), (6, 30)]
    assert one_later("yearly", datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2029, 2, 28, tzinfo=UTC)
    assert one_later("quarterly", datetime(2026, 11, 30, tzinfo=UTC)) == datetime(2027, 2, 28, tzinfo=UTC)
    assert one_later("monthly", datetime(9999, 12, 31, tzinfo=UTC)) is None
    assert one_later("now and then", at) is None
