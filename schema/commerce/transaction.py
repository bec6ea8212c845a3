"""Payments and refunds of orders."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.order import OrderRow, OrderTransactionRow, OrderType, TransactionStatus, TransactionType
from db.commerce.subscription import SubscriptionRow
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from schema.money import Money, order_money

if TYPE_CHECKING:
    from schema.commerce.order import Order
    from schema.commerce.subscription import CustomerSubscription


def _note(extra: Any) -> str | None:
    said = [extra.get(name) for name in ("reason", "note")] if isinstance(extra, Mapping) else []
    return next((text for text in said if isinstance(text, str) and text), None)


@entity(OrderTransactionRow, visible=visibility.order_transactions, description="Money that moved for an order.")
class OrderTransaction(Node):
    database_id: int = column(OrderTransactionRow.id)
    uuid: str = column(
        OrderTransactionRow.uuid, description="Stable, and not to be guessed: what other systems know it by."
    )
    order_type: OrderType = column(OrderTransactionRow.order_type, description="What kind of order it belongs to.")
    type: TransactionType = column(OrderTransactionRow.type, description="Which way the money moved.")
    status: TransactionStatus = column(OrderTransactionRow.status, description="How far it has come.")
    total: Money = order_money(
        OrderTransactionRow.total,
        OrderTransactionRow.currency,
        description="How much moved, in its own currency; of a refund too it is above 0.",
    )
    rate: Decimal = column(
        OrderTransactionRow.rate,
        description="What one unit of its currency is in the store's; 1 where they are the same.",
    )
    card_last4: str | None = column(
        OrderTransactionRow.card_last4, description="The last four digits of the card; null when it was no card."
    )
    card_brand: str | None = column(
        OrderTransactionRow.card_brand, description="The card's brand (`visa`); null when it was no card."
    )
    vendor_charge_id: str = column(
        OrderTransactionRow.vendor_charge_id,
        description="What the payment provider knows it by; empty when it has no number there.",
    )
    payment_method: str = column(
        OrderTransactionRow.payment_method, description="The payment provider's key: `stripe`, `offline_payment`."
    )
    payment_mode: str = column(
        OrderTransactionRow.payment_mode, description="`live`, or `test` where no real money moved."
    )
    payment_method_type: str = column(
        OrderTransactionRow.payment_method_type,
        description="What was paid with, in the provider's words: `card`; empty when not said.",
    )
    note: str | None = computed(
        _note,
        OrderTransactionRow.extra,
        description="What the staff wrote: why it was refunded, how it was paid; null when nothing.",
    )
    metadata: JSON | None = computed(
        lambda v: v, OrderTransactionRow.extra, description="Opaque to the gateway, as the shop keeps it."
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=OrderTransactionRow.order_id, description="The order that it pays or refunds."
    )
    subscription: Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")] | None = related(
        SubscriptionRow.id,
        to=OrderTransactionRow.subscription_id,
        description="The subscription that it is a payment of; null for others, and without subscriptions/view.",
    )
