"""S1 `GET /integration/global-feeds` and S5 `GET /products/{productId}/integrations`, `available_integrations`."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.importers.fluentcart.values import (
    address,
    branch,
    entries,
    flag,
    name,
    paragraphs,
    plain,
    shown,
    whole,
)
from connectors.importers.mapping import Columns, Field, Mapped, Record, Unreadable
from connectors.importers.report import Skipped
from db.integration.feed import FeedScope
from db.integration.provider import ProviderRow
from db.secrets.confidential import without_secrets


def _scopes(value: Any) -> list[str]:
    scopes = [str(scope) for scope in entries(value)]
    return [scope for scope in FeedScope if scope in scopes]


def _blank(read: Any) -> Any:
    return lambda value: read(value) or None


PROVIDER: Final = Mapped(
    "providers",
    ProviderRow,
    {
        "title": Field("title", plain("")),
        "description": Field("description", paragraphs("")),
        "logo_url": Field("logo", _blank(address(None))),
        "category": Field("category", plain("crm")),
        "priority": Field("priority", whole(10)),
        "scopes": Field("scopes", _scopes),
        "enabled": Field("enabled", flag()),
        "installable": Field("installable", name()),
        "has_global_settings": Field("disable_global_settings", lambda value: not flag()(value)),
        "config_url": Field("config_url", _blank(address(None))),
        "delay_on_product_action": Field("delay_on_product_action", flag(default=True)),
        "delay_on_global_action": Field("delay_on_global_action", flag(default=True)),
    },
    branch=branch,
    computed=("key",),
    kept={"available": False, "installed": False, "categories": None, "feed_form": None},
    stamped=True,
)


def read_providers(answer: Record) -> tuple[dict[str, Columns], list[Skipped]]:
    """Providers by key, and what of them cannot be read. Never raises."""
    providers: dict[str, Columns] = {}
    skipped: list[Skipped] = []
    try:
        available: Mapping[str, Any] = branch(answer.get("available_integrations"))
    except Unreadable as unreadable:
        return {}, [Skipped(PROVIDER.entity, "", "available_integrations", unreadable.reason)]
    for provider, entry in available.items():
        try:
            row = PROVIDER.read(without_secrets(branch(entry)))
        except Unreadable as unreadable:
            skipped.append(Skipped(PROVIDER.entity, shown(provider), unreadable.field, unreadable.reason))
            continue
        providers[provider] = row | {"key": provider, "title": row["title"] or provider}
    return providers, skipped


def unknown_provider(provider: str, scope: FeedScope) -> Columns:
    """One that only a feed names: its plugin is gone or off."""
    return ProviderRow(key=provider, title=provider, scopes=[scope.value], enabled=False).model_dump(
        include={"key", *PROVIDER.columns}
    )
