"""What is paid of an order, as somebody here says it."""

from collections.abc import Mapping
from typing import Any, Final

from db.catalog.product import FulfillmentType
from db.commerce.order import OrderStatus, OrderType, PaymentStatus, TransactionStatus, TransactionType
from db.commerce.sums.stock import Kept, Move, kept
from db.store.row import now
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.issuing import ISSUES, issue_licenses
from resolvers.commerce.order.input import OrderMarkAsPaidInput
from resolvers.commerce.order.stock import STOCK, Shelf, hold_variants, move_stock, record
from resolvers.commerce.order.writing import (
    MOVES,
    ORDER,
    PAYS,
    change_order,
    count_bought,
    edit_payment,
    hold_customers,
    lines_of,
    noted,
    pending_payment,
    receipt,
    write_payment,
)
from resolvers.commerce.subscription.beginning import BEGINS, begin_subscriptions, subscription_of
from resolvers.editing.editable import Text, checked_texts
from resolvers.editing.text import lines

# From these an order that is paid goes on.
_WAITING: Final = (OrderStatus.DRAFT, OrderStatus.ON_HOLD, OrderStatus.FAILED)
_TEXTS: Final = {"vendor_charge_id": Text(192), "note": Text(5000, lines)}


@mutation(
    permission="orders/manage",
    rest="POST /orders/{id}/mark-as-paid",
    emits=(*MOVES, *PAYS, *STOCK, *BEGINS, *ISSUES),
    audited=True,
)
async def order_mark_as_paid(unit: Unit, input: OrderMarkAsPaidInput) -> Keys:
    """Note down that what was still owed of an order is paid. It gets its receipt's number, goes on to PROCESSING where
    it waited, and to COMPLETED where nothing of it is sent; what is not sent leaves the stock. A subscription whose
    bills are paid by hand begins with its first order, and what is licensed brings its licences."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    if row["status"] is OrderStatus.CANCELED:
        unit.refuse(ErrorCode.CONFLICT, "A canceled order is not paid any more", "id")
    elif not _owes(row):
        unit.refuse(ErrorCode.CONFLICT, "It is paid already", "id")
    values = ORDER.checked(unit, {} if input.payment_method is None else {"payment_method": input.payment_method})
    said = checked_texts(unit, _TEXTS, {"vendor_charge_id": input.vendor_charge_id, "note": input.note})
    charge, note = said["vendor_charge_id"], said["note"]
    unit.settle()
    method = values.get("payment_method") or row["payment_method"]
    pending = await pending_payment(unit, row["id"])
    payment = {
        "total": row["total"] - row["total_paid"],
        "status": TransactionStatus.SUCCEEDED,
        "payment_method": method,
        "vendor_charge_id": charge,
    }
    extra = {"note": note} if note else {}
    if pending is None:
        key = await write_payment(unit, row, {"type": TransactionType.CHARGE, "extra": extra or None, **payment})
    else:
        key = pending["id"]
        told = {**noted(pending), **extra} if extra else pending["extra"]
        kept_charge = {} if charge else {"vendor_charge_id": pending["vendor_charge_id"]}
        await edit_payment(unit, pending, {**payment, **kept_charge, "extra": told})
    held = await lines_of(unit, row["id"])
    customers = await hold_customers(unit, [row["customer_id"]])
    changes = {"payment_method": method, **paid(row, held)}
    shelf = await give_out(unit, {**row, **changes}, held)
    changes |= await receipt(unit, row)
    begun = await subscription_of(unit, row)
    await change_order(unit, row, changes, ("transactions",), payment=key, subscription=begun)
    if row["type"] is OrderType.SUBSCRIPTION:
        await begin_subscriptions(unit, row["id"])
    await count_bought(unit, customers)
    await issue_licenses(unit, {**row, **changes}, held.values(), shelf.variants)
    return {"order": row["id"], "transaction": key}


def _owes(row: Mapping[str, Any]) -> bool:
    if row["total"] > row["total_paid"]:
        return True
    # One that costs nothing is paid by being said so.
    return row["total"] == 0 and row["payment_status"] in (PaymentStatus.PENDING, PaymentStatus.FAILED)


def paid(row: Mapping[str, Any], held: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of an order, of which all is paid from now on; `receipt` has the others."""
    partly = row["payment_status"] is PaymentStatus.PARTIALLY_REFUNDED
    values: dict[str, Any] = {
        "payment_status": PaymentStatus.PARTIALLY_REFUNDED if partly else PaymentStatus.PAID,
        "total_paid": max(row["total"], row["total_paid"]),
    }
    if row["status"] in (*_WAITING, OrderStatus.PROCESSING):
        values |= completed(row) if not _sends(held) else {"status": OrderStatus.PROCESSING}
    return values


def completed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The moment of the first time stays."""
    return {"status": OrderStatus.COMPLETED, "completed_at": row["completed_at"] or now()}


def _sends(held: Mapping[Any, Mapping[str, Any]]) -> bool:
    return any(line["fulfillment_type"] is FulfillmentType.PHYSICAL for line in held.values())


async def give_out(unit: Unit, order: Mapping[str, Any], held: Mapping[int, Mapping[str, Any]]) -> Shelf:
    """Let each line keep what it has of the stock as the order is by now. What they are of, locked."""
    shelf = await hold_variants(unit, sorted({line["variant_id"] for line in held.values()} - {None}))
    moves = [Move(line, kept(order, line, Kept.of(line).pieces)) for line in held.values()]
    await move_stock(unit, moves, shelf=shelf)
    await record(unit, moves)
    return shelf
