"""Variants: the things of a product that can be bought."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, String, false, text, true
from sqlmodel import Field

from db.catalog.product import FulfillmentType, StockStatus
from db.store.row import KEY, MONEY, SORTED_TEXT, VersionedRow, wire


class PaymentType(StrEnum):
    ONETIME = "onetime"
    SUBSCRIPTION = "subscription"


class VariantStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class BillingInterval(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


# In byte order, so that what begins with a text is a range of the index.
SKU = String(30).with_variant(String(30, collation="C"), "postgresql")


class VariantRow(VersionedRow, table=True):
    """A sale's terms. Subscription columns mean nothing on a one-time variant and hold their defaults there."""

    __tablename__ = "product_variant"
    __table_args__ = (
        CheckConstraint("price >= 0 AND cost >= 0", name="prices"),
        CheckConstraint("compare_price = 0 OR compare_price >= price", name="compare_price"),
        CheckConstraint("available >= 0", name="available"),
        CheckConstraint("trial_days BETWEEN 0 AND 365", name="trial_days"),
        Index("uq_product_variant_sku_key", "sku_key", unique=True),
        Index("ix_product_variant_product_id_position", "product_id", "position", "id"),
        Index("ix_product_variant_price_id", "price", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    product_id: int = Field(foreign_key="product.id", ondelete="CASCADE", sa_type=KEY)
    title: str
    search_text: str = Field(default="", sa_type=SORTED_TEXT)  # db.text.search.search_text of title and SKU
    identifier: str | None = None
    sku: str | None = Field(default=None, unique=True, sa_type=SKU)
    # db.catalog.sku.sku_key of it: what is unique, and looked for.
    sku_key: str | None = Field(default=None, sa_type=SORTED_TEXT, sa_column_kwargs={"info": {"folds": "sku"}})
    status: VariantStatus = Field(default=VariantStatus.ACTIVE, sa_type=wire(VariantStatus))
    position: int = 1
    fulfillment_type: FulfillmentType = Field(sa_type=wire(FulfillmentType))
    sold_individually: bool = False
    downloadable: bool = False
    shipping_class_id: int | None = Field(
        default=None, foreign_key="shipping_class.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    media_id: int | None = Field(default=None, sa_type=KEY)
    description: str = ""

    price: int = Field(default=0, sa_type=MONEY)
    compare_price: int = Field(default=0, sa_type=MONEY)
    manage_cost: bool = False
    cost: int = Field(default=0, sa_type=MONEY)

    manage_stock: bool = False
    stock_status: StockStatus = Field(default=StockStatus.IN_STOCK, sa_type=wire(StockStatus))
    # Of a bundle: whether all that it consists of can be had, and whether something of that is gone since somebody said
    # what it consists of. What is no bundle lacks nothing.
    supplied: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    incomplete: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    backorders: bool = False
    total_stock: int = 1
    available: int = 1
    on_hold: int = 0
    committed: int = 0

    payment_type: PaymentType = Field(default=PaymentType.ONETIME, sa_type=wire(PaymentType))
    interval: BillingInterval | None = Field(default=None, sa_type=wire(BillingInterval))
    billing_times: int = 0  # 0: until canceled
    trial_days: int = 0
    billing_summary: str = ""
    has_setup_fee: bool = False
    setup_fee: int | None = Field(default=None, sa_type=MONEY)
    setup_fee_label: str | None = None
    setup_fee_per_item: bool = False
    installment: bool = False

    # Whether each piece that is paid brings a licence: for how many sites (0: any number), and for how many months
    # where it is paid once (null: for life).
    licensed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    license_limit: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    license_months: int | None = None

    package_slug: str | None = None
    weight: float | None = None
    weight_unit: str | None = None
    length: float | None = None
    width: float | None = None
    height: float | None = None


# What is for sale without a licence.
NO_LICENSE: Final[Mapping[str, Any]] = {"licensed": False, "license_limit": 0, "license_months": None}
# What a variant without a setup fee has of one, and a one-time variant of a subscription: nothing.
NO_SETUP_FEE: Final[Mapping[str, Any]] = {"setup_fee": None, "setup_fee_label": None, "setup_fee_per_item": False}
ONE_TIME: Final[Mapping[str, Any]] = {
    **NO_SETUP_FEE,
    "interval": None,
    "billing_times": 0,
    "trial_days": 0,
    "billing_summary": "",
    "has_setup_fee": False,
    "installment": False,
}


def stock_status(*, managed: bool, available: int, supplied: bool) -> StockStatus:
    """Managed stock is in stock while something is available; unmanaged stock always is, whatever was sent. Neither is,
    where something is missing of what it consists of."""
    return StockStatus.IN_STOCK if supplied and (not managed or available > 0) else StockStatus.OUT_OF_STOCK
