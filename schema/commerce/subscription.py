"""Subscriptions."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.license import LicenseRow
from db.commerce.order import OrderRow, OrderTransactionRow
from db.commerce.subscription import CollectionMethod, SubscriptionRow, SubscriptionStatus, access
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.values.columns import expression
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.order.renewing import subscription_renew
from resolvers.commerce.subscription.writing import (
    subscription_cancel,
    subscription_reactivate,
    subscription_update,
)
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.commerce.customer import Customer
    from schema.commerce.license import License
    from schema.commerce.order import Order
    from schema.commerce.transaction import OrderTransaction

_ACCESS: Any = expression(access(), "access_valid")


@entity(
    SubscriptionRow,
    visible=visibility.subscriptions,
    description="What recurs after an order.",
    formerly=("Subscription",),  # the name of GraphQL's root
)
class CustomerSubscription(Node):
    database_id: int = column(SubscriptionRow.id)
    uuid: str = column(
        SubscriptionRow.uuid, description="Stable, and not to be guessed: what other systems know the subscription by."
    )
    status: SubscriptionStatus = column(
        SubscriptionRow.status,
        description="How far it has come. ACTIVE, TRIALING and COMPLETED give access, EXPIRED, PAST_DUE, INTENDED "
        "and PENDING none, others until `nextBillingAt`. One that is ACTIVE or TRIALING is EXPIRED some days after a "
        "`nextBillingAt` by which it was not paid (1 of `daily`, 3 of `weekly`, 7 of `monthly`, 15 of longer "
        "intervals); where an import brought it, its shop says so.",
    )
    access_valid: bool = computed(
        bool, _ACCESS, description="Whether it gives access at this moment, by `status` and `nextBillingAt`."
    )
    item_name: str = column(SubscriptionRow.item_name, description="What was bought, as it was called then.")
    quantity: int = column(SubscriptionRow.quantity, description="How many of it, from 1.")
    interval: str = column(SubscriptionRow.interval, description="How often it is billed.")
    setup_fee: Money = money(
        SubscriptionRow.setup_fee, description="What the first payment held on top; 0 without a fee."
    )
    initial_tax_total: Money = money(SubscriptionRow.initial_tax_total, description="The tax on the first payment.")
    recurring_amount: Money = money(
        SubscriptionRow.recurring_amount, description="What each `interval` costs, before tax."
    )
    recurring_tax_total: Money = money(
        SubscriptionRow.recurring_tax_total, description="The tax on each further payment."
    )
    recurring_total: Money = money(
        SubscriptionRow.recurring_total, description="What each further payment takes, tax included."
    )
    bill_times: int = column(SubscriptionRow.bill_times, description="0: until canceled.")
    bill_count: int = column(SubscriptionRow.bill_count, description="How often it was paid so far.")
    trial_days: int = column(
        SubscriptionRow.trial_days, description="Days before it was first billed; 0 without a trial."
    )
    expire_at: datetime | None = column(
        SubscriptionRow.expire_at, description="When it ends, in UTC; null while no end is known."
    )
    trial_ends_at: datetime | None = column(SubscriptionRow.trial_ends_at, description="In UTC; null without a trial.")
    canceled_at: datetime | None = column(
        SubscriptionRow.canceled_at, description="When somebody canceled it, in UTC; null while nobody did."
    )
    cancel_reason: str | None = column(
        SubscriptionRow.cancel_reason,
        description="Why it was canceled, as somebody said it then; null while it is not, and where nobody said.",
    )
    restored_at: datetime | None = column(
        SubscriptionRow.restored_at, description="When it was last taken up again after that, in UTC; null when never."
    )
    next_billing_at: datetime | None = column(
        SubscriptionRow.next_billing_at, description="When it is paid next, in UTC; null when it is not any more."
    )
    collection_method: CollectionMethod = column(
        SubscriptionRow.collection_method, description="Who collects the payments."
    )
    vendor_customer_id: str | None = column(
        SubscriptionRow.vendor_customer_id,
        description="The customer at the payment provider; null when not known there.",
    )
    vendor_plan_id: str | None = column(
        SubscriptionRow.vendor_plan_id, description="The plan at the payment provider; null when not known there."
    )
    vendor_subscription_id: str | None = column(
        SubscriptionRow.vendor_subscription_id,
        description="The subscription at the payment provider; null when not known there.",
    )
    original_plan: str | None = column(
        SubscriptionRow.original_plan,
        description="The terms that it began with, as the shop keeps them; null when not kept.",
    )
    current_payment_method: str | None = column(
        SubscriptionRow.current_payment_method,
        description="The payment provider that is used now, by its key; null when not said.",
    )
    config: JSON | None = computed(
        lambda v: v, SubscriptionRow.config, description="Opaque to the gateway, as the shop keeps it."
    )
    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id, to=SubscriptionRow.customer_id, description="Who pays; null without customers/view."
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=SubscriptionRow.order_id, description="The order that began it."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id,
        to=SubscriptionRow.product_id,
        description="What is subscribed to; null once it is deleted, or while it is hidden from you.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to=SubscriptionRow.variant_id,
        description="What is subscribed to; null once it is deleted, or while it is hidden from you.",
    )
    transactions: list[Annotated["OrderTransaction", strawberry.lazy("schema.commerce.transaction")]] = related(
        OrderTransactionRow.subscription_id,
        to=SubscriptionRow.id,
        description="The payments and refunds of it. Empty without orders/view.",
    )
    licenses: list[Annotated["License", strawberry.lazy("schema.commerce.license")]] = related(
        LicenseRow.subscription_id,
        to=SubscriptionRow.id,
        description="The licences that last with it. Empty without licenses/view.",
    )


@strawberry.type(description="The subscription as it is now.")
class SubscriptionUpdatePayload(Payload):
    subscription: CustomerSubscription | None = changed(SubscriptionRow.id)


@strawberry.type(description="The subscription, which is canceled.")
class SubscriptionCancelPayload(Payload):
    subscription: CustomerSubscription | None = changed(SubscriptionRow.id)


@strawberry.type(description="The subscription, which goes on.")
class SubscriptionReactivatePayload(Payload):
    subscription: CustomerSubscription | None = changed(SubscriptionRow.id)


@strawberry.type(description="The subscription, the order that renewed it and its payment.")
class SubscriptionRenewPayload(Payload):
    subscription: CustomerSubscription | None = changed(SubscriptionRow.id)
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = changed(OrderRow.id)
    transaction: Annotated["OrderTransaction", strawberry.lazy("schema.commerce.transaction")] | None = changed(
        OrderTransactionRow.id
    )


@strawberry.type
class SubscriptionMutations:
    subscription_update: SubscriptionUpdatePayload | None = performed(subscription_update)
    subscription_cancel: SubscriptionCancelPayload | None = performed(subscription_cancel)
    subscription_reactivate: SubscriptionReactivatePayload | None = performed(subscription_reactivate)
    subscription_renew: SubscriptionRenewPayload | None = performed(subscription_renew)
