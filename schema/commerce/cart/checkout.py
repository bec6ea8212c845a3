"""The checkout: a cart becomes an order."""

from typing import Any

import strawberry

from db.commerce.order import OrderRow, OrderStatus, PaymentStatus
from db.commerce.subscription import SubscriptionRow
from engine.declared.declaration import derived
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.cart.checkout import checkout_process
from schema.commerce.order import Order
from schema.commerce.said import said_money, told_value
from schema.commerce.subscription import CustomerSubscription
from schema.money import Money


@strawberry.type(description="What whoever bought is told of their order.")
class CheckoutReceipt:
    order_number: int = derived(lambda said: said.number, description="By which one asks the store about it.")
    uuid: str = derived(
        lambda said: said.uuid, description="The order hash: who knows it may see the order's own offers."
    )
    status: OrderStatus = derived(
        lambda said: OrderStatus(said.status), description="ON_HOLD while its payment is waited for."
    )
    payment_status: PaymentStatus = derived(
        lambda said: PaymentStatus(said.payment_status), description="PENDING, or PAID where it costs nothing."
    )
    payment_method: str = derived(lambda said: said.payment_method, description="The key of how it is paid.")
    payment_instructions: str = derived(
        lambda said: said.payment_instructions,
        description="What the store says about paying by it; empty when nothing.",
    )
    subtotal: Money = said_money("subtotal", "What its lines cost, before discounts and shipping.")
    coupon_discount: Money = said_money("coupon_discount_total", "What coupons took off.")
    shipping: Money = said_money("shipping_total", "What sending it costs.")
    total: Money = said_money("total", "What is owed in all.")
    row: strawberry.Private[Any]


@strawberry.type(description="The order that was placed.")
class CheckoutProcessPayload(Payload):
    receipt: CheckoutReceipt | None = told_value(CheckoutReceipt, "What whoever bought is told of it.")
    order: Order | None = changed(OrderRow.id, description="The order; null without orders/view.")
    subscription: CustomerSubscription | None = changed(
        SubscriptionRow.id, description="What it began, if anything; null without subscriptions/view."
    )


@strawberry.type
class CheckoutMutations:
    checkout_process: CheckoutProcessPayload | None = performed(checkout_process)
