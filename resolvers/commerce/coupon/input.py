"""Inputs of what is done to coupons, and with them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from db.commerce.coupon import CouponStatus, CouponType
from engine.declared.input import identifies
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version, seen_version

AMOUNT = "What a FIXED coupon takes off, not below 0. Of other types it is left out, or null."
PERCENTAGE = "What a PERCENTAGE coupon takes off, 0 to 100 with at most two decimals. Of other types left out, or null."
STATUS = "ACTIVE is kept as SCHEDULED before `startAt`, and as EXPIRED behind `endAt`."
START = "From when on it can be used. Required with an end."
END = "From when on it cannot be used any more; after the start. An EXPIRED coupon whose end moves can be used again."
MAX_USES = "How many orders may use it, from 1 on; null for any number. Not below `maxPerCustomer`."
PER_CUSTOMER = "How many orders of one customer may use it, from 1 on; null for any number."
EMAILS = "Who may use it: e-mail addresses, `*` for any characters (`*@example.org`). At most 100; empty for everyone."


def _variants(which: str) -> Any:
    return identifies("ProductVariant", description=f"{which} At most 100.")


def _categories(which: str) -> Any:
    return identifies("Term", description=f"{which} At most 100.")


def _included_variants() -> Any:
    return _variants("The only variants that it is for; an empty list: all.")


def _excluded_variants() -> Any:
    return _variants("Variants that it is not for, whatever else includes them.")


def _included_categories() -> Any:
    return _categories("It is for products of one of these alone; an empty list: for all, with a category or without.")


def _excluded_categories() -> Any:
    return _categories("It is for no product of any of these.")


def _buy_variants() -> Any:
    return _variants("Of BUY_X_GET_Y: what has to be bought; an empty list: whatever is eligible.")


def _get_variants() -> Any:
    return _variants("Of BUY_X_GET_Y: what is free then; an empty list: whatever is eligible.")


@strawberry.input(description="A new coupon.")
class CouponCreateInput:
    title: str
    code: str
    type: CouponType
    amount: Cents | None = strawberry.field(default=None, description=AMOUNT)
    percentage: Decimal | None = strawberry.field(default=None, description=PERCENTAGE)
    status: CouponStatus = strawberry.field(default=CouponStatus.ACTIVE, description=STATUS)
    priority: int = 0
    stackable: bool = False
    show_on_checkout: bool = True
    notes: str | None = None
    start_at: datetime | None = strawberry.field(default=None, description=START)
    end_at: datetime | None = strawberry.field(default=None, description=END)
    min_purchase: Cents | None = None
    max_purchase: Cents | None = None
    max_discount: Cents | None = None
    max_uses: int | None = strawberry.field(default=None, description=MAX_USES)
    max_per_customer: int | None = strawberry.field(default=None, description=PER_CUSTOMER)
    apply_to_whole_cart: bool = False
    apply_to_quantity: bool = False
    is_recurring: bool = False
    included_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _included_variants()
    excluded_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _excluded_variants()
    included_category_ids: strawberry.Maybe[list[strawberry.ID]] = _included_categories()
    excluded_category_ids: strawberry.Maybe[list[strawberry.ID]] = _excluded_categories()
    buy_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _buy_variants()
    get_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _get_variants()
    buy_quantity: int = 1
    get_quantity: int = 1
    email_restrictions: strawberry.Maybe[list[str]] = strawberry.field(default=None, description=EMAILS)


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. Rules are those of the result."
)
class CouponUpdateInput:
    id: strawberry.ID = identifies("Coupon")
    expected_version: int | None = edited_version()
    title: strawberry.Maybe[str]
    code: strawberry.Maybe[str]
    type: strawberry.Maybe[CouponType]
    amount: strawberry.Maybe[Cents | None] = strawberry.field(default=None, description=AMOUNT)
    percentage: strawberry.Maybe[Decimal | None] = strawberry.field(default=None, description=PERCENTAGE)
    status: strawberry.Maybe[CouponStatus] = strawberry.field(default=None, description=STATUS)
    priority: strawberry.Maybe[int]
    stackable: strawberry.Maybe[bool]
    show_on_checkout: strawberry.Maybe[bool]
    notes: strawberry.Maybe[str | None]
    start_at: strawberry.Maybe[datetime | None] = strawberry.field(default=None, description=START)
    end_at: strawberry.Maybe[datetime | None] = strawberry.field(default=None, description=END)
    min_purchase: strawberry.Maybe[Cents | None]
    max_purchase: strawberry.Maybe[Cents | None]
    max_discount: strawberry.Maybe[Cents | None]
    max_uses: strawberry.Maybe[int | None] = strawberry.field(default=None, description=MAX_USES)
    max_per_customer: strawberry.Maybe[int | None] = strawberry.field(default=None, description=PER_CUSTOMER)
    apply_to_whole_cart: strawberry.Maybe[bool]
    apply_to_quantity: strawberry.Maybe[bool]
    is_recurring: strawberry.Maybe[bool]
    included_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _included_variants()
    excluded_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _excluded_variants()
    included_category_ids: strawberry.Maybe[list[strawberry.ID]] = _included_categories()
    excluded_category_ids: strawberry.Maybe[list[strawberry.ID]] = _excluded_categories()
    buy_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _buy_variants()
    get_variant_ids: strawberry.Maybe[list[strawberry.ID]] = _get_variants()
    buy_quantity: strawberry.Maybe[int]
    get_quantity: strawberry.Maybe[int]
    email_restrictions: strawberry.Maybe[list[str]] = strawberry.field(default=None, description=EMAILS)


@strawberry.input(description="Which coupon goes. Orders that were placed with it keep what it took off.")
class CouponDeleteInput:
    id: strawberry.ID = identifies("Coupon")
    expected_version: int | None = seen_version()


@strawberry.input(description="A line of an order that is being written.")
class CouponItemInput:
    variant_id: strawberry.ID = identifies("ProductVariant", description="What is bought.")
    quantity: int = strawberry.field(default=1, description="How many pieces, from 1 on.")
    unit_price: Cents | None = strawberry.field(
        default=None, description="What a piece costs, where it is not the variant's price. Not below 0."
    )


@strawberry.input(description="A code, and the order that it is to be used for.")
class CouponApplyInput:
    code: str = strawberry.field(description="The code to be used, whatever its case.")
    items: list[CouponItemInput] = strawberry.field(description="The lines of the order, 1 to 100.")
    applied_codes: list[str] = strawberry.field(
        default_factory=list, description="The codes that are used already, at most 20."
    )
    customer_id: strawberry.ID | None = identifies("Customer", description="Who buys, if the store knows them.")
    customer_email: str | None = strawberry.field(
        default=None, description="Whose e-mail address coupons are judged by; the customer's own when it is absent."
    )


@strawberry.input(description="A code that is to be used no more, and the order that it was used for.")
class CouponCancelInput:
    code: str = strawberry.field(description="The code to be taken away, one of `appliedCodes`, whatever its case.")
    items: list[CouponItemInput] = strawberry.field(description="The lines of the order, 1 to 100.")
    applied_codes: list[str] = strawberry.field(
        default_factory=list, description="The codes that are used so far, at most 20."
    )
    customer_id: strawberry.ID | None = identifies("Customer", description="Who buys, if the store knows them.")
    customer_email: str | None = strawberry.field(
        default=None, description="Whose e-mail address coupons are judged by; the customer's own when it is absent."
    )
