"""Coupons, what they give and under which conditions, and where they were used."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from db.commerce.sums.share import WHOLE
from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, Row, VersionedRow, wire
from db.text.folding import caseless, folded
from db.text.search import FoundBy, text_of


class CouponType(StrEnum):
    FIXED = "fixed"
    PERCENTAGE = "percentage"
    FREE_SHIPPING = "free_shipping"
    BUY_X_GET_Y = "buy_x_get_y"


class CouponStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    DISABLED = "disabled"
    SCHEDULED = "scheduled"


class CouponRow(VersionedRow, table=True):
    """`amount` is minor units of a FIXED coupon, basis points (hundredths of a percent) of a PERCENTAGE one, and 0 of
    the others. The lists hold keys of variants and of terms; of what was deleted a key stays, and means nothing."""

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint(f"amount >= 0 AND (type <> 'percentage' OR amount <= {WHOLE})", name="amount"),
        Index("ix_coupon_title_key_id", "title_key", "id"),
        Index("ix_coupon_priority_id", "priority", "id"),
        Index("ix_coupon_status_id", "status", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    title: str
    title_key: str = Field(default="", sa_type=SORTED_TEXT)
    code: str  # as it was typed
    code_key: str = Field(default="", unique=True, sa_type=SORTED_TEXT, sa_column_kwargs={"info": {"folds": "code"}})
    search_text: str = Field(default="", sa_type=SORTED_TEXT)
    type: CouponType = Field(sa_type=wire(CouponType))
    status: CouponStatus = Field(default=CouponStatus.ACTIVE, sa_type=wire(CouponStatus))
    amount: int = Field(default=0, sa_type=MONEY)
    priority: int = 0
    use_count: int = 0  # by orders that were placed; who places one counts
    stackable: bool = False
    show_on_checkout: bool = True
    notes: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None
    min_purchase: int | None = Field(default=None, sa_type=MONEY)
    max_purchase: int | None = Field(default=None, sa_type=MONEY)
    max_discount: int | None = Field(default=None, sa_type=MONEY)
    max_uses: int | None = None
    max_per_customer: int | None = None
    apply_to_whole_cart: bool = False
    apply_to_quantity: bool = False
    is_recurring: bool = False
    included_variants: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    excluded_variants: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    included_categories: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    excluded_categories: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    buy_variants: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    get_variants: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)
    buy_quantity: int = 1
    get_quantity: int = 1
    email_restrictions: Any = Field(default_factory=list, sa_type=DOCUMENT, nullable=False)


class AppliedCouponRow(Row, table=True):
    """A coupon that an order was placed with: what it was called then, and what it took off, in minor units."""

    __tablename__ = "applied_coupon"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", index=True, sa_type=KEY)
    coupon_id: int | None = Field(default=None, foreign_key="coupon.id", ondelete="SET NULL", index=True, sa_type=KEY)
    code: str
    amount: int = Field(default=0, sa_type=MONEY)


def code_key(code: str) -> str:
    """A code as it is looked for: codes that differ by case alone are one."""
    return caseless(code.strip())


# What follows from other columns of a coupon, for those who look for one.
FOUND_BY: Final[FoundBy] = {
    "code_key": lambda row: code_key(row["code"]),
    "title_key": lambda row: folded(row["title"]),
    "search_text": text_of("title", "code"),
}


def status_at(status: CouponStatus, start_at: datetime | None, end_at: datetime | None, now: datetime) -> CouponStatus:
    """What a coupon of this status is at a moment. Nothing but a hand takes one out of EXPIRED or DISABLED."""
    if status in (CouponStatus.DISABLED, CouponStatus.EXPIRED):
        return status
    if end_at is not None and end_at <= now:
        return CouponStatus.EXPIRED
    return CouponStatus.SCHEDULED if start_at is not None and start_at > now else CouponStatus.ACTIVE


def matches(pattern: str, email: str) -> bool:
    """Whether an address is one that a restriction means, whatever the case: `*` stands for any characters."""
    address, (first, *parts) = caseless(email.strip()), caseless(pattern).split("*")
    if not parts:
        return address == first
    if not address.startswith(first):
        return False
    place, last = len(first), parts.pop()
    for part in parts:
        # The leftmost place is never worse than a later one, so that no star is tried twice.
        found = address.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(address) - place >= len(last) and address.endswith(last)
