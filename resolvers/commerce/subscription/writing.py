"""What is done to subscriptions. The gateway reaches no payment provider: all of it changes what is written here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from db.commerce import visibility
from db.commerce.counted.lasting import EXTENDS, extend_licenses
from db.commerce.events import (
    SUBSCRIPTION_ACTIVATED,
    SUBSCRIPTION_CANCELLED,
    SUBSCRIPTION_COMPLETED,
    SUBSCRIPTION_CREATED,
    SUBSCRIPTION_DELETED,
    SUBSCRIPTION_EXPIRED,
    SUBSCRIPTION_UPDATED,
)
from db.commerce.following import of_subscription
from db.commerce.subscription import CollectionMethod, SubscriptionRow, SubscriptionStatus
from db.store.row import now
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.subscription.input import (
    SubscriptionCancelInput,
    SubscriptionReactivateInput,
    SubscriptionUpdateInput,
)
from resolvers.editing import text
from resolvers.editing.editable import Editable, Text
from resolvers.editing.updating import named

SUBSCRIPTIONS: Final = Editable(
    SubscriptionRow,
    visibility.subscriptions,
    *(SUBSCRIPTION_CREATED, SUBSCRIPTION_UPDATED, SUBSCRIPTION_DELETED),
    texts={
        "interval": Text(100, required="An interval is required"),
        "cancel_reason": Text(500, text.lines, required="A reason is required"),
    },
    not_negative=("recurring_total", "bill_times"),
)
# By hand. The others are steps of a checkout or of a payment provider.
SET: Final = frozenset(
    {
        SubscriptionStatus.ACTIVE,
        SubscriptionStatus.TRIALING,
        SubscriptionStatus.PAUSED,
        SubscriptionStatus.PAST_DUE,
        SubscriptionStatus.CANCELED,
        SubscriptionStatus.EXPIRED,
        SubscriptionStatus.COMPLETED,
    }
)
OVER: Final = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.EXPIRED, SubscriptionStatus.COMPLETED})
NEVER_BILLED: Final = frozenset({SubscriptionStatus.EXPIRED, SubscriptionStatus.COMPLETED})
TAKEN_UP: Final = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.PAUSED, SubscriptionStatus.EXPIRED})


@mutation(
    permission="subscriptions/manage",
    rest="PUT /subscriptions/{id}",
    emits=(
        SUBSCRIPTION_UPDATED,
        SUBSCRIPTION_ACTIVATED,
        SUBSCRIPTION_CANCELLED,
        SUBSCRIPTION_COMPLETED,
        SUBSCRIPTION_EXPIRED,
        *EXTENDS,
    ),
    audited=True,
)
async def subscription_update(unit: Unit, input: SubscriptionUpdateInput) -> Keys:
    """Change the terms or the status of a subscription whose bills the customer pays by hand (`collectionMethod` is
    MANUAL); of others the payment provider or the shop decides, and they are refused."""
    row = await SUBSCRIPTIONS.load(unit, input.id, input.expected_version)
    if row["collection_method"] is not CollectionMethod.MANUAL:
        unit.refuse(ErrorCode.BUSINESS_RULE, "Only a subscription that is collected by hand is edited", "id")
        unit.settle()
    values = _checked(unit, row, named(input, leave=("id", "expected_version")))
    if not values.keys().isdisjoint(("status", "next_billing_at")):
        values["kept_here"] = True
    await change_subscription(unit, row, values)
    if not values.keys().isdisjoint(("status", "next_billing_at", "interval")):
        await extend_licenses(unit, [{**row, **values}])
    return {"subscription": row["id"]}


@mutation(
    permission="subscriptions/manage",
    rest="POST /subscriptions/{id}/cancel",
    emits=(SUBSCRIPTION_UPDATED, SUBSCRIPTION_CANCELLED),
    audited=True,
)
async def subscription_cancel(unit: Unit, input: SubscriptionCancelInput) -> Keys:
    """Cancel a subscription: it gives access until what was paid is over (`nextBillingAt` stays). No payment provider
    is told: where one collects (`collectionMethod` is AUTOMATIC) or the shop does (SYSTEM), it has to be canceled there
    too, or the customer goes on being charged."""
    row = await SUBSCRIPTIONS.load(unit, input.id, input.expected_version)
    if row["status"] in OVER:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"It is {row['status'].name} already", "id")
    await cancel(unit, row, input.cancel_reason)
    return {"subscription": row["id"]}


async def cancel(unit: Unit, row: Mapping[str, Any], reason: str) -> None:
    """Cancel what is locked and goes on. Raises Refused with all that was wrong so far, a reason that is none too."""
    values = SUBSCRIPTIONS.checked(unit, {"cancel_reason": reason})
    await change_subscription(unit, row, {**values, "status": SubscriptionStatus.CANCELED, "canceled_at": now()})


@mutation(
    permission="subscriptions/manage",
    rest="POST /subscriptions/{id}/reactivate",
    emits=(SUBSCRIPTION_UPDATED, SUBSCRIPTION_ACTIVATED, *EXTENDS),
    audited=True,
)
async def subscription_reactivate(unit: Unit, input: SubscriptionReactivateInput) -> Keys:
    """Take up a subscription again that is CANCELED, PAUSED or EXPIRED, while what was paid lasts: `nextBillingAt` or
    `expireAt` is in the future. It is ACTIVE then, or TRIALING until its trial ends. No payment provider is told: where
    one collects (`collectionMethod` is AUTOMATIC) or the shop does (SYSTEM), it has to be taken up there too, or nobody
    is charged."""
    row = await SUBSCRIPTIONS.load(unit, input.id, input.expected_version)
    at = now()
    if row["status"] not in TAKEN_UP:
        message = f"What is {row['status'].name} is not taken up again: only what is CANCELED, PAUSED or EXPIRED"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "id")
    elif not (_after(row["next_billing_at"], at) or _after(row["expire_at"], at)):
        message = "What was paid is over: neither nextBillingAt nor expireAt is in the future"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "id")
    trial = _after(row["trial_ends_at"], at)
    status = SubscriptionStatus.TRIALING if trial else SubscriptionStatus.ACTIVE
    values = {"status": status, "canceled_at": None, "cancel_reason": None, "restored_at": at, "kept_here": True}
    await change_subscription(unit, row, values)
    await extend_licenses(unit, [{**row, **values}])
    return {"subscription": row["id"]}


async def change_subscription(unit: Unit, row: Mapping[str, Any], values: Mapping[str, Any], **beside: Any) -> None:
    """Write what differs, and tell of it and of what follows. `beside`: as `db.commerce.following.of_subscription`
    says."""
    changes = await SUBSCRIPTIONS.change(unit, row, values)
    for event in of_subscription(row, changes, beside):
        unit.emit(event)


def _checked(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. What the subscription says already is not judged: a form sends all that it
    shows."""
    values = SUBSCRIPTIONS.checked(unit, {name: value for name, value in asked.items() if row[name] != value})
    if "status" in values:
        values |= _status(unit, row, values["status"])
    if values.get("next_billing_at") is not None and values.get("status", row["status"]) in NEVER_BILLED:
        unit.refuse(ErrorCode.BUSINESS_RULE, "What is EXPIRED or COMPLETED is not billed any more", "nextBillingAt")
    elif values.get("status") is SubscriptionStatus.COMPLETED:
        values["next_billing_at"] = None
    if 0 < values.get("bill_times", 0) < row["bill_count"]:
        message = f"It was paid {row['bill_count']} times already; 0 is until canceled"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "billTimes")
    if values.get("recurring_total", -1) >= 0:
        values["recurring_amount"] = values["recurring_total"] - row["recurring_tax_total"]
        if values["recurring_amount"] < 0:
            message = f"It holds a tax of {row['recurring_tax_total']}, and is no less"
            unit.refuse(ErrorCode.BUSINESS_RULE, message, "recurringTotal")
    return values


def _status(unit: Unit, row: Mapping[str, Any], asked: SubscriptionStatus) -> dict[str, Any]:
    """What changes with a status."""
    if asked not in SET:
        unit.refuse(ErrorCode.VALIDATION, f"{asked.name} is not set by hand", "status")
    elif row["status"] is SubscriptionStatus.COMPLETED:
        unit.refuse(ErrorCode.BUSINESS_RULE, "What is COMPLETED stays so: all of it was paid", "status")
    elif row["status"] in OVER:
        message = f"What is {row['status'].name} is taken up again by subscriptionReactivate alone"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "status")
    elif asked is SubscriptionStatus.CANCELED:
        return {"canceled_at": now(), "cancel_reason": None}
    return {}


def _after(moment: datetime | None, at: datetime) -> bool:
    return moment is not None and moment > at
