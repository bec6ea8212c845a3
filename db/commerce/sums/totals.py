"""What an order adds up to. Pure; amounts are minor units."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from db.commerce.order import LineType, TaxBehavior

# What is charged for by other lines, or on top of all of them.
_BESIDE: Final = (LineType.BUNDLE, LineType.FEE)

Line = Mapping[str, Any]


def line_sums(unit_price: int, quantity: int, discount: int) -> dict[str, int]:
    """The columns of a line. Tax is never inside."""
    subtotal = unit_price * quantity
    return {"subtotal": subtotal, "discount_total": discount, "line_total": subtotal - discount}


def is_charged(line: Line) -> bool:
    """Whether a line is in the subtotal: parts of bundles are in the bundle's own line, fees on top of all."""
    return line["payment_type"] not in _BESIDE


def order_sums(order: Mapping[str, Any], lines: Collection[Line]) -> dict[str, int]:
    """`subtotal` and `total` of an order's columns and lines: never below 0."""
    subtotal = sum(line["subtotal"] for line in lines if is_charged(line))
    discounts = order["manual_discount_total"] + order["coupon_discount_total"]
    total = subtotal - discounts + order["fee_total"] + order["shipping_total"]
    if order["tax_behavior"] is TaxBehavior.EXCLUSIVE:
        total += order["tax_total"] + order["shipping_tax"]
    return {"subtotal": subtotal, "total": max(0, total)}


def allocated(amount: int, lines: Collection[Line]) -> dict[int, int]:
    """A refund spread over lines, by key: in proportion to what is left of each, rounded half up, the last one takes
    what is missing; never more than is left."""
    left = {line["id"]: max(0, line["line_total"] - line["refund_total"]) for line in lines}
    rest = min(amount, sum(left.values()))
    total, shares = sum(left.values()), {}
    for place, (key, most) in enumerate(left.items(), start=1):
        share = rest if place == len(left) or not total else min(rest, (2 * amount * most + total) // (2 * total))
        shares[key] = min(share, most)
        rest -= shares[key]
    for key, most in left.items():  # what rounding left over, and what is more than the last one has
        more = min(rest, most - shares[key])
        shares[key] += more
        rest -= more
    return {key: share for key, share in shares.items() if share}
