"""An order of a shop that is no FluentCart, put together as the importer writes orders."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.connected_stores.people import Names, read_order_address
from connectors.connected_stores.shape import made_up
from connectors.importers.fluentcart.commerce.order import ORDER, ORDER_ADDRESS, TRANSACTION, Order
from connectors.importers.fluentcart.values import shown
from connectors.importers.mapping import Columns, Mapped, Record, Unreadable
from connectors.importers.report import Skipped
from db.commerce.address import AddressType
from db.commerce.currency import is_code
from db.commerce.order import OrderMode, PaymentStatus, TransactionStatus, TransactionType


class OrderOf:
    """Of an order's row as a shop's shape has read it. `skipped` is what was left out."""

    def __init__(self, row: Columns, site: str) -> None:
        """Raises Unreadable."""
        row["currency"] = row["currency"].upper()
        if not is_code(row["currency"]):
            raise Unreadable(f"{shown(row['currency'])} is no currency", "currency")
        row["uuid"] = made_up(site, "orders", row["id"])
        row["updated_at"] = row["updated_at"] or row["created_at"]
        self._site = site
        self.order = Order(row)
        self.skipped: list[Skipped] = []

    @contextmanager
    def reading(self, mapped: Mapped | None, entry: Any) -> Iterator[None]:
        """What cannot be read of this part is named, and what is stored of it stays. None: a payment."""
        of = mapped or TRANSACTION
        identifier = entry.get("id") if isinstance(entry, dict) else entry
        if isinstance(identifier, int):
            self.order.listed[of.entity].add(identifier)
        try:
            yield
        except Unreadable as unreadable:
            place = f"{shown(identifier)} of order {self.order.id}"
            self.skipped.append(Skipped(of.entity, place, unreadable.field, unreadable.reason))

    def child(self, mapped: Mapped, row: Columns) -> None:
        """Raises Unreadable."""
        order = self.order
        if "created_at" in row and row["created_at"] is None:
            row |= {name: order.row[name] for name in ("created_at", "updated_at")}
        order.listed[mapped.entity].add(row["id"])
        if order.children[mapped.entity].setdefault(row["id"], row) is not row:
            raise Unreadable("is the identifier of another one too", "id")

    def parcel(self, read: Callable[[], Columns]) -> None:
        """What the shop says of the order's parcel; of one that cannot be read what is stored stays."""
        try:
            self.order.row |= read()
        except Unreadable as unreadable:
            place = f"{self.order.id}, its parcel"
            self.skipped.append(Skipped(ORDER.entity, place, unreadable.field, unreadable.reason))

    def sum(self, mapped: Mapped, column: str) -> int:
        return sum(row[column] for row in self.order.children[mapped.entity].values())

    def transaction(
        self,
        identifier: int,
        kind: TransactionType,
        status: TransactionStatus,
        total: int,
        *,
        charge: str = "",
        method: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Raises Unreadable."""
        order = self.order.row
        made = at or order["created_at"]
        given = {
            "id": identifier,
            "uuid": made_up(self._site, "transactions", identifier),
            "order_id": order["id"],
            "order_type": order["type"],
            "type": kind,
            "vendor_charge_id": charge,
            "payment_method": order["payment_method"] if method is None else method,
            "payment_mode": "test" if order["mode"] is OrderMode.TEST else "live",
            "status": status,
            "currency": order["currency"],
            "total": total,
            "rate": Decimal(1),
            "created_at": made,
            "updated_at": made,
        }
        self.child(TRANSACTION, TRANSACTION.read({}, given=given))

    def address(self, kind: AddressType, told: Record, names: Names) -> None:
        try:
            row = read_order_address(told, kind, self.order.row, names)
        except Unreadable as unreadable:
            place = f"{kind.value} of order {self.order.id}"
            self.skipped.append(Skipped(ORDER_ADDRESS.entity, place, unreadable.field, unreadable.reason))
            return
        if row is not None:
            self.child(ORDER_ADDRESS, row)


def total_of(row: Columns, *, paid: bool, whole: bool = False) -> PaymentStatus:
    """What was paid and given back, in a word. `paid`: the shop says that it was, which of an order that costs nothing
    no amount tells; `whole`: it says that all of it was given back."""
    if whole or 0 < row["total_paid"] <= row["total_refund"]:
        return PaymentStatus.REFUNDED
    if row["total_refund"]:
        return PaymentStatus.PARTIALLY_REFUNDED
    if paid or row["total_paid"]:
        return PaymentStatus.PAID if row["total_paid"] >= row["total"] else PaymentStatus.PARTIALLY_PAID
    return PaymentStatus.PENDING
