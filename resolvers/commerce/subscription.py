"""How subscriptions are listed."""

from db.commerce.subscription import SubscriptionRow, SubscriptionStatus
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums


@filter_input()
class SubscriptionFilter:
    database_id: IntOperators | None = filters(SubscriptionRow.id)
    status: EnumOperators[SubscriptionStatus] | None = filters(SubscriptionRow.status)
    next_billing_at: DateTimeOperators | None = filters(SubscriptionRow.next_billing_at)


SUBSCRIPTIONS = Listing(
    sorting=sortable(
        "Subscription",
        description="What subscriptions can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=SubscriptionRow.id,
        NEXT_BILLING_AT=SubscriptionRow.next_billing_at,
    ),
    filter=SubscriptionFilter,
)
