"""How many licences an order is to have, and until when they last. Pure.

Of a variant's pieces in an order each has a licence. The licence of a piece that came back is DISABLED and stands for
none any more (`returned`); one that is DISABLED for another reason still does, and is not made anew."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from db.commerce.license import LicenseStatus
from db.commerce.order import OrderStatus, PaymentStatus
from db.commerce.subscription import WITHOUT_ACCESS, SubscriptionStatus, grace
from db.commerce.sums.plan import months_later, next_billing

Row = Mapping[str, Any]


def brings(order: Row) -> bool:
    """Whether its licences are to be there: all of it is paid, and it goes on."""
    paid = order["payment_status"] in (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED)
    return paid and order["status"] is not OrderStatus.CANCELED


def takes_back(order: Row) -> bool:
    """Whether none of its licences is to be in force."""
    return order["status"] is OrderStatus.CANCELED or order["payment_status"] is PaymentStatus.REFUNDED


def pieces(lines: Iterable[Row]) -> Counter[int]:
    """By variant how many pieces of these lines did not come back."""
    found: Counter[int] = Counter()
    for line in lines:
        if line["variant_id"] is not None:
            found[line["variant_id"]] += line["quantity"] - line["restocked_quantity"]
    return found


def missing(stay: int, there: int) -> int:
    """How many licences are to be made where so many pieces of a variant stay, and so many licences stand for one."""
    return max(0, stay - there)


def returning(back: int, stay: int, there: int) -> int:
    """How many licences go with so many pieces that come back: no more than these, and none that a piece that stays
    has."""
    return max(0, min(back, there - stay))


def first_to_go(license: Row) -> tuple[bool, int, int]:
    """Sorts licences: those that are DISABLED already before others, then those on the fewest sites, the newest
    first."""
    return license["status"] is not LicenseStatus.DISABLED, license["activation_count"], -license["id"]


def bought_once(months: int | None, at: datetime) -> datetime | None:
    """When a licence of what is paid once ends, from this moment on; None is never."""
    return None if months is None else months_later(months, at)


def subscribed(terms: Row, at: datetime) -> datetime | None:
    """When a licence ends that lasts with a subscription: days after its next bill, by which that may be late. Of one
    that nobody said the date of (its payment provider begins it) that which its terms come to from this moment on. None
    is never: all of it is paid."""
    if terms["status"] is SubscriptionStatus.COMPLETED:
        return None
    due = terms["next_billing_at"] or next_billing(terms["interval"], terms["trial_days"], at) or at
    return _late(terms["interval"], due)


def said(subscription: Row) -> bool:
    """Whether a subscription says until when its licences last: it gives access, and has a date or is all paid."""
    dated = subscription["next_billing_at"] is not None and subscription["status"] not in WITHOUT_ACCESS
    return dated or subscription["status"] is SubscriptionStatus.COMPLETED


def extended(license: Row, until: datetime | None, at: datetime) -> dict[str, Any]:
    """What changes of a licence that lasts until then: nothing where it lasts as long already. One that is EXPIRED is
    in force again, if that is to come."""
    before = license["expires_at"]
    if before is None or (until is not None and until <= before):
        return {}
    again = license["status"] is LicenseStatus.EXPIRED and (until is None or until > at)
    return {"expires_at": until, **({"status": LicenseStatus.ACTIVE} if again else {})}


def _late(interval: str, due: datetime) -> datetime | None:
    try:
        return due + grace(interval)
    except OverflowError:  # past the end of the calendar
        return None
