"""The checkout: a cart becomes an order."""

from datetime import datetime
from typing import Any

import strawberry

from db.commerce.license import LicenseStatus
from db.commerce.order import OrderRow, OrderStatus, PaymentStatus, ShippingStatus, TaxBehavior
from db.commerce.subscription import SubscriptionRow
from engine.declared.batch import Argument, queried
from engine.declared.declaration import derived
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.cart.checkout import checkout_process
from resolvers.commerce.cart.receipt import receipt
from schema.commerce.cart.charged_tax import ChargedTax
from schema.commerce.order import Order
from schema.commerce.said import previewed_value, said_money, said_value, said_values, told_value
from schema.commerce.subscription import CustomerSubscription
from schema.money import Money


@strawberry.type(description="A line of an order, as whoever bought reads it.")
class CheckoutReceiptItem:
    product_title: str = derived(lambda said: said.product_title, description="The product, as it was called then.")
    title: str = derived(lambda said: said.title, description="The variant, as it was called then.")
    quantity: int = derived(lambda said: said.quantity, description="How many were bought.")
    unit_price: Money = said_money("unit_price", "What one cost.")
    line_total: Money = said_money("line_total", "What all of them cost, discounts taken off.")
    row: strawberry.Private[Any]


@strawberry.type(description="A licence that an order brought, as whoever bought reads it.")
class CheckoutReceiptLicense:
    key: str = derived(lambda said: said.license_key, description="What they show to have it: a secret of theirs.")
    status: LicenseStatus = derived(lambda said: said.status, description="Whether it is in force at this moment.")
    limit: int = derived(
        lambda said: said.activation_limit,
        description="On how many sites it may be activated, local ones left out; 0: any number.",
    )
    activation_count: int = derived(
        lambda said: said.activation_count, description="On how many it is activated, local ones left out."
    )
    expires_at: datetime | None = derived(
        lambda said: said.expires_at, description="When it ends, in UTC; null: never, it is for life."
    )
    product_title: str | None = derived(
        lambda said: said.product_title,
        description="The product, as it was called then; null where no line of the order is of its variant any more.",
    )
    title: str | None = derived(
        lambda said: said.title, description="The variant, as it was called then; null as `productTitle`."
    )
    row: strawberry.Private[Any]


@strawberry.interface(description="What is bought, and what it comes to.")
class CheckoutSums:
    payment_status: PaymentStatus = derived(
        lambda said: PaymentStatus(said.payment_status), description="PENDING, or PAID where it costs nothing."
    )
    items: list[CheckoutReceiptItem] = derived(
        lambda said: said_values(CheckoutReceiptItem, said.items), description="What was bought, in order."
    )
    payment_method: str = derived(lambda said: said.payment_method, description="The key of how it is paid.")
    payment_instructions: str = derived(
        lambda said: said.payment_instructions,
        description="What the store says about paying by it; empty when nothing.",
    )
    subtotal: Money = said_money("subtotal", "What its lines cost, before discounts and shipping.")
    coupon_discount: Money = said_money("coupon_discount_total", "What coupons took off.")
    shipping: Money = said_money("shipping_total", "What sending it costs.")
    tax_behavior: TaxBehavior = derived(
        lambda said: TaxBehavior(said.tax_behavior), description="Whether its prices hold their tax."
    )
    tax: Money = said_money("tax", "The tax on its lines and on sending them; 0 with taxes off.")
    taxes: list[ChargedTax] = derived(
        lambda said: said_values(ChargedTax, said.taxes),
        description="What each rate comes to, in the order in which they are reckoned; of an order that was taxed here "
        "they add up to `tax`.",
    )
    total: Money = said_money("total", "What is owed in all.")
    row: strawberry.Private[Any]


@strawberry.type(
    description="What a checkout would come to: its receipt, but for what an order alone has, a number and a hash."
)
class CheckoutPreview(CheckoutSums):
    """Of the same values as a receipt."""


@strawberry.type(description="What whoever bought is told of their order, which names no one and no address.")
class CheckoutReceipt(CheckoutSums):
    order_number: int = derived(lambda said: said.number, description="By which one asks the store about it.")
    uuid: str = derived(
        lambda said: said.uuid,
        description="The order hash, to be kept: by it `checkoutReceipt` says how the order stands.",
    )
    status: OrderStatus = derived(
        lambda said: OrderStatus(said.status), description="ON_HOLD while its payment is waited for."
    )
    shipping_status: ShippingStatus | None = derived(
        lambda said: None if said.shipping_status is None else ShippingStatus(said.shipping_status),
        description="How far it is sent; null where nothing of it is.",
    )
    tracking_url: URL | None = derived(
        lambda said: None if said.tracking_url is None else URL(said.tracking_url),
        description="Where its parcel can be followed; null until that is known.",
    )
    licenses: list[CheckoutReceiptLicense] | None = derived(
        lambda said: None if said.licenses is None else said_values(CheckoutReceiptLicense, said.licenses),
        description="The licences that the order brought, the first before later ones, up to 100; none while it is not "
        "paid. Null in the answer of `checkoutProcess`, which may be kept to be repeated, and by a hash that anybody "
        "can work out (that of an order that came without one) unless you have licenses/view.",
    )


async def _receipt(context: Context, uuid: str) -> CheckoutReceipt | None:
    found = await receipt(context, uuid)
    return None if found is None else said_value(CheckoutReceipt, found)


@strawberry.type
class CheckoutQueries:
    checkout_receipt: CheckoutReceipt | None = queried(
        _receipt,
        Argument("uuid", str, "The order hash, as `checkoutProcess` told it in its receipt."),
        description="How an order stands, for whoever bought: null for a hash that no order has.",
    )


@strawberry.type(description="The order that was placed.")
class CheckoutProcessPayload(Payload):
    receipt: CheckoutReceipt | None = told_value(CheckoutReceipt, "What whoever bought is told of it.")
    preview: CheckoutPreview | None = previewed_value(
        CheckoutPreview,
        "receipt",
        "With `validateOnly`: what the receipt would say now, shipping and taxes included; null otherwise, and when "
        "refused.",
    )
    order: Order | None = changed(OrderRow.id, description="The order; null without orders/view.")
    subscription: CustomerSubscription | None = changed(
        SubscriptionRow.id, description="What it began, if anything; null without subscriptions/view."
    )


@strawberry.type
class CheckoutMutations:
    checkout_process: CheckoutProcessPayload | None = performed(checkout_process)
