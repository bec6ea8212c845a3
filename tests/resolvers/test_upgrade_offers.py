"""What the owner of an order may change a variant to, and for how much (model: the upgrade path's offer)."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import pytest
import time_machine

from db.catalog.upgrade_offer import period_days, subscription_credit
from db.catalog.variant import BillingInterval, PaymentType, VariantStatus
from db.commerce.order import LineType, OrderType, PaymentStatus
from db.commerce.subscription import SubscriptionStatus
from tests import factories
from tests.gateway import ANONYMOUS, Gateway

HASH: Final = "order-1"
FROM, TARGET, OTHER = 11, 12, 13
NOW: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)  # of a month with 31 days
DOCUMENT: Final = """
query Offers($hash: String!, $number: Int!) {
  productVariant(by: { databaseId: $number }) {
    upgradeOffers(orderHash: $hash) {
      title
      toVariant { databaseId }
      path { databaseId }
      price { cents }
      originalPrice { cents }
      discountAmount { cents }
      prorateCredit { cents }
      setupFee { cents }
      setupFeeLabel
      cost { cents currency }
      paymentSummary
      upgradeUrl
    }
  }
}
"""


async def stock(
    gateway: Gateway, *, path: dict[str, Any] | None = None, target: dict[str, Any] | None = None, rows: Any = ()
) -> None:
    """Variant 11 may become variant 12 by a path that prorates, unless `path` says otherwise."""
    await factories.store_rows(
        gateway,
        [
            factories.store(url="https://shop.example/"),
            factories.product(1),
            factories.variant(FROM, 1, title="Starter", price=1000),
            factories.variant(TARGET, 1, **{"title": "Team", "price": 10000, **(target or {})}),
            factories.variant(OTHER, 1, title="For life", price=50000),
            factories.upgrade_path(1, FROM, **{"prorate": True, **(path or {})}),
            factories.upgrade_target(1, TARGET),
            *rows,
        ],
    )


def bought(**values: Any) -> list[Any]:
    """A paid order of variant 11 for 3100 cents."""
    return [
        factories.order(1),
        factories.order_item(1, 1, **{"product_id": 1, "variant_id": FROM, "line_total": 3100, **values}),
    ]


def subscribed(interval: str = "monthly", *, left: timedelta = timedelta(days=15), **values: Any) -> list[Any]:
    """The same as a subscription, with so much time left of what was paid."""
    order = factories.order(1, type=OrderType.SUBSCRIPTION)
    item = factories.order_item(1, 1, variant_id=FROM, line_total=3100, payment_type=LineType.SUBSCRIPTION)
    terms = {"order_id": 1, "variant_id": FROM, "interval": interval, "next_billing_at": NOW + left, **values}
    return [order, item, factories.subscription(1, **terms)]


async def offers(gateway: Gateway, *, hash: str = HASH, number: int = FROM, now: datetime = NOW) -> Any:
    with time_machine.travel(now, tick=False):
        found = await gateway(DOCUMENT, {"hash": hash, "number": number})
    return found["productVariant"]["upgradeOffers"]


async def credit(gateway: Gateway, **options: Any) -> int:
    (offer,) = await offers(gateway, **options)
    cents: int = offer["prorateCredit"]["cents"]
    return cents


async def test_every_field(gateway: Gateway) -> None:
    fee = {"has_setup_fee": True, "setup_fee": 500, "setup_fee_label": "Migration"}
    await stock(gateway, path={"discount_amount": 250}, target=fee, rows=bought())
    (offer,) = await offers(gateway)
    assert offer == {
        "title": "Team",
        "toVariant": {"databaseId": TARGET},
        "path": {"databaseId": 1},
        "price": {"cents": 10000},
        "originalPrice": {"cents": 10500},
        "discountAmount": {"cents": 250},
        "prorateCredit": {"cents": 3100},
        "setupFee": {"cents": 500},
        "setupFeeLabel": "Migration",
        "cost": {"cents": 10000 + 500 - 3100 - 250, "currency": "USD"},
        "paymentSummary": "$71.50 one-time",
        "upgradeUrl": "https://shop.example/?fluent-cart=upgrade&order_hash=order-1&path_id=1&target_id=12",
    }


# What is credited


async def test_nothing_unless_prorated(gateway: Gateway) -> None:
    await stock(gateway, path={"prorate": False}, rows=bought())
    assert await credit(gateway) == 0


async def test_refunds(gateway: Gateway) -> None:
    await stock(gateway, rows=bought(refund_total=1000))
    assert await credit(gateway) == 2100


async def test_refunds_beyond_what_was_paid(gateway: Gateway) -> None:
    await stock(gateway, rows=bought(refund_total=4000))
    assert await credit(gateway) == 0


async def test_attached_lines(gateway: Gateway) -> None:
    """A setup fee is a line of its own, named by the line that it belongs to; refunds of it count too."""
    fee = factories.order_item(2, 1, payment_type=LineType.SIGNUP_FEE, line_total=500, refund_total=100)
    stranger = factories.order_item(3, 1, payment_type=LineType.FEE, line_total=9999)
    rows = [*bought(line_meta={"additional_item_ids": [2, "77", None]}), fee, stranger]
    await stock(gateway, rows=rows)
    assert await credit(gateway) == 3500


@pytest.mark.parametrize("meta", [None, [], "text", {"additional_item_ids": None}, {"additional_item_ids": "2"}])
async def test_odd_line_meta(gateway: Gateway, meta: Any) -> None:
    await stock(gateway, rows=bought(line_meta=meta))
    assert await credit(gateway) == 3100


@pytest.mark.parametrize(
    ("interval", "left", "expected"),
    [
        ("daily", timedelta(hours=1), 3100),  # days are counted whole: an hour left is one
        ("weekly", timedelta(days=3), 1328),  # 3100 / 7 × 3, rounded down
        ("weekly", timedelta(days=2, seconds=1), 1328),
        ("monthly", timedelta(days=15), 1500),  # December has 31 days
        ("monthly", timedelta(days=31), 3100),
        ("monthly", timedelta(days=60), 3100),  # never more than the period
        ("yearly", timedelta(days=73), 620),
        ("yearly", timedelta(days=400), 3100),
        ("quarterly", timedelta(days=15), 0),  # intervals that are not prorated
        ("half_yearly", timedelta(days=15), 0),
        ("fortnightly", timedelta(days=15), 0),
        ("", timedelta(days=15), 0),
        ("monthly", timedelta(0), 0),
        ("monthly", timedelta(days=-3), 0),
    ],
)
async def test_subscriptions(gateway: Gateway, interval: str, left: timedelta, expected: int) -> None:
    await stock(gateway, rows=subscribed(interval, left=left))
    assert await credit(gateway) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (SubscriptionStatus.ACTIVE, 1500),
        (SubscriptionStatus.TRIALING, 1500),  # without a trial that still runs: see below
        (SubscriptionStatus.COMPLETED, 1500),
        (SubscriptionStatus.CANCELED, 1500),  # paid until the next billing date
        (SubscriptionStatus.PAUSED, 1500),
        (SubscriptionStatus.FAILING, 1500),
        (SubscriptionStatus.EXPIRING, 1500),
        (SubscriptionStatus.EXPIRED, 0),
        (SubscriptionStatus.PAST_DUE, 0),
        (SubscriptionStatus.INTENDED, 0),
        (SubscriptionStatus.PENDING, 0),
    ],
)
async def test_access(gateway: Gateway, status: SubscriptionStatus, expected: int) -> None:
    await stock(gateway, rows=subscribed(status=status))
    assert await credit(gateway) == expected


async def test_trial(gateway: Gateway) -> None:
    """In a trial nothing was paid for; after it what was paid counts."""
    await stock(gateway, rows=subscribed(status=SubscriptionStatus.TRIALING, trial_ends_at=NOW + timedelta(days=1)))
    assert await credit(gateway) == 0
    assert await credit(gateway, now=NOW + timedelta(days=1)) == 1400


async def test_unknown_end(gateway: Gateway) -> None:
    await stock(gateway, rows=subscribed(next_billing_at=None))
    assert await credit(gateway) == 0


async def test_subscription_is_gone(gateway: Gateway) -> None:
    await stock(gateway, rows=subscribed()[:2])
    assert await credit(gateway) == 0


async def test_refunded_subscription(gateway: Gateway) -> None:
    order, item, subscription = subscribed()
    item.refund_total = 5000
    await stock(gateway, rows=[order, item, subscription])
    assert await credit(gateway) == 0


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), 31),
        (datetime(2026, 2, 1, tzinfo=UTC), 28),
        (datetime(2028, 2, 29, tzinfo=UTC), 29),  # a leap year
        (datetime(2100, 2, 1, tzinfo=UTC), 28),  # not one
        (datetime(2026, 4, 30, tzinfo=UTC), 30),
    ],
)
def test_days_of_a_month(now: datetime, days: int) -> None:
    assert period_days(BillingInterval.MONTHLY.value, now) == days
    assert subscription_credit(days * 100, "monthly", now + timedelta(days=10), now) == 1000


def test_credit_of_large_amounts_is_exact() -> None:
    """Whole cents, not what a float makes of them: a third of a lot of money."""
    paid = 2**53 - 1
    assert subscription_credit(paid, "weekly", NOW + timedelta(days=3), NOW) == paid * 3 // 7
    assert subscription_credit(paid, "yearly", NOW + timedelta(days=365), NOW) == paid
    assert [subscription_credit(c, "weekly", NOW + timedelta(days=7), NOW) for c in (61, 115)] == [61, 115]


# What it costs


@pytest.mark.parametrize(
    ("price", "fee", "discount", "cost"),
    [(10000, None, 0, 6900), (10000, 0, 0, 6900), (10000, 700, 100, 7500), (3100, None, 1, 0), (0, None, 0, 0)],
)
async def test_cost(gateway: Gateway, price: int, fee: int | None, discount: int, cost: int) -> None:
    target = {"price": price, "has_setup_fee": fee is not None, "setup_fee": fee}
    await stock(gateway, path={"discount_amount": discount}, target=target, rows=bought())
    (offer,) = await offers(gateway)
    assert offer["cost"]["cents"] == cost
    assert offer["originalPrice"]["cents"] == price + (fee or 0)


async def test_setup_fee_that_is_switched_off(gateway: Gateway) -> None:
    await stock(gateway, target={"has_setup_fee": False, "setup_fee": 700}, rows=bought())
    (offer,) = await offers(gateway)
    assert (offer["setupFee"]["cents"], offer["originalPrice"]["cents"]) == (0, 10000)


async def test_summary_of_a_subscription(gateway: Gateway) -> None:
    target = {"payment_type": PaymentType.SUBSCRIPTION, "interval": BillingInterval.YEARLY}
    await stock(gateway, target=target, rows=bought())
    (offer,) = await offers(gateway)
    assert offer["paymentSummary"] == "$69.00 first yearly, then $100.00/yearly"


async def test_currency_is_the_orders(gateway: Gateway) -> None:
    order, item = bought()
    order.currency = "EUR"
    await stock(gateway, rows=[order, item])
    (offer,) = await offers(gateway)
    assert offer["cost"]["currency"] == "EUR"


async def test_targets_in_order(gateway: Gateway) -> None:
    """Path by path, each in its own order."""
    second = [
        factories.upgrade_path(2, FROM),
        factories.upgrade_target(2, OTHER, 1),
        factories.upgrade_target(2, TARGET, 2),
    ]
    await stock(gateway, rows=[*second, *bought()])
    found = [(o["path"]["databaseId"], o["toVariant"]["databaseId"]) for o in await offers(gateway)]
    assert found == [(1, TARGET), (2, OTHER), (2, TARGET)]


# Which order


def renewal(id: int, status: PaymentStatus = PaymentStatus.PAID, total: int = 6200) -> list[Any]:
    item = {"variant_id": FROM, "line_total": total, "payment_type": LineType.SUBSCRIPTION}
    return [
        factories.order(id, type=OrderType.RENEWAL, parent_id=1, payment_status=status),
        factories.order_item(id, id, **item),
    ]


async def test_latest_paid_renewal_counts(gateway: Gateway) -> None:
    rows = [*subscribed(), *renewal(2), *renewal(3, total=9300), *renewal(4, PaymentStatus.PENDING, 100)]
    await stock(gateway, rows=rows)
    assert await credit(gateway) == 4500


async def test_renewal_by_its_own_hash(gateway: Gateway) -> None:
    await stock(gateway, rows=[*subscribed(), *renewal(2)])
    assert await credit(gateway, hash="order-2") == 3000


async def test_bundle_items_have_none(gateway: Gateway) -> None:
    await stock(gateway, rows=bought(payment_type=LineType.BUNDLE))
    assert await offers(gateway) == []


async def test_variants_that_the_order_does_not_hold(gateway: Gateway) -> None:
    await stock(gateway, rows=bought())
    assert await offers(gateway, number=TARGET) == []


@pytest.mark.parametrize("hash", ["nobody's", "", "ORDER-1", "order-1 ", "%", "\0"])
async def test_unknown_order(gateway: Gateway, hash: str) -> None:
    await stock(gateway, rows=bought())
    assert await offers(gateway, hash=hash) is None


async def test_a_hash_that_anybody_can_work_out_entitles_to_nothing(gateway: Gateway) -> None:
    """As imports make one up for an order that its shop gave none."""
    made = str(uuid5(NAMESPACE_URL, "https://shop.example/orders/1"))
    _, line = bought()
    await stock(gateway, rows=[factories.order(1, uuid=made), line])
    found = await gateway(DOCUMENT, {"hash": made, "number": FROM}, ANONYMOUS)
    assert found["productVariant"]["upgradeOffers"] is None
    assert len(await offers(gateway, hash=made)) == 1  # who may see the order needs no hash for it


async def test_hidden_targets_are_not_offered_to_customers(gateway: Gateway) -> None:
    """A target that the shop does not show cannot be changed to."""
    await stock(gateway, target={"status": VariantStatus.INACTIVE}, rows=bought())
    found = await gateway(DOCUMENT, {"hash": HASH, "number": FROM}, ANONYMOUS)
    assert found["productVariant"]["upgradeOffers"] == []


async def test_several_variants_take_no_more_statements(gateway: Gateway) -> None:
    await stock(gateway, rows=bought())
    document = """
    query All($hash: String!) {
      productVariants { nodes { upgradeOffers(orderHash: $hash) { title cost { cents } } } }
    }
    """
    with gateway.counting() as statements:
        await gateway(document, {"hash": HASH})
    assert len(statements) == 4  # variants, order, its lines, targets
