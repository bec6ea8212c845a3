"""`GET /coupons`, and the coupons that orders have."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from connectors.importers.fluentcart.money import convert, currency_of
from connectors.importers.fluentcart.remote_list import Batch, RemoteList, as_listed
from connectors.importers.fluentcart.values import (
    branch,
    cents,
    entries,
    exact,
    flag,
    key,
    moment,
    name,
    paragraphs,
    plain,
    present,
    reference,
    text,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Reader, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.commerce.coupon import FOUND_BY, AppliedCouponRow, CouponRow, CouponStatus, CouponType, status_at
from db.commerce.events import COUPON_CREATED, COUPON_UPDATED
from db.commerce.sums.share import WHOLE
from db.store.row import now


def _unless_none(read: Reader) -> Reader:
    """A bound: the shop writes 0 for none."""
    return lambda value: read(value) or None


def _units(value: Any) -> int | None:
    """Of all amounts the only one that the shop keeps in units of the currency: its hundredths."""
    units: Decimal = exact(Decimal(0), digits=15, places=2)(value)
    if units < 0:
        raise Unreadable(f"{units} is below 0")
    return int(units * 100) or None


def _stackable(value: Any) -> bool:
    """The shop takes any word for it. One that says neither goes with no other coupon."""
    try:
        return bool(flag()(value))
    except Unreadable:
        return False


def _keys(value: Any) -> list[int]:
    return list(dict.fromkeys(map(key, entries(value))))


def _restrictions(value: Any) -> list[str]:
    """Addresses and patterns, between commas."""
    parts = value.split(",") if isinstance(value, str) and not value.startswith("[") else entries(value)
    read = map(plain(""), parts)
    return list(dict.fromkeys(part for part in read if part))


def _at_least_one(value: Any) -> int:
    return int(whole(0, least=0)(value)) or 1


_BOUND: Final = _unless_none(whole(0, least=0))
_AMOUNT: Final = _unless_none(cents())

COUPON: Final = Mapped(
    "coupons",
    CouponRow,
    {
        "id": Field("id", key),
        "title": Field("title", plain("")),
        "code": Field("code", present(name())),
        "type": Field("type", word(CouponType)),
        "status": Field("status", word(CouponStatus)),
        # What it is of hangs on the type (`read_coupons`).
        "amount": Field("amount", exact(Decimal(0), digits=18, places=4)),
        "priority": Field("priority", whole(0)),
        "stackable": Field("stackable", _stackable),
        "show_on_checkout": Field("show_on_checkout", flag()),
        "notes": Field("notes", paragraphs("")),
        "start_at": Field("start_date", moment),
        "end_at": Field("end_date", moment),
        "min_purchase": Field("conditions.min_purchase_amount", _AMOUNT),
        "max_purchase": Field("conditions.max_purchase_amount", _units),
        "max_discount": Field("conditions.max_discount_amount", _AMOUNT),
        "max_uses": Field("conditions.max_uses", _BOUND),
        "max_per_customer": Field("conditions.max_per_customer", _BOUND),
        "apply_to_whole_cart": Field("conditions.apply_to_whole_cart", flag()),
        "apply_to_quantity": Field("conditions.apply_to_quantity", flag()),
        "is_recurring": Field("conditions.is_recurring", flag()),
        # Its products are variants.
        "included_variants": Field("conditions.included_products", _keys),
        "excluded_variants": Field("conditions.excluded_products", _keys),
        "included_categories": Field("conditions.included_categories", _keys),
        "excluded_categories": Field("conditions.excluded_categories", _keys),
        "buy_variants": Field("conditions.buy_products", _keys),
        "get_variants": Field("conditions.get_products", _keys),
        "buy_quantity": Field("conditions.buy_quantity", _at_least_one),
        "get_quantity": Field("conditions.get_quantity", _at_least_one),
        "email_restrictions": Field("conditions.email_restrictions", _restrictions),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    # The shop's word and what orders of here add to it: nobody edits it on either side.
    computed=("use_count",),
    derived=("use_count",),
    unique=("code_key",),
    # A coupon that the shop lists no more stays, so that no import deletes one.
    tells=Tells(COUPON_CREATED, COUPON_UPDATED),
    together=(("type", "amount"), ("status", "start_at", "end_at")),
    found_by=FOUND_BY,
)
_USES: Final = Field("use_count", whole(0, least=0))

APPLIED_COUPON: Final = Mapped(
    "applied coupons",
    AppliedCouponRow,
    {
        "id": Field("id", key),
        "order_id": Field("order_id", key),
        "coupon_id": Field("coupon_id", reference),
        "code": Field("code", text("")),
        "amount": Field("amount", cents()),
    },
    branch=branch,
)
COUPONS: Final = RemoteList(COUPON.entity, "/coupons", "coupons", as_listed)


@dataclass(slots=True)
class Coupon:
    """`uses`: how many orders the shop says were placed with it."""

    row: Columns
    uses: int = 0

    @property
    def id(self) -> int:
        identifier: int = self.row["id"]
        return identifier


def read_coupons(batch: Batch[tuple[int, Record]]) -> tuple[list[Coupon], list[Skipped]]:
    """The coupons of a batch, and what of it cannot be read. Never raises."""
    coupons: list[Coupon] = []
    skipped = list(batch.skipped)
    moment = now()
    for identifier, record in batch.records:
        try:
            row = COUPON.read(record)
            uses = _USES(record, branch)
            row["amount"] = _amount(row["type"], row["amount"])
            convert(COUPON, row, currency_of(record), but=() if row["type"] is CouponType.FIXED else ("amount",))
        except Unreadable as unreadable:
            skipped.append(Skipped(COUPON.entity, str(identifier), unreadable.field, unreadable.reason))
            continue
        # Its word is as old as its answer.
        row["status"] = status_at(row["status"], row["start_at"], row["end_at"], moment)
        coupons.append(Coupon(row, uses))
    return coupons, skipped


def _amount(type_: CouponType, said: Decimal) -> int:
    """Hundredths of what a FIXED one takes off, basis points of a PERCENTAGE one; what the shop keeps of the others
    means nothing here. Raises Unreadable."""
    if said < 0:
        raise Unreadable(f"{said} is below 0", "amount")
    if type_ is CouponType.FIXED:
        try:
            return int(cents()(str(said)))
        except Unreadable as unreadable:
            raise Unreadable(unreadable.reason, "amount") from None
    if type_ is CouponType.PERCENTAGE:
        # More than all of it is all of it, to the shop as well.
        return min(int((said * 100).to_integral_value(ROUND_HALF_UP)), WHOLE)
    return 0
