"""What an upgrade costs the owner of an order (model: the upgrade path's offer for an order)."""

import calendar
import math
from datetime import datetime
from typing import Final

from db.catalog.variant import BillingInterval

_DAY: Final = 86_400


def period_days(interval: str, now: datetime) -> int:
    """Days of a billing period that is being prorated; 0 for intervals that are not."""
    return {
        BillingInterval.DAILY.value: 1,
        BillingInterval.WEEKLY.value: 7,
        BillingInterval.MONTHLY.value: calendar.monthrange(now.year, now.month)[1],
        BillingInterval.YEARLY.value: 365,
    }.get(interval, 0)


def subscription_credit(total_paid: int, interval: str, next_billing_at: datetime | None, now: datetime) -> int:
    """What is left of the period that was paid: cents a day, times the days remaining, never more than the period and
    never below 0. In integers: a float makes 60 of 61 cents for all of 7 days."""
    days = period_days(interval, now)
    if days == 0 or next_billing_at is None:
        return 0
    remaining = max(0, math.ceil((next_billing_at - now).total_seconds() / _DAY))
    return max(0, total_paid * min(remaining, days) // days)


def cost(price: int, setup_fee: int, credit: int, discount: int) -> int:
    return max(0, price + setup_fee - credit - discount)
