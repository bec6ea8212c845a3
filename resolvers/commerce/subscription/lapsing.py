"""Subscriptions that end as time passes: what was paid is over, or all that was agreed is paid."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, and_, or_

from db.commerce.counted.lasting import EXTENDS, extend_licenses
from db.commerce.events import SUBSCRIPTION_COMPLETED, SUBSCRIPTION_EXPIRED, SUBSCRIPTION_UPDATED
from db.commerce.following import of_subscription
from db.commerce.subscription import GOING, SubscriptionRow, SubscriptionStatus, all_paid, late, of_here
from db.store.row import among, now, table
from db.store.writing import edit_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.viewer import INTERNAL
from resolvers.editing.due import AT_ONCE, Due

_SUBSCRIPTION: Final = table(SubscriptionRow)


def _ending() -> ColumnElement[bool]:
    status = _SUBSCRIPTION.c.status
    paid = and_(among(status, GOING), all_paid())
    unpaid = and_(among(status, (*GOING, SubscriptionStatus.CANCELED)), late(now()))
    return and_(or_(paid, unpaid), of_here())


ENDING: Final = Due(_SUBSCRIPTION, _ending)


@strawberry.input(description="How many subscriptions end at a time.")
class SubscriptionsLapseInput:
    most: int = AT_ONCE


@mutation(
    permission=INTERNAL,
    rest=None,
    emits=(SUBSCRIPTION_UPDATED, SUBSCRIPTION_COMPLETED, SUBSCRIPTION_EXPIRED, *EXTENDS),
)
async def subscriptions_lapse(unit: Unit, input: SubscriptionsLapseInput) -> Keys:
    """Write down of subscriptions whose date has come, and whose bill did not in the days after it, that they are
    EXPIRED; of those that are all paid that they are COMPLETED; and say of how many. What is CANCELED stays so, and
    gives no access any more. Those that somebody is writing to have their turn the next time."""
    rows = await ENDING.taken(unit.connection, input.most)
    ended = [(row, _ended(row)) for row in rows]
    await edit_all(unit.connection, _SUBSCRIPTION, ended)
    for row, changes in ended:
        unit.emit(SUBSCRIPTION_UPDATED(row, changes))
        for event in of_subscription(row, changes, {}):
            unit.emit(event)
    await extend_licenses(unit, [{**row, **changes} for row, changes in ended])
    return {"count": len(rows)}


def _ended(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["status"] is SubscriptionStatus.CANCELED:
        return {"next_billing_at": None}
    done = 0 < row["bill_times"] <= row["bill_count"]
    values = {"status": SubscriptionStatus.COMPLETED if done else SubscriptionStatus.EXPIRED, "next_billing_at": None}
    return {name: value for name, value in values.items() if row[name] != value}
