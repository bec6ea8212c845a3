"""The rows of providers, brought in line with the providers that this process has."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.providers import shown
from connectors.providers.registry import AnyProvider, Registry
from db.integration.provider import OURS, ProviderRow
from db.integration.setting import IntegrationSettingRow
from db.store.row import table
from db.store.writing import edit

PROVIDER: Final = table(ProviderRow)
SETTING: Final = table(IntegrationSettingRow)


async def in_line(connection: AsyncConnection, registry: Registry) -> bool:
    """Whether the rows say what the providers do: two statements."""
    found, settings = await _stored(connection)
    return not any(
        _outdated(provider, found.get(provider.key), settings.get(provider.key)) for provider in registry
    ) and not _gone(found, registry)


async def bring_in_line(connection: AsyncConnection, registry: Registry) -> None:
    """Write what differs: new providers, other titles and forms, and those that are here no longer. What people did
    (installed it, saved its settings) stays. Another process that does the same at this moment does no harm."""
    found, settings = await _stored(connection)
    insert_new = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for provider in registry:
        row, setting = found.get(provider.key), settings.get(provider.key)
        if row is None:
            values = declared(provider) | {"installed": not provider.installable}
            fresh = ProviderRow(**values, enabled=_enabled(provider, values["installed"], setting)).model_dump()
            await connection.execute(insert_new(PROVIDER).values(fresh).on_conflict_do_nothing())
        elif _outdated(provider, row, setting):
            # What an import told of it is no word of ours: it is not installed here yet.
            installed = row["installed"] if row["available"] else not provider.installable
            changes = declared(provider) | {
                "installed": installed,
                "enabled": _enabled(provider, installed, setting),
            }
            await edit(connection, PROVIDER, provider.key, row["version"], changes)
        if provider.settings is None:
            continue
        if setting is None:
            empty = IntegrationSettingRow(key=provider.key, **form(provider)).model_dump()
            await connection.execute(insert_new(SETTING).values(empty).on_conflict_do_nothing())
        elif any(setting[name] != value for name, value in form(provider).items()):
            await edit(connection, SETTING, provider.key, setting["version"], form(provider))
    for row in _gone(found, registry):
        await edit(connection, PROVIDER, row["key"], row["version"], {"available": False, "enabled": False})


async def _stored(connection: AsyncConnection) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = (await connection.execute(select(PROVIDER))).mappings()
    found = {row["key"]: dict(row) for row in rows}
    asked = select(SETTING.c.key, SETTING.c.form, SETTING.c.needs_consent, SETTING.c.valid, SETTING.c.version)
    return found, {row["key"]: dict(row) for row in (await connection.execute(asked)).mappings()}


def declared(provider: AnyProvider) -> dict[str, Any]:
    return {
        "key": provider.key,
        "title": provider.title,
        "description": provider.description,
        "logo_url": provider.logo,
        "category": provider.category,
        "categories": list(provider.categories or (provider.category,)),
        "priority": provider.priority,
        "scopes": [scope.value for scope in sorted(provider.scopes)] if provider.feed is not None else [],
        "installable": (provider.addon or provider.key) if provider.installable else None,
        "has_global_settings": provider.settings is not None,
        "config_url": None,
        "delay_on_product_action": provider.delay_on_product_action,
        "delay_on_global_action": provider.delay_on_global_action,
        "available": True,
        "feed_form": None if provider.feed is None else shown.document(provider.feed),
    }


def form(provider: AnyProvider) -> dict[str, Any]:
    needs = provider.oauth is not None and not provider.oauth.optional
    return {"form": shown.document(provider.settings), "needs_consent": needs}


def enabled(*, installed: bool, takes_settings: bool, valid: bool) -> bool:
    """Whether a provider that is here can be used."""
    return installed and (valid or not takes_settings)


async def usable(connection: AsyncConnection, key: str, *, valid: bool) -> None:
    """The settings of a provider are valid now, or no more: whether it can be used follows."""
    statement = select(PROVIDER.c.version, PROVIDER.c.installed, PROVIDER.c.enabled, PROVIDER.c.available)
    row = (await connection.execute(statement.where(PROVIDER.c.key == key).with_for_update())).one()
    found = row.available and enabled(installed=row.installed, takes_settings=True, valid=valid)
    if found != row.enabled:
        await edit(connection, PROVIDER, key, row.version, {"enabled": found})


def _enabled(provider: AnyProvider, installed: bool, setting: Mapping[str, Any] | None) -> bool:
    valid = setting is not None and setting["valid"]
    return enabled(installed=installed, takes_settings=provider.settings is not None, valid=valid)


def _outdated(provider: AnyProvider, row: Mapping[str, Any] | None, setting: Mapping[str, Any] | None) -> bool:
    if row is None or not row["available"] or any(row[name] != value for name, value in declared(provider).items()):
        return True
    if row["enabled"] != _enabled(provider, row["installed"], setting):
        return True
    if provider.settings is None:
        return False
    return setting is None or any(setting[name] != value for name, value in form(provider).items())


def _gone(found: Mapping[str, Mapping[str, Any]], registry: Registry) -> list[Mapping[str, Any]]:
    return [row for key, row in found.items() if row["available"] and key not in OURS and registry.get(key) is None]
