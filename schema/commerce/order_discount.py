"""What somebody of the staff takes off an order."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import strawberry

from db.commerce.coupon import CouponType
from db.commerce.order import OrderRow
from engine.declared.declaration import computed
from engine.values.scalars import Cents


@strawberry.type(description="What somebody of the staff takes off an order, after coupons: an amount, or a share.")
class OrderDiscount:
    amount: Cents | None = strawberry.field(description="In minor units of the order's currency; null for a share.")
    percentage: Decimal | None = strawberry.field(description="Of 100; null for an amount.")
    label: str = strawberry.field(description="What the customer reads; empty when nothing was said.")
    reason: str = strawberry.field(description="For the staff; empty when nothing was said.")


def _discount(said: Any) -> OrderDiscount | None:
    if not isinstance(said, Mapping):
        return None
    fixed = said["kind"] == CouponType.FIXED.value
    return OrderDiscount(
        amount=Cents(said["value"]) if fixed else None,
        percentage=None if fixed else Decimal(said["value"]) / 100,
        label=said["label"],
        reason=said["reason"],
    )


def order_discount() -> Any:
    return computed(
        _discount,
        OrderRow.manual_discount,
        description="How `manualDiscountTotal` came about; null when nobody here gave a discount.",
    )
