"""Providers of integrations."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.integration import visibility
from db.integration.feed import FeedRow, FeedScope
from db.integration.provider import ProviderRow
from db.integration.setting import IntegrationSettingRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.scalars import URL
from resolvers.integration.feed.listing import FEEDS
from schema.integration.form import ProviderField, shown

if TYPE_CHECKING:
    from schema.integration.feed import IntegrationFeed
    from schema.integration.settings import IntegrationSettings


@entity(ProviderRow, visible=visibility.providers, description="A system that feeds can be made for.")
class IntegrationProvider(Node):
    key: str = column(ProviderRow.key, description="Its name for programs: `mailchimp`, `webhook`.")
    title: str = column(ProviderRow.title, description="What people see.")
    description: str = column(
        ProviderRow.description, description="What it is good for, in a sentence; empty when not said."
    )
    logo_url: URL | None = computed(
        lambda u: None if u is None else URL(u),
        ProviderRow.logo_url,
        description="Its picture; null when there is none.",
    )
    category: str = column(ProviderRow.category, description="The group that it is shown in: `crm`.")
    priority: int = column(ProviderRow.priority, description="Feeds run in this order, ascending.")
    scopes: list[FeedScope] = computed(
        lambda words: [FeedScope(w) for w in words],
        ProviderRow.scopes,
        description="What feeds can be made for it: for all orders, for one product.",
    )
    categories: list[str] = computed(
        lambda category, categories: list(categories or [category]),
        ProviderRow.category,
        ProviderRow.categories,
        description="All groups that it is shown in.",
    )
    available: bool = column(
        ProviderRow.available,
        description="Whether this server can run it; feeds of another one were imported, and do not run.",
    )
    installed: bool = column(ProviderRow.installed, description="Whether somebody has activated it.")
    enabled: bool = column(ProviderRow.enabled, description="Whether it is configured and usable.")
    installable: str | None = column(ProviderRow.installable, description="The add-on that brings it.")
    has_global_settings: bool = column(ProviderRow.has_global_settings, description="Whether it takes credentials.")
    config_url: URL | None = computed(
        lambda u: None if u is None else URL(u),
        ProviderRow.config_url,
        description="Where the shop has its settings; null when it has none.",
    )
    delay_on_product_action: bool = column(
        ProviderRow.delay_on_product_action,
        description="Whether feeds of products run later, from a queue, rather than with the event.",
    )
    delay_on_global_action: bool = column(
        ProviderRow.delay_on_global_action,
        description="Whether global feeds run later, from a queue, rather than with the event.",
    )
    settings: Annotated["IntegrationSettings", strawberry.lazy("schema.integration.settings")] | None = related(
        IntegrationSettingRow.key, to=ProviderRow.key, description="What it is set to; null when it takes nothing."
    )
    feed_form: list[ProviderField] = computed(
        shown, ProviderRow.feed_form, description="What its feeds are set to, beside what all feeds have."
    )
    feeds: Connection[Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")]] = connected(
        FEEDS,
        key=FeedRow.provider_key,
        to=ProviderRow.key,
        description="The feeds that write to it, in the order in which they were made unless sorted.",
    )
