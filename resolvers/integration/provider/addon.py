"""Add-ons: what can be installed, and installing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from sqlalchemy import select

from connectors.providers import furnishing
from db.integration import visibility
from db.integration.addon import DOCUMENTED, Addon, AddonStatus
from db.integration.events import INTEGRATION_ADDON_INSTALLED
from db.integration.provider import ProviderRow
from db.integration.setting import IntegrationSettingRow
from db.store.row import table
from db.store.writing import edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.access.caller import caller
from resolvers.integration import enums as _registered  # noqa: F401  the annotations below need the enums

PROVIDER: Final = table(ProviderRow)
SETTING: Final = table(IntegrationSettingRow)


@dataclass(frozen=True, slots=True)
class ListedAddon:
    """An entry of the list: a provider that is here, or what the documents name beside. `row` is the provider's."""

    key: str
    title: str
    description: str
    categories: Sequence[str]
    row: Mapping[str, Any] | None

    @property
    def installed(self) -> bool:
        return self.row is not None and bool(self.row["installed"])

    @property
    def enabled(self) -> bool:
        return self.row is not None and bool(self.row["enabled"])

    def has(self, status: AddonStatus) -> bool:
        match status:
            case AddonStatus.INSTALLED:
                return self.installed
            case AddonStatus.NOT_INSTALLED:
                return not self.installed
            case AddonStatus.ENABLED:
                return self.enabled
            case AddonStatus.DISABLED:
                return self.installed and not self.enabled


@strawberry.input(description="Which add-on is installed.")
class IntegrationAddonInstallInput:
    addon_key: str = strawberry.field(description="Its `key` in `integrationAddons`, or that of its provider.")


async def addons(context: Context, status: AddonStatus | None = None) -> list[ListedAddon]:
    """The providers that are here, in the order of their keys, then what the documents name beside. One statement."""
    viewer = caller(context.viewer)
    statement = select(PROVIDER).where(PROVIDER.c.available, visibility.providers(viewer)).order_by(PROVIDER.c.key)
    rows = [dict(row._mapping) for row in await context.rows(statement, {})]
    by_provider = {one.provider: one for one in DOCUMENTED if one.provider is not None}
    found = [_of(row, by_provider.get(row["key"])) for row in rows]
    here = {one.key for one in found}
    found += [
        ListedAddon(one.slug, one.title, one.description, one.categories, None)
        for one in DOCUMENTED
        if one.slug not in here
    ]
    return [one for one in found if status is None or one.has(status)]


@mutation(
    permission="integrations/manage",
    rest="POST /integration/install-plugin",
    emits=(INTEGRATION_ADDON_INSTALLED,),
    audited=True,
)
async def integration_addon_install(unit: Unit, input: IntegrationAddonInstallInput) -> Keys:
    """Activate a provider that is here. One that is installed stays so, and nothing happens."""
    key = await _provider_of(unit, input.addon_key.strip())
    statement = select(PROVIDER).where(PROVIDER.c.key == key).with_for_update()
    row = dict((await unit.connection.execute(statement)).mappings().one())
    if row["installed"]:
        return {"provider": key}
    valid = (await unit.connection.execute(select(SETTING.c.valid).where(SETTING.c.key == key))).scalar()
    changes = {
        "installed": True,
        "enabled": furnishing.enabled(installed=True, takes_settings=row["has_global_settings"], valid=bool(valid)),
    }
    await edit(unit.connection, PROVIDER, key, row["version"], changes)
    unit.emit(INTEGRATION_ADDON_INSTALLED(row, changes))
    return {"provider": key}


async def _provider_of(unit: Unit, addon: str) -> str:
    """The key of the provider that an add-on is. Refuses what nothing here does the work of."""
    documented = next((one for one in DOCUMENTED if one.slug == addon), None)
    wanted = documented.provider if documented is not None else addon
    # No key holds what PostgreSQL would refuse to look for.
    if wanted is not None and wanted.isprintable():
        here = select(PROVIDER.c.key).where(
            PROVIDER.c.available, (PROVIDER.c.key == wanted) | (PROVIDER.c.installable == wanted)
        )
        found: str | None = (await unit.connection.execute(here.limit(1))).scalar()
        if found is not None:
            return found
    what = f"{documented.title} cannot be installed: no provider here does its work" if documented else "No such add-on"
    unit.refuse(ErrorCode.VALIDATION, what, "addonKey")
    unit.settle()
    raise AssertionError("settle raises")


def _of(row: Mapping[str, Any], documented: Addon | None) -> ListedAddon:
    key = documented.slug if documented is not None else row["installable"] or row["key"]
    return ListedAddon(key, row["title"], row["description"], row["categories"] or [row["category"]], row)
