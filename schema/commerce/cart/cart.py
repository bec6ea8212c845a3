"""Carts: what somebody is about to buy."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.catalog.variant import VariantRow
from db.commerce.order import TaxBehavior
from engine.declared.batch import Argument, batched, queried
from engine.declared.declaration import derived, related
from engine.declared.mutation import performed
from engine.declared.payload import Payload, told
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.commerce.cart.coupons import offered_coupons
from resolvers.commerce.cart.destination import asked_destination
from resolvers.commerce.cart.finding import one_cart
from resolvers.commerce.cart.input import ADDRESS, WHICH, CartAddressInput
from resolvers.commerce.cart.offering import cart_add_bump, offers
from resolvers.commerce.cart.reading import shown
from resolvers.commerce.cart.receipt import ways_to_pay
from resolvers.commerce.cart.sending import ways_to_send
from resolvers.commerce.cart.writing import cart_add, cart_apply_coupon, cart_remove, cart_remove_coupon, cart_update
from schema.commerce.cart.charged_tax import ChargedTax
from schema.commerce.said import held, maybe_said_money, said_money, said_value, said_values, told_value
from schema.commerce.shipping import ShippingOffer
from schema.money import Money

if TYPE_CHECKING:
    from schema.catalog.variant import ProductVariant


@strawberry.type(
    description="An order bump, as a cart is offered it: a variant beside what is in the cart, at a price of its own."
)
class CartBump:
    hash: str = derived(lambda said: said.hash, description="What `cartAddBump` takes it by.")
    title: str = derived(lambda said: said.title, description="What the customer reads first.")
    description: str = derived(
        lambda said: said.description, description="What the customer reads below it, plain text; empty without one."
    )
    call_to_action: str = derived(
        lambda said: said.call_to_action,
        description="What stands beside the box that is ticked to take it; empty when the page has its own words.",
    )
    price: Money = said_money("price", "What the variant costs otherwise.")
    discounted_price: Money = said_money(
        "discounted_price", "What one costs by this offer; of one there may be no more."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to="variant", description="What is offered."
    )
    row: strawberry.Private[Any]


@strawberry.type(description="Something in a cart, and what it comes to now.")
class CartItem:
    quantity: int = derived(lambda said: said.quantity, description="How many there are, from 1.")
    unit_price: Money = said_money(
        "unit_price", "What one costs today: by its `bump`, if it has one; of a subscription each period."
    )
    setup_fee: Money = said_money("setup_fee", "What a subscription costs at its beginning; 0 without one.")
    is_subscription: bool = derived(
        lambda said: said.is_subscription, description="Whether it is paid again and again."
    )
    subtotal: Money = said_money("subtotal", "What is due now, before coupons: of a trial its setup fee.")
    discount: Money = said_money("discount", "What coupons take off.")
    tax: Money | None = maybe_said_money(
        "tax", "The tax on it, in `total` or on top of it; null where the cart's is, and of what cannot be bought."
    )
    total: Money = said_money("total", "What is due now, without tax that comes on top.")
    problem: str | None = derived(
        lambda said: said.problem,
        description="Why it cannot be bought as it stands, in a sentence; it is in no sum then. Null: it can.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to="variant",
        description="What is bought; null of what is hidden by now, and then all amounts are 0.",
    )
    bump: CartBump | None = derived(
        lambda said: None if said.bump is None else said_value(CartBump, said.bump),
        description="The offer that it was taken by, while that holds; null otherwise. Once an offer is over it has a "
        "`problem`: `cartUpdate` keeps it at its own price, `cartRemove` takes it out.",
    )
    row: strawberry.Private[Any]


@strawberry.type(description="A coupon of a cart.")
class CartCoupon:
    code: str = derived(lambda said: said.code, description="As the coupon has it.")
    discount: Money = said_money("discount", "What it takes off; 0 of one for free shipping.")
    problem: str | None = derived(
        lambda said: said.problem, description="Why it takes nothing off, in a sentence; null while it applies."
    )
    row: strawberry.Private[Any]


@strawberry.type(description="A coupon that a shop offers to whoever has a cart that it is good for.")
class OfferedCoupon:
    code: str = derived(lambda said: said.code, description="What `cartApplyCoupon` takes it by.")
    discount: Money = said_money("discount", "What it would take off, beside the coupons that the cart has.")
    free_shipping: bool = derived(lambda said: said.free_shipping, description="Whether it takes the shipping off.")
    row: strawberry.Private[Any]


@strawberry.type(description="A way of paying, as customers see it.")
class CheckoutPaymentMethod:
    method: str = derived(
        lambda said: said.method, description="Its key, which `checkoutProcess` takes as `paymentMethod`."
    )
    title: str = derived(lambda said: said.title, description="What the customer chooses by.")
    logo: URL | None = derived(
        lambda said: None if said.logo is None else URL(said.logo), description="Its picture; null without one."
    )
    instructions: str = derived(
        lambda said: said.instructions, description="What the store says about paying by it; empty when nothing."
    )
    row: strawberry.Private[Any]


async def _payment_methods(context: Context, keys: Sequence[int]) -> list[list[CheckoutPaymentMethod]]:
    found = await ways_to_pay(context.rows)
    return [said_values(CheckoutPaymentMethod, found) for _ in keys]


async def _offered_coupons(context: Context, keys: Sequence[int]) -> list[list[OfferedCoupon]]:
    return [said_values(OfferedCoupon, each) for each in await offered_coupons(context, keys)]


async def _shipping_methods(
    context: Context, keys: Sequence[int], address: CartAddressInput
) -> list[list[ShippingOffer]]:
    return [[held(ShippingOffer, offer) for offer in each] for each in await ways_to_send(context, keys, address)]


async def _bumps(context: Context, keys: Sequence[int]) -> list[list[CartBump]]:
    return [said_values(CartBump, each) for each in await offers(context, keys)]


@strawberry.type(description="What somebody is about to buy, at the prices of this moment.")
class Cart:
    items: list[CartItem] = derived(
        lambda said: said_values(CartItem, said.items), description="In the order in which they came."
    )
    coupons: list[CartCoupon] = derived(
        lambda said: said_values(CartCoupon, said.coupons),
        description="In the order in which they take something off; those that do not apply come last.",
    )
    offered_coupons: list[OfferedCoupon] = batched(
        _offered_coupons,
        to="key",
        description="Coupons that the shop shows (`showOnCheckout`), by their priority, up to 10: those that are "
        "ACTIVE, go together with what the cart has and take something off it. One for certain people is shown to them "
        "alone, once they are signed in.",
    )
    bumps: list[CartBump] = batched(
        _bumps,
        to="key",
        description="What it is offered beside what is in it, up to 10, by their priority; `cartAddBump` takes one. Of "
        "what it has already there is no offer, nor of what is sold out.",
    )
    payment_methods: list[CheckoutPaymentMethod] = batched(
        _payment_methods, to="key", description="How its order can be paid: one of them is named at the checkout."
    )
    shipping_methods: list[ShippingOffer] | None = batched(
        _shipping_methods,
        Argument("address", CartAddressInput, "Where it is sent to: methods go by its country and its state."),
        to="key",
        description="How what is in it can be sent there, the cheapest first, each with what the checkout charges for "
        "it: by prices as coupons and offers leave them. One is named at the checkout. Empty where nothing is sent.",
    )
    quantity: int = derived(lambda said: said.quantity, description="How many pieces there are in all.")
    subtotal: Money = said_money("subtotal", "What is due now, before coupons, without shipping.")
    discount: Money = said_money("discount", "What coupons take off.")
    tax_behavior: TaxBehavior = derived(
        lambda said: TaxBehavior(said.tax_behavior),
        description="Whether its prices hold their tax; NONE where the store has taxes off.",
    )
    tax: Money | None = maybe_said_money(
        "tax",
        "The tax on what is in it, without shipping; null with taxes off, and while nobody says for which address.",
    )
    taxes: list[ChargedTax] | None = derived(
        lambda said: None if said.taxes is None else said_values(ChargedTax, said.taxes),
        description="What each rate comes to, in the order in which they are reckoned; they add up to `tax`, and are "
        "null with it.",
    )
    total: Money = said_money(
        "total", "What is due now, without shipping; with `tax`, where that is known and comes on top."
    )
    free_shipping: bool = derived(
        lambda said: said.free_shipping, description="Whether a coupon takes the shipping off."
    )
    requires_shipping: bool = derived(
        lambda said: said.requires_shipping,
        description="Whether anything of it is sent, so that the checkout asks how.",
    )
    updated_at: datetime = derived(
        lambda said: datetime.fromisoformat(said.updated_at),
        description="When something was last put in or taken out, in UTC. What nobody touches for 30 days is deleted.",
    )
    row: strawberry.Private[Any]


async def cart(context: Context, token: str | None = None, address: CartAddressInput | None = None) -> Cart | None:
    to = asked_destination(address)
    found = await context.rows(one_cart(token, context.viewer))
    return said_value(Cart, await shown(context.rows, context.viewer, found[0].id, to)) if found else None


@strawberry.type
class CartQueries:
    cart: Cart | None = queried(
        cart,
        Argument("token", str | None, WHICH, default=None),
        Argument("address", CartAddressInput | None, ADDRESS, default=None),
        rest=["GET /cart"],
        description="A cart; null when there is no open one.",
    )


@strawberry.type(description="The cart as it is now; what is new has a token.")
class CartAddPayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")
    token: str | None = told(
        once=True,
        description="Of a new cart: by it, and by nothing else, a visitor has it. Shown this once; null otherwise.",
    )


@strawberry.type(description="The cart as it is now.")
class CartUpdatePayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")


@strawberry.type(description="The cart as it is now.")
class CartRemovePayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")


@strawberry.type(description="The cart as it is now.")
class CartAddBumpPayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")


@strawberry.type(description="The cart as it is now.")
class CartApplyCouponPayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")


@strawberry.type(description="The cart as it is now.")
class CartRemoveCouponPayload(Payload):
    cart: Cart | None = told_value(Cart, "What is in it, and what it comes to.")


@strawberry.type
class CartMutations:
    cart_add: CartAddPayload | None = performed(cart_add)
    cart_add_bump: CartAddBumpPayload | None = performed(cart_add_bump)
    cart_update: CartUpdatePayload | None = performed(cart_update)
    cart_remove: CartRemovePayload | None = performed(cart_remove)
    cart_apply_coupon: CartApplyCouponPayload | None = performed(cart_apply_coupon)
    cart_remove_coupon: CartRemoveCouponPayload | None = performed(cart_remove_coupon)
