"""WooCommerce REST API v3, `GET /orders/{id}`, `/orders/{id}/refunds` and `/customers/{id}`: orders with their lines,
payments and addresses, and people."""

from collections.abc import Sequence
from typing import Any, Final

from connectors.connected_stores.orders import OrderOf, total_of
from connectors.connected_stores.people import Names, read_customer
from connectors.connected_stores.shape import Shape, amount, number, of_text, reference, whole_amount
from connectors.connected_stores.woocommerce.parcels import read_parcel
from connectors.importers.fluentcart.commerce.customer import Customer
from connectors.importers.fluentcart.commerce.order import ITEM, ORDER, Order
from connectors.importers.fluentcart.values import (
    branch,
    entries,
    moment,
    name,
    paragraphs,
    plain,
    present,
    shown,
    whole,
)
from connectors.importers.mapping import Columns, Field, Record, Unreadable
from connectors.importers.report import Skipped
from db.commerce.address import AddressType
from db.commerce.order import (
    OrderStatus,
    PaymentStatus,
    TaxBehavior,
    TransactionStatus,
    TransactionType,
)

# The words of WooCommerce itself; others are plugins'. An order that waits for its payment is on hold here.
_STATUSES: Final = {
    "pending": OrderStatus.ON_HOLD,
    "processing": OrderStatus.PROCESSING,
    "on-hold": OrderStatus.ON_HOLD,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELED,
    "refunded": OrderStatus.COMPLETED,
    "failed": OrderStatus.FAILED,
    "checkout-draft": OrderStatus.DRAFT,
    "auto-draft": OrderStatus.DRAFT,
}
NAMES: Final[Names] = {one: one for one in ("address_1", "address_2", "city", "state", "postcode", "country")}


def _status(value: Any) -> OrderStatus:
    found = _STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"{shown(value)} is none of {', '.join(_STATUSES)}")
    return found


_ORDER: Final = Shape(
    ORDER,
    {
        "id": Field("id", number),
        "status": Field("status", _status),
        "invoice_no": Field("number", name()),
        "customer_id": Field("customer_id", reference),
        "payment_method": Field("payment_method", plain("")),
        "payment_method_title": Field("payment_method_title", plain("")),
        "currency": Field("currency", present(name())),
        "coupon_discount_total": Field("discount_total", amount()),
        "discount_tax": Field("discount_tax", amount()),
        "shipping_total": Field("shipping_total", amount()),
        "shipping_tax": Field("shipping_tax", amount()),
        "tax_total": Field("cart_tax", amount()),
        "total": Field("total", amount()),
        "note": Field("customer_note", paragraphs("")),
        "ip_address": Field("customer_ip_address", plain("")),
        "completed_at": Field("date_completed_gmt", moment),
        "created_at": Field("date_created_gmt", moment),
        "updated_at": Field("date_modified_gmt", moment),
    },
    branch=branch,
)
_ITEM: Final = Shape(
    ITEM,
    {
        "id": Field("id", number),
        "product_id": Field("product_id", reference),
        "product_title": Field("parent_name", plain(""), otherwise="name"),
        "title": Field("name", plain("")),
        "quantity": Field("quantity", whole(1)),
        "subtotal": Field("subtotal", amount()),
        "tax_amount": Field("total_tax", amount()),
        "line_total": Field("total", amount()),
    },
    branch=branch,
)
_VARIATION: Final = Field("variation_id", reference)
_PAID_AT: Final = Field("date_paid_gmt", moment)
_CHARGE: Final = Field("transaction_id", plain(""))
_FEE: Final = Field("total", amount())
_REFUND: Final = Field("amount", whole_amount)


def buyer_of(record: Record) -> int | None:
    """The number of an order's customer; of a guest what stands for it. None: nobody who can be written to."""
    known = reference(record.get("customer_id"))
    email = branch(record.get("billing")).get("email")
    if known is None and isinstance(email, str) and email.strip():
        return of_text(email.strip().lower())
    return known


def read_order(record: Record, refunds: Sequence[Any], site: str) -> tuple[Order, list[Skipped]]:
    """Raises Unreadable for the order itself; a line that cannot be read is left out and named."""
    currency = str(record.get("currency") or "").upper()
    made = OrderOf(_ORDER.read(record, currency=currency), site)
    row = made.order.row
    row["customer_id"] = buyer_of(record)
    made.parcel(lambda: read_parcel(record))
    for position, entry in enumerate(entries(record.get("line_items"))):
        with made.reading(ITEM, entry):
            made.child(ITEM, _item(branch(entry), row, position, currency))
    row["subtotal"] = made.sum(ITEM, "subtotal")
    row["fee_total"] = sum(_ORDER.money(_FEE, branch(one), currency) for one in entries(record.get("fee_lines")))
    if row["tax_total"] or row["shipping_tax"]:
        row["tax_behavior"] = TaxBehavior.EXCLUSIVE  # lines are told without their tax, whatever the shop shows
    _pay(made, record, refunds, currency)
    for kind in AddressType:
        made.address(kind, branch(record.get(kind.value)), NAMES)
    return made.order, made.skipped


def _item(record: Record, order: Columns, position: int, currency: str) -> Columns:
    row = _ITEM.read(record, currency=currency, order_id=order["id"], position=position)
    # A product without variations is its own variant.
    row["variant_id"] = _VARIATION(record, branch) or row["product_id"]
    row["unit_price"] = round(row["subtotal"] / row["quantity"]) if row["quantity"] else row["subtotal"]
    row["discount_total"] = row["subtotal"] - row["line_total"]
    return row


def _pay(made: OrderOf, record: Record, refunds: Sequence[Any], currency: str) -> None:
    """An order of WooCommerce has one payment, whose day it tells, and refunds that are records of their own."""
    row = made.order.row
    paid_at, charge = _PAID_AT(record, branch), _CHARGE(record, branch)
    failed = row["status"] is OrderStatus.FAILED
    if paid_at is not None or charge or failed:
        status = TransactionStatus.SUCCEEDED if paid_at is not None else TransactionStatus.PENDING
        made.transaction(
            row["id"],
            TransactionType.CHARGE,
            TransactionStatus.FAILED if failed else status,
            row["total"],
            charge=charge,
            at=paid_at or row["created_at"],
        )
    for entry in refunds:
        with made.reading(None, entry):
            told = branch(entry)
            given_back, at = _ORDER.money(_REFUND, told, currency), moment(told.get("date_created_gmt"))
            made.transaction(
                number(told.get("id")), TransactionType.REFUND, TransactionStatus.REFUNDED, given_back, at=at
            )
            row["total_refund"] += given_back
            row["refunded_at"] = max(filter(None, (row["refunded_at"], at)), default=None)
    row["total_paid"] = row["total"] if paid_at is not None else 0
    whole = record.get("status") == "refunded"
    row["payment_status"] = PaymentStatus.FAILED if failed else total_of(row, paid=paid_at is not None, whole=whole)


def read_person(record: Record, identifier: int, site: str) -> Customer:
    """A customer, or the guest of an order by its billing address. Raises Unreadable."""
    billing = branch(record.get("billing"))
    told = {name: record.get(name) or billing.get(name) for name in ("email", "first_name", "last_name")}
    told |= {"created_at": record.get("date_created_gmt"), "updated_at": record.get("date_modified_gmt")}
    addresses = [(kind, branch(record.get(kind.value))) for kind in AddressType]
    return read_customer(told, identifier, addresses, site, NAMES)
