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
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums

if TYPE_CHECKING:
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
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
