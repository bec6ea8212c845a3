"""Money of an order that is given back, as it is written down here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from db.commerce.events import LICENSE_UPDATED, SUBSCRIPTION_CANCELLED, SUBSCRIPTION_UPDATED
from db.commerce.order import PaymentStatus, TransactionStatus, TransactionType, parent_of
from db.commerce.subscription import SubscriptionRow
from db.commerce.sums.stock import Kept, Move
from db.commerce.sums.totals import allocated
from db.commerce.sums.validity import takes_back
from db.store.row import now, table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.stopping import stop_licenses
from resolvers.commerce.order.input import OrderRefundInput, OrderRestockInput
from resolvers.commerce.order.stock import STOCK, move_stock, record
from resolvers.commerce.order.writing import (
    MOVES,
    ORDER,
    REFUNDS,
    TRANSACTION,
    change_order,
    count_bought,
    edit_payment,
    hold_customers,
    lines_of,
    noted,
    write_payment,
)
from resolvers.commerce.subscription.writing import OVER, cancel
from resolvers.editing.editable import Text, checked_texts
from resolvers.editing.locking import key_of
from resolvers.editing.text import lines

_TEXTS: Final = {"reason": Text(1000, lines)}
_SUBSCRIPTION: Final = table(SubscriptionRow)

Rows = Mapping[int, Mapping[str, Any]]


@mutation(
    permission="orders/can_refund",
    rest="POST /orders/{id}/refund",
    emits=(*MOVES, *REFUNDS, *STOCK, SUBSCRIPTION_UPDATED, SUBSCRIPTION_CANCELLED, LICENSE_UPDATED),
    audited=True,
)
async def order_refund(unit: Unit, input: OrderRefundInput) -> Keys:
    """Write down that money of an order was given back: a transaction, what it means for each line, and the state of
    the payment. No payment provider is told: give it back there, too. A line keeps the number of its pieces; what
    comes back into the stock is its `restockedQuantity`."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    charge = await _charge(unit, row, input)
    held = await lines_of(unit, row["id"])
    among = _among(unit, held, input.item_ids or ())
    back = _restocked(unit, held, input.restock or ())
    reason = checked_texts(unit, _TEXTS, {"reason": input.reason})["reason"]
    unit.settle()
    customers = await hold_customers(unit, [row["customer_id"]])
    key = await _write(unit, row, charge, input.amount, reason)
    shares = allocated(input.amount, [held[line] for line in among])
    refunded = {line: {"refund_total": held[line]["refund_total"] + share} for line, share in shares.items()}
    values = _state(row, input.amount)
    moves = [_move(line, back.get(number, 0)) for number, line in held.items()]
    await move_stock(unit, moves)
    for line, pieces in back.items():
        refunded.setdefault(line, {})["restocked_quantity"] = held[line]["restocked_quantity"] + pieces
    await record(unit, moves, refunded)
    canceled = await _cancel(unit, row, reason) if input.cancel_subscription else []
    also = ("items", "transactions") if refunded else ("transactions",)
    await change_order(unit, row, values, also, refund=key)
    await count_bought(unit, customers)
    after = [{**line, **refunded.get(number, {})} for number, line in held.items()]
    await stop_licenses(unit, row["id"], held.values(), after, over=takes_back({**row, **values}))
    return {"order": row["id"], "transaction": key, "subscriptions": canceled}


async def _charge(unit: Unit, row: Mapping[str, Any], input: OrderRefundInput) -> dict[str, Any]:
    """The payment that is given back, locked. Refuses what it is not."""
    columns = TRANSACTION.c
    asked = columns.id == key_of(input.transaction_id), columns.order_id == row["id"]
    found = (await unit.connection.execute(select(TRANSACTION).where(*asked).with_for_update())).mappings().first()
    if found is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such payment of this order", "transactionId")
        unit.settle()
    charge = dict(found or {})
    if charge["type"] is not TransactionType.CHARGE or charge["status"] is not TransactionStatus.SUCCEEDED:
        unit.refuse(ErrorCode.BUSINESS_RULE, "Only a payment that succeeded is given back", "transactionId")
    elif input.amount <= 0:
        unit.refuse(ErrorCode.VALIDATION, "Above 0", "amount")
    else:
        left = min(charge["total"] - refunded_of(charge), row["total_paid"] - row["total_refund"])
        if input.amount > left:
            message = f"Of this payment {left} is left" if left > 0 else "Nothing of this payment is left"
            unit.refuse(ErrorCode.BUSINESS_RULE, message, "amount")
    return charge


def refunded_of(charge: Mapping[str, Any]) -> int:
    """What was given back of a payment, which stands where the shop has it."""
    told = noted(charge).get("refunded_total")
    return told if isinstance(told, int) else int(told) if isinstance(told, str) and told.isdecimal() else 0


def _among(unit: Unit, held: Rows, ids: Sequence[str]) -> list[int]:
    """The lines that a refund is for."""
    keys = [key_of(each) for each in ids]
    for index, key in enumerate(keys):
        if key not in held:
            unit.refuse(ErrorCode.NOT_FOUND, "No such line of this order", "itemIds", str(index))
    return [key for key in held if key in keys] if keys else list(held)


def _restocked(unit: Unit, held: Rows, asked: Sequence[OrderRestockInput]) -> dict[int, int]:
    """By line how many pieces come back."""
    found: dict[int, int] = {}
    for index, one in enumerate(asked):
        errors, key = unit.at("restock", str(index)), key_of(one.item_id)
        if (line := held.get(key)) is None:
            errors.refuse(ErrorCode.NOT_FOUND, "No such line of this order", "itemId")
            continue
        found[key] = found.get(key, 0) + one.quantity
        most = line["quantity"] - line["restocked_quantity"]
        if one.quantity < 1 or found[key] > most:
            errors.refuse(ErrorCode.VALIDATION, f"From 1 to {most}" if most else "All of it is back", "quantity")
    return found | _parts(held, found)


def _parts(held: Rows, back: Mapping[int, int]) -> dict[int, int]:
    """The parts of bundles come back with them."""
    owners = {key: parent_of(line) for key, line in held.items()}
    return {
        key: min(back[owner], held[key]["quantity"] - held[key]["restocked_quantity"])
        for key, owner in owners.items()
        if owner is not None and owner in back and key not in back
    }


async def _write(unit: Unit, row: Mapping[str, Any], charge: Mapping[str, Any], amount: int, reason: str) -> int:
    more = {"refunded_total": refunded_of(charge) + amount}
    await edit_payment(unit, charge, {"extra": {**noted(charge), **more}})
    values = {
        "type": TransactionType.REFUND,
        "status": TransactionStatus.REFUNDED,
        "total": amount,
        "payment_method": charge["payment_method"],
        "payment_method_type": charge["payment_method_type"],
        "card_last4": charge["card_last4"],
        "card_brand": charge["card_brand"],
        "subscription_id": charge["subscription_id"],
        "extra": {"parent_id": charge["id"], **({"reason": reason} if reason else {})},
    }
    return await write_payment(unit, row, values)


def _state(row: Mapping[str, Any], amount: int) -> dict[str, Any]:
    total = row["total_refund"] + amount
    fully = total >= row["total_paid"]
    status = PaymentStatus.REFUNDED if fully else PaymentStatus.PARTIALLY_REFUNDED
    return {"total_refund": total, "payment_status": status, "refunded_at": now()}


def _move(line: Mapping[str, Any], back: int) -> Move:
    """What was given out stays that, unless it comes back; what was not comes back first."""
    before = Kept.of(line)
    held = min(back, before.on_hold)
    return Move(line, Kept(before.on_hold - held, max(0, before.committed - (back - held))))


async def _cancel(unit: Unit, row: Mapping[str, Any], reason: str) -> list[int]:
    """The subscriptions that the order began, and that go on."""
    columns = _SUBSCRIPTION.c
    statement = select(_SUBSCRIPTION).where(columns.order_id == row["id"]).order_by(columns.id).with_for_update()
    canceled = []
    for found in (await unit.connection.execute(statement)).mappings():
        if found["status"] not in OVER:
            await cancel(unit, dict(found), reason or "The order was refunded")
            canceled.append(found["id"])
    return canceled
