"""Subscriptions that a checkout begins."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from db.commerce.events import SUBSCRIPTION_CREATED
from db.commerce.following import of_subscription
from db.commerce.order import PaymentStatus, TaxBehavior
from db.commerce.subscription import FOUND_BY, CollectionMethod, SubscriptionRow
from db.commerce.sums.tax import Rate, parts
from db.store.primary_keys import new_keys
from db.store.writing import add
from engine.unit.unit import Unit
from resolvers.commerce.order.lines import Choice
from resolvers.commerce.subscription.beginning import once_paid
from resolvers.commerce.subscription.writing import SUBSCRIPTIONS


class First(NamedTuple):
    """What the first bill says: what the setup costs, after coupons, and the taxes on that and on the period; `off` is
    taken off each bill."""

    fee: int
    fee_tax: int
    tax: int
    off: int


async def begin_subscription(
    unit: Unit, order: Mapping[str, Any], plan: Choice, first: First, rates: Sequence[Rate]
) -> int:
    """Write the subscription to a plan; its key. It is PENDING until its first order is paid, and its bills are paid by
    hand: nobody collects them here. Each is taxed by the rates of the first, and rounded as that."""
    variant, behavior = plan.variant, order["tax_behavior"]
    (key,) = (await new_keys(unit.connection, {SUBSCRIPTIONS.table: 1}))[SUBSCRIPTIONS.table]
    amount = variant["price"] * plan.quantity - first.off
    tax = sum(parts(amount, rates, behavior))
    on_top = behavior is TaxBehavior.EXCLUSIVE
    row = SubscriptionRow(
        id=key,
        uuid=uuid4().hex,
        customer_id=order["customer_id"],
        order_id=order["id"],
        product_id=variant["product_id"],
        variant_id=variant["id"],
        item_name=f"{plan.product['title']} – {variant['title']}",
        quantity=plan.quantity,
        interval="" if variant["interval"] is None else variant["interval"].value,
        setup_fee=first.fee + first.fee_tax if on_top else first.fee,
        initial_tax_total=first.tax + first.fee_tax,
        recurring_amount=amount if on_top else amount - tax,
        recurring_tax_total=tax,
        recurring_total=amount + tax if on_top else amount,
        bill_times=variant["billing_times"],
        trial_days=variant["trial_days"],
        collection_method=CollectionMethod.MANUAL,
        current_payment_method=order["payment_method"],
    ).model_dump()
    if order["payment_status"] is PaymentStatus.PAID:
        row |= once_paid(row)
    row |= {name: made(row) for name, made in FOUND_BY.items()}
    await add(unit.connection, SubscriptionRow(**row))
    unit.emit(SUBSCRIPTION_CREATED(row))
    for event in of_subscription(None, row, {}):
        unit.emit(event)
    return key
