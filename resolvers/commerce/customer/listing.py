"""How customers are found and listed."""

from typing import Final

from db.commerce.customer import CustomerRow, CustomerStatus, email_key
from db.store.row import table
from db.text.folding import caseless, folded
from engine.declared.filter_input import filter_input
from engine.declared.input import finds, lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import CentsOperators, DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.searching import of_text

CUSTOMER: Final = table(CustomerRow)

CustomerBy: Final = lookup_input(
    "Customer",
    CustomerRow.id,
    uuid=CustomerRow.uuid,
    email=finds(CustomerRow.email_key, fold=email_key, description="Whatever its case."),
)


@filter_input()
class CustomerFilter:
    database_id: IntOperators | None = filters(CustomerRow.id)
    user_database_id: IntOperators | None = filters(
        CustomerRow.user_id, description="By the store's user account; `isNull: true` for guests."
    )
    email: TextOperators | None = filters(CustomerRow.email_key, fold=caseless, description="Whatever the case.")
    name: TextOperators | None = filters(
        CustomerRow.name_key,
        fold=folded,
        description="First and last name with a space between, whatever the case and accents.",
    )
    status: EnumOperators[CustomerStatus] | None = filters(CustomerRow.status)
    country: TextOperators | None = filters(CustomerRow.country, description="Two letters (ISO 3166-1); case counts.")
    purchase_count: IntOperators | None = filters(CustomerRow.purchase_count)
    lifetime_value: CentsOperators | None = filters(CustomerRow.lifetime_value)
    first_purchase_at: DateTimeOperators | None = filters(CustomerRow.first_purchase_at)
    last_purchase_at: DateTimeOperators | None = filters(CustomerRow.last_purchase_at)
    created_at: DateTimeOperators | None = filters(CustomerRow.created_at)


CUSTOMERS: Final = Listing(
    sorting=sortable(
        "Customer",
        description="What customers can be sorted by. A single field but PURCHASE_COUNT and LAST_PURCHASE_AT is "
        "answered from an index.",
        default=("ID", SortDirection.DESC),  # the documented default
        ID=CustomerRow.id,
        NAME=(CustomerRow.name_key, "First names before last ones."),
        EMAIL=CustomerRow.email_key,
        CREATED_AT=CustomerRow.created_at,
        LIFETIME_VALUE=CustomerRow.lifetime_value,
        PURCHASE_COUNT=CustomerRow.purchase_count,
        LAST_PURCHASE_AT=CustomerRow.last_purchase_at,
    ),
    filter=CustomerFilter,
    search=of_text(CUSTOMER.c.search_text, "names, e-mail addresses and numbers"),
)
