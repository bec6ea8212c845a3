"""Shopify Admin REST API, `GET /orders/{id}.json`, `/orders/{id}/transactions.json` and `/customers/{id}.json`: orders
with their lines, payments and addresses, and people. Amounts are those of the shop's currency."""

from collections.abc import Sequence
from typing import Any, Final

from connectors.connected_stores.orders import OrderOf, total_of
from connectors.connected_stores.people import Names, read_customer
from connectors.connected_stores.shape import Shape, amount, number, of_text, reference, whole_amount
from connectors.connected_stores.shopify.parcels import read_parcel
from connectors.importers.fluentcart.commerce.customer import Customer
from connectors.importers.fluentcart.commerce.order import ITEM, ORDER, Order
from connectors.importers.fluentcart.values import (
    branch,
    entries,
    flag,
    moment,
    name,
    paragraphs,
    plain,
    present,
    whole,
)
from connectors.importers.mapping import Columns, Field, Record, Unreadable
from connectors.importers.report import Skipped
from db.catalog.product import FulfillmentType
from db.commerce.address import AddressType
from db.commerce.order import (
    OrderMode,
    OrderStatus,
    PaymentStatus,
    ShippingStatus,
    TaxBehavior,
    TransactionStatus,
    TransactionType,
)

NAMES: Final[Names] = {
    "address_1": "address1",
    "address_2": "address2",
    "city": "city",
    "state": "province_code",
    "postcode": "zip",
    "country": "country_code",
}
# What takes money, or would; an authorization is not yet money, and a void takes it back.
_CHARGES: Final = ("sale", "capture", "authorization")
_REFUND: Final = "refund"
_STATUSES: Final = {
    "success": TransactionStatus.SUCCEEDED,
    "pending": TransactionStatus.PENDING,
    "failure": TransactionStatus.FAILED,
    "error": TransactionStatus.FAILED,
}
_DELIVERED: Final = "delivered"
_FULFILLED: Final = "fulfilled"


def _mode(value: Any) -> OrderMode:
    return OrderMode.TEST if flag()(value) else OrderMode.LIVE


def _kind(value: Any) -> FulfillmentType:
    return FulfillmentType.PHYSICAL if flag(True)(value) else FulfillmentType.DIGITAL


_ORDER: Final = Shape(
    ORDER,
    {
        "id": Field("id", number),
        "mode": Field("test", _mode),
        "invoice_no": Field("name", name()),
        "currency": Field("currency", present(name())),
        "subtotal": Field("total_line_items_price", amount()),
        "coupon_discount_total": Field("total_discounts", amount()),
        "shipping_total": Field("total_shipping_price_set.shop_money.amount", amount()),
        "total": Field("total_price", amount()),
        "tax_total": Field("total_tax", amount()),
        "note": Field("note", paragraphs("")),
        "ip_address": Field("browser_ip", plain("")),
        "completed_at": Field("closed_at", moment),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
)
_ITEM: Final = Shape(
    ITEM,
    {
        "id": Field("id", number),
        "product_id": Field("product_id", reference),
        "variant_id": Field("variant_id", reference),
        "product_title": Field("title", plain("")),
        "title": Field("variant_title", plain(""), otherwise="title"),
        "fulfillment_type": Field("requires_shipping", _kind),
        "quantity": Field("quantity", whole(1)),
        "unit_price": Field("price", amount()),
    },
    branch=branch,
)
_OPEN: Final = Field("fulfillable_quantity", whole(0, least=0))
_PRICE: Final = Field("price", amount())
_TAKEN_OFF: Final = Field("amount", amount())
_AMOUNT: Final = Field("amount", whole_amount)
_GIVEN_BACK: Final = Field("subtotal", amount())
# Of a customer's own record; what an order says of its customer has neither.
BOUGHT: Final = "orders_count"
_BOUGHT: Final = Field(BOUGHT, whole(0, least=0))
_SPENT: Final = Field("total_spent", amount())
_CANCELED: Final = Field("cancelled_at", moment)


def buyer_of(record: Record) -> int | None:
    """The number of an order's customer; of one without an account what stands for their address. None: nobody who can
    be written to."""
    known = reference(branch(record.get("customer")).get("id"))
    email = record.get("email")
    if known is None and isinstance(email, str) and email.strip():
        return of_text(email.strip().lower())
    return known


def read_order(record: Record, transactions: Sequence[Any], site: str) -> tuple[Order, list[Skipped]]:
    """Raises Unreadable for the order itself; a line that cannot be read is left out and named."""
    currency = str(record.get("currency") or "").upper()
    made = OrderOf(_ORDER.read(record, currency=currency), site)
    row = made.order.row
    row["customer_id"] = buyer_of(record)
    made.parcel(lambda: read_parcel(record))
    gateways = [name()(one) for one in entries(record.get("payment_gateway_names"))]
    row["payment_method"] = row["payment_method_title"] = next((one for one in gateways if one), "")
    given_back = _given_back(record, currency)
    for position, entry in enumerate(entries(record.get("line_items"))):
        with made.reading(ITEM, entry):
            made.child(ITEM, _item(branch(entry), row, position, currency, given_back))
    if row["tax_total"]:
        included = flag()(record.get("taxes_included"))
        row["tax_behavior"] = TaxBehavior.INCLUSIVE if included else TaxBehavior.EXCLUSIVE
    _pay(made, record, transactions, currency)
    _settle(made, record)
    for kind in AddressType:
        made.address(kind, branch(record.get(f"{kind.value}_address")), NAMES)
    return made.order, made.skipped


def _item(record: Record, order: Columns, position: int, currency: str, given_back: dict[int, int]) -> Columns:
    row = _ITEM.read(record, currency=currency, order_id=order["id"], position=position)
    row["subtotal"] = row["unit_price"] * row["quantity"]
    allocated = entries(record.get("discount_allocations"))
    row["discount_total"] = sum(_ITEM.money(_TAKEN_OFF, branch(one), currency) for one in allocated)
    row["line_total"] = row["subtotal"] - row["discount_total"]
    row["tax_amount"] = sum(_ITEM.money(_PRICE, branch(one), currency) for one in entries(record.get("tax_lines")))
    if record.get("fulfillment_status") is not None:
        row["fulfilled_quantity"] = max(row["quantity"] - _OPEN(record, branch), 0)
    row["refund_total"] = given_back.get(row["id"], 0)
    return row


def _given_back(record: Record, currency: str) -> dict[int, int]:
    """By the numbers of lines."""
    found: dict[int, int] = {}
    for refund in entries(record.get("refunds")):
        for entry in entries(branch(refund).get("refund_line_items")):
            line = reference(branch(entry).get("line_item_id"))
            if line is not None:
                found[line] = found.get(line, 0) + _ITEM.money(_GIVEN_BACK, branch(entry), currency)
    return found


def _pay(made: OrderOf, record: Record, transactions: Sequence[Any], currency: str) -> None:
    row = made.order.row
    captured = {reference(branch(one).get("parent_id")) for one in transactions if branch(one).get("kind") == "capture"}
    for entry in transactions:
        with made.reading(None, entry):
            told = branch(entry)
            kind, status = told.get("kind"), _STATUSES.get(str(told.get("status")))
            identifier = number(told.get("id"))
            if kind not in (*_CHARGES, _REFUND) or identifier in captured:
                made.order.listed["transactions"].discard(identifier)
                continue
            if status is None:
                raise Unreadable(f"is none of {', '.join(_STATUSES)}", "status")
            sum_of = _ORDER.money(_AMOUNT, told, currency)
            at = moment(told.get("processed_at")) or moment(told.get("created_at"))
            done = status is TransactionStatus.SUCCEEDED
            if kind == _REFUND:
                status = TransactionStatus.REFUNDED if done else status
                row["total_refund"] += sum_of if done else 0
                row["refunded_at"] = max(filter(None, (row["refunded_at"], at if done else None)), default=None)
            elif kind == "authorization" and done:
                status = TransactionStatus.AUTHORIZED
            elif done:
                row["total_paid"] += sum_of
            made.transaction(
                identifier,
                TransactionType.REFUND if kind == _REFUND else TransactionType.CHARGE,
                status,
                sum_of,
                charge=plain("")(told.get("authorization")),
                method=plain("")(told.get("gateway")),
                at=at,
            )


def _settle(made: OrderOf, record: Record) -> None:
    """The words of Shopify for money, goods and the order as a whole, in ours."""
    row = made.order.row
    money = record.get("financial_status")
    if money == "paid" and not row["total_paid"]:
        row["total_paid"] = row["total"]  # marked so by hand
    if money == "authorized":
        row["payment_status"] = PaymentStatus.AUTHORIZED
    elif money in ("voided", "expired"):
        row["payment_status"] = PaymentStatus.FAILED
    else:
        row["payment_status"] = total_of(row, paid=money == "paid", whole=money == "refunded")
    kinds = {line["fulfillment_type"] for line in made.order.children[ITEM.entity].values()}
    if kinds:
        digital = kinds == {FulfillmentType.DIGITAL}
        row["fulfillment_type"] = FulfillmentType.DIGITAL if digital else FulfillmentType.PHYSICAL
    if row["fulfillment_type"] is FulfillmentType.PHYSICAL:
        shipped = [branch(one) for one in entries(record.get("fulfillments"))]
        sent = [one for one in shipped if one.get("status") == "success"]
        if record.get("fulfillment_status") == _FULFILLED:
            arrived = bool(sent) and all(one.get("shipment_status") == _DELIVERED for one in sent)
            row["shipping_status"] = ShippingStatus.DELIVERED if arrived else ShippingStatus.SHIPPED
        else:
            row["shipping_status"] = ShippingStatus.UNSHIPPED
    if _CANCELED(record, branch) is not None:
        row["status"] = OrderStatus.CANCELED
    elif row["completed_at"] is not None or record.get("fulfillment_status") == _FULFILLED:
        row["status"] = OrderStatus.COMPLETED
    elif row["payment_status"] in (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED):
        row["status"] = OrderStatus.ON_HOLD


def read_person(record: Record, identifier: int, site: str, currency: str) -> Customer:
    """A customer. What they spent is in the shop's `currency`. Raises Unreadable."""
    told = {name: record.get(name) for name in ("email", "first_name", "last_name", "created_at", "updated_at")}
    home = branch(record.get("default_address"))
    person = read_customer(told, identifier, [(AddressType.BILLING, home)] if home else [], site, NAMES)
    if record.get(BOUGHT) is not None:
        person.told = (_BOUGHT(record, branch), _ORDER.money(_SPENT, record, currency), currency)
    return person


def guest_of(record: Record) -> Record:
    """What an order says of whoever has no account."""
    address = branch(record.get("billing_address")) or branch(record.get("shipping_address"))
    told = {name: address.get(name) for name in ("first_name", "last_name")}
    return {**told, "email": record.get("email"), "created_at": record.get("created_at"), "default_address": address}
