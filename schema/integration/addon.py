"""Add-ons, and what forms ask of vendors."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from connectors.providers import Option
from connectors.providers.access import Providers
from db.integration.addon import AddonStatus
from db.integration.provider import ProviderRow
from engine.declared.batch import Argument, queried
from engine.declared.declaration import related
from engine.declared.lookup import fixed, lookup, picked
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.integration.provider import addon, options
from resolvers.integration.provider.addon import integration_addon_install
from resolvers.integration.provider.options import WantedOptions
from resolvers.integration.provider.settings import IntegrationSettingsBy
from schema.integration.feed import IntegrationFeed
from schema.integration.form import ProviderMergeField, ProviderOption, merge_field
from schema.integration.settings import IntegrationGlobalSettings, IntegrationSettings

if TYPE_CHECKING:
    from schema.integration.provider import IntegrationProvider


@strawberry.type(description="What brings a provider.")
class IntegrationAddon:
    provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = related(
        ProviderRow.key, to="provider", description="What it brings; null where nothing here does its work."
    )
    key: str = strawberry.field(description="What it is installed by: `mailchimp`, `fluent-crm`.")
    title: str = strawberry.field(description="What people see.")
    description: str = strawberry.field(description="What it is good for, in a sentence.")
    logo_url: URL | None = strawberry.field(description="Its picture; null when there is none.")
    categories: list[str] = strawberry.field(description="The groups that it is shown in.")
    installable: bool = strawberry.field(description="Whether `integrationAddonInstall` takes it.")
    installed: bool = strawberry.field(description="Whether it is installed.")
    enabled: bool = strawberry.field(
        description="Whether it can be used: installed, with valid settings where it takes any."
    )
    is_pro: bool = strawberry.field(description="Whether it costs extra: none does.")
    row: strawberry.Private[Any]


@strawberry.type(description="The feeds of a provider, and the fields of one of its lists.")
class IntegrationFeedLists:
    feeds: list[IntegrationFeed] = picked("feeds", description="Those that you may see, at most 100.")
    merge_fields: list[ProviderMergeField] | None = strawberry.field(
        description="What values can be mapped to; null unless `listId` was given."
    )
    row: strawberry.Private[Any]


async def _addons(context: Context, status: AddonStatus | None = None) -> list[IntegrationAddon]:
    found = []
    for one in await addon.addons(context, status):
        row = one.row or {}
        shown = object.__new__(IntegrationAddon)
        shown.row = SimpleNamespace(provider=row.get("key"))
        shown.key, shown.title, shown.description = one.key, one.title, one.description
        shown.logo_url = URL(row["logo_url"]) if row.get("logo_url") else None
        shown.categories = list(one.categories)
        shown.installable = one.row is not None and row["installable"] is not None
        shown.installed, shown.enabled, shown.is_pro = one.installed, one.enabled, False
        found.append(shown)
    return found


async def _dynamic_options(
    context: Context,
    *,
    option_key: str,
    search: str = "",
    values: list[str] | None = None,
    sub_option_key: str | None = None,
    provider: str | None = None,
    first: int = 20,
) -> list[ProviderOption]:
    wanted = WantedOptions(option_key=option_key, search=search, parent=sub_option_key, provider=provider, first=first)
    found = await options.dynamic_options(context, context.database.port(Providers), wanted, values or [])
    return [_option(one) for one in found]


async def _chained_options(
    context: Context,
    *,
    option_key: str,
    parent_value: str | None = None,
    settings: JSON | None = None,
    search: str = "",
    provider: str | None = None,
    first: int = 100,
) -> list[ProviderOption]:
    wanted = WantedOptions(option_key=option_key, search=search, parent=parent_value, provider=provider, first=first)
    found = await options.chained_options(context, context.database.port(Providers), wanted, settings)
    return [_option(one) for one in found]


async def _feed_lists(
    context: Context, *, provider: str | None = None, list_id: str | None = None
) -> IntegrationFeedLists:
    found = await options.feed_lists(context, context.database.port(Providers), provider=provider, list_id=list_id)
    shown = object.__new__(IntegrationFeedLists)
    shown.row = SimpleNamespace(feeds=list(found.feeds))
    shown.merge_fields = None if found.fields is None else [merge_field(one) for one in found.fields]
    return shown


def _option(one: Option) -> ProviderOption:
    return ProviderOption(id=one.id, title=one.title)


_SEARCH = Argument("search", str, "Looked for in the titles.", default="")
_PROVIDER = Argument(
    "provider", str | None, "Whose key it is; otherwise the first provider's that has it and can be used.", default=None
)


@strawberry.type
class ProviderQueries:
    integration_addons: list[IntegrationAddon] | None = queried(
        _addons,
        Argument("status", AddonStatus | None, "Only those that have come so far.", default=None),
        permission="integrations/view",
        rest=["GET /integration/addons"],
        description="What brings providers: those that are here, and what the documents name beside.",
    )
    integration_global_settings: IntegrationGlobalSettings | None = fixed(
        1,
        permission="integrations/view",
        rest=["GET /integration/global-settings"],
        description="What holds for integrations as a whole.",
    )
    integration_settings: IntegrationSettings | None = lookup(
        IntegrationSettingsBy,
        permission="integrations/view",
        rest=["GET /integrations"],
        description="What one provider is set to, and what can be set; null where there is nothing to set.",
    )
    integration_dynamic_options: list[ProviderOption] | None = queried(
        _dynamic_options,
        Argument("option_key", str, "The `optionSource` of a field, or `post_type`."),
        _SEARCH,
        Argument("values", list[str], "What is chosen already, and listed whatever is searched for.", default=[]),
        Argument(
            "sub_option_key", str | None, "Of `post_type`: `product`. Else what the values hang on.", default=None
        ),
        _PROVIDER,
        Argument("first", int, "At most so many beside those that are chosen; up to 1000.", default=20),
        permission="integrations/view",
        size=100,
        rest=["GET /integration/feed/dynamic_options"],
        ports=(Providers,),
        description="Values that a provider knows, asked of it at most once in five minutes. A key that nobody has is "
        "answered with none.",
    )
    integration_chained_options: list[ProviderOption] | None = queried(
        _chained_options,
        Argument("option_key", str, "The `route` of a field."),
        Argument("parent_value", str | None, "What the values hang on: the id of a list.", default=None),
        Argument("settings", JSON | None, "What the form holds so far, an object.", default=None),
        _SEARCH,
        _PROVIDER,
        Argument("first", int, "At most so many; up to 1000.", default=100),
        permission="integrations/manage",
        size=100,
        rest=["POST /integration/feed/chained"],
        ports=(Providers,),
        description="Values that hang on others, kept as those of `integrationDynamicOptions`.",
    )
    integration_feed_lists: IntegrationFeedLists | None = queried(
        _feed_lists,
        Argument("provider", str | None, "Whose feeds; null: all providers'.", default=None),
        Argument("list_id", str | None, "The list whose merge fields are asked for.", default=None),
        permission="integrations/view",
        rest=["GET /integration/feed/lists"],
        ports=(Providers,),
        description="The feeds of a provider, and what values can be mapped to on one of its lists.",
    )


@strawberry.type(description="The provider that is installed.")
class IntegrationAddonInstallPayload(Payload):
    provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = changed(
        ProviderRow.key
    )


@strawberry.type
class AddonMutations:
    integration_addon_install: IntegrationAddonInstallPayload | None = performed(integration_addon_install)
