"""What providers are set to: saved after the vendor has accepted it, and taken away."""

from typing import Any

import strawberry
from sqlalchemy import select
from strawberry.scalars import JSON

from connectors.feeds import targeting
from connectors.providers import forms, furnishing
from connectors.providers.access import SETTING, Providers
from connectors.providers.registry import AnyProvider
from db.integration.events import INTEGRATION_SETTINGS_UPDATED
from db.integration.setting import IntegrationSettingRow
from db.store.row import now
from db.store.writing import edit
from engine.declared.input import confidential, finds
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.locking import not_found
from resolvers.editing.updating import differences, refuse_outdated
from resolvers.integration.provider.verifying import Checked, checked


@strawberry.input(one_of=True, description="Exactly one of these.")
class IntegrationSettingsBy:
    id: strawberry.Maybe[strawberry.ID] = finds(IntegrationSettingRow.key, identifies="IntegrationSettings")
    key: strawberry.Maybe[str] = finds(IntegrationSettingRow.key, description="The provider's: `mailchimp`, `zoom`.")


@strawberry.input(description="What a provider is set to from now on.")
class IntegrationSettingsUpdateInput:
    key: str = strawberry.field(description="The provider's: `mailchimp`, `google_calendar`.")
    settings: JSON = confidential(
        description="An object of values by the keys of `IntegrationSettings.form`; other keys are dropped. What is "
        "left out stays, and so does a secret that is sent as it was shown; null and an empty text take a secret away."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse with CONFLICT unless the settings are still at this version."
    )


@strawberry.input(description="Whose settings are taken away.")
class IntegrationSettingsClearInput:
    key: str = strawberry.field(description="The provider's.")
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse with CONFLICT unless the settings are still at this version."
    )


@mutation(
    permission="integrations/manage",
    rest="POST /integrations",
    emits=(INTEGRATION_SETTINGS_UPDATED,),
    audited=True,
    ports=(Providers,),
    outside=checked,
)
async def integration_settings_update(unit: Unit, input: IntegrationSettingsUpdateInput) -> Keys:
    """Save what a provider is set to, once its vendor has accepted it; where somebody has to consent first, they are
    stored, and not valid until then. What is refused changes nothing. CONFIGURATION_ERROR: the vendor
    does not accept them; PROVIDER_ERROR: it could not be asked."""
    found: Checked | None = unit.outside
    if found is None:
        not_found(unit, "provider with settings; `integrationProviders` lists them", "key")
    row = await locked(unit, input.key)
    await refuse_outdated(unit, f"IntegrationSettings:{input.key}", input.expected_version, row["version"])
    for refusal in found.refusals:
        unit.refuse(refusal.code, refusal.message, *refusal.path)
    if row["version"] != found.version:
        unit.refuse(ErrorCode.CONFLICT, "Somebody saved these settings just now: send yours again", "key")
    unit.settle()
    values: dict[str, Any] = {"settings": found.filled.values, "valid": found.verified is not None}
    # Sealed again, equal secrets are another text.
    if forms.unseal(row["concealed"]) != found.filled.secrets:
        values["concealed"] = forms.seal(found.filled.secrets)
    if found.verified is not None:
        values |= {"verified_at": now(), "account": found.verified.sentence}
    if not found.keeps_token:
        values |= {"token": None, "token_ends_at": None, "token_claimed_until": None}
    await write(unit, unit.port(Providers).registry.get(input.key), row, values)
    return {"settings": input.key}


@mutation(
    permission="integrations/manage",
    rest=None,
    emits=(INTEGRATION_SETTINGS_UPDATED,),
    audited=True,
    ports=(Providers,),
)
async def integration_settings_clear(unit: Unit, input: IntegrationSettingsClearInput) -> Keys:
    """Take away what a provider is set to, its secrets and tokens included. Its feeds stay, and wait."""
    row = await locked(unit, input.key)
    await refuse_outdated(unit, f"IntegrationSettings:{input.key}", input.expected_version, row["version"])
    nothing: dict[str, Any] = {"settings": {}, "concealed": None, "valid": False, "account": "", "verified_at": None}
    nothing |= {"token": None, "token_ends_at": None, "token_claimed_until": None}
    await write(unit, unit.port(Providers).registry.get(input.key), row, nothing)
    return {"settings": input.key}


async def locked(unit: Unit, key: str) -> dict[str, Any]:
    """The row of a provider's settings. Refuses NOT_FOUND."""
    if not key.isprintable():
        not_found(unit, "provider with settings", "key")
    statement = select(SETTING).where(SETTING.c.key == key).with_for_update()
    row = (await unit.connection.execute(statement)).mappings().one_or_none()
    return dict(row) if row is not None else not_found(unit, "provider with settings", "key")


async def write(unit: Unit, provider: AnyProvider | None, row: dict[str, Any], values: dict[str, Any]) -> None:
    """The settings, whether the provider can be used with them, and whose caps its feeds are held to. No provider: it
    is not here any more."""
    changes = differences(row, values)
    if not changes:
        return
    await edit(unit.connection, SETTING, row["key"], row["version"], changes)
    unit.emit(INTEGRATION_SETTINGS_UPDATED(row, changes))
    if "valid" in changes:
        await furnishing.usable(unit.connection, row["key"], valid=changes["valid"])
    if provider is not None:
        await targeting.credited(unit.connection, provider)
