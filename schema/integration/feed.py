"""Integration feeds: what happens elsewhere when an order moves."""

from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.integration import visibility
from db.integration.feed import FeedRow, FeedScope, FeedVariantRow
from db.integration.provider import ProviderRow
from db.work.delivery import DeliveryRow
from db.work.target import TargetRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted, told
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.feed.listing import RUNS
from resolvers.integration.feed.writing import (
    integration_feed_delete,
    integration_feed_save,
    integration_feed_status_change,
    product_integration_delete,
    product_integration_save,
    product_integration_status_change,
)

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.integration.delivery import DeliveryTarget
    from schema.integration.feed_run import IntegrationFeedRun
    from schema.integration.provider import IntegrationProvider


@entity(FeedRow, visible=visibility.feeds, description="A connection from events of orders to a provider.")
class IntegrationFeed(Node):
    database_id: int = column(
        FeedRow.source_id, description="The documented id. Global feeds and product feeds are numbered apart."
    )
    name: str = column(FeedRow.name, description="What the store calls it.")
    scope: FeedScope = column(FeedRow.scope, description="Whether it follows all orders, or those of one product.")
    enabled: bool = column(FeedRow.enabled, description="Whether it runs; one that is off keeps its settings.")
    provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = related(
        ProviderRow.key, to=FeedRow.provider_key, description="The system that it writes to; it never changes."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=FeedRow.product_id, description="Null for a global feed."
    )
    event_triggers: list[str] = computed(list, FeedRow.event_triggers, description="The events it runs on.")
    conditional_variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        FeedVariantRow.feed_id,
        to=FeedRow.id,
        on=col(FeedVariantRow.variant_id) == VariantRow.id,
        order=[VariantRow.position],
        description="The variants it is limited to; empty when all of the product's count.",
    )
    watch_on_access_revoke: bool = column(
        FeedRow.watch_on_access_revoke, description="Whether it is undone when a customer loses access."
    )
    conditionals: JSON | None = computed(
        lambda v: v,
        FeedRow.conditionals,
        description="On which orders it runs: `{status, type, conditions: [{field, operator, value}]}`, with `type` "
        "all or any; with `status` false on all of them.",
    )
    list_id: str | None = column(
        FeedRow.list_id, description="The provider's list that customers are put on; null for providers without lists."
    )
    list_name: str | None = column(
        FeedRow.list_name, description="What the provider calls that list; null when not kept."
    )
    merge_fields: JSON = computed(JSON, FeedRow.merge_fields, description="Remote field to template.")
    settings: JSON = computed(
        JSON, FeedRow.settings, description="What the provider's own form holds; secrets never are."
    )
    saved_by: str | None = column(
        FeedRow.saved_by,
        permission="store/sensitive",
        description="Who saved it last, a user or a token: it acts with the permissions that they have now. Null of an "
        "imported one, which does nothing until somebody saves it here.",
    )
    target: Annotated["DeliveryTarget", strawberry.lazy("schema.integration.delivery")] | None = related(
        TargetRow.id,
        to=FeedRow.target_id,
        description="Whom its runs go to, and whether they are held; null of an imported one.",
    )
    runs: Connection[Annotated["IntegrationFeedRun", strawberry.lazy("schema.integration.feed_run")]] = connected(
        RUNS,
        key=DeliveryRow.target_id,
        to=FeedRow.target_id,
        description="What was done, is being done or waits, the newest first unless sorted; of a webhook see its own "
        "deliveries.",
    )


@strawberry.type(description="The feed, new or changed.")
class IntegrationFeedSavePayload(Payload):
    feed: IntegrationFeed | None = changed(FeedRow.id)
    created: bool | None = told(description="Whether it is new.")
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type(description="The feed of a product, new or changed.")
class ProductIntegrationSavePayload(Payload):
    feed: IntegrationFeed | None = changed(FeedRow.id)
    created: bool | None = told(description="Whether it is new.")
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type(description="The feed as it is now.")
class IntegrationFeedStatusChangePayload(Payload):
    feed: IntegrationFeed | None = changed(FeedRow.id)
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type(description="The feed of a product as it is now.")
class ProductIntegrationStatusChangePayload(Payload):
    feed: IntegrationFeed | None = changed(FeedRow.id)
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type(description="The feed that is gone.")
class IntegrationFeedDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("IntegrationFeed")
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type(description="The feed of a product that is gone.")
class ProductIntegrationDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("IntegrationFeed")
    message: str | None = told(description="For people; programs go by the rest.")


@strawberry.type
class FeedMutations:
    integration_feed_save: IntegrationFeedSavePayload | None = performed(integration_feed_save)
    integration_feed_status_change: IntegrationFeedStatusChangePayload | None = performed(
        integration_feed_status_change
    )
    integration_feed_delete: IntegrationFeedDeletePayload | None = performed(integration_feed_delete)
    product_integration_save: ProductIntegrationSavePayload | None = performed(product_integration_save)
    product_integration_status_change: ProductIntegrationStatusChangePayload | None = performed(
        product_integration_status_change
    )
    product_integration_delete: ProductIntegrationDeletePayload | None = performed(product_integration_delete)
