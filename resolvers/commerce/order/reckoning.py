"""What coupons and the staff take off an order, and what it adds up to then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from db.catalog.product import FulfillmentType
from db.commerce.coupon import CouponType
from db.commerce.order import LineType
from db.commerce.sums.discount import DiscountedLine, by_line, discounts, manual
from db.commerce.sums.exact import points
from db.commerce.sums.share import DECIMALS, WHOLE
from db.commerce.sums.tax import TaxedLine, Taxes, sent_shares, taxes
from db.commerce.sums.totals import is_charged, line_sums, order_sums
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.coupon.applying import categories_of
from resolvers.commerce.order.input import OrderDiscountInput
from resolvers.commerce.order.lines import MOST_MONEY
from resolvers.commerce.order.taxing import Taxing
from resolvers.editing.editable import Text, checked_texts
from resolvers.editing.text import lines

_TEXTS: Final = {"label": Text(100), "reason": Text(500, lines)}


class Reckoned(NamedTuple):
    """`lines`: the sums of each, by its place in what was given; `order`: columns; `coupons`: what each took off, by
    key; `taxes`: None of an order without tax."""

    lines: list[dict[str, Any]]
    order: dict[str, Any]
    coupons: dict[int, int]
    taxes: Taxes | None = None


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
    order: Mapping[str, Any],
    of: Sequence[Mapping[str, Any]],
    among: Sequence[DiscountedLine],
    lowered: Lowered,
    taxing: Taxing | None = None,
) -> Reckoned:
    """`of`: all lines of an order, as they are stored; `among`: as `discounted` gives them. Without `taxing` what the
    order has as tax stays."""
    taken = discounts(lowered.coupons, among)
    coupons = {key: sum(each.values()) for key, each in taken.items()}
    off = by_line(taken)
    by_hand: dict[Any, int] = {}
    if lowered.by_hand is not None:
        by_hand = manual(among, CouponType(lowered.by_hand["kind"]), lowered.by_hand["value"], off)
    sums: list[dict[str, Any]] = [
        line_sums(each["unit_price"], each["quantity"], off.get(place, 0) + by_hand.get(place, 0))
        for place, each in enumerate(of)
    ]
    free = any(coupon["type"] is CouponType.FREE_SHIPPING for coupon in lowered.coupons)
    values: dict[str, Any] = {
        "coupon_discount_total": sum(coupons.values()),
        "manual_discount_total": sum(by_hand.values()),
        **({"shipping_total": 0} if free else {}),
    }
    taxed = None if taxing is None else _taxed({**order, **values}, of, sums, taxing)
    if taxing is not None and taxed is not None:
        values |= {"tax_behavior": taxing.behavior, "tax_total": taxed.total, "shipping_tax": taxed.shipping}
    priced = [{**each, **own} for each, own in zip(of, sums, strict=True)]
    return Reckoned(sums, values | order_sums({**order, **values}, priced), coupons, taxed)


def _taxed(
    order: Mapping[str, Any], of: Sequence[Mapping[str, Any]], sums: Sequence[dict[str, Any]], taxing: Taxing
) -> Taxes:
    """The tax on lines of these sums, which get what is theirs of it. Parts of bundles cost nothing: they are taxed for
    what sending them costs alone."""
    shares = _sent(order["shipping_total"], of, sums) if taxing.sent is None else taxing.sent
    lines = [
        TaxedLine(place, own["line_total"], shares.get(place, 0), taxing.rates[place])
        for place, (each, own) in enumerate(zip(of, sums, strict=True))
        if is_charged(each) or shares.get(place, 0)
    ]
    found = taxes(lines, taxing.behavior)
    for own in sums:
        own |= {"tax_amount": 0, "tax_rate_ids": None}
    for line in lines:
        sums[line.key]["tax_amount"] = found.by_line[line.key]
        sums[line.key]["tax_rate_ids"] = [rate["id"] for rate in line.rates]
    for place, own in enumerate(sums):
        own["shipping_charge"] = shares.get(place, 0)
    return found


def _sent(total: int, of: Sequence[Mapping[str, Any]], sums: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """What of the shipping is each line's, by its place: as it was before, or else by what those cost that are sent."""
    sent = [place for place, each in enumerate(of) if each["fulfillment_type"] is FulfillmentType.PHYSICAL]
    among = sent or [place for place, each in enumerate(of) if is_charged(each)]
    return sent_shares(
        total,
        {place: of[place]["shipping_charge"] for place in among},
        {place: sums[place]["line_total"] for place in among},
        {place: of[place]["quantity"] for place in among},
    )


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
        kind, value = CouponType.PERCENTAGE, points(asked.percentage, DECIMALS) or 0
        if not 0 < value <= WHOLE:
            errors.refuse(ErrorCode.VALIDATION, "Above 0, up to 100, with two decimals at most", "percentage")
    return {"kind": kind.value, "value": value, **said}
