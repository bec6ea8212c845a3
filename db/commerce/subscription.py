"""Subscriptions: what recurs after an order, whether it gives access, and when its date ends it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Index, String, and_, cast, exists, false, literal_column, or_, text
from sqlmodel import Field

from db.catalog.variant import BillingInterval
from db.store.importing import SeenRow
from db.store.moment import moment
from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, VersionedRow, among, table, wire
from db.text.search import FoundBy, text_of


class SubscriptionStatus(StrEnum):
    PENDING = "pending"
    INTENDED = "intended"
    TRIALING = "trialing"
    ACTIVE = "active"
    CANCELED = "canceled"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    EXPIRED = "expired"
    FAILING = "failing"
    EXPIRING = "expiring"
    COMPLETED = "completed"


# They give access, and these do not; all others do until `next_billing_at`.
WITH_ACCESS: Final = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.COMPLETED)
WITHOUT_ACCESS: Final = (
    SubscriptionStatus.EXPIRED,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.INTENDED,
    SubscriptionStatus.PENDING,
)
# Which a date ends, or the last of their bills.
GOING: Final = (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING)


class CollectionMethod(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SYSTEM = "system"


class SubscriptionRow(VersionedRow, table=True):
    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_next_billing_at_id", "next_billing_at", "id"),
        Index("ix_subscription_status_id", "status", "id"),
        # Hardly any is in it that was not completed.
        Index(
            "ix_subscription_all_paid",
            "status",
            "id",
            postgresql_where=text("bill_times > 0 AND bill_count >= bill_times"),
            sqlite_where=text("bill_times > 0 AND bill_count >= bill_times"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    uuid: str = Field(unique=True)
    customer_id: int | None = Field(
        default=None, foreign_key="customer.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    order_id: int | None = Field(default=None, foreign_key="orders.id", ondelete="CASCADE", index=True, sa_type=KEY)
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="SET NULL", index=True, sa_type=KEY)
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    item_name: str = ""
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    quantity: int = 1
    interval: str = ""  # any word: a subscription outlives the intervals that are offered today
    setup_fee: int = Field(default=0, sa_type=MONEY)
    initial_tax_total: int = Field(default=0, sa_type=MONEY)
    recurring_amount: int = Field(default=0, sa_type=MONEY)
    recurring_tax_total: int = Field(default=0, sa_type=MONEY)
    recurring_total: int = Field(default=0, sa_type=MONEY)
    bill_times: int = 0  # 0: until canceled
    bill_count: int = 0
    trial_days: int = 0
    expire_at: datetime | None = None
    trial_ends_at: datetime | None = None
    canceled_at: datetime | None = None
    cancel_reason: str | None = None
    restored_at: datetime | None = None
    next_billing_at: datetime | None = None
    collection_method: CollectionMethod = Field(default=CollectionMethod.AUTOMATIC, sa_type=wire(CollectionMethod))
    vendor_customer_id: str | None = None
    vendor_plan_id: str | None = None
    vendor_subscription_id: str | None = None
    status: SubscriptionStatus = Field(default=SubscriptionStatus.PENDING, sa_type=wire(SubscriptionStatus))
    original_plan: str | None = None
    current_payment_method: str | None = None
    config: Any | None = Field(default=None, sa_type=DOCUMENT)
    # Whether it was renewed or taken up here: its date ends it then, whatever shop it came from.
    kept_here: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    billing_day: int | None = None  # of the month, where `next_billing_at` had to be an earlier one


FOUND_BY: Final[FoundBy] = {
    "search_text": text_of("id", "item_name", "vendor_subscription_id", "vendor_customer_id", "vendor_plan_id")
}

# For so many days after `next_billing_at` a bill may be late; by what the interval is called.
GRACE: Final[Mapping[str, int]] = {
    BillingInterval.DAILY.value: 1,
    BillingInterval.WEEKLY.value: 3,
    BillingInterval.MONTHLY.value: 7,
    BillingInterval.QUARTERLY.value: 15,
    BillingInterval.HALF_YEARLY.value: 15,
    BillingInterval.YEARLY.value: 15,
}
GRACE_OF_OTHERS: Final = 7
_SUBSCRIPTION: Final = table(SubscriptionRow)
_SEEN: Final = table(SeenRow)


def grace(interval: str) -> timedelta:
    """How late a bill of such an interval may be."""
    return timedelta(days=GRACE.get(interval, GRACE_OF_OTHERS))


def has_access(status: SubscriptionStatus, next_billing_at: datetime | None, now: datetime) -> bool:
    """Whether a subscription still lets its owner in; the remaining states do until the next billing date."""
    if status in WITH_ACCESS:
        return True
    return status not in WITHOUT_ACCESS and next_billing_at is not None and next_billing_at > now


def access() -> ColumnElement[bool]:
    """The same of a row at the moment of the statement."""
    columns = _SUBSCRIPTION.c
    until = and_(columns.next_billing_at.is_not(None), columns.next_billing_at > moment())
    return or_(among(columns.status, WITH_ACCESS), and_(~among(columns.status, WITHOUT_ACCESS), until))


def all_paid() -> ColumnElement[bool]:
    """Whether as many bills are paid as were agreed. In the words of its index."""
    columns = _SUBSCRIPTION.c
    return and_(columns.bill_times > literal_column("0"), columns.bill_count >= columns.bill_times)


def late(at: datetime) -> ColumnElement[bool]:
    """Whether the bill that was due was not paid in time, its grace included."""
    interval, due = _SUBSCRIPTION.c.interval, _SUBSCRIPTION.c.next_billing_at
    known = [and_(among(interval, words), due < at - timedelta(days=days)) for days, words in _by_days().items()]
    unknown = and_(~among(interval, sorted(GRACE)), due < at - timedelta(days=GRACE_OF_OTHERS))
    # The first is for the index.
    return and_(due < at - timedelta(days=min(GRACE.values())), or_(*known, unknown))


def _by_days() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for word, days in GRACE.items():
        found.setdefault(days, []).append(word)
    return found


def of_here() -> ColumnElement[bool]:
    """Whether what becomes of a subscription is decided here: of one that an import has brought its shop says that,
    unless it was renewed or taken up here since."""
    columns = _SUBSCRIPTION.c
    name = cast(columns.id, String)
    seen = exists().where(_SEEN.c.entity == _SUBSCRIPTION.name, _SEEN.c.key == name)
    return or_(columns.kept_here, ~seen)
