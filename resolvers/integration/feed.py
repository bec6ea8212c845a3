"""How integration feeds are listed."""

from enum import Enum

import strawberry

from db.integration.feed import FeedRow, FeedScope
from engine.declared.listing import Listing
from engine.values.filtering import filters
from engine.values.operators import EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.enum(description="What feeds can be sorted by.")
class IntegrationFeedSortField(Enum):
    ID = "ID"


@strawberry.input(description="A field to sort by, and which way.")
class IntegrationFeedSort:
    field: IntegrationFeedSortField
    direction: SortDirection = SortDirection.ASC


@strawberry.input(description="Everything given must hold; `or` needs one of its parts, `not` none.")
class IntegrationFeedFilter:
    database_id: IntOperators | None = filters(FeedRow.source_id)
    scope: EnumOperators[FeedScope] | None = filters(FeedRow.scope)
    provider: TextOperators | None = filters(FeedRow.provider_key, description="The provider's key.")
    enabled: bool | None = filters(FeedRow.enabled)
    and_: list["IntegrationFeedFilter"] | None = strawberry.field(default=None, name="and")
    or_: list["IntegrationFeedFilter"] | None = strawberry.field(default=None, name="or")
    not_: "IntegrationFeedFilter | None" = strawberry.field(default=None, name="not")


FEEDS = Listing(
    sorts={IntegrationFeedSortField.ID: FeedRow.id},
    sort=IntegrationFeedSort,
    filter=IntegrationFeedFilter,
    default=((IntegrationFeedSortField.ID, SortDirection.ASC),),
)
