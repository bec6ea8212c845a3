"""Coupons, and what they take off an order that is being written."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from sqlalchemy import case
from sqlmodel import col

from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.coupon import CouponRow, CouponStatus, CouponType
from db.commerce.sums.exact import shifted
from db.commerce.sums.share import DECIMALS
from engine.declared.declaration import column, computed, derived, related
from engine.declared.entity import Node, entity
from engine.declared.lookup import picked
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted, told
from engine.values.columns import expression
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.coupon.applying import coupon_apply, coupon_cancel
from resolvers.commerce.coupon.writing import coupon_create, coupon_delete, coupon_update
from schema.commerce.said import said_money, said_values, told_money, told_values
from schema.money import Money, maybe_money

if TYPE_CHECKING:
    from schema.catalog.taxonomy import Term
    from schema.catalog.variant import ProductVariant

_FIXED: Any = expression(case((col(CouponRow.type) == CouponType.FIXED, col(CouponRow.amount))), "fixed_amount")


def _percentage(type_: CouponType, points: int) -> Decimal | None:
    return shifted(points, -DECIMALS) if type_ is CouponType.PERCENTAGE else None


@entity(
    CouponRow, visible=visibility.coupons, description="A code that makes an order cheaper, and when it may be used."
)
class Coupon(Node):
    database_id: int = column(CouponRow.id)
    title: str = column(CouponRow.title, description="What the staff calls it: 1 to 200 characters.")
    code: str = column(
        CouponRow.code, description="What customers type: 1 to 50 characters, unique among coupons whatever the case."
    )
    type: CouponType = column(CouponRow.type, description="What it gives.")
    status: CouponStatus = column(
        CouponRow.status,
        description="Whether it can be used. It follows the dates within seconds; whoever uses a coupon is judged by "
        "these.",
    )
    amount: Money | None = maybe_money(_FIXED, description="What a FIXED coupon takes off; null of other types.")
    percentage: Decimal | None = computed(
        _percentage,
        CouponRow.type,
        CouponRow.amount,
        description='What a PERCENTAGE coupon takes off, from 0 to 100: "12.50"; null of other types.',
    )
    priority: int = column(
        CouponRow.priority,
        description="Of several coupons the lowest comes first, and the next takes from what it leaves. Not below 0.",
    )
    use_count: int = column(CouponRow.use_count, description="How many orders were placed with it.")
    stackable: bool = column(CouponRow.stackable, description="Whether it goes together with other such coupons.")
    show_on_checkout: bool = column(
        CouponRow.show_on_checkout,
        description="Whether every cart that it is good for is told its code (`Cart.offeredCoupons`).",
    )
    notes: str = column(CouponRow.notes, description="For the staff, up to 5000 characters; empty when there are none.")
    start_at: datetime | None = column(CouponRow.start_at, description="From when on it can be used, in UTC.")
    end_at: datetime | None = column(
        CouponRow.end_at, description="From when on it cannot be used any more, in UTC; null when it does not end."
    )
    min_purchase: Money | None = maybe_money(
        CouponRow.min_purchase,
        description="What the lines have to cost at least, with setup fees, before discounts; null for any amount. "
        "Not below 0.",
    )
    max_purchase: Money | None = maybe_money(
        CouponRow.max_purchase,
        description="What the lines may cost at most, with setup fees, before discounts; null for any amount. "
        "Not below `minPurchase`.",
    )
    max_discount: Money | None = maybe_money(
        CouponRow.max_discount,
        description="What a PERCENTAGE or BUY_X_GET_Y coupon takes off at most; null for no bound. Not below 0.",
    )
    max_uses: int | None = column(CouponRow.max_uses, description="How many orders may use it; null for any number.")
    max_per_customer: int | None = column(
        CouponRow.max_per_customer, description="How many orders of one customer may use it; null for any number."
    )
    apply_to_whole_cart: bool = column(
        CouponRow.apply_to_whole_cart,
        description="A word of the shop's, kept for it: what a coupon is for is said by what it includes.",
    )
    apply_to_quantity: bool = column(
        CouponRow.apply_to_quantity, description="A word of the shop's, kept for it: no sum hangs on it."
    )
    is_recurring: bool = column(
        CouponRow.is_recurring,
        description="Whether later payments of a subscription are lower by what it takes off the first period: with a "
        "trial, whose period costs nothing, they are not.",
    )
    included_variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        CouponRow.included_variants, description="The only variants that it is for; empty: all."
    )
    excluded_variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        CouponRow.excluded_variants, description="Variants that it is not for, whatever else includes them."
    )
    included_categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = picked(
        CouponRow.included_categories,
        description="It is for products of one of these alone; empty: for all, with a category or without.",
    )
    excluded_categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = picked(
        CouponRow.excluded_categories, description="It is for no product of any of these."
    )
    buy_variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        CouponRow.buy_variants, description="Of BUY_X_GET_Y: what has to be bought; empty: whatever is eligible."
    )
    get_variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = picked(
        CouponRow.get_variants, description="Of BUY_X_GET_Y: what is free then; empty: whatever is eligible."
    )
    buy_quantity: int = column(
        CouponRow.buy_quantity, description="Of BUY_X_GET_Y: how many pieces have to be bought, from 1 on."
    )
    get_quantity: int = column(
        CouponRow.get_quantity, description="Of BUY_X_GET_Y: how many pieces are free each time, from 1 on."
    )
    email_restrictions: list[str] = computed(
        list,
        CouponRow.email_restrictions,
        description="Who may use it: e-mail addresses, `*` for any characters; empty for everyone.",
    )


@strawberry.type(description="What a coupon takes off, of a line or of the whole order.")
class CouponDiscount:
    code: str = derived(lambda said: said.code, description="The coupon's code, as the coupon has it.")
    discount: Money = said_money("discount", "What it takes off; 0 of one for free shipping.")
    coupon: Coupon | None = related(
        CouponRow.id, to="coupon", description="The coupon itself; null without coupons/view."
    )
    row: strawberry.Private[Any]


@strawberry.type(description="What coupons take off a line.")
class CouponLineDiscount:
    index: int = derived(lambda said: said.index, description="Its place in `items`, from 0.")
    quantity: int = derived(lambda said: said.quantity, description="How many pieces.")
    subtotal: Money = said_money("subtotal", "The pieces at their price, before discounts.")
    discount: Money = said_money("discount", "What all coupons take off it; never more than `subtotal`.")
    total: Money = said_money("total", "What is left.")
    coupons: list[CouponDiscount] = derived(
        lambda said: said_values(CouponDiscount, said.coupons),
        description="What each takes off it, in the order in which they do; those that take nothing are left out.",
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to="variant", description="What is bought."
    )
    row: strawberry.Private[Any]


_COUPONS: Final = "What each coupon takes off in all, in the order in which they do."
_LINES: Final = "Of each of `items` what coupons take off it."
_SUBTOTAL: Final = "What the lines cost before discounts."
_DISCOUNT: Final = "What all coupons take off."
_TOTAL: Final = "What the lines cost with the coupons, without shipping, fees and tax."
_SHIPPING: Final = "Whether one of the coupons takes the shipping off."


@strawberry.type(description="The new coupon.")
class CouponCreatePayload(Payload):
    coupon: Coupon | None = changed(CouponRow.id)


@strawberry.type(description="The coupon as it is now.")
class CouponUpdatePayload(Payload):
    coupon: Coupon | None = changed(CouponRow.id)


@strawberry.type(description="The coupon that is gone.")
class CouponDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Coupon")


@strawberry.type(description="What the order costs with the coupon, and with those that it had.")
class CouponApplyPayload(Payload):
    coupons: list[CouponDiscount] = told_values(CouponDiscount, _COUPONS)
    lines: list[CouponLineDiscount] = told_values(CouponLineDiscount, _LINES)
    subtotal: Money | None = told_money(_SUBTOTAL)
    total_discount: Money | None = told_money(_DISCOUNT)
    total: Money | None = told_money(_TOTAL)
    free_shipping: bool | None = told(description=_SHIPPING)


@strawberry.type(description="What the order costs without the coupon, with those that are left.")
class CouponCancelPayload(Payload):
    coupons: list[CouponDiscount] = told_values(CouponDiscount, _COUPONS)
    lines: list[CouponLineDiscount] = told_values(CouponLineDiscount, _LINES)
    subtotal: Money | None = told_money(_SUBTOTAL)
    total_discount: Money | None = told_money(_DISCOUNT)
    total: Money | None = told_money(_TOTAL)
    free_shipping: bool | None = told(description=_SHIPPING)


@strawberry.type
class CouponMutations:
    coupon_create: CouponCreatePayload | None = performed(coupon_create)
    coupon_update: CouponUpdatePayload | None = performed(coupon_update)
    coupon_delete: CouponDeletePayload | None = performed(coupon_delete)
    coupon_apply: CouponApplyPayload | None = performed(coupon_apply)
    coupon_cancel: CouponCancelPayload | None = performed(coupon_cancel)
