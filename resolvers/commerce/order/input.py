"""Inputs of what is done to orders."""

from decimal import Decimal

import strawberry

from db.commerce.order import OrderStatus, PaymentStatus, ShippingStatus
from engine.declared.input import identifies
from engine.values.scalars import Cents, CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version, seen_version

BILLING = (
    "One of the customer's addresses, which is copied. Absent: their primary one for billing, where they have one."
)
SHIPPING = (
    "One of the customer's addresses, which is copied. Absent: their primary one for shipping, where they have one."
)
COUPONS = (
    "Codes of coupons, whatever the case. What each takes off is worked out here, those of a lower `priority` first."
)
METHOD = "How it is paid, by the gateway's key, up to 50 characters."
NOTE = "What the customer said about it: up to 5000 characters."
SHIPPING_TOTAL = "What sending it costs the customer, in minor units."


@strawberry.input(description="One line of a new order, of a variant that can be bought.")
class OrderItemInput:
    variant_id: strawberry.ID | None = identifies("ProductVariant", description="What is bought.")
    product_id: strawberry.ID | None = identifies(
        "Product", description="Instead of a variant: the product's default one, the first where none is set."
    )
    quantity: int = strawberry.field(default=1, description="How many, from 1. Of a subscription one.")
    unit_price: Cents | None = strawberry.field(
        default=None, description="What one costs, in minor units of the order's currency. Absent: the variant's price."
    )


@strawberry.input(description="One line as it is to be: one that is there, by its `id`, or a new one.")
class OrderItemChangeInput:
    id: strawberry.ID | None = identifies("OrderItem", description="A line of the order. Absent: a new one.")
    variant_id: strawberry.ID | None = identifies("ProductVariant", description="Of a new line: what is bought.")
    product_id: strawberry.ID | None = identifies(
        "Product", description="Of a new line, instead of a variant: the product's default one."
    )
    quantity: int | None = strawberry.field(
        default=None, description="How many, from 1. Absent: as many as there are, of a new line 1."
    )
    unit_price: Cents | None = strawberry.field(
        default=None, description="What one costs, in minor units. Absent: as it is, of a new line the variant's price."
    )


@strawberry.input(description="What somebody of the staff takes off the lines, after coupons: an amount, or a share.")
class OrderDiscountInput:
    amount: Cents | None = strawberry.field(
        default=None, description="In minor units. Of more than there is, no more than that is taken."
    )
    percentage: Decimal | None = strawberry.field(
        default=None, description="Instead of an amount: above 0, up to 100, with two decimals at most."
    )
    label: str | None = strawberry.field(default=None, description="What the customer reads: up to 100 characters.")
    reason: str | None = strawberry.field(default=None, description="For the staff: up to 500 characters.")


@strawberry.input(description="A new order of a customer, in the store's currency.")
class OrderCreateInput:
    customer_id: strawberry.ID = identifies("Customer", description="Who buys.")
    items: list[OrderItemInput] = strawberry.field(description="1 to 100 lines, in this order.")
    status: OrderStatus = strawberry.field(
        default=OrderStatus.ON_HOLD, description="DRAFT, ON_HOLD or PROCESSING. One that costs nothing goes further."
    )
    payment_status: PaymentStatus = strawberry.field(
        default=PaymentStatus.PENDING, description="PENDING, or PAID: it is marked as paid at once."
    )
    payment_method: str = strawberry.field(default="offline_payment", description=METHOD)
    payment_method_title: str | None = strawberry.field(
        default=None, description="What the customer sees it called: up to 100 characters."
    )
    currency: CurrencyCode | None = strawberry.field(
        default=None, description="The store's, where you want to be sure: another one is refused."
    )
    note: str | None = strawberry.field(default=None, description=NOTE)
    discount: OrderDiscountInput | None = strawberry.field(
        default=None, description="Taken off the lines, of what coupons leave."
    )
    coupon_codes: list[str] = strawberry.field(default_factory=list, description=COUPONS)
    shipping_total: Cents = strawberry.field(default=Cents(0), description=SHIPPING_TOTAL)
    billing_address_id: strawberry.ID | None = identifies("CustomerAddress", description=BILLING)
    shipping_address_id: strawberry.ID | None = identifies("CustomerAddress", description=SHIPPING)


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. Totals, coupons and stock follow from it."
)
class OrderUpdateInput:
    id: strawberry.ID = identifies("Order")
    expected_version: int | None = edited_version()
    customer_id: strawberry.Maybe[strawberry.ID] = identifies("Customer", description="Who buys, in another's place.")
    items: list[OrderItemChangeInput] | None = strawberry.field(
        default=None, description="Lines to change or to add; a line that is not named stays as it is."
    )
    deleted_item_ids: list[strawberry.ID] | None = identifies(
        "OrderItem", description="Lines that go. One line at least stays."
    )
    payment_method: strawberry.Maybe[str] = strawberry.field(default=None, description=METHOD)
    payment_method_title: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="Up to 100 characters."
    )
    note: strawberry.Maybe[str | None] = strawberry.field(default=None, description=NOTE)
    discount: strawberry.Maybe[OrderDiscountInput | None] = strawberry.field(
        default=None, description="In place of the one there is; null for none."
    )
    coupon_codes: strawberry.Maybe[list[str] | None] = strawberry.field(
        default=None, description=f"All of them; null or an empty list for none. {COUPONS}"
    )
    shipping_total: strawberry.Maybe[Cents] = strawberry.field(default=None, description=SHIPPING_TOTAL)
    billing_address_id: strawberry.Maybe[strawberry.ID | None] = identifies(
        "CustomerAddress", description="One of the customer's addresses, which is copied; null for none."
    )
    shipping_address_id: strawberry.Maybe[strawberry.ID | None] = identifies(
        "CustomerAddress", description="One of the customer's addresses, which is copied; null for none."
    )


@strawberry.input(description="Which order goes, with its lines, payments and addresses.")
class OrderDeleteInput:
    id: strawberry.ID = identifies("Order")
    expected_version: int | None = seen_version()


@strawberry.input(description="What is known of a payment that came.")
class OrderMarkAsPaidInput:
    id: strawberry.ID = identifies("Order")
    expected_version: int | None = edited_version()
    payment_method: str | None = strawberry.field(default=None, description=f"{METHOD} Absent: the order's own.")
    vendor_charge_id: str | None = strawberry.field(
        default=None, description="What the payment provider knows the payment by: up to 192 characters."
    )
    note: str | None = strawberry.field(
        default=None, description="For the staff, kept with the payment: up to 5000 characters."
    )


@strawberry.input(description="How many pieces of a line come back.")
class OrderRestockInput:
    item_id: strawberry.ID = identifies("OrderItem", description="A line of the order.")
    quantity: int = strawberry.field(description="From 1, up to what was bought and did not come back yet.")


@strawberry.input(description="What is given back of a payment.")
class OrderRefundInput:
    id: strawberry.ID = identifies("Order")
    expected_version: int | None = edited_version()
    transaction_id: strawberry.ID = identifies(
        "OrderTransaction", description="The payment of which it is given back: one of the order that SUCCEEDED."
    )
    amount: Cents = strawberry.field(
        description="In minor units, above 0, up to what is left of the payment after earlier refunds."
    )
    reason: str | None = strawberry.field(default=None, description="For the staff: up to 1000 characters.")
    item_ids: list[strawberry.ID] | None = identifies(
        "OrderItem",
        description="The lines that it is for, in proportion to what is left of each; absent or empty: all of them.",
    )
    restock: list[OrderRestockInput] | None = strawberry.field(
        default=None, description="What comes back into the stock, where the line keeps some of it."
    )
    cancel_subscription: bool = strawberry.field(
        default=False, description="Cancel the subscriptions that the order began, with the reason of the refund."
    )


@strawberry.input(description="The state that an order, or its parcel, is in from now on.")
class OrderStatusesUpdateInput:
    id: strawberry.ID = identifies("Order")
    expected_version: int | None = edited_version()
    status: OrderStatus | None = strawberry.field(
        default=None, description="ON_HOLD, PROCESSING, COMPLETED or CANCELED; nothing follows after CANCELED."
    )
    shipping_status: ShippingStatus | None = strawberry.field(
        default=None, description="Any of them, of an order that has something to send."
    )
    if_different: bool = strawberry.field(
        default=False, description="Whether a state that it has already is passed over, and no error."
    )
    manage_stock: bool = strawberry.field(
        default=True,
        description="Of CANCELED: whether what the order keeps comes back into the stock. False: it is lost.",
    )
