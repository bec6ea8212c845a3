"""How many licences an order is to have, which stop, and until when they last."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.commerce.license import LicenseStatus
from db.commerce.order import OrderStatus, PaymentStatus
from db.commerce.subscription import SubscriptionStatus
from db.commerce.sums.validity import (
    bought_once,
    brings,
    extended,
    first_to_go,
    missing,
    pieces,
    returning,
    said,
    subscribed,
    takes_back,
)

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)


def subscription(**values: Any) -> dict[str, Any]:
    given = {"status": SubscriptionStatus.ACTIVE, "next_billing_at": AT, "interval": "monthly", "trial_days": 0}
    return given | values


@pytest.mark.parametrize(("stay", "there", "expected"), [(3, 0, 3), (3, 2, 1), (3, 4, 0), (0, 0, 0)])
def test_how_many_are_missing(stay: int, there: int, expected: int) -> None:
    assert missing(stay, there) == expected


@pytest.mark.parametrize(
    ("back", "stay", "there", "expected"),
    [
        (1, 2, 3, 1),
        (1, 2, 5, 1),  # two were made by hand besides
        (1, 1, 1, 0),  # the one that is left is that of the piece that stays
        (3, 0, 2, 2),
        (2, 5, 0, 0),
    ],
)
def test_how_many_go(back: int, stay: int, there: int, expected: int) -> None:
    assert returning(back, stay, there) == expected


def test_which_go_first() -> None:
    sites = {1: 0, 2: 1, 3: 0, 4: 2}
    off = LicenseStatus.DISABLED
    rows = [
        {"id": key, "activation_count": count, "status": off if key == 4 else LicenseStatus.ACTIVE}
        for key, count in sites.items()
    ]
    assert [row["id"] for row in sorted(rows, key=first_to_go)] == [4, 3, 1, 2]


def test_pieces_of_a_variant_are_counted_over_all_lines() -> None:
    lines: list[dict[str, Any]] = [
        {"variant_id": 1, "quantity": 3, "restocked_quantity": 1},
        {"variant_id": 2, "quantity": 1, "restocked_quantity": 0},
        {"variant_id": 1, "quantity": 2, "restocked_quantity": 0},
        {"variant_id": None, "quantity": 9, "restocked_quantity": 0},
    ]
    assert pieces(lines) == {1: 4, 2: 1}


@pytest.mark.parametrize("status", OrderStatus)
@pytest.mark.parametrize("payment", PaymentStatus)
def test_which_orders_bring_and_take_back(status: OrderStatus, payment: PaymentStatus) -> None:
    order = {"status": status, "payment_status": payment}
    canceled = status is OrderStatus.CANCELED
    assert brings(order) is (payment in ("paid", "partially_refunded") and not canceled)
    assert takes_back(order) is (canceled or payment == "refunded")


def test_months_are_those_of_the_calendar() -> None:
    assert bought_once(None, AT) is None
    assert bought_once(1, AT) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert bought_once(24, AT) == datetime(2028, 1, 31, 12, tzinfo=UTC)
    assert bought_once(1200, LAST) is None  # past the end of the calendar


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, AT + timedelta(days=7)),
        ({"interval": "daily"}, AT + timedelta(days=1)),
        ({"interval": "yearly"}, AT + timedelta(days=15)),
        ({"interval": "fortnight"}, AT + timedelta(days=7)),
        ({"status": SubscriptionStatus.COMPLETED, "next_billing_at": None}, None),
        ({"status": SubscriptionStatus.PENDING, "next_billing_at": None}, AT + timedelta(days=30 + 7)),
        ({"next_billing_at": None, "trial_days": 5}, AT + timedelta(days=5 + 7)),
        ({"next_billing_at": None, "interval": "fortnight"}, AT + timedelta(days=7)),
        ({"next_billing_at": LAST}, None),
    ],
)
def test_until_when_one_lasts_with_a_subscription(values: dict[str, Any], expected: datetime | None) -> None:
    assert subscribed(subscription(**values), AT) == expected


@pytest.mark.parametrize("status", SubscriptionStatus)
def test_which_subscriptions_say_until_when(status: SubscriptionStatus) -> None:
    none = status in ("pending", "intended", "expired", "past_due")
    assert said(subscription(status=status)) is not none
    assert said(subscription(status=status, next_billing_at=None)) is (status is SubscriptionStatus.COMPLETED)


def test_a_date_never_comes_nearer() -> None:
    soon, later = AT + timedelta(days=1), AT + timedelta(days=2)
    active = {"status": LicenseStatus.ACTIVE, "expires_at": soon}
    assert extended(active, later, AT) == {"expires_at": later}
    assert extended(active, None, AT) == {"expires_at": None}
    assert extended(active, soon, AT) == extended(active, AT, AT) == {}
    assert extended({**active, "expires_at": None}, later, AT) == {}
    over = {"status": LicenseStatus.EXPIRED, "expires_at": AT - timedelta(days=9)}
    assert extended(over, later, AT) == {"expires_at": later, "status": LicenseStatus.ACTIVE}
    assert extended(over, None, AT) == {"expires_at": None, "status": LicenseStatus.ACTIVE}
    assert extended(over, AT - timedelta(days=1), AT) == {"expires_at": AT - timedelta(days=1)}
    for word in (LicenseStatus.DISABLED, LicenseStatus.INACTIVE):
        assert extended({**active, "status": word}, later, AT) == {"expires_at": later}
