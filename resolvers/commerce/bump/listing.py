"""How order bumps are listed."""

from typing import Final

from db.commerce.order_bump import OrderBumpRow, OrderBumpStatus
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators
from engine.values.ordering import SortDirection
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.searching import of_text

BUMP: Final = table(OrderBumpRow)


@filter_input()
class OrderBumpFilter:
    database_id: IntOperators | None = filters(OrderBumpRow.id)
    status: EnumOperators[OrderBumpStatus] | None = filters(OrderBumpRow.status)
    variant_database_id: IntOperators | None = filters(
        OrderBumpRow.source_variant_id, description="By the `databaseId` of the variant that it offers."
    )
    priority: IntOperators | None = filters(OrderBumpRow.priority)
    created_at: DateTimeOperators | None = filters(OrderBumpRow.created_at)


LISTED: Final = Listing(
    sorting=sortable(
        "OrderBump",
        description="What order bumps can be sorted by. A single field is answered from an index.",
        default=("ID", SortDirection.DESC),
        ID=OrderBumpRow.id,
        TITLE=OrderBumpRow.search_text,
        PRIORITY=OrderBumpRow.priority,
        STATUS=OrderBumpRow.status,
    ),
    filter=OrderBumpFilter,
    search=of_text(BUMP.c.search_text, "titles"),
)
