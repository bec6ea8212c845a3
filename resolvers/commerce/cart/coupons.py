"""The coupons that a shop offers to whoever has something in a cart."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, true

from db.commerce.coupon import CouponStatus, CouponType, code_key, matches
from db.commerce.store import MONEY_FORMAT
from db.commerce.sums.discount import alone, by_line, discounts, purchase
from engine.standard.context import Context
from resolvers.commerce.amounts import amounts
from resolvers.commerce.cart.finding import codes_of
from resolvers.commerce.cart.reading import Lowered, for_anybody, lowered
from resolvers.commerce.coupon.applying import MOST_CODES
from resolvers.commerce.coupon.listing import COUPON

MOST_OFFERED: Final = 10
# Of so many that the shop offers, the first by priority, each is tried on the cart.
_MOST_TRIED: Final = 200
_OFFERED: Final = (
    select(COUPON, MONEY_FORMAT.label("format"))
    .where(COUPON.c.status == CouponStatus.ACTIVE, COUPON.c.show_on_checkout == true())
    .order_by(COUPON.c.priority, COUPON.c.id)
    .limit(_MOST_TRIED)
)


async def offered_coupons(context: Context, keys: Sequence[int]) -> list[list[dict[str, Any]]]:
    """Of each cart those that it has not, that go together with those that it has, and that take something off it: as
    `schema.commerce.cart.cart.OfferedCoupon`. Whom one is for is known of whoever is signed in."""
    codes = await codes_of(context.rows, keys)
    coupons = [row._asdict() for row in await context.rows(_OFFERED)]
    return [await _offered(context, key, codes.get(key, ()), coupons) for key in keys]


async def _offered(
    context: Context, cart: int, codes: Sequence[str], coupons: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    if len(codes) >= MOST_CODES or not coupons:
        return []
    held = await lowered(context.rows, context.viewer, cart, codes)
    has, email = set(map(code_key, codes)), next((line["email"] for line in held.lines), None)
    free = [coupon for coupon in coupons if coupon["code_key"] not in has and _is_for(coupon, email)]
    return [said for coupon in free if (said := _said(coupon, held)) is not None][:MOST_OFFERED]


def _is_for(coupon: Mapping[str, Any], email: str | None) -> bool:
    """Of a coupon for certain people nobody else learns the code."""
    patterns = coupon["email_restrictions"]
    return not patterns or (email is not None and any(matches(pattern, email) for pattern in patterns))


def _said(coupon: Mapping[str, Any], held: Lowered) -> dict[str, Any] | None:
    """What it takes off beside the others; None where that is nothing."""
    both = [*held.applied, coupon]
    if alone(both) or for_anybody(coupon, held.among, purchase(held.among)) is not None:
        return None
    off = sum(by_line(discounts(both, held.among)).values()) - sum(held.off.values())
    ships = coupon["type"] is CouponType.FREE_SHIPPING
    if off <= 0 and not (ships and not held.ships_free and any(line["sent"] for line in held.sold)):
        return None
    return {"code": coupon["code"], "discount": amounts(coupon["format"])(max(off, 0)), "free_shipping": ships}
