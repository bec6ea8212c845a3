"""What a variant costs at first: of a subscription its first period and its setup fee."""

from calendar import monthrange
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

_MONTHS: Final[Mapping[str, int]] = {
    BillingInterval.MONTHLY.value: 1,
    BillingInterval.QUARTERLY.value: 3,
    BillingInterval.HALF_YEARLY.value: 6,
    BillingInterval.YEARLY.value: 12,
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


def one_later(interval: str, moment: datetime, day: int | None = None) -> datetime | None:
    """One interval on, in months of the calendar: at the same hour of the same day of the month, or of the last one
    that there is. `day`: which it is meant to be, where the moment is of an earlier one. None of an interval that
    nobody knows, and past the end of the calendar."""
    if (months := _MONTHS.get(interval)) is not None:
        return months_later(months, moment, day)
    days = DAYS.get(interval)
    try:
        return None if days is None else moment + timedelta(days=days)
    except OverflowError:
        return None


def months_later(months: int, moment: datetime, day: int | None = None) -> datetime | None:
    """So many months of the calendar on, as `one_later` says."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    try:
        return moment.replace(
            year=year, month=month + 1, day=min(day_meant(moment, day), monthrange(year, month + 1)[1])
        )
    except (ValueError, OverflowError):
        return None


def day_meant(moment: datetime, day: int | None) -> int:
    """Which day of the month is billed: that of the moment, or a later one which its month does not have."""
    last = monthrange(moment.year, moment.month)[1]
    return day if day is not None and moment.day == last < day else moment.day
