"""How webhooks and their deliveries are listed."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import col

from db.integration.feed import FeedRow
from db.store.row import table
from db.work.delivery import AttemptRow, DeliveryRow, DeliveryState
from engine.declared.filter_input import filter_input
from engine.declared.input import lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.standard.context import Context
from engine.values.filtering import filters
from engine.values.operators import DateTimeOperators, EnumOperators, IntOperators, TextOperators
from engine.values.ordering import SortDirection
from engine.values.statement import among
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums

ATTEMPT: Final = table(AttemptRow)
# Of one delivery: what the policy allows, and those of workers that died.
MOST_ATTEMPTS: Final = 20


@filter_input()
class WebhookFilter:
    database_id: IntOperators | None = filters(FeedRow.source_id)
    name: TextOperators | None = filters(FeedRow.name)
    enabled: bool | None = filters(FeedRow.enabled)


WEBHOOKS: Final = Listing(
    sorting=sortable(
        "Webhook",
        description="What webhooks can be sorted by.",
        default=("ID", SortDirection.ASC),
        ID=FeedRow.id,
    ),
    filter=WebhookFilter,
)
WebhookBy: Final = lookup_input("Webhook", FeedRow.id)


@filter_input()
class WebhookDeliveryFilter:
    state: EnumOperators[DeliveryState] | None = filters(DeliveryRow.state)
    attempt_count: IntOperators | None = filters(DeliveryRow.attempts)
    created_at: DateTimeOperators | None = filters(DeliveryRow.created_at)


DELIVERIES: Final = Listing(
    sorting=sortable(
        "WebhookDelivery",
        description="What deliveries can be sorted by.",
        default=("ID", SortDirection.DESC),
        ID=DeliveryRow.id,
    ),
    filter=WebhookDeliveryFilter,
)


async def attempts(context: Context, keys: Sequence[int]) -> list[list[Any]]:
    """The attempts of deliveries, the first first; the latest MOST_ATTEMPTS of each. One statement."""
    number = col(AttemptRow.number)
    statement = select(ATTEMPT).where(among(ATTEMPT.c.delivery_id, "keys", context.dialect)).order_by(number)
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in await context.rows(statement, {"keys": list(keys)}):
        found[row.delivery_id].append(row)
    return [found[key][-MOST_ATTEMPTS:] for key in keys]
