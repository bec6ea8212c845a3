"""What follows from a change of an order, a payment or a subscription that another system has made and that is written
down here: the events that whoever changes it here would write. Pure: a row before and after."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from db.commerce.events import (
    ORDER_CANCELED,
    ORDER_DELIVERED,
    ORDER_FULLY_REFUNDED,
    ORDER_PAID,
    ORDER_PAYMENT_STATUS_CHANGED,
    ORDER_REFUNDED,
    ORDER_SHIPPED,
    ORDER_SHIPPING_STATUS_CHANGED,
    ORDER_STATUS_CHANGED,
    ORDER_TRACKING_UPDATED,
    PAYMENT_FAILED,
    PAYMENT_SUCCESS,
    SUBSCRIPTION_ACTIVATED,
    SUBSCRIPTION_CANCELLED,
    SUBSCRIPTION_COMPLETED,
    SUBSCRIPTION_EXPIRED,
    SUBSCRIPTION_RENEWED,
)
from db.commerce.order import (
    TRACKING,
    OrderStatus,
    PaymentStatus,
    ShippingStatus,
    TransactionStatus,
    TransactionType,
)
from db.commerce.subscription import SubscriptionStatus
from db.store.events import EventKind
from engine.unit.unit import Event

Row: TypeAlias = Mapping[str, Any]
# Of a row as it was (None: it is new), what changed of it (of a new one all of it), and what stands beside it.
Follows: TypeAlias = Callable[[Row | None, Row, Row], Iterator[Event]]

_UNPAID: Final = frozenset(
    {PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.PARTIALLY_PAID, PaymentStatus.AUTHORIZED}
)
_GIVES_ACCESS: Final = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING)
# From these a subscription comes back without having been over.
_GOES_ON: Final = frozenset(
    {*_GIVES_ACCESS, SubscriptionStatus.PAST_DUE, SubscriptionStatus.FAILING, SubscriptionStatus.EXPIRING}
)
_NOT_BEGUN: Final = (SubscriptionStatus.PENDING, SubscriptionStatus.INTENDED)
# What stands beside a row of which what is told happened before anybody listened here.
PAST: Final = "past"
# Of one row never twice, however often its state comes and goes.
ONCE: Final = frozenset({ORDER_PAID.name})
KINDS: Final[tuple[EventKind, ...]] = (
    *(ORDER_STATUS_CHANGED, ORDER_PAYMENT_STATUS_CHANGED, ORDER_SHIPPING_STATUS_CHANGED),
    *(ORDER_PAID, ORDER_CANCELED, ORDER_SHIPPED, ORDER_DELIVERED, ORDER_REFUNDED, ORDER_FULLY_REFUNDED),
    ORDER_TRACKING_UPDATED,
    *(PAYMENT_SUCCESS, PAYMENT_FAILED),
    *(SUBSCRIPTION_ACTIVATED, SUBSCRIPTION_CANCELLED, SUBSCRIPTION_RENEWED),
    *(SUBSCRIPTION_COMPLETED, SUBSCRIPTION_EXPIRED),
)


def of_order(before: Row | None, changes: Row, beside: Row) -> Iterator[Event]:
    """`beside`: `payment` and `refund`, the last payment that succeeded and the last refund; `subscription`, which the
    order began or renewed. Of a new order its payment and its shipment are told, not that it was canceled or given
    back: nobody was told that there was anything to lose. `past`: a new one was made and paid before anybody listened
    here, and nothing is told of it."""
    if before is None and beside.get(PAST):
        return
    row = changes if before is None else before
    made = None if before is None else changes
    paid = {"transaction_id": beside.get("payment"), "subscription_id": beside.get("subscription")}
    if before is not None:
        yield from _moves(before, changes)
    if _became(before, changes, "payment_status", PaymentStatus.PAID) and _unpaid(before):
        yield ORDER_PAID(row, made, **paid)
    if before is not None:
        if _became(before, changes, "status", OrderStatus.CANCELED):
            yield ORDER_CANCELED(before, changes, old_status=before["status"])
        yield from _refunds(before, changes, beside)
    if _became(before, changes, "shipping_status", ShippingStatus.SHIPPED):
        yield ORDER_SHIPPED(row, made)
    if _became(before, changes, "shipping_status", ShippingStatus.DELIVERED):
        yield ORDER_DELIVERED(row, made)
    if {**row, **changes}["tracking_number"] and not TRACKING.isdisjoint(changes):
        yield ORDER_TRACKING_UPDATED(row, made)


def _moves(before: Row, changes: Row) -> Iterator[Event]:
    for column, kind in (
        ("status", ORDER_STATUS_CHANGED),
        ("payment_status", ORDER_PAYMENT_STATUS_CHANGED),
        ("shipping_status", ORDER_SHIPPING_STATUS_CHANGED),
    ):
        if column in changes and changes[column] != before[column]:
            yield kind(before, changes, old_status=before[column], new_status=changes[column])


def _refunds(before: Row, changes: Row, beside: Row) -> Iterator[Event]:
    after = {**before, **changes}
    amount = after["total_refund"] - before["total_refund"]
    fully = _given_back(after) and not _given_back(before)
    if amount > 0 or fully:
        told = {"transaction_id": beside.get("refund"), "refunded_amount": max(amount, 0), "fully": _given_back(after)}
        yield ORDER_REFUNDED(before, changes, **told)
        if fully:
            yield ORDER_FULLY_REFUNDED(before, changes, **told)


def _given_back(row: Row) -> bool:
    whole = row["total_paid"] > 0 and row["total_refund"] >= row["total_paid"]
    return whole or row["payment_status"] is PaymentStatus.REFUNDED


def _unpaid(before: Row | None) -> bool:
    return before is None or before["payment_status"] in _UNPAID


def of_payment(before: Row | None, changes: Row, beside: Row) -> Iterator[Event]:
    """`beside`: `past`, as of an order."""
    if before is None and beside.get(PAST):
        return
    row = changes if before is None else before
    made = None if before is None else changes
    if {**row, **changes}["type"] is not TransactionType.CHARGE:
        return
    if _became(before, changes, "status", TransactionStatus.SUCCEEDED):
        yield PAYMENT_SUCCESS(row, made)
    if _became(before, changes, "status", TransactionStatus.FAILED):
        yield PAYMENT_FAILED(row, made)


def of_subscription(before: Row | None, changes: Row, beside: Row) -> Iterator[Event]:
    """`beside`: `renewal`, the last order that renewed it; `past`, as of an order."""
    if before is None and beside.get(PAST):
        return
    row = changes if before is None else before
    made = None if before is None else changes
    status = changes.get("status")
    if status in _GIVES_ACCESS and (before is None or before["status"] not in _GOES_ON):
        yield SUBSCRIPTION_ACTIVATED(row, made)
    if before is None:
        return
    if _became(before, changes, "status", SubscriptionStatus.COMPLETED):
        yield SUBSCRIPTION_COMPLETED(before, changes)
    # Its first bill begins it.
    if changes.get("bill_count", 0) > before["bill_count"] and before["status"] not in _NOT_BEGUN:
        yield SUBSCRIPTION_RENEWED(before, changes, renewal_order_id=beside.get("renewal"))
    if _became(before, changes, "status", SubscriptionStatus.CANCELED):
        yield SUBSCRIPTION_CANCELLED(before, changes, reason={**before, **changes}["cancel_reason"])
    if _became(before, changes, "status", SubscriptionStatus.EXPIRED) or _ran_out(before, changes):
        yield SUBSCRIPTION_EXPIRED(before, changes, reason=None)


def _ran_out(before: Row, changes: Row) -> bool:
    """Whether what was paid of a canceled one is over, which its date says that is no more."""
    canceled = before["status"] is SubscriptionStatus.CANCELED and changes.get("status", before["status"])
    gone = before["next_billing_at"] is not None and changes.get("next_billing_at", 0) is None
    return canceled is SubscriptionStatus.CANCELED and gone


def _became(before: Row | None, changes: Row, column: str, value: Any) -> bool:
    return changes.get(column) is value and (before is None or before[column] is not value)
