"""Subscriptions that begin with the payment of their first order."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select

from db.commerce.events import SUBSCRIPTION_ACTIVATED, SUBSCRIPTION_UPDATED
from db.commerce.order import OrderType
from db.commerce.subscription import CollectionMethod, SubscriptionRow, SubscriptionStatus
from db.commerce.sums.plan import next_billing
from db.store.events import EventKind
from db.store.row import now, table
from engine.unit.unit import Unit
from resolvers.commerce.subscription.writing import change_subscription

_SUBSCRIPTION: Final = table(SubscriptionRow)
BEGINS: Final[tuple[EventKind, ...]] = (SUBSCRIPTION_UPDATED, SUBSCRIPTION_ACTIVATED)


async def subscription_of(unit: Unit, order: Mapping[str, Any]) -> int | None:
    """Which an order began, or renewed."""
    root = {OrderType.SUBSCRIPTION: order["id"], OrderType.RENEWAL: order["parent_id"]}.get(order["type"])
    if root is None:
        return None
    statement = select(func.min(_SUBSCRIPTION.c.id)).where(_SUBSCRIPTION.c.order_id == root)
    found: int | None = (await unit.connection.execute(statement)).scalar()
    return found


async def begin_subscriptions(unit: Unit, order: int) -> None:
    """Let those of an order that is paid begin whose bills are paid by hand; of the others the payment provider says
    when they do."""
    columns = _SUBSCRIPTION.c
    waiting = (
        columns.order_id == order,
        columns.status == SubscriptionStatus.PENDING,
        columns.collection_method == CollectionMethod.MANUAL,
    )
    statement = select(_SUBSCRIPTION).where(*waiting).order_by(columns.id).with_for_update()
    for row in [dict(found) for found in (await unit.connection.execute(statement)).mappings()]:
        await change_subscription(unit, row, once_paid(row))


def once_paid(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a subscription whose first order was paid just now."""
    at = now()
    following = next_billing(row["interval"], row["trial_days"], at)
    if row["trial_days"]:
        return {"status": SubscriptionStatus.TRIALING, "trial_ends_at": following, "next_billing_at": following}
    return {"status": SubscriptionStatus.ACTIVE, "bill_count": 1, "next_billing_at": following}
