"""Webhooks: global feeds of the provider `webhook`, with what they are set to, typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.integration import visibility
from db.integration.feed import FeedRow
from db.integration.webhook import WebhookBody, WebhookFormat, WebhookMethod, WebhookSettings, read_settings
from db.work.delivery import DeliveryRow
from db.work.target import TargetRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted, told
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.webhook.listing import DELIVERIES
from resolvers.integration.webhook.writing import (
    webhook_create,
    webhook_delete,
    webhook_secret_rotate,
    webhook_update,
)
from schema.secret import MaskedSecret, concealed

if TYPE_CHECKING:
    from schema.integration.delivery import DeliveryTarget, WebhookDelivery
    from schema.integration.feed import IntegrationFeed


@strawberry.type(description="A header of a webhook's requests.")
class WebhookHeader:
    name: str = strawberry.field(description="As it was written; HTTP does not tell case apart.")
    value: str | None = strawberry.field(
        description="With its templates; null where the name says that it is a secret, which is never read back."
    )


@strawberry.type(description="A field that a webhook with SELECTED_FIELDS sends.")
class WebhookField:
    name: str = strawberry.field(description="What it is called there.")
    template: str = strawberry.field(description="What its value is made of, templates filled in.")


def _of(read: Any, description: str) -> Any:
    """A leaf out of the settings."""

    def leaf(document: Mapping[str, Any]) -> Any:
        return read(read_settings(document))

    return computed(leaf, FeedRow.settings, description=description)


def _headers(settings: WebhookSettings) -> list[WebhookHeader]:
    return [WebhookHeader(name=one.name, value=None if one.secret else one.value) for one in settings.headers]


def _fields(settings: WebhookSettings) -> list[WebhookField]:
    return [WebhookField(name=one.name, template=one.template) for one in settings.fields]


@entity(
    FeedRow,
    visible=visibility.webhooks,
    description="What another system is told of, and how. It is a global feed of the provider `webhook`, seen by its "
    "own settings.",
)
class Webhook(Node):
    database_id: int = column(FeedRow.source_id, description="The documented id, that of its feed.")
    name: str = column(FeedRow.name, description="What the store calls it.")
    enabled: bool = column(FeedRow.enabled, description="Off: nothing is sent, what happens meanwhile neither.")
    event_triggers: list[str] = computed(
        list, FeedRow.event_triggers, description="The events it tells of, by their names or as documented triggers."
    )
    url: str = _of(lambda s: s.url, "Where it sends to; templates in path and query are filled in.")
    method: WebhookMethod = _of(lambda s: s.method, "How it asks.")
    format: WebhookFormat = _of(lambda s: s.format, "How the body is written.")
    headers: list[WebhookHeader] = _of(_headers, "Sent beside its own.")
    body: WebhookBody = _of(lambda s: s.body, "What it tells.")
    fields: list[WebhookField] = _of(_fields, "What it tells with SELECTED_FIELDS.")
    query: str | None = _of(lambda s: s.query, "What it asks of the store with QUERY, to tell the answer.")
    secret: MaskedSecret = concealed(FeedRow.secret, description="What requests are signed with.")
    previous_secret_until: datetime | None = column(
        FeedRow.previous_until, description="Until when they are signed with the secret before the last rotation, too."
    )
    saved_by: str | None = column(
        FeedRow.saved_by,
        permission="store/sensitive",
        description="Who saved it last, a user or a token: it acts with the permissions that they have now. Null of an "
        "imported one, which sends nothing until somebody saves it here.",
    )
    feed: Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")] | None = related(
        FeedRow.id, to=FeedRow.id, description="The same, as feeds of all providers are seen."
    )
    target: Annotated["DeliveryTarget", strawberry.lazy("schema.integration.delivery")] | None = related(
        TargetRow.id,
        to=FeedRow.target_id,
        description="Whom deliveries go to, and whether they are held; null of an imported one.",
    )
    deliveries: Connection[Annotated["WebhookDelivery", strawberry.lazy("schema.integration.delivery")]] = connected(
        DELIVERIES,
        key=DeliveryRow.target_id,
        to=FeedRow.target_id,
        description="What was sent, is being sent or waits, the newest first unless sorted. Only those of events, and "
        "with answers to the webhook's query, that you may read yourself.",
    )


@strawberry.type(description="The webhook. Its secret is shown once.")
class WebhookCreatePayload(Payload):
    webhook: Webhook | None = changed(FeedRow.id)
    secret: str | None = told(once=True, description="What requests are signed with, by Standard Webhooks.")


@strawberry.type(description="The webhook.")
class WebhookUpdatePayload(Payload):
    webhook: Webhook | None = changed(FeedRow.id)


@strawberry.type(description="The webhook. Its new secret is shown once.")
class WebhookSecretRotatePayload(Payload):
    webhook: Webhook | None = changed(FeedRow.id)
    secret: str | None = told(once=True, description="What requests are signed with from now on.")


@strawberry.type(description="The webhook that is gone.")
class WebhookDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Webhook")


@strawberry.type
class WebhookMutations:
    webhook_create: WebhookCreatePayload | None = performed(webhook_create)
    webhook_update: WebhookUpdatePayload | None = performed(webhook_update)
    webhook_secret_rotate: WebhookSecretRotatePayload | None = performed(webhook_secret_rotate)
    webhook_delete: WebhookDeletePayload | None = performed(webhook_delete)
