"""What is done to carts. Whoever has a cart's token has the cart; nobody is told of what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Executable, delete, insert, select, update

from db.commerce.cart import CartRow
from db.commerce.coupon import code_key
from db.commerce.sums.plan import is_plan
from db.secrets.hashed import Prefix, hashed, made
from db.store.locks import lock
from db.store.writing import add, bump_all, edit
from engine.declared.mutation import GUESSES, mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values import identity
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC
from resolvers.commerce.cart.destination import Addressed, told_destination
from resolvers.commerce.cart.finding import CART, ITEM, cart_to_change, held_cart, items_of
from resolvers.commerce.cart.input import (
    CartAddInput,
    CartApplyCouponInput,
    CartRemoveCouponInput,
    CartRemoveInput,
    CartUpdateInput,
)
from resolvers.commerce.cart.reading import lines_of, shown
from resolvers.commerce.coupon.applying import MOST_CODES
from resolvers.commerce.coupon.listing import COUPON
from resolvers.commerce.coupon.using import LONGEST_CODE
from resolvers.commerce.order.lines import MOST_LINES, Choice, check_quantity, choose
from resolvers.commerce.order.stock import NOT_ENOUGH, Shelf
from resolvers.commerce.rows import within
from resolvers.editing.locking import key_of

ONE_OFFERED: Final = "Of an offer there is one: take it out to buy several at their own price"


@dataclass(slots=True)
class Wanted:
    """A line of a cart, as `choose` asks for one."""

    variant_id: Any
    product_id: Any = None
    unit_price: Any = None


@mutation(permission=PUBLIC, rest="POST /cart/add", held_by="token")
async def cart_add(unit: Unit, input: CartAddInput) -> Keys:
    """Put something into a cart, beside what is in it of that already. Without a token, and without an open cart of
    whoever is signed in, a new cart is made: keep its `token`, which is shown this once. Nothing is taken out of the
    stock before the checkout."""
    cart = await held_cart(unit, input.token)
    if cart is None and input.token is not None:
        cart = await cart_to_change(unit, input.token)
    token = None
    if cart is None:
        cart, token = await _new(unit)
    key, items = key_of(input.variant_id), await items_of(unit, cart)
    if check_quantity(unit.at(), input.quantity):
        await _check(unit, items, key, items.get(key, 0) + input.quantity)
    if key in items and await _is_offered(unit, cart, key):
        unit.refuse(ErrorCode.BUSINESS_RULE, ONE_OFFERED, "variantId")
    unit.settle()
    await _put(unit, cart, items, key, items.get(key, 0) + input.quantity)
    return {**await _said(unit, cart, input), "token": token}


@mutation(permission=PUBLIC, rest="PUT /cart/update", held_by="token")
async def cart_update(unit: Unit, input: CartUpdateInput) -> Keys:
    """Say how many of something a cart has."""
    cart = await cart_to_change(unit, input.token)
    key, items = await _in_it(unit, cart, input.variant_id)
    if input.quantity and check_quantity(unit.at(), input.quantity, least=0):
        await _check(unit, items, key, input.quantity)
    if input.quantity and await _is_offered(unit, cart, key):
        if input.quantity != 1:
            unit.refuse(ErrorCode.BUSINESS_RULE, ONE_OFFERED, "quantity")
        unit.settle()
        return await _said(unit, cart, input)
    unit.settle()
    await _put(unit, cart, items, key, input.quantity)
    return await _said(unit, cart, input)


@mutation(permission=PUBLIC, rest="DELETE /cart/remove", held_by="token")
async def cart_remove(unit: Unit, input: CartRemoveInput) -> Keys:
    """Take something out of a cart, however many there are of it."""
    cart = await cart_to_change(unit, input.token)
    key, items = await _in_it(unit, cart, input.variant_id)
    await _put(unit, cart, items, key, 0)
    return await _said(unit, cart, input)


@mutation(permission=PUBLIC, rest="POST /cart/apply-coupon", rate=GUESSES, held_by="token")
async def cart_apply_coupon(unit: Unit, input: CartApplyCouponInput) -> Keys:
    """Let a cart have a coupon, beside those that it has. Whom it is for, and how often they may use it, is asked at
    the checkout."""
    cart = await cart_to_change(unit, input.token)
    key = code_key(input.code) if len(input.code) <= 4 * LONGEST_CODE and "\0" not in input.code else ""
    found = (await unit.connection.execute(select(COUPON.c.code).where(COUPON.c.code_key == key))).scalar()
    codes = list(cart["coupon_codes"])
    if found is None or not key:
        unit.refuse(ErrorCode.NOT_FOUND, "No such coupon", "code")
    elif key in map(code_key, codes):
        unit.refuse(ErrorCode.BUSINESS_RULE, "This coupon is used already", "code")
    elif len(codes) >= MOST_CODES:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"At most {MOST_CODES} of them", "code")
    unit.settle()
    await edit(unit.connection, CART, cart["id"], cart["version"], {"coupon_codes": [*codes, found]})
    said = await _said(unit, cart, input)
    mine = [one for one in said["cart"]["coupons"] if code_key(one["code"]) == key]
    for one in mine:
        if one["problem"] is not None:
            unit.refuse(ErrorCode.BUSINESS_RULE, one["problem"], "code")
    unit.settle()
    return said


@mutation(permission=PUBLIC, rest=None, held_by="token")
async def cart_remove_coupon(unit: Unit, input: CartRemoveCouponInput) -> Keys:
    """Take a coupon off a cart."""
    cart = await cart_to_change(unit, input.token)
    left = [code for code in cart["coupon_codes"] if code_key(code) != code_key(input.code[: 4 * LONGEST_CODE])]
    if len(left) == len(cart["coupon_codes"]):
        unit.refuse(ErrorCode.NOT_FOUND, "The cart has no such coupon", "code")
    unit.settle()
    await edit(unit.connection, CART, cart["id"], cart["version"], {"coupon_codes": left})
    return await _said(unit, cart, input)


async def _new(unit: Unit) -> tuple[dict[str, Any], str | None]:
    """A cart, and its token; without one where another request of the same person has just made theirs."""
    person: int | None = getattr(unit.viewer, "user_id", None)
    if person is not None:
        await lock(unit.connection, {f"cart of {person}"})
        if (found := await held_cart(unit, None)) is not None:
            return found, None
    token = made(Prefix.CART)
    row = CartRow(token_hash=hashed(token), user_id=person)
    key = await add(unit.connection, row)
    return row.model_dump() | {"id": key}, token


async def _in_it(unit: Unit, cart: Mapping[str, Any], id: str) -> tuple[int, dict[int, int]]:
    key, items = key_of(id), await items_of(unit, cart)
    if key not in items:
        unit.refuse(ErrorCode.NOT_FOUND, "The cart has none of it", "variantId")
        unit.settle()
    return key, items


async def _check(unit: Unit, items: Mapping[int, int], key: int, quantity: int) -> None:
    """Whether a cart may have so many of a variant."""
    if key not in items and len(items) >= MOST_LINES:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"A cart has at most {MOST_LINES} things", "variantId")
        return
    choices, shelf = await choose(unit, [((), wanted(key), quantity)], plans=True, lock=False)
    for choice in choices:
        if lacking(choice, shelf):
            unit.refuse(ErrorCode.CONFLICT, NOT_ENOUGH, "quantity")
        if is_plan(choice.variant) and await _another_plan(unit, items, key):
            unit.refuse(ErrorCode.BUSINESS_RULE, "A cart has one subscription", "variantId")


def wanted(key: int) -> Wanted:
    return Wanted(identity.encode("ProductVariant", key))


def lacking(choice: Choice, shelf: Shelf) -> bool:
    """Whether there is not enough of a variant, or of a part of it."""
    of_it = [choice.variant, *(variant for variant, _ in choice.parts)]
    return any(row["id"] in shelf.managed and row["available"] < choice.quantity for row in of_it)


async def _another_plan(unit: Unit, items: Mapping[int, int], key: int) -> bool:
    others = [each for each in items if each != key]
    _, shelf = await choose(unit, [], others, lock=False)
    return any(is_plan(variant) for variant in shelf.variants.values())


async def _put(unit: Unit, cart: Mapping[str, Any], items: Mapping[int, int], key: int, quantity: int) -> None:
    mine = (ITEM.c.cart_id == cart["id"]) & (ITEM.c.variant_id == key)
    statement: Executable
    if quantity == 0:
        statement = delete(ITEM).where(mine)
    elif key in items:
        # Who says how many takes them at their own price, whatever offer one was taken by.
        statement = update(ITEM).where(mine).values(quantity=quantity, bump_id=None)
    else:
        statement = insert(ITEM).values(cart_id=cart["id"], variant_id=key, quantity=quantity)
    await unit.connection.execute(statement)
    await bump_all(unit.connection, CART, [cart["id"]])


async def _is_offered(unit: Unit, cart: Mapping[str, Any], key: int) -> bool:
    """Whether a thing of the cart was taken by an offer that holds."""
    lines = await lines_of(within(unit), unit.viewer, cart["id"])
    return any(line["variant_id"] == key and line["offered"] for line in lines)


async def _said(unit: Unit, cart: Mapping[str, Any], input: Addressed) -> dict[str, Any]:
    return {"cart": await shown(within(unit), unit.viewer, cart["id"], told_destination(unit, input))}
