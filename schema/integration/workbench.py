"""The workbench of webhooks: what would be sent, whether it arrives, and sending again."""

import strawberry
from strawberry.scalars import JSON

from connectors.webhooks.making import Making
from connectors.webhooks.query import MOST_COST
from connectors.webhooks.request import Exact
from db.integration.feed import FeedRow
from db.secrets.confidential import MASK
from db.work.delivery import DeliveryRow
from engine.declared.batch import Argument, queried, weighing
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, told
from engine.standard.context import Context
from resolvers.integration.webhook import workbench
from resolvers.integration.webhook.workbench import webhook_delivery_replay, webhook_replay_since, webhook_test
from schema.integration.delivery import WebhookDelivery
from schema.integration.webhook import Webhook


@strawberry.type(description="A header as it is sent.")
class WebhookRequestHeader:
    name: str = strawberry.field(description="HTTP does not tell case apart.")
    value: str = strawberry.field(description="Templates are filled in; `***` is a secret.")


@strawberry.type(description="The exact request that a webhook would make, or why it would make none.")
class WebhookRequest:
    method: str | None = strawberry.field(description="`POST`; null where nothing would be sent, as the next two.")
    url: str | None = strawberry.field(description="With its query string, which GET and DELETE tell everything in.")
    body: str | None = strawberry.field(description="The bytes as they are signed and sent; null of GET and DELETE.")
    headers: list[WebhookRequestHeader] = strawberry.field(
        description="Beside those of the connection. `webhook-signature` is that of these very bytes, `webhook-id` and "
        "`webhook-timestamp`."
    )
    problem: str | None = strawberry.field(description="Why nothing would be sent; null where something would.")


def shown(exact: Exact | str | None) -> WebhookRequest | None:
    if exact is None:
        return None
    if isinstance(exact, str):
        return WebhookRequest(method=None, url=None, body=None, headers=[], problem=exact)
    return WebhookRequest(
        method=exact.method,
        url=exact.url,
        body=None if exact.body is None else exact.body.decode(),
        headers=[
            WebhookRequestHeader(name=name, value=MASK if value in exact.hidden else value)
            for name, value in exact.headers
        ],
        problem=None,
    )


async def _sample(context: Context, *, event: str) -> JSON:
    return JSON(await workbench.sample(context, context.database.port(Making), event=event))


async def _dry_run(context: Context, *, id: str, event: str) -> WebhookRequest | None:
    return shown(await workbench.dry_run(context, context.database.port(Making), id=id, event=event))


_EVENT = Argument("event", str, "The name of an event, as in `eventTypes`. You need its permission.")


@strawberry.type
class WebhookQueries:
    webhook_sample: JSON | None = queried(
        _sample,
        _EVENT,
        permission="integrations/view",
        ports=(Making,),
        description="What a webhook with ALL_DATA tells of an event: of the latest one that there is, or a sample.",
    )
    webhook_dry_run: WebhookRequest | None = weighing(
        MOST_COST,
        queried(
            _dry_run,
            Argument("id", strawberry.ID, "The opaque id of a `Webhook`.", identifies="Webhook"),
            _EVENT,
            permission="integrations/manage",
            ports=(Making,),
            description="The exact request that a webhook would make now, of the latest such event or of a sample. "
            "Nothing is sent. Null when there is no such webhook.",
        ),
    )


@strawberry.type(description="The delivery, which is on its way.")
class WebhookTestPayload(Payload):
    delivery: WebhookDelivery | None = changed(DeliveryRow.id)


@strawberry.type(description="The new delivery, which is on its way.")
class WebhookDeliveryReplayPayload(Payload):
    delivery: WebhookDelivery | None = changed(DeliveryRow.id)


@strawberry.type(description="How many deliveries are on their way.")
class WebhookReplaySincePayload(Payload):
    webhook: Webhook | None = changed(FeedRow.id)
    count: int | None = told(description="How many events are sent again.")
    next_position: int | None = told(
        description="The position to go on from with another call; null when these were all."
    )


@strawberry.type
class WebhookWorkbenchMutations:
    webhook_test: WebhookTestPayload | None = performed(webhook_test)
    webhook_delivery_replay: WebhookDeliveryReplayPayload | None = performed(webhook_delivery_replay)
    webhook_replay_since: WebhookReplaySincePayload | None = performed(webhook_replay_since)
