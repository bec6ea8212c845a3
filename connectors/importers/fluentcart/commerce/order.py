"""`GET /orders`, and of each `GET /orders/{id}`: lines, payments, addresses, coupons."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from connectors.importers.fluentcart.asking import NotTold, together, told
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.commerce.address import PLACE
from connectors.importers.fluentcart.commerce.coupon import APPLIED_COUPON
from connectors.importers.fluentcart.money import convert
from connectors.importers.fluentcart.remote_list import Batch, RemoteList
from connectors.importers.fluentcart.values import (
    address,
    branch,
    cents,
    document,
    entries,
    exact,
    key,
    moment,
    name,
    paragraphs,
    plain,
    present,
    reference,
    shown,
    whole,
    word,
)
from connectors.importers.mapping import Columns, Field, Mapped, Reader, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.catalog.product import FulfillmentType
from db.commerce.address import AddressType
from db.commerce.events import ORDER_CREATED, ORDER_UPDATED
from db.commerce.following import of_order, of_payment
from db.commerce.order import (
    ITEM_FOUND_BY,
    ORDER_FOUND_BY,
    TRACKING,
    LineType,
    OrderAddressRow,
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderTransactionRow,
    OrderType,
    PaymentStatus,
    ShippingStatus,
    TaxBehavior,
    TransactionStatus,
    TransactionType,
)

_BEHAVIORS: Final = dict(zip("012", TaxBehavior, strict=True))
_RATE: Final = exact(Decimal(1), digits=12, places=4)


def _tax_behavior(value: Any) -> TaxBehavior:
    number = whole(0)(value)
    try:
        return _BEHAVIORS[str(number)]
    except KeyError:
        raise Unreadable(f"{shown(value)} is none of 0, 1, 2") from None


def _kind(value: Any) -> FulfillmentType | None:
    """Of an order as a whole: physical, digital, or something of both that has no word here."""
    try:
        kind: FulfillmentType | None = word(FulfillmentType, None)(value)
    except Unreadable:
        return None
    return kind


def _amounts(**paths: str) -> dict[str, Field]:
    """Money that may be below zero: a fee given back, a correction."""
    read: Reader = cents(least=-(2**53) + 1)
    return {column: Field(path, read) for column, path in paths.items()}


ORDER: Final = Mapped(
    "orders",
    OrderRow,
    {
        "id": Field("id", key),
        "uuid": Field("uuid", name()),
        "status": Field("status", word(OrderStatus, OrderStatus.DRAFT)),
        "payment_status": Field("payment_status", word(PaymentStatus, PaymentStatus.PENDING)),
        "shipping_status": Field("shipping_status", word(ShippingStatus, None)),
        "type": Field("type", word(OrderType, OrderType.PAYMENT)),
        "mode": Field("mode", word(OrderMode, OrderMode.LIVE)),
        "parent_id": Field("parent_id", reference),
        "receipt_number": Field("receipt_number", reference),
        "invoice_no": Field("invoice_no", name()),
        "fulfillment_type": Field("fulfillment_type", _kind),
        "customer_id": Field("customer_id", reference),
        "payment_method": Field("payment_method", plain("")),
        "payment_method_title": Field("payment_method_title", plain("")),
        "currency": Field("currency", present(name())),
        **_amounts(
            subtotal="subtotal",
            manual_discount_total="manual_discount_total",
            coupon_discount_total="coupon_discount_total",
            discount_tax="discount_tax",
            shipping_total="shipping_total",
            shipping_tax="shipping_tax",
            fee_total="fee_total",
            tax_total="tax_total",
            total="total_amount",
            total_paid="total_paid",
            total_refund="total_refund",
        ),
        "rate": Field("rate", _RATE),
        "tax_behavior": Field("tax_behavior", _tax_behavior),
        "note": Field("note", paragraphs("")),
        "ip_address": Field("ip_address", plain("")),
        "completed_at": Field("completed_at", moment),
        "refunded_at": Field("refunded_at", moment),
        "config": Field("config", document),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    unique=("uuid",),
    tells=Tells(ORDER_CREATED, ORDER_UPDATED),
    then=of_order,
    # FluentCart tells no parcels; other shops do.
    untold=dict.fromkeys(TRACKING),
    kept=dict.fromkeys(("manual_discount", "tracking_told_at", "tracking_problem", "tracking_former")),
    together=[tuple(sorted(TRACKING))],
    found_by=ORDER_FOUND_BY,
)

ITEM: Final = Mapped(
    "order items",
    OrderItemRow,
    {
        "id": Field("id", key),
        "order_id": Field("order_id", key),
        "product_id": Field("post_id", reference),
        "variant_id": Field("object_id", reference),
        "product_title": Field("post_title", plain("")),
        "title": Field("title", plain("")),
        "fulfillment_type": Field("fulfillment_type", word(FulfillmentType, FulfillmentType.PHYSICAL)),
        "payment_type": Field("payment_type", word(LineType, LineType.ONETIME)),
        "quantity": Field("quantity", whole(1)),
        "fulfilled_quantity": Field("fulfilled_quantity", whole(0)),
        **_amounts(
            unit_price="unit_price",
            cost="cost",
            subtotal="subtotal",
            tax_amount="tax_amount",
            shipping_charge="shipping_charge",
            discount_total="discount_total",
            line_total="line_total",
            refund_total="refund_total",
        ),
        "rate": Field("rate", _RATE),
        "position": Field("cart_index", whole(0)),
        "other_info": Field("other_info", document),
        "line_meta": Field("line_meta", document),
        "referrer": Field("referrer", address(None)),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    # The shop moves its own stock for the orders that it takes.
    kept={**dict.fromkeys(("on_hold", "committed", "restocked_quantity"), 0), "tax_rate_ids": None},
    found_by=ITEM_FOUND_BY,
)

TRANSACTION: Final = Mapped(
    "transactions",
    OrderTransactionRow,
    {
        "id": Field("id", key),
        "uuid": Field("uuid", name()),
        "order_id": Field("order_id", key),
        "order_type": Field("order_type", word(OrderType, OrderType.PAYMENT)),
        "type": Field("transaction_type", word(TransactionType, TransactionType.CHARGE)),
        "subscription_id": Field("subscription_id", reference),
        "card_last4": Field("card_last_4", name()),
        "card_brand": Field("card_brand", name()),
        "vendor_charge_id": Field("vendor_charge_id", plain("")),
        "payment_method": Field("payment_method", plain("")),
        "payment_mode": Field("payment_mode", plain("")),
        "payment_method_type": Field("payment_method_type", plain("")),
        "status": Field("status", word(TransactionStatus, TransactionStatus.PENDING)),
        "currency": Field("currency", name()),
        **_amounts(total="total"),
        "rate": Field("rate", _RATE),
        "extra": Field("meta", document),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    unique=("uuid",),
    then=of_payment,
)

ORDER_ADDRESS: Final = Mapped(
    "order addresses",
    OrderAddressRow,
    {
        "id": Field("id", key),
        "order_id": Field("order_id", key),
        "type": Field("type", word(AddressType)),
        **PLACE,
        "extra": Field("meta", document),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
)
CHILDREN: Final = (
    (ITEM, "order_items"),
    (TRANSACTION, "transactions"),
    (ORDER_ADDRESS, "order_addresses"),
    (APPLIED_COUPON, "applied_coupons"),
)


@dataclass(slots=True)
class Order:
    """Children by entity and identifier. `listed` are all that the source names, the unreadable ones too."""

    row: Columns
    children: dict[str, dict[int, Columns]] = field(
        default_factory=lambda: {mapped.entity: {} for mapped, _ in CHILDREN}
    )
    listed: dict[str, set[int]] = field(default_factory=lambda: {mapped.entity: set() for mapped, _ in CHILDREN})

    @property
    def id(self) -> int:
        identifier: int = self.row["id"]
        return identifier


async def _complete(client: Client, fresh: list[tuple[int, Record]]) -> tuple[list[tuple[int, Record]], list[Skipped]]:
    async def whole_of(identifier: int, record: Record) -> tuple[int, Record] | Skipped:
        path = f"/orders/{identifier}"
        try:
            order = branch((await told(client, path)).get("order"))
        except (NotTold, Unreadable) as reason:
            return Skipped(ORDER.entity, str(identifier), "", str(reason))
        if not order:
            return Skipped(ORDER.entity, str(identifier), "order", f"GET {path} names none")
        return identifier, {**record, **order, "id": identifier}

    results = await together(whole_of(identifier, record) for identifier, record in fresh)
    return (
        [result for result in results if not isinstance(result, Skipped)],
        [result for result in results if isinstance(result, Skipped)],
    )


ORDERS: Final = RemoteList(ORDER.entity, "/orders", "orders", _complete)


def read_orders(batch: Batch[tuple[int, Record]], source: str) -> tuple[list[Order], list[Skipped]]:
    """The orders of a batch, and what of it cannot be read. Never raises."""
    orders: list[Order] = []
    skipped = list(batch.skipped)
    for identifier, record in batch.records:
        try:
            order = Order(ORDER.read(record))
            order.row["uuid"] = order.row["uuid"] or _made_up(source, "orders", identifier)
            order.row["currency"] = order.row["currency"].upper()
            convert(ORDER, order.row, order.row["currency"])
            children = [(mapped, _told(record, place)) for mapped, place in CHILDREN]
        except Unreadable as unreadable:
            skipped.append(Skipped(ORDER.entity, str(identifier), unreadable.field, unreadable.reason))
            continue
        for mapped, told_children in children:
            for entry in told_children:
                _read_child(order, mapped, entry, source, skipped)
        orders.append(order)
    return orders, skipped


def _told(record: Record, place: str) -> list[Any]:
    try:
        listed = entries(record.get(place))
        if place == "order_addresses" and not listed:
            named = ((kind, branch(record.get(f"{kind.value}_address"))) for kind in AddressType)
            listed = [{"type": kind.value, **address} for kind, address in named if address]
    except Unreadable as unreadable:
        raise Unreadable(unreadable.reason, place) from None
    return listed


def _read_child(order: Order, mapped: Mapped, entry: Any, source: str, skipped: list[Skipped]) -> None:
    try:
        record = {"order_id": order.id, **branch(entry)}
        order.listed[mapped.entity].add(mapped.columns["id"](record, branch))
        row = mapped.read(record)
        if row["order_id"] != order.id:
            raise Unreadable(f"belongs to order {row['order_id']}, not to {order.id}", "order_id")
        if mapped is TRANSACTION:
            row["uuid"] = row["uuid"] or _made_up(source, "transactions", row["id"])
            row["currency"] = (row["currency"] or order.row["currency"]).upper()
        convert(mapped, row, row.get("currency") or order.row["currency"])
        if order.children[mapped.entity].setdefault(row["id"], row) is not row:
            raise Unreadable("is the identifier of another one too", "id")
    except Unreadable as unreadable:
        identifier = shown(entry.get("id") if isinstance(entry, dict) else entry)
        place = f"{identifier} of order {order.id}"
        skipped.append(Skipped(mapped.entity, place, unreadable.field, unreadable.reason))


def _made_up(source: str, entity: str, identifier: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{source}/{entity}/{identifier}"))
