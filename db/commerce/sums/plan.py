"""What a variant costs at first: of a subscription its first period and its setup fee."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from db.catalog.variant import BillingInterval, PaymentType

# As the documented system counts; a month is thirty days.
DAYS: Final[Mapping[str, int]] = {
    BillingInterval.DAILY.value: 1,
    BillingInterval.WEEKLY.value: 7,
    BillingInterval.MONTHLY.value: 30,
    BillingInterval.QUARTERLY.value: 90,
    BillingInterval.HALF_YEARLY.value: 182,
    BillingInterval.YEARLY.value: 365,
}


class Due(NamedTuple):
    """Minor units: what one piece costs now, and what comes on top of the line."""

    unit_price: int
    setup_fee: int


def is_plan(variant: Mapping[str, Any]) -> bool:
    return variant["payment_type"] is PaymentType.SUBSCRIPTION


def due_now(variant: Mapping[str, Any], quantity: int) -> Due:
    """A trial costs nothing but its setup fee."""
    if not is_plan(variant):
        return Due(variant["price"], 0)
    fee = (variant["setup_fee"] or 0) if variant["has_setup_fee"] else 0
    price = 0 if variant["trial_days"] > 0 else variant["price"]
    return Due(price, fee * quantity if variant["setup_fee_per_item"] else fee)


def next_billing(interval: str, trial_days: int, paid_at: datetime) -> datetime | None:
    """When what begins at this moment is paid again; None of an interval that nobody knows the days of."""
    days = trial_days or DAYS.get(interval)
    return None if days is None else paid_at + timedelta(days=days)
