"""What callers say of webhooks."""

from typing import Any, Final

import strawberry
from strawberry.types.maybe import Some

from db.integration.webhook import WebhookBody, WebhookFormat, WebhookMethod
from engine.declared.input import confidential, identifies
from resolvers.editing.editable import edited_version, seen_version
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums

_URL: Final = (
    "http or https, up to 2048 characters. In path and query templates such as `{{order.id}}` are filled in. Without "
    "a user, a password and a fragment, and to no address of a private network."
)
_HEADERS: Final = "Sent beside the webhook's own, at most 20. On update all of them: an empty list for none."
_FIELDS: Final = "For SELECTED_FIELDS, at most 100. On update all of them."
_QUERY: Final = (
    "For QUERY: one GraphQL query of this schema. Its variables are `$id`, the id of what the event tells of, and the "
    "keys of the event's payload, as in `query ($id: ID!) { product(by: {id: $id}) { title } }`. It costs up to 1000."
)
_EVENTS: Final = (
    "Names of events, as in `eventTypes`, or documented triggers of feeds (`order_paid_done`); one at least. You need "
    "the permission of each."
)
_ENABLED: Final = "Off: nothing is sent, and what happens meanwhile is not sent later."


@strawberry.input(description="A header of a webhook's requests.")
class WebhookHeaderInput:
    name: str = strawberry.field(
        description="Not one that HTTP or a signature takes care of: `Host`, `Content-Type`, `webhook-id`, …"
    )
    value: str | None = confidential(
        description="Templates are filled in. Null on an update: as it is stored. It is not shown again where the "
        "name says that it is a secret (`Authorization`, `X-Api-Key`).",
    )


@strawberry.input(description="A field of what a webhook with SELECTED_FIELDS sends.")
class WebhookFieldInput:
    name: str = strawberry.field(description="What it is called there: 1 to 100 characters.")
    template: str = strawberry.field(
        description="A text in which templates such as `{{order.total_amount}}` are filled in."
    )


@strawberry.input(description="A new webhook.")
class WebhookCreateInput:
    name: str = strawberry.field(description="What the store calls it: 1 to 192 characters.")
    url: str = strawberry.field(description=_URL)
    method: WebhookMethod = WebhookMethod.POST
    format: WebhookFormat = WebhookFormat.JSON
    headers: list[WebhookHeaderInput] = strawberry.field(default_factory=list, description=_HEADERS)
    body: WebhookBody = WebhookBody.ALL_DATA
    fields: list[WebhookFieldInput] = strawberry.field(default_factory=list, description=_FIELDS)
    query: str | None = strawberry.field(default=None, description=_QUERY)
    event_triggers: list[str] = strawberry.field(description=_EVENTS)
    enabled: bool = strawberry.field(default=True, description=_ENABLED)
    secret: str | None = confidential(
        description="What it signs with: `whsec_` and 24 to 64 bytes in base64. Made here when absent."
    )


@strawberry.input(
    description="What is named changes, what is absent stays. Whoever saves a webhook sends it from then on."
)
class WebhookUpdateInput:
    id: strawberry.ID = identifies("Webhook")
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str]
    url: strawberry.Maybe[str] = strawberry.field(description=_URL)
    method: strawberry.Maybe[WebhookMethod]
    format: strawberry.Maybe[WebhookFormat]
    headers: strawberry.Maybe[list[WebhookHeaderInput]] = strawberry.field(description=_HEADERS)
    body: strawberry.Maybe[WebhookBody]
    fields: strawberry.Maybe[list[WebhookFieldInput]] = strawberry.field(description=_FIELDS)
    query: strawberry.Maybe[str | None] = strawberry.field(description=_QUERY)
    event_triggers: strawberry.Maybe[list[str]] = strawberry.field(description=_EVENTS)
    enabled: strawberry.Maybe[bool] = strawberry.field(description=_ENABLED)


@strawberry.input(description="Which webhook goes.")
class WebhookDeleteInput:
    id: strawberry.ID = identifies("Webhook")
    expected_version: int | None = seen_version()


@strawberry.input(description="A new secret for a webhook.")
class WebhookSecretRotateInput:
    id: strawberry.ID = identifies("Webhook")
    secret: str | None = confidential(description="`whsec_` and 24 to 64 bytes in base64. Made here when absent.")
    overlap_minutes: int = strawberry.field(
        default=24 * 60,
        description="How long requests are signed with the secret so far as well, up to a week; 0: not any more.",
    )


def given(input: Any, name: str, otherwise: Any) -> Any:
    """A field of an input that may leave it out."""
    value = getattr(input, name, None)
    if isinstance(value, Some):
        return value.value
    return otherwise if value is None else value
