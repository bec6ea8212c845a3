"""Inputs of what is done to subscriptions."""

from datetime import datetime

import strawberry

from db.commerce.subscription import SubscriptionStatus
from engine.declared.input import identifies
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class SubscriptionUpdateInput:
    id: strawberry.ID = identifies("CustomerSubscription")
    expected_version: int | None = edited_version()
    status: strawberry.Maybe[SubscriptionStatus] = strawberry.field(
        default=None,
        description="ACTIVE, TRIALING, PAUSED, PAST_DUE, CANCELED, EXPIRED or COMPLETED; the last three are left by "
        "`subscriptionReactivate` alone, COMPLETED not at all. A completed one has no `nextBillingAt` any more; an "
        "expired one keeps that by which it can be taken up again.",
    )
    recurring_total: strawberry.Maybe[Cents] = strawberry.field(
        default=None,
        description="What each further payment takes, its tax (`recurringTaxTotal`) included, and no less than that. "
        "`recurringAmount` follows.",
    )
    bill_times: strawberry.Maybe[int] = strawberry.field(
        default=None, description="How often it is paid in all, no less than it was (`billCount`); 0: until canceled."
    )
    interval: strawberry.Maybe[str] = strawberry.field(
        default=None,
        description="How often it is billed: `daily`, `weekly`, `monthly`, `quarterly`, `half_yearly`, `yearly`, or "
        "another word of up to 100 characters. `nextBillingAt` stays.",
    )
    next_billing_at: strawberry.Maybe[datetime | None] = strawberry.field(
        default=None,
        description="When it is paid next; until then one that is CANCELED or PAUSED gives access. An EXPIRED or "
        "COMPLETED one gets none.",
    )


@strawberry.input(description="Which subscription is paid no more, and why.")
class SubscriptionCancelInput:
    id: strawberry.ID = identifies("CustomerSubscription")
    expected_version: int | None = edited_version()
    cancel_reason: str = strawberry.field(
        description="Why: up to 500 characters. It is kept with the subscription and told with its event."
    )


@strawberry.input(description="Which subscription goes on.")
class SubscriptionReactivateInput:
    id: strawberry.ID = identifies("CustomerSubscription")
    expected_version: int | None = edited_version()


@strawberry.input(description="Which subscription was paid once more, and by which charge.")
class SubscriptionRenewInput:
    id: strawberry.ID = identifies("CustomerSubscription")
    expected_version: int | None = edited_version()
    vendor_charge_id: str = strawberry.field(
        description="What the payment provider calls the charge, up to 192 characters. A charge is noted down once."
    )
    amount: Cents | None = strawberry.field(
        default=None,
        description="What was paid, its tax included, in minor units. Absent: `recurringTotal`. Of another amount the "
        "tax is the same share.",
    )
    paid_at: datetime | None = strawberry.field(
        default=None, description="When it was paid, not before it was ordered. Absent: now."
    )
    payment_method: str | None = strawberry.field(
        default=None,
        description="How it was paid, by the gateway's key, up to 50 characters. Absent: the subscription's own.",
    )
    next_billing_at: datetime | None = strawberry.field(
        default=None,
        description="When it is paid next. Absent: an `interval` after `nextBillingAt`, in months of the calendar; "
        "where that is over already, after `paidAt`. Needed where the interval is a word of your own.",
    )
