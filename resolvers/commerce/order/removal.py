"""Orders that go."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, select

from db.commerce.events import (
    COUPON_UPDATED,
    CUSTOMER_UPDATED,
    LICENSE_UPDATED,
    ORDER_DELETED,
    ORDER_UPDATED,
    SUBSCRIPTION_DELETED,
)
from db.commerce.order import STILL_PAID, OrderMode, OrderRow, OrderStatus, OrderType
from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from db.commerce.sums.stock import Kept, Move
from db.store.row import table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.coupon.using import forget_uses
from resolvers.commerce.license.stopping import stop_licenses
from resolvers.commerce.order.input import OrderDeleteInput
from resolvers.commerce.order.stock import STOCK, move_stock
from resolvers.commerce.order.writing import ORDER, change_order, count_bought, hold_customers, lines_of

_ORDER: Final = table(OrderRow)
_SUBSCRIPTION: Final = table(SubscriptionRow)
_HELD: Final = (OrderStatus.PROCESSING, OrderStatus.COMPLETED)
_GOES_ON: Final = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.TRIALING,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.FAILING,
    SubscriptionStatus.EXPIRING,
    SubscriptionStatus.PAUSED,
)


@mutation(
    permission="orders/delete",
    rest="DELETE /orders/{id}",
    emits=(
        ORDER_DELETED,
        ORDER_UPDATED,
        SUBSCRIPTION_DELETED,
        CUSTOMER_UPDATED,
        COUPON_UPDATED,
        LICENSE_UPDATED,
        *STOCK,
    ),
    audited=True,
)
async def order_delete(unit: Unit, input: OrderDeleteInput) -> Keys:
    """Delete an order with its lines, payments, addresses and permissions to download; one that began a
    subscription with that and its renewals. A LIVE order goes only while nobody waits for it and none of its money
    is here: cancel it first, and refund it. What it keeps of the stock comes back, and its licences are DISABLED.
    Orders that upgraded it stay, without a parent."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    renewals = await _renewals(unit, row)
    subscriptions = await _subscriptions(unit, [row["id"], *(one["id"] for one in renewals)])
    for one in (row, *renewals):
        if reason := _kept_by(one, subscriptions):
            unit.refuse(ErrorCode.BUSINESS_RULE, reason, "id")
            break
    unit.settle()
    gone = [one["id"] for one in (*renewals, row)]
    upgrades = await _upgrades(unit, gone)
    lines = [line for one in (row, *renewals) for line in (await lines_of(unit, one["id"])).values()]
    customers = await hold_customers(unit, {one["customer_id"] for one in (row, *renewals)})
    await move_stock(unit, [Move(line, Kept()) for line in lines])
    for subscription in subscriptions:
        unit.emit(SUBSCRIPTION_DELETED(subscription))
    await forget_uses(unit, gone)
    await stop_licenses(unit, row["id"], over=True)
    for upgrade in upgrades:
        await change_order(unit, upgrade, {"parent_id": None})
    for one in (*renewals, row):
        await unit.connection.execute(delete(_ORDER).where(_ORDER.c.id == one["id"]))
        unit.emit(ORDER_DELETED(one))
    await count_bought(unit, customers)
    return {"deleted_id": row["id"]}


def _kept_by(row: Mapping[str, Any], subscriptions: list[dict[str, Any]]) -> str | None:
    """The sentence that says why an order stays; None where it may go."""
    if row["mode"] is OrderMode.TEST:
        return None
    if row["status"] in _HELD:
        return f"It is {row['status'].name}: cancel it first"
    if row["payment_status"] in STILL_PAID and row["total"] > 0:
        return "Money of it is here: refund it first"
    if any(one["status"] in _GOES_ON for one in subscriptions):
        return "Its subscription goes on: cancel that first"
    return None


async def _renewals(unit: Unit, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    if row["type"] is not OrderType.SUBSCRIPTION:
        return []
    of_it = _ORDER.c.parent_id == row["id"], _ORDER.c.type == OrderType.RENEWAL
    statement = select(_ORDER).where(*of_it).order_by(_ORDER.c.id).with_for_update()
    return [dict(one) for one in (await unit.connection.execute(statement)).mappings()]


async def _upgrades(unit: Unit, gone: list[int]) -> list[dict[str, Any]]:
    statement = select(_ORDER).where(_ORDER.c.parent_id.in_(gone), _ORDER.c.id.not_in(gone)).order_by(_ORDER.c.id)
    return [dict(one) for one in (await unit.connection.execute(statement.with_for_update())).mappings()]


async def _subscriptions(unit: Unit, orders: list[int]) -> list[dict[str, Any]]:
    columns = _SUBSCRIPTION.c
    statement = select(_SUBSCRIPTION).where(columns.order_id.in_(orders)).order_by(columns.id).with_for_update()
    return [dict(one) for one in (await unit.connection.execute(statement)).mappings()]
