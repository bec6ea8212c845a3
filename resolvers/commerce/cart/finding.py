"""Which cart somebody means: whose token they have, or their own."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, select

from db.commerce.cart import CartItemRow, CartRow, CartStage
from db.secrets.hashed import hashed
from db.store.row import table
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import Viewer
from resolvers.commerce.rows import Rows
from resolvers.editing.locking import not_found

CART: Final = table(CartRow)
ITEM: Final = table(CartItemRow)
LONGEST_TOKEN: Final = 100


def found_by(token: str | None, viewer: Viewer) -> ColumnElement[bool]:
    """The open cart of a token, or else of a person."""
    if token is not None:
        known = CART.c.token_hash == hashed(token) if len(token) <= LONGEST_TOKEN else false()
        return and_(known, CART.c.stage == CartStage.DRAFT)
    person = getattr(viewer, "user_id", None)
    return false() if person is None else and_(CART.c.user_id == person, CART.c.stage == CartStage.DRAFT)


def one_cart(token: str | None, viewer: Viewer) -> Select[Any]:
    return select(CART).where(found_by(token, viewer))


async def held_cart(unit: Unit, token: str | None) -> dict[str, Any] | None:
    """The cart, locked."""
    held = one_cart(token, unit.viewer).with_for_update()
    found = (await unit.connection.execute(held)).mappings().one_or_none()
    return None if found is None else dict(found)


async def cart_to_change(unit: Unit, token: str | None) -> dict[str, Any]:
    """The cart, locked. Raises Refused with NOT_FOUND at `token`."""
    found = await held_cart(unit, token)
    if found is not None:
        return found
    if token is None:
        unit.refuse(ErrorCode.NOT_FOUND, "There is no open cart: put something in, and keep its token", "token")
        unit.settle()
    return not_found(unit, "open cart", "token")


async def codes_of(rows: Rows, carts: Collection[int]) -> dict[int, list[str]]:
    """The codes of the coupons that carts have, by cart."""
    found = await rows(select(CART.c.id, CART.c.coupon_codes).where(CART.c.id.in_(sorted(set(carts)))))
    return {row.id: row.coupon_codes for row in found}


async def items_of(unit: Unit, cart: Mapping[str, Any]) -> dict[int, int]:
    """How many of each variant are in a cart, in the order in which they came."""
    statement = select(ITEM.c.variant_id, ITEM.c.quantity).where(ITEM.c.cart_id == cart["id"]).order_by(ITEM.c.id)
    return {row[0]: row[1] for row in await unit.connection.execute(statement)}
