"""What holds for integrations as a whole (the documented global settings of S1)."""

from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.integration.events import INTEGRATION_DEFAULTS_UPDATED
from db.integration.provider import ProviderRow
from db.integration.setting import ONLY, IntegrationDefaultRow
from db.store.row import table
from db.store.writing import edit
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.locking import locked
from resolvers.editing.updating import differences, named, refuse_outdated

DEFAULT: Final = table(IntegrationDefaultRow)
PROVIDER: Final = table(ProviderRow)


@strawberry.input(description="What is named changes, what is absent stays.")
class IntegrationGlobalSettingsSetInput:
    enabled: strawberry.Maybe[bool] = strawberry.field(
        default=None, description="Whether feeds run at all; off holds for all of them, whatever they say themselves."
    )
    default_provider: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="The key of the provider that a new feed begins with; null: none."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse with CONFLICT unless the settings are still at this version."
    )


@mutation(
    permission="integrations/manage",
    rest="POST /integration/global-settings",
    emits=(INTEGRATION_DEFAULTS_UPDATED,),
    audited=True,
)
async def integration_global_settings_set(unit: Unit, input: IntegrationGlobalSettingsSetInput) -> Keys:
    """Switch integrations as a whole on or off, and choose a default provider. What one provider is set to is
    `integrationSettingsUpdate`."""
    row = (await locked(unit, DEFAULT, [ONLY]))[ONLY]
    await refuse_outdated(unit, f"IntegrationGlobalSettings:{ONLY}", input.expected_version, row["version"])
    values: dict[str, Any] = named(input, leave=("expected_version",))
    if "default_provider" in values:
        key = values.pop("default_provider")
        values["provider_key"] = key
        if key is not None and not await _known(unit, key):
            unit.refuse(ErrorCode.VALIDATION, "No such provider; `integrationProviders` lists them", "defaultProvider")
    unit.settle()
    if changes := differences(row, values):
        await edit(unit.connection, DEFAULT, ONLY, row["version"], changes)
        unit.emit(INTEGRATION_DEFAULTS_UPDATED(row, changes))
    return {"settings": ONLY}


async def _known(unit: Unit, key: str) -> bool:
    if not key.isprintable():
        return False
    here = select(PROVIDER.c.key).where(PROVIDER.c.key == key)
    return (await unit.connection.execute(here)).first() is not None
