"""Subscriptions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.order import OrderRow, OrderTransactionRow
from db.commerce.subscription import CollectionMethod, SubscriptionRow, SubscriptionStatus
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.commerce.customer import Customer
    from schema.commerce.order import Order
    from schema.commerce.transaction import OrderTransaction


@entity(
    SubscriptionRow,
    visible=visibility.subscriptions,
    description="What recurs after an order.",
    formerly=("Subscription",),  # the name of GraphQL's root
)
class CustomerSubscription(Node):
    database_id: int = column(SubscriptionRow.id)
    uuid: str = column(SubscriptionRow.uuid)
    status: SubscriptionStatus = column(SubscriptionRow.status)
    item_name: str = column(SubscriptionRow.item_name)
    quantity: int = column(SubscriptionRow.quantity)
    interval: str = column(SubscriptionRow.interval, description="How often it is billed.")
    setup_fee: Money = money(SubscriptionRow.setup_fee)
    initial_tax_total: Money = money(SubscriptionRow.initial_tax_total)
    recurring_amount: Money = money(SubscriptionRow.recurring_amount)
    recurring_tax_total: Money = money(SubscriptionRow.recurring_tax_total)
    recurring_total: Money = money(SubscriptionRow.recurring_total)
    bill_times: int = column(SubscriptionRow.bill_times, description="0: until canceled.")
    bill_count: int = column(SubscriptionRow.bill_count)
    trial_days: int = column(SubscriptionRow.trial_days)
    expire_at: datetime | None = column(SubscriptionRow.expire_at)
    trial_ends_at: datetime | None = column(SubscriptionRow.trial_ends_at)
    canceled_at: datetime | None = column(SubscriptionRow.canceled_at)
    restored_at: datetime | None = column(SubscriptionRow.restored_at)
    next_billing_at: datetime | None = column(SubscriptionRow.next_billing_at)
    collection_method: CollectionMethod = column(SubscriptionRow.collection_method)
    vendor_customer_id: str | None = column(SubscriptionRow.vendor_customer_id)
    vendor_plan_id: str | None = column(SubscriptionRow.vendor_plan_id)
    vendor_subscription_id: str | None = column(SubscriptionRow.vendor_subscription_id)
    original_plan: str | None = column(SubscriptionRow.original_plan)
    current_payment_method: str | None = column(SubscriptionRow.current_payment_method)
    config: JSON | None = computed(lambda v: v, SubscriptionRow.config)
    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id, to=SubscriptionRow.customer_id
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=SubscriptionRow.order_id, description="The order that began it."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=SubscriptionRow.product_id
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=SubscriptionRow.variant_id
    )
    transactions: list[Annotated["OrderTransaction", strawberry.lazy("schema.commerce.transaction")]] = related(
        OrderTransactionRow.subscription_id, to=SubscriptionRow.id
    )
    version: int = column(SubscriptionRow.version)
    created_at: datetime | None = column(SubscriptionRow.created_at)
    updated_at: datetime | None = column(SubscriptionRow.updated_at)
