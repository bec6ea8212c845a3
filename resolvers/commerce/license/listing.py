"""How licences and their activations are found and listed."""

from typing import Final

from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.commerce.license import ActivationStatus, LicenseActivationRow, LicenseRow, LicenseStatus
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.input import finds, lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.searching import of_customer, search_through

LICENSE, PRODUCT = table(LicenseRow), table(ProductRow)

LicenseBy: Final = lookup_input(
    "License",
    LicenseRow.id,
    key=finds(LicenseRow.license_key, fold=str.strip, description="The whole key; case counts."),
)


@filter_input()
class LicenseFilter:
    database_id: IntOperators | None = filters(LicenseRow.id)
    status: EnumOperators[LicenseStatus] | None = filters(LicenseRow.status)
    key: TextOperators | None = filters(LicenseRow.license_key, description="Case counts.")
    limit: IntOperators | None = filters(LicenseRow.activation_limit, description="0 is any number of sites.")
    activation_count: IntOperators | None = filters(LicenseRow.activation_count)
    expires_at: DateTimeOperators | None = filters(
        LicenseRow.expires_at, description="`isNull: true` for those that never end."
    )
    created_at: DateTimeOperators | None = filters(LicenseRow.created_at)
    product_database_id: IntOperators | None = filters(
        LicenseRow.product_id, description="By the `databaseId` of its product."
    )
    variant_database_id: IntOperators | None = filters(
        LicenseRow.variant_id, description="By the `databaseId` of its variant."
    )
    order_database_id: IntOperators | None = filters(
        LicenseRow.order_id, description="By the `databaseId` of the order that it was sold with."
    )
    customer_database_id: IntOperators | None = filters(
        LicenseRow.customer_id, description="By the `databaseId` of its customer."
    )
    subscription_database_id: IntOperators | None = filters(
        LicenseRow.subscription_id, description="By the `databaseId` of the subscription that it lasts with."
    )


@filter_input()
class LicenseActivationFilter:
    database_id: IntOperators | None = filters(LicenseActivationRow.id)
    status: EnumOperators[ActivationStatus] | None = filters(LicenseActivationRow.status)
    is_local: bool | None = filters(LicenseActivationRow.is_local)
    created_at: DateTimeOperators | None = filters(LicenseActivationRow.created_at)


LICENSES: Final = Listing(
    sorting=sortable(
        "License",
        description="What licences can be sorted by. A single field is answered from an index.",
        default=("ID", SortDirection.DESC),
        ID=LicenseRow.id,
        EXPIRES_AT=LicenseRow.expires_at,
    ),
    filter=LicenseFilter,
    search=search_through(
        LICENSE.c.search_text,
        of_customer(LICENSE.c.customer_id),
        (PRODUCT.c.search_text, LICENSE.c.product_id == PRODUCT.c.id, catalog.products),
        said="All words, in any order, are looked for in the licence's number and key, in the customer's name, number "
        "and e-mail address, or in what its product is found by, whatever the case and the accents; customers are "
        "found with customers/view alone. An index helps with words of three characters on.",
    ),
)
ACTIVATIONS: Final = Listing(
    sorting=sortable(
        "LicenseActivation",
        description="What activations can be sorted by.",
        default=("ID", SortDirection.ASC),
        ID=LicenseActivationRow.id,
        CREATED_AT=LicenseActivationRow.created_at,
    ),
    filter=LicenseActivationFilter,
)
