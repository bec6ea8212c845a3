"""Deliveries of webhooks, every attempt of them, and the targets that they go to."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.integration import visibility
from db.store.outbox import EventRow
from db.work.delivery import AttemptOutcome, DeliveryRow, DeliveryState
from db.work.functions import moment
from db.work.target import TargetRow
from db.work.visibility import deliveries as targets
from engine.declared.batch import batched
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.standard.context import Context
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.webhook.listing import attempts

if TYPE_CHECKING:
    from schema.integration.event import Event


@entity(
    TargetRow,
    visible=targets,
    description="Whom events are delivered to, and whether they are at present.",
)
class DeliveryTarget(Node):
    kind: str = column(TargetRow.kind, description="Whose target it is: `webhook`, `feed`.")
    disabled: str | None = column(
        TargetRow.disabled,
        description="Why nothing is sent, and what happens waits: `failing` (for five days), `gone` (it said so), "
        "`saver_gone`, `permission_lost` or `changed_since` (save the webhook again), `switched_off`; null else.",
    )
    disabled_at: datetime | None = column(TargetRow.disabled_at, description="Since when, in UTC.")
    failing_since: datetime | None = column(
        TargetRow.failing_since, description="Since when no attempt has succeeded; null when the last one did."
    )


@strawberry.type(description="One attempt to deliver an event.")
class WebhookAttempt:
    number: int = strawberry.field(description="From 1 on.")
    started_at: datetime = strawberry.field(description="When it began, in UTC.")
    duration: int | None = strawberry.field(description="In milliseconds; null while it is under way.")
    outcome: AttemptOutcome | None = strawberry.field(description="What became of it; null while it is under way.")
    status: int | None = strawberry.field(description="HTTP's, where the receiver answered.")
    request: str | None = strawberry.field(
        description="The beginning of what was sent, secrets and personal data masked; null when nothing was."
    )
    response: str | None = strawberry.field(description="The beginning of what came back, masked in the same way.")
    error: str | None = strawberry.field(description="Why it did not succeed, in a sentence.")
    log: list[str] = strawberry.field(description="What was noted on the way, a sentence each.")


async def attempts_of(context: Context, keys: Sequence[int]) -> list[list[WebhookAttempt]]:
    names = [field.python_name for field in WebhookAttempt.__strawberry_definition__.fields]  # type: ignore[attr-defined]
    return [
        [WebhookAttempt(**{name: getattr(row, name) for name in names} | {"log": row.log or []}) for row in rows]
        for rows in await attempts(context, keys)
    ]


@entity(
    DeliveryRow,
    visible=visibility.deliveries,
    description="An event on its way to a webhook. Seen by who may see the webhook, the event, and what the webhook "
    "tells of it.",
)
class WebhookDelivery(Node):
    event: Annotated["Event", strawberry.lazy("schema.integration.event")] | None = related(
        EventRow.id, to=DeliveryRow.event_id, description="What is delivered."
    )
    webhook_id: str = column(
        DeliveryRow.key,
        description="What the header of this name says: the same in all attempts and replays, by which a receiver "
        "knows duplicates.",
    )
    state: DeliveryState = column(DeliveryRow.state, description="How far it has come.")
    replay: int = column(DeliveryRow.replay, description="0 of the first delivery, then how often it was sent again.")
    attempt_count: int = column(DeliveryRow.attempts, description="How many there were, one under way included.")
    attempts: list[WebhookAttempt] = batched(
        attempts_of, to=DeliveryRow.id, description="Each, the first first; the latest 20."
    )
    next_attempt_at: datetime | None = computed(
        lambda due: None if due is None else moment(due),
        DeliveryRow.due,
        description="When the next attempt is due, in UTC; null when there is none.",
    )
    reason: str | None = column(DeliveryRow.reason, description="Why the last attempt did not succeed.")
    created_at: datetime = column(DeliveryRow.created_at, description="When it was set on its way, in UTC.")
    ended_at: datetime | None = column(DeliveryRow.ended_at, description="When it was over, one way or the other.")
