"""How trusted documents are listed."""

from enum import Enum

import strawberry

from db.access.document import TrustedDocumentRow
from engine.declared.listing import Listing
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection


@strawberry.enum(description="What trusted documents can be sorted by.")
class TrustedDocumentSortField(Enum):
    REGISTERED_AT = "REGISTERED_AT"
    USES = "USES"
    LAST_USED_AT = "LAST_USED_AT"


@strawberry.input(description="A field to sort by, and which way.")
class TrustedDocumentSort:
    field: TrustedDocumentSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class TrustedDocumentFilter:
    client: TextOperators | None = filters(TrustedDocumentRow.client)
    document_id: TextOperators | None = filters(TrustedDocumentRow.document_id)
    operation: TextOperators | None = filters(TrustedDocumentRow.operation)
    uses: IntOperators | None = filters(TrustedDocumentRow.uses)
    last_used_at: DateTimeOperators | None = filters(TrustedDocumentRow.last_used_at)
    and_: list["TrustedDocumentFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["TrustedDocumentFilter"] | None = strawberry.field(default=None, name="or")
    not_: "TrustedDocumentFilter | None" = strawberry.field(default=None, name="not")


TRUSTED_DOCUMENTS = Listing(
    sorts={
        TrustedDocumentSortField.REGISTERED_AT: TrustedDocumentRow.registered_at,
        TrustedDocumentSortField.USES: TrustedDocumentRow.uses,
        TrustedDocumentSortField.LAST_USED_AT: TrustedDocumentRow.last_used_at,
    },
    sort=TrustedDocumentSort,
    filter=TrustedDocumentFilter,
    default=((TrustedDocumentSortField.USES, SortDirection.DESC),),
)
