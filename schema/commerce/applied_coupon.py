"""Coupons as orders have them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.commerce import visibility
from db.commerce.coupon import AppliedCouponRow, CouponRow
from db.commerce.order import OrderRow
from engine.declared.declaration import column, related
from engine.declared.entity import Node, entity
from schema.money import Money, currency_of_order, order_money

if TYPE_CHECKING:
    from schema.commerce.coupon import Coupon
    from schema.commerce.order import Order

_CURRENCY: str = currency_of_order(AppliedCouponRow.order_id)


@entity(AppliedCouponRow, visible=visibility.applied_coupons, description="A coupon that an order was made with.")
class AppliedCoupon(Node):
    database_id: int = column(AppliedCouponRow.id)
    code: str = column(AppliedCouponRow.code, description="As the coupon had it when the order was made.")
    amount: Money = order_money(
        AppliedCouponRow.amount, _CURRENCY, description="What it took off the lines; 0 of one for free shipping."
    )
    coupon: Annotated["Coupon", strawberry.lazy("schema.commerce.coupon")] | None = related(
        CouponRow.id,
        to=AppliedCouponRow.coupon_id,
        description="The coupon as it is now; null once it is deleted, and without coupons/view.",
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=AppliedCouponRow.order_id, description="The order that has it."
    )
