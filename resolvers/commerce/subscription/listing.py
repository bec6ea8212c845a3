"""How subscriptions are found and listed."""

from typing import Final

from db.commerce.subscription import CollectionMethod, SubscriptionRow, SubscriptionStatus, access
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.input import lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.searching import of_customer, search_through

SUBSCRIPTION: Final = table(SubscriptionRow)

SubscriptionBy: Final = lookup_input("CustomerSubscription", SubscriptionRow.id, uuid=SubscriptionRow.uuid)


@filter_input()
class SubscriptionFilter:
    database_id: IntOperators | None = filters(SubscriptionRow.id)
    status: EnumOperators[SubscriptionStatus] | None = filters(SubscriptionRow.status)
    access_valid: bool | None = filters(access(), description="Whether it gives access at this moment.")
    next_billing_at: DateTimeOperators | None = filters(SubscriptionRow.next_billing_at)
    created_at: DateTimeOperators | None = filters(SubscriptionRow.created_at)
    canceled_at: DateTimeOperators | None = filters(SubscriptionRow.canceled_at)
    recurring_total: CentsOperators | None = filters(SubscriptionRow.recurring_total)
    interval: TextOperators | None = filters(SubscriptionRow.interval, description="`monthly`, `yearly`; case counts.")
    collection_method: EnumOperators[CollectionMethod] | None = filters(SubscriptionRow.collection_method)
    current_payment_method: TextOperators | None = filters(
        SubscriptionRow.current_payment_method, description="By the gateway's key; case counts."
    )
    customer_database_id: IntOperators | None = filters(
        SubscriptionRow.customer_id, description="By the `databaseId` of its customer."
    )
    order_database_id: IntOperators | None = filters(
        SubscriptionRow.order_id, description="By the `databaseId` of the order that began it."
    )
    product_database_id: IntOperators | None = filters(
        SubscriptionRow.product_id, description="By the `databaseId` of its product."
    )
    variant_database_id: IntOperators | None = filters(
        SubscriptionRow.variant_id, description="By the `databaseId` of its variant."
    )


SUBSCRIPTIONS = Listing(
    sorting=sortable(
        "Subscription",
        description="What subscriptions can be sorted by. A single field but RECURRING_TOTAL is "
        "answered from an index.",
        default=("ID", SortDirection.DESC),  # the documented default
        ID=SubscriptionRow.id,
        NEXT_BILLING_AT=SubscriptionRow.next_billing_at,
        STATUS=SubscriptionRow.status,
        RECURRING_TOTAL=(SubscriptionRow.recurring_total, "As numbers, whatever the interval."),
    ),
    filter=SubscriptionFilter,
    search=search_through(
        SUBSCRIPTION.c.search_text,
        of_customer(SUBSCRIPTION.c.customer_id),
        said="All words, in any order, are looked for in what was bought, its number and the payment provider's names "
        "of it, or in the customer's name, number and e-mail address, whatever the case and the accents; customers are "
        "found with customers/view alone. An index helps with words of three characters on.",
    ),
)
