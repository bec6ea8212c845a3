"""Inputs of what is done to carts."""

import strawberry

from engine.declared.input import identifies

WHICH = "The cart's own, as `cartAdd` gave it. Absent: the open cart of whoever is signed in."


@strawberry.input(description="What is put into a cart.")
class CartAddInput:
    token: str | None = strawberry.field(default=None, description=f"{WHICH} Without either a new cart is made.")
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is bought.")
    quantity: int = strawberry.field(default=1, description="How many more of it, from 1. Of a subscription one.")


@strawberry.input(description="How many of something a cart has.")
class CartUpdateInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is in the cart.")
    quantity: int = strawberry.field(description="How many of it there are then; 0 takes it out.")


@strawberry.input(description="What is taken out of a cart.")
class CartRemoveInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is in the cart.")


@strawberry.input(description="A coupon that a cart gets.")
class CartApplyCouponInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    code: str = strawberry.field(description="Whatever the case.")


@strawberry.input(description="A coupon that a cart has no more.")
class CartRemoveCouponInput:
    token: str | None = strawberry.field(default=None, description=WHICH)
    code: str = strawberry.field(description="Whatever the case.")
