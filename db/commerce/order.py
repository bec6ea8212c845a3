"""Orders with their lines, payments, addresses and the downloads that they permit."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from db.catalog.product import FulfillmentType
from db.commerce.address import AddressRow
from db.store.row import DOCUMENT, KEY, MONEY, SORTED_TEXT, Row, VersionedRow, wire
from db.text.search import FoundBy, text_of


class OrderStatus(StrEnum):
    DRAFT = "draft"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ON_HOLD = "on-hold"
    CANCELED = "canceled"
    FAILED = "failed"


# Which somebody may set; the others are where an order begins, and what a payment provider says.
SETTABLE: Final = (OrderStatus.ON_HOLD, OrderStatus.PROCESSING, OrderStatus.COMPLETED, OrderStatus.CANCELED)
# What such an order holds cannot be deleted.
UNFINISHED: Final = (OrderStatus.PROCESSING, OrderStatus.ON_HOLD)


class PaymentStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    PARTIALLY_PAID = "partially_paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    AUTHORIZED = "authorized"


# Of which the shop has money, and of which it had some.
STILL_PAID: Final = (PaymentStatus.PAID, PaymentStatus.PARTIALLY_PAID, PaymentStatus.PARTIALLY_REFUNDED)
ONCE_PAID: Final = (*STILL_PAID, PaymentStatus.REFUNDED)


class ShippingStatus(StrEnum):
    UNSHIPPED = "unshipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    UNSHIPPABLE = "unshippable"


class OrderType(StrEnum):
    PAYMENT = "payment"
    SUBSCRIPTION = "subscription"
    RENEWAL = "renewal"


class OrderMode(StrEnum):
    LIVE = "live"
    TEST = "test"


class TaxBehavior(StrEnum):
    NONE = "none"
    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


class LineType(StrEnum):
    ONETIME = "onetime"
    SUBSCRIPTION = "subscription"
    SIGNUP_FEE = "signup_fee"
    FEE = "fee"
    BUNDLE = "bundle"


class TransactionType(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"


class TransactionStatus(StrEnum):
    SUCCEEDED = "succeeded"
    AUTHORIZED = "authorized"
    PENDING = "pending"
    REFUNDED = "refunded"
    FAILED = "failed"
    DISPUTE_LOST = "dispute_lost"


class OrderRow(VersionedRow, table=True):
    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_customer_id", "customer_id", "id"),
        Index("ix_orders_created_at_id", "created_at", "id"),
        Index("ix_orders_total_id", "total", "id"),
        Index("ix_orders_status_id", "status", "id"),
        Index("ix_orders_payment_status_id", "payment_status", "id"),
        Index("ix_orders_receipt_number", "receipt_number"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    uuid: str = Field(unique=True)  # the order hash: who knows it may see the order's own offers
    status: OrderStatus = Field(default=OrderStatus.DRAFT, sa_type=wire(OrderStatus))
    payment_status: PaymentStatus = Field(default=PaymentStatus.PENDING, sa_type=wire(PaymentStatus))
    shipping_status: ShippingStatus | None = Field(default=None, sa_type=wire(ShippingStatus))
    type: OrderType = Field(default=OrderType.PAYMENT, sa_type=wire(OrderType))
    mode: OrderMode = Field(default=OrderMode.LIVE, sa_type=wire(OrderMode))
    parent_id: int | None = Field(default=None, foreign_key="orders.id", index=True, sa_type=KEY)
    receipt_number: int | None = Field(default=None, sa_type=KEY)
    invoice_no: str | None = None
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    fulfillment_type: FulfillmentType | None = Field(default=None, sa_type=wire(FulfillmentType))
    customer_id: int | None = Field(default=None, foreign_key="customer.id", ondelete="SET NULL", sa_type=KEY)
    payment_method: str = ""
    payment_method_title: str = ""
    currency: str
    subtotal: int = Field(default=0, sa_type=MONEY)
    manual_discount_total: int = Field(default=0, sa_type=MONEY)
    # Of what it is the sum, where somebody here gave it: `kind`, `value` (minor units, or hundredths of a percent),
    # `label`, `reason`.
    manual_discount: Any | None = Field(default=None, sa_type=DOCUMENT)
    coupon_discount_total: int = Field(default=0, sa_type=MONEY)
    discount_tax: int = Field(default=0, sa_type=MONEY)
    shipping_total: int = Field(default=0, sa_type=MONEY)
    shipping_tax: int = Field(default=0, sa_type=MONEY)
    fee_total: int = Field(default=0, sa_type=MONEY)
    tax_total: int = Field(default=0, sa_type=MONEY)
    total: int = Field(default=0, sa_type=MONEY)
    total_paid: int = Field(default=0, sa_type=MONEY)
    total_refund: int = Field(default=0, sa_type=MONEY)
    rate: Decimal = Field(default=Decimal(1), sa_type=Numeric(12, 4))
    tax_behavior: TaxBehavior = Field(default=TaxBehavior.NONE, sa_type=wire(TaxBehavior))
    note: str = ""
    ip_address: str = ""
    completed_at: datetime | None = None
    refunded_at: datetime | None = None
    config: Any | None = Field(default=None, sa_type=DOCUMENT)
    # The parcel: none is known without a number.
    tracking_carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    # Of what was set here, for the shop that the order came from: when it was told, or a sentence why it was not.
    tracking_told_at: datetime | None = None
    tracking_problem: str | None = None
    tracking_former: str | None = None  # the number that the shop knows in its place, while it was not told


# What orders are looked for by is their own, their lines' and their customers'.
ORDER_FOUND_BY: Final[FoundBy] = {"search_text": text_of("id", "invoice_no")}
# What anybody may know of an order's parcel.
TRACKING: Final = frozenset({"tracking_carrier", "tracking_number", "tracking_url"})


class OrderItemRow(VersionedRow, table=True):
    """A line. Product and variant may be gone; the titles are those at the time of the order."""

    __tablename__ = "order_item"
    __table_args__ = (
        Index("ix_order_item_order_id", "order_id", "position", "id"),
        Index("ix_order_item_product_id", "product_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", sa_type=KEY)
    product_id: int | None = Field(default=None, foreign_key="product.id", ondelete="SET NULL", sa_type=KEY)
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    product_title: str = ""
    title: str = ""
    search_text: str = Field(default="", sa_type=SORTED_TEXT, sa_column_kwargs={"server_default": text("''")})
    fulfillment_type: FulfillmentType = Field(sa_type=wire(FulfillmentType))
    payment_type: LineType = Field(default=LineType.ONETIME, sa_type=wire(LineType))
    quantity: int = 1
    fulfilled_quantity: int = 0
    restocked_quantity: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    # What it keeps of its variant's stock (db.commerce.sums.stock): nothing where that was not managed at the time.
    on_hold: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    committed: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    unit_price: int = Field(default=0, sa_type=MONEY)
    cost: int = Field(default=0, sa_type=MONEY)
    subtotal: int = Field(default=0, sa_type=MONEY)
    tax_amount: int = Field(default=0, sa_type=MONEY)
    # Of what it was taxed by here, as the order keeps it (`OrderTaxRow.tax_rate_id`); null: nobody here taxed it.
    tax_rate_ids: Any | None = Field(default=None, sa_type=DOCUMENT)
    shipping_charge: int = Field(default=0, sa_type=MONEY)
    discount_total: int = Field(default=0, sa_type=MONEY)
    line_total: int = Field(default=0, sa_type=MONEY)
    refund_total: int = Field(default=0, sa_type=MONEY)
    rate: Decimal = Field(default=Decimal(1), sa_type=Numeric(12, 4))
    position: int = 0
    other_info: Any | None = Field(default=None, sa_type=DOCUMENT)
    line_meta: Any | None = Field(default=None, sa_type=DOCUMENT)
    referrer: str | None = None


ITEM_FOUND_BY: Final[FoundBy] = {"search_text": text_of("product_title", "title")}


def parent_of(line: Mapping[str, Any]) -> int | None:
    """The bundle's line that a line is a part of."""
    meta = line["line_meta"]
    return meta.get("parent_item_id") if isinstance(meta, Mapping) else None


class OrderTransactionRow(VersionedRow, table=True):
    __tablename__ = "order_transaction"
    __table_args__ = (
        Index("ix_order_transaction_vendor_charge_id", "vendor_charge_id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    uuid: str = Field(unique=True)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", index=True, sa_type=KEY)
    order_type: OrderType = Field(default=OrderType.PAYMENT, sa_type=wire(OrderType))
    type: TransactionType = Field(default=TransactionType.CHARGE, sa_type=wire(TransactionType))
    subscription_id: int | None = Field(
        default=None, foreign_key="subscription.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    card_last4: str | None = None
    card_brand: str | None = None
    vendor_charge_id: str = ""
    payment_method: str = ""
    payment_mode: str = ""
    payment_method_type: str = ""
    status: TransactionStatus = Field(default=TransactionStatus.PENDING, sa_type=wire(TransactionStatus))
    currency: str
    total: int = Field(default=0, sa_type=MONEY)
    rate: Decimal = Field(default=Decimal(1), sa_type=Numeric(12, 4))
    extra: Any | None = Field(default=None, sa_type=DOCUMENT)


class OrderTaxRow(Row, table=True):
    """A rate that an order was taxed by here, as it was then, with what it came to. All of an order's add up to its
    `tax_total` and `shipping_tax`. The key of the rate outlives it."""

    __tablename__ = "order_tax"
    __table_args__ = (UniqueConstraint("order_id", "tax_rate_id"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", sa_type=KEY)
    tax_rate_id: int = Field(sa_type=KEY)
    name: str
    rate: int  # points, as of `db.catalog.tax_rate`
    for_shipping: int | None = None
    compound: bool = False
    priority: int = 1
    amount: int = Field(default=0, sa_type=MONEY)
    shipping_amount: int = Field(default=0, sa_type=MONEY)


class ReceiptCounterRow(Row, table=True):
    """The last number of a receipt: none is given twice, whatever becomes of its order. No row: none was given here."""

    __tablename__ = "receipt_counter"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: int = Field(default=1, primary_key=True, sa_type=KEY, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=KEY)


class OrderAddressRow(AddressRow, table=True):
    __tablename__ = "order_address"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", index=True, sa_type=KEY)


class DownloadPermissionRow(VersionedRow, table=True):
    """What one order lets its customer download."""

    __tablename__ = "download_permission"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    order_id: int = Field(foreign_key="orders.id", ondelete="CASCADE", index=True, sa_type=KEY)
    # Outlives its variant: what was paid for, and how often it was fetched, does not change with the catalogue.
    variant_id: int | None = Field(
        default=None, foreign_key="product_variant.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    download_id: int = Field(foreign_key="product_download.id", ondelete="CASCADE", index=True, sa_type=KEY)
    customer_id: int | None = Field(
        default=None, foreign_key="customer.id", ondelete="SET NULL", index=True, sa_type=KEY
    )
    download_count: int = 0
    download_limit: int | None = None  # null and 0: unlimited
    access_expires_at: datetime | None = None
    last_started_at: datetime | None = None  # when the download that was counted last began
