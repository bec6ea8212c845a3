"""What is in a cart and what it comes to now: nothing of it is stored."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Executable, exists, or_, select

from db.catalog import visibility
from db.catalog.bundle import BundleItemRow
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.variant import VariantStatus
from db.commerce.coupon import CouponType, code_key
from db.commerce.store import MONEY_FORMAT
from db.commerce.sums.discount import ELSEWHERE, Asked, DiscountedLine, alone, by_line, discounts, refused
from db.commerce.sums.plan import due_now, is_plan
from db.store.row import now, table
from engine.values.viewer import Viewer
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.commerce.cart.finding import CART, ITEM
from resolvers.commerce.coupon.applying import by_product, category_links
from resolvers.commerce.coupon.listing import COUPON

Rows = Callable[[Executable], Awaitable[Sequence[Any]]]
_BUNDLE: Final = table(BundleItemRow)
_ON_SALE: Final = (ProductStatus.PUBLISH, ProductStatus.PRIVATE)
_PART: Final = VARIANT.alias("part")
_PART_IS_SENT: Final = exists(
    select(1)
    .select_from(_BUNDLE.join(_PART, _PART.c.id == _BUNDLE.c.child_id))
    .where(_BUNDLE.c.variant_id == VARIANT.c.id, _PART.c.fulfillment_type == FulfillmentType.PHYSICAL)
    .correlate(VARIANT)
)
GONE: Final = "It is not for sale any more"
NOT_ENOUGH: Final = "There is not enough of it"


async def shown(rows: Rows, viewer: Viewer, cart: int) -> dict[str, Any]:
    """A cart as `schema.commerce.cart.cart.Cart` has it: amounts as `{"cents", "format"}`."""
    (row,) = await rows(select(CART.c.coupon_codes, CART.c.updated_at).where(CART.c.id == cart))
    (money_format,) = [one[0] for one in await rows(select(MONEY_FORMAT))]
    lines = [dict(one._mapping) for one in await rows(_lines(viewer, cart))]
    among = await _discounted(rows, lines)
    applied, problems = await _coupons(rows, row.coupon_codes, among)
    taken = discounts(applied, among)
    off = by_line(taken)
    free = any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in applied)

    def cents(amount: int) -> dict[str, Any]:
        return {"cents": amount, "format": money_format}

    items = [_item(line, off.get(line["item_id"], 0), cents) for line in lines]
    subtotal = sum(_subtotal(line) for line in lines if _problem(line) is None)
    discount = sum(off.values())
    return {
        "items": items,
        "coupons": [
            *(
                {
                    "coupon": one["id"],
                    "code": one["code"],
                    "discount": cents(sum(taken[one["id"]].values())),
                    "problem": None,
                }
                for one in applied
            ),
            *({"coupon": None, "code": code, "discount": cents(0), "problem": said} for code, said in problems.items()),
        ],
        "quantity": sum(line["quantity"] for line in lines),
        "subtotal": cents(subtotal),
        "discount": cents(discount),
        "total": cents(subtotal - discount),
        "free_shipping": free,
        "requires_shipping": any(line["sent"] for line in lines),
        "updated_at": row.updated_at.isoformat(),
    }


def _lines(viewer: Viewer, cart: int) -> Any:
    names = (
        *("product_id", "price", "status", "manage_stock", "available", "supplied", "payment_type", "trial_days"),
        *("has_setup_fee", "setup_fee", "setup_fee_per_item", "incomplete", "sold_individually"),
    )
    return (
        select(
            ITEM.c.id.label("item_id"),
            ITEM.c.quantity,
            VARIANT.c.id.label("variant_id"),
            *(VARIANT.c[name] for name in names),
            PRODUCT.c.status.label("product_status"),
            PRODUCT.c.manage_stock.label("counted"),
            visibility.variants(viewer).label("visible"),
            or_(VARIANT.c.fulfillment_type == FulfillmentType.PHYSICAL, _PART_IS_SENT).label("sent"),
        )
        .select_from(
            ITEM.join(VARIANT, VARIANT.c.id == ITEM.c.variant_id).join(PRODUCT, PRODUCT.c.id == VARIANT.c.product_id)
        )
        .where(ITEM.c.cart_id == cart)
        .order_by(ITEM.c.id)
    )


def _problem(line: Mapping[str, Any]) -> str | None:
    """Why it cannot be bought as it stands."""
    sold = line["product_status"] in _ON_SALE and line["status"] is VariantStatus.ACTIVE and line["visible"]
    if not sold or line["incomplete"]:
        return GONE
    counted = line["manage_stock"] and line["counted"]
    return NOT_ENOUGH if not line["supplied"] or (counted and line["available"] < line["quantity"]) else None


def _subtotal(line: Mapping[str, Any]) -> int:
    due = due_now(line, line["quantity"])
    quantity: int = line["quantity"]
    return due.unit_price * quantity + due.setup_fee


def _lowered(line: Mapping[str, Any]) -> int:
    """What coupons take something off: the setup fee is part of it where nothing else is due."""
    due = due_now(line, line["quantity"])
    now_due: int = due.unit_price * line["quantity"]
    return now_due or due.setup_fee


def _item(line: Mapping[str, Any], off: int, cents: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    due, problem = due_now(line, line["quantity"]), _problem(line)
    subtotal = _subtotal(line)
    return {
        "variant": line["variant_id"] if line["visible"] else None,
        "quantity": line["quantity"],
        "unit_price": cents(line["price"]),
        "setup_fee": cents(due.setup_fee),
        "is_subscription": is_plan(line),
        "subtotal": cents(subtotal),
        "discount": cents(off),
        "total": cents(subtotal - off),
        "problem": problem,
    }


async def _discounted(rows: Rows, lines: Sequence[Mapping[str, Any]]) -> list[DiscountedLine]:
    among = [line for line in lines if _problem(line) is None]
    keys = sorted({line["product_id"] for line in among})
    terms = by_product(await rows(category_links(keys))) if keys else {}
    return [
        DiscountedLine(
            key=line["item_id"],
            product_id=line["product_id"],
            variant_id=line["variant_id"],
            categories=terms.get(line["product_id"], frozenset()),
            quantity=line["quantity"],
            unit_price=line["price"],
            subtotal=_lowered(line),
        )
        for line in among
    ]


async def _coupons(
    rows: Rows, codes: Sequence[str], lines: Sequence[DiscountedLine]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The coupons that apply, and of the others why they do not. Whom a coupon is for is asked at the checkout, where
    one says who one is."""
    if not codes:
        return [], {}
    keys = [code_key(code) for code in codes]
    found = {row.code_key: dict(row._mapping) for row in await rows(select(COUPON).where(COUPON.c.code_key.in_(keys)))}
    total = sum(line.subtotal for line in lines)
    applied, problems = [], {}
    for code, key in zip(codes, keys, strict=True):
        coupon = found.get(key)
        reason = "There is no such coupon any more" if coupon is None else for_anybody(coupon, lines, total)
        if coupon is None or reason is not None:
            problems[code] = reason or ELSEWHERE
        else:
            applied.append(coupon)
    for lonely in alone(applied):
        problems |= {one["code"]: ELSEWHERE for one in applied if one["id"] == lonely}
    return [one for one in applied if one["code"] not in problems], problems


def for_anybody(coupon: Mapping[str, Any], lines: Sequence[DiscountedLine], total: int) -> str | None:
    """Why a coupon does not apply, whoever buys."""
    open_to_all = {**coupon, "max_per_customer": None, "email_restrictions": []}
    return refused(open_to_all, lines, Asked(now(), None, "", 0), total)
