"""Subscriptions: what recurs after an order."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index, text
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, VersionedRow, wire
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


class CollectionMethod(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SYSTEM = "system"


class SubscriptionRow(VersionedRow, table=True):
    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_next_billing_at_id", "next_billing_at", "id"),
        Index("ix_subscription_status_id", "status", "id"),
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


FOUND_BY: Final[FoundBy] = {
    "search_text": text_of("id", "item_name", "vendor_subscription_id", "vendor_customer_id", "vendor_plan_id")
}
