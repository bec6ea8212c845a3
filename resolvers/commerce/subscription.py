"""How subscriptions are listed."""

from enum import Enum

import strawberry

from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from engine.declared.listing import Listing
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.enum(description="What subscriptions can be sorted by.")
class SubscriptionSortField(Enum):
    ID = "ID"
    NEXT_BILLING_AT = "NEXT_BILLING_AT"


@strawberry.input(description="A field to sort by, and which way.")
class SubscriptionSort:
    field: SubscriptionSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class SubscriptionFilter:
    database_id: IntOperators | None = filters(SubscriptionRow.id)
    status: EnumOperators[SubscriptionStatus] | None = filters(SubscriptionRow.status)
    next_billing_at: DateTimeOperators | None = filters(SubscriptionRow.next_billing_at)
    and_: list["SubscriptionFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["SubscriptionFilter"] | None = strawberry.field(default=None, name="or")
    not_: "SubscriptionFilter | None" = strawberry.field(default=None, name="not")


SUBSCRIPTIONS = Listing(
    sorts={
        SubscriptionSortField.ID: SubscriptionRow.id,
        SubscriptionSortField.NEXT_BILLING_AT: SubscriptionRow.next_billing_at,
    },
    sort=SubscriptionSort,
    filter=SubscriptionFilter,
    default=((SubscriptionSortField.ID, SortDirection.DESC),),
)
