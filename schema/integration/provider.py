"""Providers of integrations."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.integration import visibility
from db.integration.feed import FeedRow, FeedScope
from db.integration.provider import ProviderRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.scalars import URL
from resolvers.integration.feed import FEEDS

if TYPE_CHECKING:
    from schema.integration.feed import IntegrationFeed


@entity(ProviderRow, visible=visibility.providers, description="A system that feeds can be made for.")
class IntegrationProvider(Node):
    key: str = column(ProviderRow.key)
    title: str = column(ProviderRow.title)
    description: str = column(ProviderRow.description)
    logo_url: URL | None = computed(lambda u: None if u is None else URL(u), ProviderRow.logo_url)
    category: str = column(ProviderRow.category)
    priority: int = column(ProviderRow.priority, description="Feeds run in this order, ascending.")
    scopes: list[FeedScope] = computed(lambda words: [FeedScope(w) for w in words], ProviderRow.scopes)
    enabled: bool = column(ProviderRow.enabled, description="Whether it is configured and usable.")
    installable: str | None = column(ProviderRow.installable, description="The add-on that brings it.")
    has_global_settings: bool = column(ProviderRow.has_global_settings, description="Whether it takes credentials.")
    config_url: URL | None = computed(lambda u: None if u is None else URL(u), ProviderRow.config_url)
    delay_on_product_action: bool = column(ProviderRow.delay_on_product_action)
    delay_on_global_action: bool = column(ProviderRow.delay_on_global_action)
    feeds: Connection[Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")]] = connected(
        FEEDS, key=FeedRow.provider_key, to=ProviderRow.key
    )
    version: int = column(ProviderRow.version)
    created_at: datetime | None = column(ProviderRow.created_at)
    updated_at: datetime | None = column(ProviderRow.updated_at)
