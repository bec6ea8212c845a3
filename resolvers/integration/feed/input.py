"""What callers say of feeds."""

from typing import Final

import strawberry
from strawberry.scalars import JSON

from engine.declared.input import identifies
from resolvers.editing.editable import edited_version, seen_version
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums

_PROVIDER: Final = (
    "The provider's key (`mailchimp`), as in `integrationProviders`. Of a feed that is there already, its own: it "
    "never changes."
)
_FEED: Final = "The feed that changes; absent, a new one is made."
_NAME: Final = "What the store calls it, up to 192 characters. Required while it is enabled."
_ENABLED: Final = "Absent of a new one: on. One that is off may be incomplete, and does not run."
_TRIGGERS: Final = "The documented events that it runs on: `order_paid_done`, …. One at least while it is enabled."
_WATCH: Final = "Whether it undoes what it did when a customer loses access. As the provider has it when absent."
_CONDITIONALS: Final = (
    "On which orders it runs: `{status, type, conditions: [{field, operator, value}]}`; null for all of them."
)
_SETTINGS: Final = (
    "The provider's own form, an object, or the text of one: values by the keys of its fields. What the form does not "
    "have is dropped, what is left out stays, and so does a secret that comes back masked. The fields beside this one "
    "may stand in it by their documented names (`event_trigger`), and count where they are absent outside."
)
_LIMITS: Final = "Variants of the product that it is limited to; an empty list: all of them."


@strawberry.input(description="A feed of the whole store: what a provider does when an order moves.")
class IntegrationFeedSaveInput:
    provider: str = strawberry.field(description=_PROVIDER)
    feed_id: strawberry.ID | None = identifies("IntegrationFeed", description=_FEED)
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str] = strawberry.field(description=_NAME)
    enabled: strawberry.Maybe[bool] = strawberry.field(description=_ENABLED)
    event_triggers: strawberry.Maybe[list[str]] = strawberry.field(description=_TRIGGERS)
    watch_on_access_revoke: strawberry.Maybe[bool] = strawberry.field(description=_WATCH)
    conditionals: strawberry.Maybe[JSON | None] = strawberry.field(description=_CONDITIONALS)
    settings: strawberry.Maybe[JSON] = strawberry.field(description=_SETTINGS)


@strawberry.input(description="A feed of one product: what a provider does when an order of it moves.")
class ProductIntegrationSaveInput:
    product_id: strawberry.ID = identifies("Product")
    provider: str = strawberry.field(description=_PROVIDER)
    feed_id: strawberry.ID | None = identifies("IntegrationFeed", description=_FEED)
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str] = strawberry.field(description=_NAME)
    enabled: strawberry.Maybe[bool] = strawberry.field(description=_ENABLED)
    event_triggers: strawberry.Maybe[list[str]] = strawberry.field(description=_TRIGGERS)
    conditional_variant_ids: strawberry.Maybe[list[strawberry.ID]] = identifies("ProductVariant", description=_LIMITS)
    watch_on_access_revoke: strawberry.Maybe[bool] = strawberry.field(description=_WATCH)
    conditionals: strawberry.Maybe[JSON | None] = strawberry.field(description=_CONDITIONALS)
    settings: strawberry.Maybe[JSON] = strawberry.field(description=_SETTINGS)


@strawberry.input(description="A feed of the whole store is switched on or off.")
class IntegrationFeedStatusChangeInput:
    feed_id: strawberry.ID = identifies("IntegrationFeed")
    expected_version: int | None = edited_version()
    enabled: bool = strawberry.field(description="One that is incomplete cannot be switched on.")


@strawberry.input(description="A feed of a product is switched on or off.")
class ProductIntegrationStatusChangeInput:
    product_id: strawberry.ID = identifies("Product")
    feed_id: strawberry.ID = identifies("IntegrationFeed")
    expected_version: int | None = edited_version()
    enabled: bool = strawberry.field(description="One that is incomplete cannot be switched on.")


@strawberry.input(description="Which feed of the whole store goes.")
class IntegrationFeedDeleteInput:
    feed_id: strawberry.ID = identifies("IntegrationFeed")
    expected_version: int | None = seen_version()


@strawberry.input(description="Which feed of a product goes.")
class ProductIntegrationDeleteInput:
    product_id: strawberry.ID = identifies("Product")
    feed_id: strawberry.ID = identifies("IntegrationFeed")
    expected_version: int | None = seen_version()
