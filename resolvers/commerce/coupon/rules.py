"""What a coupon may be. Rules that need more than one value are checked on the result; where it was not touched, what
an import brought stays as it is."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from db.commerce.coupon import CouponStatus, CouponType, status_at
from db.commerce.sums.exact import points
from db.commerce.sums.share import DECIMALS
from db.text.address import LONGEST_MAIL_ADDRESS
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from resolvers.editing import text

MOST_RESTRICTIONS: Final = 100
_OF_AMOUNT: Final = frozenset({"type", "amount", "percentage"})
_FROM_ONE: Final = ("max_uses", "max_per_customer", "buy_quantity", "get_quantity")


def check(errors: Refuses, row: Mapping[str, Any], values: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The values as they are stored, in place: of a coupon as it was (`row`; of a new one its defaults, without an id)
    and what changes of it."""
    new = "id" not in row
    if new or not _OF_AMOUNT.isdisjoint(values):
        _check_amount(errors, row, values)
    if "email_restrictions" in values:
        values["email_restrictions"] = _restrictions(errors, values["email_restrictions"] or [])
    for name in _FROM_ONE:
        if values.get(name) is not None and values[name] < 1:
            errors.refuse(ErrorCode.VALIDATION, "At least 1", camel(name))
    result = {**row, **values}
    _check_bounds(errors, result, values.keys())
    if new or not values.keys().isdisjoint({"start_at", "end_at"}):
        _check_dates(errors, result)
    if new or not values.keys().isdisjoint({"start_at", "end_at", "status"}):
        values["status"] = _status(row, values, now)
    return values


def _check_amount(errors: Refuses, row: Mapping[str, Any], values: dict[str, Any]) -> None:
    """`amount` of the values becomes what is stored, and `percentage` goes."""
    type_: CouponType = values["type"] if "type" in values else row["type"]
    named = {"amount": CouponType.FIXED, "percentage": CouponType.PERCENTAGE}
    cleared = any(name in values and values[name] is None for name, of in named.items() if of is type_)
    cents, share = values.pop("amount", None), values.pop("percentage", None)
    amount = row["amount"] if row.get("type") is type_ and not cleared else None
    if type_ is not CouponType.FIXED and cents is not None:
        errors.refuse(ErrorCode.VALIDATION, f"A {type_.name} coupon has no amount", "amount")
    if type_ is not CouponType.PERCENTAGE and share is not None:
        errors.refuse(ErrorCode.VALIDATION, f"A {type_.name} coupon has no percentage", "percentage")
    if type_ is CouponType.FIXED:
        amount = amount if cents is None else cents
        if amount is None:
            errors.refuse(ErrorCode.VALIDATION, "A FIXED coupon needs an amount", "amount")
        elif amount < 0:
            errors.refuse(ErrorCode.VALIDATION, "Not below 0", "amount")
    elif type_ is CouponType.PERCENTAGE:
        amount = amount if share is None else _points(errors, share)
        if amount is None:
            errors.refuse(ErrorCode.VALIDATION, "A PERCENTAGE coupon needs a percentage", "percentage")
    else:
        amount = 0
    values["amount"] = amount


def _points(errors: Refuses, share: Decimal) -> int:
    found = points(share, DECIMALS)
    if found is not None:
        return found
    within = share.is_finite() and 0 <= share <= 100
    message = "A percentage has at most two decimals" if within else "A percentage is from 0 to 100"
    errors.refuse(ErrorCode.VALIDATION, message, "percentage")
    return 0


def _restrictions(errors: Refuses, asked: list[str]) -> list[str]:
    if len(asked) > MOST_RESTRICTIONS:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_RESTRICTIONS} of them", "emailRestrictions")
        return []
    kept = [text.line(each)[: LONGEST_MAIL_ADDRESS + 1] for each in asked]
    for index, each in enumerate(kept):
        if not ("@" in each or "*" in each) or len(each) > LONGEST_MAIL_ADDRESS or " " in each:
            message = "An e-mail address, or a pattern of some: `*@example.org`"
            errors.refuse(ErrorCode.VALIDATION, message, "emailRestrictions", str(index))
    return list(dict.fromkeys(kept))


def _check_bounds(errors: Refuses, result: Mapping[str, Any], named: Any) -> None:
    uses, each = result["max_uses"], result["max_per_customer"]
    if named & {"max_uses", "max_per_customer"} and None not in (uses, each) and uses < each:
        errors.refuse(ErrorCode.VALIDATION, "Not below `maxPerCustomer`", "maxUses")
    least, most = result["min_purchase"], result["max_purchase"]
    if named & {"min_purchase", "max_purchase"} and None not in (least, most) and most < least:
        errors.refuse(ErrorCode.VALIDATION, "Not below `minPurchase`", "maxPurchase")


def _check_dates(errors: Refuses, result: Mapping[str, Any]) -> None:
    start, end = result["start_at"], result["end_at"]
    if end is not None and start is None:
        errors.refuse(ErrorCode.VALIDATION, "A coupon that ends has a start too", "startAt")
    elif end is not None and end <= start:
        errors.refuse(ErrorCode.VALIDATION, "The end is after the start", "endAt")


def _status(row: Mapping[str, Any], values: Mapping[str, Any], now: datetime) -> CouponStatus:
    """What was asked for, as the dates have it. A form that sends all that it shows says EXPIRED with the end that it
    moves: that is no word for it."""
    result = {**row, **values}
    status: CouponStatus = result["status"]
    moved = "id" in row and result["end_at"] != row["end_at"]
    if moved and status is CouponStatus.EXPIRED and row["status"] is CouponStatus.EXPIRED:
        status = CouponStatus.ACTIVE
    return status_at(status, result["start_at"], result["end_at"], now)
