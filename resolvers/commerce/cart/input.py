"""Inputs of what is done to carts, the checkout among it."""

import strawberry

from engine.declared.input import identifies
from resolvers.commerce.customer.input import COUNTRY, POSTCODE, STATE

WHICH = "The cart's own, as `cartAdd` gave it. Absent: the open cart of whoever is signed in."


ADDRESS = (
    "For which address it is taxed: where it is sent to, or where the bill goes, whichever the store goes by. Absent: "
    "`tax` is null, unless the store goes by its own."
)


@strawberry.input(description="An address, as far as tax rates go by it.")
class CartAddressInput:
    country: str = strawberry.field(description=COUNTRY)
    state: str | None = strawberry.field(default=None, description=STATE)
    city: str | None = strawberry.field(default=None, description="Town or city, up to 255 characters.")
    postcode: str | None = strawberry.field(default=None, description=POSTCODE)


@strawberry.input(description="What is put into a cart.")
class CartAddInput:
    token: str | None = strawberry.field(default=None, description=f"{WHICH} Without either a new cart is made.")
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is bought.")
    quantity: int = strawberry.field(default=1, description="How many more of it, from 1. Of a subscription one.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(description="Something that a cart is offered, and gets.")
class CartAddBumpInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    bump: str = strawberry.field(description="The `hash` of one of its `bumps`.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(description="How many of something a cart has.")
class CartUpdateInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is in the cart.")
    quantity: int = strawberry.field(description="How many of it there are then; 0 takes it out.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(description="What is taken out of a cart.")
class CartRemoveInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is in the cart.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(description="A coupon that a cart gets.")
class CartApplyCouponInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    code: str = strawberry.field(description="Whatever the case.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(description="A coupon that a cart has no more.")
class CartRemoveCouponInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    code: str = strawberry.field(description="Whatever the case.")
    address: CartAddressInput | None = strawberry.field(default=None, description=ADDRESS)


@strawberry.input(
    description="Where a customer is billed, or where it goes. Which parts it needs hangs on its country."
)
class CheckoutAddressInput:
    name: str = strawberry.field(description="First and last name: up to 255 characters.")
    address1: str | None = strawberry.field(default=None, description="Street and number: up to 255 characters.")
    address2: str | None = strawberry.field(default=None, description="Floor, building: up to 255 characters.")
    city: str | None = strawberry.field(default=None, description="Town or city, up to 255 characters.")
    state: str | None = strawberry.field(default=None, description=STATE)
    postcode: str | None = strawberry.field(default=None, description=POSTCODE)
    country: str = strawberry.field(description=COUNTRY)


@strawberry.input(description="Who buys what is in a cart, how it is paid, and where it goes.")
class CheckoutProcessInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    email: str = strawberry.field(
        description="Where the receipt goes: up to 254 characters. Whoever has it is the customer, whatever the case."
    )
    billing: CheckoutAddressInput = strawberry.field(description="Where the bill goes.")
    shipping: CheckoutAddressInput | None = strawberry.field(
        default=None, description="Where it is sent to, if not to where the bill goes."
    )
    payment_method: str = strawberry.field(description="How it is paid: the `method` of one of `Cart.paymentMethods`.")
    shipping_method_id: strawberry.ID | None = identifies(
        "ShippingMethod", description="How it is sent: one of `shippingMethods`. Of a cart that `requiresShipping`."
    )
    terms_accepted: bool = strawberry.field(
        default=False, description="Whether the customer has accepted the store's terms, where it asks for that."
    )
    note: str | None = strawberry.field(
        default=None, description="What the customer says about it: up to 5000 characters."
    )
