"""Runs of feeds: deliveries of events to feeds of providers."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.commerce.order import OrderRow
from db.integration import visibility
from db.integration.feed import FeedRow
from db.store.outbox import EventRow
from db.work.delivery import DeliveryRow, DeliveryState
from db.work.functions import moment
from engine.declared.batch import batched
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums
from schema.integration.delivery import WebhookAttempt, attempts_of

if TYPE_CHECKING:
    from schema.commerce.order import Order
    from schema.integration.event import Event
    from schema.integration.feed import IntegrationFeed


@entity(
    DeliveryRow,
    visible=visibility.feed_runs,
    description="What a provider did, or is about to do, about an event: one delivery to a feed. Seen by who may see "
    "the feed, the event, and all of the order that it tells of.",
)
class IntegrationFeedRun(Node):
    feed: Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")] | None = related(
        FeedRow.target_id, to=DeliveryRow.target_id, description="The feed that runs."
    )
    event: Annotated["Event", strawberry.lazy("schema.integration.event")] | None = related(
        EventRow.id, to=DeliveryRow.event_id, description="What it runs on."
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=DeliveryRow.order_id, description="The order that it is about; null when that is gone."
    )
    revokes: bool = computed(bool, DeliveryRow.revoking, description="Whether it undoes what the feed did.")
    key: str = column(
        DeliveryRow.key, description="The same in all attempts and replays, by which a provider knows duplicates."
    )
    state: DeliveryState = column(DeliveryRow.state, description="How far it has come.")
    replay: int = column(DeliveryRow.replay, description="0 of the first run, then how often it was run again.")
    attempt_count: int = column(DeliveryRow.attempts, description="How many there were, one under way included.")
    attempts: list[WebhookAttempt] = batched(
        attempts_of, to=DeliveryRow.id, description="Each with its log, the first first; the latest 20."
    )
    next_attempt_at: datetime | None = computed(
        lambda due: None if due is None else moment(due),
        DeliveryRow.due,
        description="When the next attempt is due, in UTC; null when there is none.",
    )
    reason: str | None = column(
        DeliveryRow.reason,
        description="Why the last attempt did not succeed; of a delivered one, why there was nothing to do.",
    )
    created_at: datetime = column(DeliveryRow.created_at, description="When it was set on its way, in UTC.")
    ended_at: datetime | None = column(DeliveryRow.ended_at, description="When it was over, one way or the other.")
