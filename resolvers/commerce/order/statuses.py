"""How far an order has come, and its parcel."""

from collections.abc import Mapping
from typing import Any, Final

from db.catalog.product import FulfillmentType
from db.commerce.events import LICENSE_UPDATED
from db.commerce.order import SETTABLE, OrderStatus, ShippingStatus
from db.commerce.sums.stock import Kept, Move, kept
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.stopping import stop_licenses
from resolvers.commerce.order.input import OrderStatusesUpdateInput
from resolvers.commerce.order.paying import completed
from resolvers.commerce.order.stock import STOCK, move_stock, record
from resolvers.commerce.order.writing import MOVES, ORDER, SENDS, change_order, lines_of

_SENT: Final = (ShippingStatus.SHIPPED, ShippingStatus.DELIVERED)


@mutation(
    permission="orders/manage_statuses",
    rest="PUT /orders/{id}/statuses",
    emits=(*MOVES, *SENDS, *STOCK, LICENSE_UPDATED),
    audited=True,
)
async def order_statuses_update(unit: Unit, input: OrderStatusesUpdateInput) -> Keys:
    """Say how far an order has come, or its parcel. What a canceled order keeps comes back into the stock; what was
    sent leaves it when it is delivered. Neither says anything about its payment."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    status, shipping = input.status, input.shipping_status
    if input.if_different:
        status = None if status is row["status"] else status
        shipping = None if shipping is row["shipping_status"] else shipping
        if status is None and shipping is None and (input.status or input.shipping_status):
            return {"order": row["id"]}
    _check(unit, row, status, shipping)
    unit.settle()
    held = await lines_of(unit, row["id"])
    values: dict[str, Any] = {}
    if status is not None:
        values |= completed(row) if status is OrderStatus.COMPLETED else {"status": status}
    if shipping is not None:
        if not any(map(_physical, held.values())):
            unit.refuse(ErrorCode.BUSINESS_RULE, "Nothing of this order is sent", "shippingStatus")
            unit.settle()
        values["shipping_status"] = shipping
    after = {**row, **values}
    lost = status is OrderStatus.CANCELED and not input.manage_stock
    moves = [_move(after, line, lost=lost) for line in held.values()]
    fulfilled = {} if shipping is None else _fulfilled(held, shipping)
    sent_anew = any(held[key]["fulfilled_quantity"] != new["fulfilled_quantity"] for key, new in fulfilled.items())
    await move_stock(unit, moves)
    await record(unit, moves, fulfilled)
    await change_order(unit, row, values, ("items",) if sent_anew else ())
    if status is OrderStatus.CANCELED:
        await stop_licenses(unit, row["id"], over=True)
    return {"order": row["id"]}


def _check(unit: Unit, row: Mapping[str, Any], status: OrderStatus | None, shipping: ShippingStatus | None) -> None:
    if status is None and shipping is None:
        unit.refuse(ErrorCode.VALIDATION, "Say one of them at least", "status")
    if status is not None:
        if status not in SETTABLE:
            unit.refuse(ErrorCode.VALIDATION, "Nobody sets it by hand", "status")
        elif row["status"] is OrderStatus.CANCELED:
            unit.refuse(ErrorCode.BUSINESS_RULE, "A canceled order stays canceled", "status")
        elif status is row["status"]:
            unit.refuse(ErrorCode.BUSINESS_RULE, f"It is {status.name} already", "status")
    if shipping is not None and shipping is row["shipping_status"]:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"It is {shipping.name} already", "shippingStatus")


def _physical(line: Mapping[str, Any]) -> bool:
    return line["fulfillment_type"] is FulfillmentType.PHYSICAL


def _move(order: Mapping[str, Any], line: Mapping[str, Any], *, lost: bool) -> Move:
    pieces = Kept.of(line).pieces
    return Move(line, kept(order, line, pieces), gone=pieces if lost else 0)


def _fulfilled(held: Mapping[int, Mapping[str, Any]], status: ShippingStatus) -> dict[int, dict[str, int]]:
    """Of what is sent: all pieces of a line, or none."""
    sent = status in _SENT
    return {
        key: {"fulfilled_quantity": line["quantity"] if sent else 0} for key, line in held.items() if _physical(line)
    }
