"""How trusted documents are listed."""

from db.access.document import TrustedDocumentRow
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection


@filter_input()
class TrustedDocumentFilter:
    client: TextOperators | None = filters(TrustedDocumentRow.client)
    document_id: TextOperators | None = filters(TrustedDocumentRow.document_id)
    operation: TextOperators | None = filters(TrustedDocumentRow.operation)
    uses: IntOperators | None = filters(TrustedDocumentRow.uses)
    last_used_at: DateTimeOperators | None = filters(TrustedDocumentRow.last_used_at)


TRUSTED_DOCUMENTS = Listing(
    sorting=sortable(
        "TrustedDocument",
        description="What trusted documents can be sorted by.",
        default=("USES", SortDirection.DESC),
        REGISTERED_AT=TrustedDocumentRow.registered_at,
        USES=TrustedDocumentRow.uses,
        LAST_USED_AT=TrustedDocumentRow.last_used_at,
    ),
    filter=TrustedDocumentFilter,
)
