"""Orders read to be changed, and written with what follows. Whoever changes one holds it, those that go with it, its
lines, the customers, products, variants and coupons concerned, and the numbers of receipts, in this order
(docs/adr/0068): two that take them the other way round would wait for each other."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import func, insert, select, update

from db.commerce import visibility
from db.commerce.counted.bought import held_customers, recount
from db.commerce.events import (
    CUSTOMER_UPDATED,
    ORDER_CANCELED,
    ORDER_CREATED,
    ORDER_DELETED,
    ORDER_DELIVERED,
    ORDER_FULLY_REFUNDED,
    ORDER_PAID,
    ORDER_PAYMENT_STATUS_CHANGED,
    ORDER_REFUNDED,
    ORDER_SHIPPED,
    ORDER_SHIPPING_STATUS_CHANGED,
    ORDER_STATUS_CHANGED,
    ORDER_UPDATED,
    PAYMENT_SUCCESS,
)
from db.commerce.following import ONCE, of_order, of_payment
from db.commerce.order import (
    ORDER_FOUND_BY,
    OrderItemRow,
    OrderRow,
    OrderTransactionRow,
    ReceiptCounterRow,
    TransactionStatus,
)
from db.commerce.store import StoreRow
from db.store.events import EventKind
from db.store.locks import lock
from db.store.outbox import EVENT
from db.store.row import table
from db.store.writing import add, edit
from engine.unit.unit import Unit
from resolvers.editing import text
from resolvers.editing.editable import Editable, Text
from resolvers.editing.updating import differences

ORDER: Final = Editable(
    OrderRow,
    visibility.orders,
    ORDER_CREATED,
    ORDER_UPDATED,
    ORDER_DELETED,
    texts={
        "number": Text(100, required="A parcel is followed by its number"),
        "carrier": Text(100, blank=None),
        "payment_method": Text(50),
        "payment_method_title": Text(100),
        "note": Text(5000, text.lines),
    },
)
ITEM: Final = table(OrderItemRow)
TRANSACTION: Final = table(OrderTransactionRow)
STORE: Final = table(StoreRow)
_COUNTER: Final = table(ReceiptCounterRow)
_NO_PREFIX: Final = "INV-"  # FluentCart's, where the store says nothing

# What `change_order` may tell beside `order.updated`, and what a payment does.
MOVES: Final[tuple[EventKind, ...]] = (
    ORDER_UPDATED,
    ORDER_STATUS_CHANGED,
    ORDER_PAYMENT_STATUS_CHANGED,
    ORDER_SHIPPING_STATUS_CHANGED,
)
PAYS: Final[tuple[EventKind, ...]] = (ORDER_PAID, PAYMENT_SUCCESS, CUSTOMER_UPDATED)
SENDS: Final[tuple[EventKind, ...]] = (ORDER_CANCELED, ORDER_SHIPPED, ORDER_DELIVERED)
REFUNDS: Final[tuple[EventKind, ...]] = (ORDER_REFUNDED, ORDER_FULLY_REFUNDED, CUSTOMER_UPDATED)


async def lines_of(unit: Unit, order: int) -> dict[int, dict[str, Any]]:
    """The lines of an order that is locked, by key and in their order; locked."""
    statement = select(ITEM).where(ITEM.c.order_id == order).order_by(ITEM.c.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    return {row["id"]: row for row in sorted(rows, key=lambda row: (row["position"], row["id"]))}


async def change_order(
    unit: Unit, row: Mapping[str, Any], values: Mapping[str, Any], also: Collection[str] = (), **beside: Any
) -> dict[str, Any]:
    """Write what differs, and tell of it and of what follows; what differs. `also` are changed fields of the graph that
    are no columns. `beside`: as `db.commerce.following.of_order` says. Raises Refused with all that was wrong."""
    unit.settle()
    changes = differences(row, values)
    if changes or also:
        await edit(unit.connection, ORDER.table, row["id"], row["version"], changes)
        unit.emit(ORDER_UPDATED(row, changes, also))
        await follow(unit, row, changes, **beside)
    return changes


async def follow(unit: Unit, row: Mapping[str, Any] | None, changes: Mapping[str, Any], **beside: Any) -> None:
    """Tell what follows from a change of an order; of a new one (`row` None) from all of it."""
    for event in of_order(row, changes, beside):
        if event.name in ONCE:
            told = select(1).where(EVENT.c.entity == event.entity, EVENT.c.name == event.name).limit(1)
            if (await unit.connection.execute(told)).first() is not None:
                continue
        unit.emit(event)


async def hold_customers(unit: Unit, keys: Iterable[int | None]) -> dict[int, dict[str, Any]]:
    """The customers with these keys, by key, locked: before the goods that their orders take, as a checkout does."""
    return await held_customers(unit.connection, {key for key in keys if key is not None})


async def count_bought(unit: Unit, held: Mapping[int, Mapping[str, Any]]) -> None:
    """What these customers bought, after orders of theirs were changed."""
    for row, changes in await recount(unit.connection, held):
        unit.emit(CUSTOMER_UPDATED.followed(row, changes))


async def receipt(unit: Unit, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an order that is paid from now on: the next number of a receipt, and what the invoice is called.
    An order keeps the number that it has. Last of all that is locked: until the transaction ends, no other order gets
    one."""
    if row["receipt_number"] is not None:
        return {}
    connection = unit.connection
    await lock(connection, {"numbers of receipts"})
    settings = (await connection.execute(select(STORE.c.settings).where(STORE.c.id == 1))).scalar() or {}
    counted = (await connection.execute(select(_COUNTER.c.last))).scalar()
    highest = (await connection.execute(select(func.max(ORDER.table.c.receipt_number)))).scalar()
    least = str(settings.get("min_receipt_number") or "")
    first = int(least) if least.isdecimal() and len(least) < 15 else 1
    number = max(counted or 0, highest or 0, first - 1) + 1
    wrote = insert(_COUNTER).values(id=1, last=number) if counted is None else update(_COUNTER).values(last=number)
    await connection.execute(wrote)
    prefix = settings.get("inv_prefix")
    invoice = f"{prefix if isinstance(prefix, str) else _NO_PREFIX}{number}"
    numbered = {"receipt_number": number, "invoice_no": invoice}
    return numbered | {name: made({**row, **numbered}) for name, made in ORDER_FOUND_BY.items()}


async def write_payment(unit: Unit, order: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """One more movement of an order's money; its key."""
    common = {"order_type": order["type"], "payment_mode": order["mode"].value, "currency": order["currency"]}
    row = {"order_id": order["id"], "uuid": uuid4().hex, "rate": order["rate"], **common, **values}
    key = await add(unit.connection, OrderTransactionRow(**row))
    made = OrderTransactionRow(**row).model_dump() | {"id": key}
    for event in of_payment(None, made, {}):
        unit.emit(event)
    return key


def noted(payment: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is noted of a payment beside its columns: of what a shop may have as it likes, that which has names."""
    extra = payment["extra"]
    return extra if isinstance(extra, Mapping) else {}


async def edit_payment(unit: Unit, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    changes = differences(row, values)
    if changes:
        await edit(unit.connection, TRANSACTION, row["id"], row["version"], changes)
        for event in of_payment(row, changes, {}):
            unit.emit(event)


async def pending_payment(unit: Unit, order: int) -> dict[str, Any] | None:
    """The charge that is waited for, locked."""
    columns = TRANSACTION.c
    statement = (
        select(TRANSACTION)
        .where(columns.order_id == order, columns.status == TransactionStatus.PENDING, columns.type == "charge")
        .order_by(columns.id.desc())
        .limit(1)
        .with_for_update()
    )
    found = (await unit.connection.execute(statement)).mappings().first()
    return None if found is None else dict(found)
