"""What is in a cart and what it comes to now: nothing of it is stored."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import exists, or_, select

from db.catalog import visibility
from db.catalog.bundle import BundleItemRow
from db.catalog.product import FulfillmentType, ProductStatus
from db.catalog.variant import VariantStatus
from db.commerce.coupon import CouponType, code_key
from db.commerce.store import MONEY_FORMAT, StoreRow
from db.commerce.sums.discount import ELSEWHERE, Asked, DiscountedLine, alone, by_line, discounts, purchase, refused
from db.commerce.sums.plan import due_now, is_plan
from db.store.row import now, table
from engine.values.viewer import Viewer
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.commerce.amounts import Amounts, amounts
from resolvers.commerce.cart.bumps import BUMP, OFFER, OVER, USER, holding, price_of, subtotal_of
from resolvers.commerce.cart.finding import CART, ITEM
from resolvers.commerce.cart.taxing import taxes_of
from resolvers.commerce.coupon.applying import by_product, category_links
from resolvers.commerce.coupon.listing import COUPON
from resolvers.commerce.order.stock import NOT_ENOUGH
from resolvers.commerce.rows import Rows

_BUNDLE: Final = table(BundleItemRow)
_ON_SALE: Final = (ProductStatus.PUBLISH, ProductStatus.PRIVATE)
_PART: Final = VARIANT.alias("part")
_PART_IS_SENT: Final = exists(
    select(1)
    .select_from(_BUNDLE.join(_PART, _PART.c.id == _BUNDLE.c.child_id))
    .where(_BUNDLE.c.variant_id == VARIANT.c.id, _PART.c.fulfillment_type == FulfillmentType.PHYSICAL)
    .correlate(VARIANT)
)
_NAMES: Final = (
    *("product_id", "price", "status", "manage_stock", "available", "supplied", "payment_type", "trial_days"),
    *("has_setup_fee", "setup_fee", "setup_fee_per_item", "incomplete", "sold_individually"),
)
# What a line is judged and reckoned by.
NEEDED: Final = (
    *(VARIANT.c[name] for name in _NAMES),
    PRODUCT.c.status.label("product_status"),
    PRODUCT.c.manage_stock.label("counted"),
)
# In one statement, so that whether a store taxes costs those nothing that do not.
_STORE: Final = select(MONEY_FORMAT, table(StoreRow).c.settings).where(table(StoreRow).c.id == 1)
GONE: Final = "It is not for sale any more"


class Lowered(NamedTuple):
    """The lines of a cart, and what its coupons take off them. `among`: those that can be bought, as discounts are
    shared out among them; `applied` are the coupons that apply; `problems` say by code why the others do not; `taken`
    is what each takes off each line, by keys; `off` all of it, by `item_id`."""

    lines: list[dict[str, Any]]
    among: list[DiscountedLine]
    applied: list[dict[str, Any]]
    problems: Mapping[str, str]
    taken: Mapping[Any, Mapping[Any, int]]
    off: Mapping[Any, int]

    @property
    def sold(self) -> list[dict[str, Any]]:
        """What can be bought as it stands."""
        return [line for line in self.lines if line["problem"] is None]

    @property
    def ships_free(self) -> bool:
        return any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in self.applied)


async def lowered(rows: Rows, viewer: Viewer, cart: int, codes: Sequence[str]) -> Lowered:
    """A cart of these coupons."""
    lines = await lines_of(rows, viewer, cart)
    among = await _discounted(rows, lines)
    applied, problems = await _coupons(rows, codes, among)
    taken = discounts(applied, among)
    return Lowered(lines, among, applied, problems, taken, by_line(taken))


async def shown(rows: Rows, viewer: Viewer, cart: int, to: Mapping[str, Any] | None) -> dict[str, Any]:
    """A cart as `schema.commerce.cart.cart.Cart` has it: amounts as `{"cents", "format"}`. `to`: the columns of the
    address that it is taxed for, as `destination` gives them."""
    (row,) = await rows(select(CART.c.coupon_codes, CART.c.updated_at).where(CART.c.id == cart))
    (money_format, settings) = next(iter(await rows(_STORE)), (None, {}))
    found = await lowered(rows, viewer, cart, row.coupon_codes)
    lines, sold, off = found.lines, found.sold, found.off

    cents = amounts(money_format)
    taxed = await taxes_of(rows, sold, off, settings or {}, to)
    items = [_item(line, off.get(line["item_id"], 0), taxed.by_item.get(line["item_id"]), cents) for line in lines]
    subtotal = sum(subtotal_of(line) for line in sold)
    discount = sum(off.values())
    return {
        "key": cart,
        "items": items,
        "coupons": [
            *(
                {
                    "coupon": one["id"],
                    "code": one["code"],
                    "discount": cents(sum(found.taken[one["id"]].values())),
                    "problem": None,
                }
                for one in found.applied
            ),
            *(
                {"coupon": None, "code": code, "discount": cents(0), "problem": said}
                for code, said in found.problems.items()
            ),
        ],
        "quantity": sum(line["quantity"] for line in lines),
        "subtotal": cents(subtotal),
        "discount": cents(discount),
        "tax_behavior": taxed.behavior.value,
        "tax": None if taxed.found is None else cents(taxed.found.total),
        "taxes": taxed.said(cents),
        "total": cents(subtotal - discount + taxed.on_top),
        "free_shipping": found.ships_free,
        "requires_shipping": any(line["sent"] for line in lines if line["visible"]),
        "updated_at": row.updated_at.isoformat(),
    }


async def lines_of(rows: Rows, viewer: Viewer, cart: int) -> list[dict[str, Any]]:
    """What is in a cart: columns of the variants, at the price of the offer that one was taken by where that holds.
    `taken_by`: the key of the bump that it was taken by; `offered`: whether that holds; `problem`: why it cannot be
    bought as it stands."""
    found = [dict(one._mapping) for one in await rows(_lines(viewer, cart))]
    lines = [{**line, "ordinary_price": line["price"], "offered": False, "problem": problem_of(line)} for line in found]
    taken = [line for line in lines if line["taken_by"] is not None]
    others = [line for line in lines if line["taken_by"] is None and line["problem"] is None]
    held = await holding(rows, taken, others, lines[0]["email"]) if taken else ()
    for line in taken:
        if line["item_id"] in held:
            line |= {"offered": True, "price": price_of(line, line["price"])}
        else:
            line["problem"] = line["problem"] or OVER
    return lines


def _lines(viewer: Viewer, cart: int) -> Any:
    return (
        select(
            ITEM.c.id.label("item_id"),
            ITEM.c.quantity,
            VARIANT.c.id.label("variant_id"),
            *NEEDED,
            visibility.variants(viewer).label("visible"),
            or_(VARIANT.c.fulfillment_type == FulfillmentType.PHYSICAL, _PART_IS_SENT).label("sent"),
            ITEM.c.bump_id.label("taken_by"),
            *OFFER,
            USER.c.email,
        )
        .select_from(
            ITEM.join(VARIANT, VARIANT.c.id == ITEM.c.variant_id)
            .join(PRODUCT, PRODUCT.c.id == VARIANT.c.product_id)
            .join(CART, CART.c.id == ITEM.c.cart_id)
            .outerjoin(BUMP, BUMP.c.id == ITEM.c.bump_id)
            .outerjoin(USER, USER.c.id == CART.c.user_id)
        )
        .where(ITEM.c.cart_id == cart)
        .order_by(ITEM.c.id)
    )


def problem_of(line: Mapping[str, Any]) -> str | None:
    """Why so many of a variant cannot be bought as it stands."""
    sold = line["product_status"] in _ON_SALE and line["status"] is VariantStatus.ACTIVE and line["visible"]
    if not sold or line["incomplete"]:
        return GONE
    counted = line["manage_stock"] and line["counted"]
    return NOT_ENOUGH if not line["supplied"] or (counted and line["available"] < line["quantity"]) else None


def _lowered(line: Mapping[str, Any]) -> int:
    """What coupons take something off: the setup fee is part of it where nothing else is due."""
    due = due_now(line, line["quantity"])
    now_due: int = due.unit_price * line["quantity"]
    return now_due or due.setup_fee


def _item(line: Mapping[str, Any], off: int, tax: int | None, cents: Amounts) -> dict[str, Any]:
    if not line["visible"]:
        # What a variant costs is as visible as the variant: of one that is hidden by now it may be another price.
        nothing = dict.fromkeys(("unit_price", "setup_fee", "subtotal", "discount", "total"), cents(0))
        hidden = {"variant": None, "is_subscription": False, "tax": None, "bump": None}
        return {**nothing, **hidden, "quantity": line["quantity"], "problem": line["problem"]}
    due, subtotal = due_now(line, line["quantity"]), subtotal_of(line)
    return {
        "variant": line["variant_id"],
        "quantity": line["quantity"],
        "unit_price": cents(line["price"]),
        "setup_fee": cents(due.setup_fee),
        "is_subscription": is_plan(line),
        "subtotal": cents(subtotal),
        "discount": cents(off),
        "tax": None if tax is None else cents(tax),
        "total": cents(subtotal - off),
        "problem": line["problem"],
        "bump": offer_said(line, line["ordinary_price"], cents) if line["offered"] else None,
    }


def offer_said(line: Mapping[str, Any], ordinary: int, cents: Amounts) -> dict[str, Any]:
    """An order bump as whoever has the cart may know it; `line` has the columns of `OFFER`."""
    return {
        **{name: line[f"bump_{name}"] for name in ("hash", "title", "description", "call_to_action")},
        "variant": line["variant_id"],
        "price": cents(ordinary),
        "discounted_price": cents(price_of(line, ordinary)),
    }


async def _discounted(rows: Rows, lines: Sequence[Mapping[str, Any]]) -> list[DiscountedLine]:
    among = [line for line in lines if line["problem"] is None]
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
            beside=subtotal_of(line) - _lowered(line),
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
    total = purchase(lines)
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
