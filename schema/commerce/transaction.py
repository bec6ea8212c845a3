"""Payments and refunds of orders."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

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


@entity(OrderTransactionRow, visible=visibility.order_transactions, description="Money that moved for an order.")
class OrderTransaction(Node):
    database_id: int = column(OrderTransactionRow.id)
    uuid: str = column(OrderTransactionRow.uuid)
    order_type: OrderType = column(OrderTransactionRow.order_type)
    type: TransactionType = column(OrderTransactionRow.type)
    status: TransactionStatus = column(OrderTransactionRow.status)
    total: Money = order_money(OrderTransactionRow.total, OrderTransactionRow.currency)
    rate: Decimal = column(OrderTransactionRow.rate)
    card_last4: str | None = column(OrderTransactionRow.card_last4)
    card_brand: str | None = column(OrderTransactionRow.card_brand)
    vendor_charge_id: str = column(OrderTransactionRow.vendor_charge_id)
    payment_method: str = column(OrderTransactionRow.payment_method)
    payment_mode: str = column(OrderTransactionRow.payment_mode)
    payment_method_type: str = column(OrderTransactionRow.payment_method_type)
    metadata: JSON | None = computed(lambda v: v, OrderTransactionRow.extra)
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=OrderTransactionRow.order_id
    )
    subscription: Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")] | None = related(
        SubscriptionRow.id, to=OrderTransactionRow.subscription_id
    )
    version: int = column(OrderTransactionRow.version)
    created_at: datetime | None = column(OrderTransactionRow.created_at)
    updated_at: datetime | None = column(OrderTransactionRow.updated_at)
