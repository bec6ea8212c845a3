"""What coupons and the staff take off an order, and what it adds up to then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from db.commerce.coupon import CouponType
from db.commerce.order import LineType
from db.commerce.sums.discount import DiscountedLine, by_line, discounts, manual
from db.commerce.sums.share import WHOLE
from db.commerce.sums.totals import is_charged, line_sums, order_sums
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.coupon.applying import categories_of
from resolvers.commerce.order.input import OrderDiscountInput
from resolvers.commerce.order.lines import MOST_MONEY
from resolvers.editing.editable import Text, checked_texts
from resolvers.editing.text import lines

_TEXTS: Final = {"label": Text(100), "reason": Text(500, lines)}


class Reckoned(NamedTuple):
    """`lines`: the sums of each, by its place in what was given; `order`: columns; `coupons`: what each took off, by
    key."""

    lines: list[dict[str, int]]
    order: dict[str, Any]
    coupons: dict[int, int]


@dataclass(frozen=True, slots=True)
class Lowered:
    """What lowers an order: rows of coupons, and a discount by hand as `orders.manual_discount` holds it."""

    coupons: Sequence[Mapping[str, Any]] = ()
    by_hand: Mapping[str, Any] | None = None


async def discounted(unit: Unit, of: Sequence[Mapping[str, Any]]) -> list[DiscountedLine]:
    """The lines that discounts are taken from; the key of each is its place. The setup fee of a subscription is among
    them where that costs nothing else at first, and counts for its variant."""
    plan = next((line for line in of if line["payment_type"] is LineType.SUBSCRIPTION), None)
    among = [(place, line) for place, line in enumerate(of) if is_charged(line) and not _fee_beside(line, plan)]
    beside = sum(line["subtotal"] for line in of if _fee_beside(line, plan))
    products = {line["product_id"] for _, line in among if line["product_id"] is not None}
    categories = await categories_of(unit.connection, products)
    return [
        DiscountedLine(
            key=place,
            product_id=line["product_id"] or 0,
            variant_id=line["variant_id"] or (plan or {}).get("variant_id") or 0,
            categories=categories.get(line["product_id"], frozenset()),
            quantity=line["quantity"],
            unit_price=line["unit_price"],
            subtotal=line["subtotal"],
            beside=beside if line is plan else 0,
        )
        for place, line in among
    ]


def _fee_beside(line: Mapping[str, Any], plan: Mapping[str, Any] | None) -> bool:
    return line["payment_type"] is LineType.SIGNUP_FEE and plan is not None and plan["subtotal"] > 0


def reckon(
    order: Mapping[str, Any], of: Sequence[Mapping[str, Any]], among: Sequence[DiscountedLine], lowered: Lowered
) -> Reckoned:
    """`of`: all lines of an order, by their `quantity`, `unit_price` and `payment_type`; `among`: as `discounted` gives
    them."""
    taken = discounts(lowered.coupons, among)
    coupons = {key: sum(each.values()) for key, each in taken.items()}
    off = by_line(taken)
    by_hand: dict[Any, int] = {}
    if lowered.by_hand is not None:
        by_hand = manual(among, CouponType(lowered.by_hand["kind"]), lowered.by_hand["value"], off)
    sums = [
        line_sums(each["unit_price"], each["quantity"], off.get(place, 0) + by_hand.get(place, 0))
        for place, each in enumerate(of)
    ]
    free = any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in lowered.coupons)
    values = {
        "coupon_discount_total": sum(coupons.values()),
        "manual_discount_total": sum(by_hand.values()),
        **({"shipping_total": 0} if free else {}),
    }
    priced = [{**each, **own} for each, own in zip(of, sums, strict=True)]
    return Reckoned(sums, values | order_sums({**order, **values}, priced), coupons)


def check_total(unit: Unit, reckoned: Reckoned) -> None:
    if max(reckoned.order["subtotal"], reckoned.order["total"]) > MOST_MONEY:
        unit.refuse(ErrorCode.VALIDATION, "So much money is no amount", "items")


def by_hand(unit: Unit, asked: OrderDiscountInput | None) -> dict[str, Any] | None:
    """A discount as it is stored. Refuses what is none."""
    if asked is None:
        return None
    errors = unit.at("discount")
    said = checked_texts(errors, _TEXTS, {"label": asked.label, "reason": asked.reason})
    kind, value = CouponType.FIXED, 0
    if (asked.amount is None) == (asked.percentage is None):
        errors.refuse(ErrorCode.VALIDATION, "Either an amount or a percentage", "amount")
    elif asked.amount is not None:
        value = asked.amount
        if value < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", "amount")
    elif asked.percentage is not None:
        kind, value = CouponType.PERCENTAGE, _points(asked.percentage)
        if not 0 < value <= WHOLE:
            errors.refuse(ErrorCode.VALIDATION, "Above 0, up to 100, with two decimals at most", "percentage")
    return {"kind": kind.value, "value": value, **said}


def _points(percentage: Decimal) -> int:
    """Hundredths of a percent; 0 of what is no such number."""
    if not percentage.is_finite() or not 0 < percentage <= 100:
        return 0
    points = percentage * 100
    return int(points) if points == points.to_integral_value() else 0
