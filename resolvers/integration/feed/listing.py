"""How integration feeds and their runs are listed."""

from db.integration.feed import FeedRow, FeedScope
from db.work.delivery import DeliveryRow, DeliveryState
from engine.declared.filter_input import filter_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums


@filter_input()
class IntegrationFeedFilter:
    database_id: IntOperators | None = filters(FeedRow.source_id)
    scope: EnumOperators[FeedScope] | None = filters(FeedRow.scope)
    provider: TextOperators | None = filters(FeedRow.provider_key, description="The provider's key.")
    enabled: bool | None = filters(FeedRow.enabled)


FEEDS = Listing(
    sorting=sortable(
        "IntegrationFeed",
        description="What feeds can be sorted by.",
        default=("ID", SortDirection.ASC),
        ID=FeedRow.id,
    ),
    filter=IntegrationFeedFilter,
)


@filter_input()
class IntegrationFeedRunFilter:
    state: EnumOperators[DeliveryState] | None = filters(DeliveryRow.state)
    attempt_count: IntOperators | None = filters(DeliveryRow.attempts)
    revokes: bool | None = filters(DeliveryRow.revoking)
    created_at: DateTimeOperators | None = filters(DeliveryRow.created_at)


RUNS = Listing(
    sorting=sortable(
        "IntegrationFeedRun",
        description="What runs of feeds can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=DeliveryRow.id,
    ),
    filter=IntegrationFeedRunFilter,
)
