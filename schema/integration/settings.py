"""What providers are set to, and what holds for integrations as a whole."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from connectors.providers import shown as forms
from db.integration import visibility
from db.integration.provider import ProviderRow
from db.integration.setting import IntegrationDefaultRow, IntegrationSettingRow
from engine.declared.declaration import column, computed, declare, related
from engine.declared.entity import Node, entity
from engine.declared.mutation import performed
from engine.declared.payload import Payload, Said, changed, told
from resolvers.integration.provider.consent import integration_authorize
from resolvers.integration.provider.defaults import integration_global_settings_set
from resolvers.integration.provider.settings import integration_settings_clear, integration_settings_update
from schema.integration.form import ProviderField, shown

if TYPE_CHECKING:
    from schema.integration.provider import IntegrationProvider


@entity(
    IntegrationSettingRow,
    visible=visibility.settings,
    description="What a provider is set to: its credentials, and how it is reached.",
)
class IntegrationSettings(Node):
    key: str = column(IntegrationSettingRow.key, description="The provider's: `mailchimp`, `zoom`.")
    status: bool = computed(
        bool,
        IntegrationSettingRow.form,
        description="Whether there is anything to set. Whether the vendor accepts it is `valid`.",
    )
    valid: bool = column(
        IntegrationSettingRow.valid, description="Whether the vendor has accepted them, as they are now."
    )
    verified_at: datetime | None = column(
        IntegrationSettingRow.verified_at, description="When it did so last; null before."
    )
    account: str = column(
        IntegrationSettingRow.account, description="Whose they are, as the vendor says; empty when it does not."
    )
    settings: JSON = computed(
        lambda form, values, sealed: JSON(forms.settings(form, values, sealed)),
        IntegrationSettingRow.form,
        IntegrationSettingRow.settings,
        IntegrationSettingRow.concealed,
        description="Values by the keys of `form`; of a secret `{isSet, lastFour, updatedAt}`.",
    )
    form: list[ProviderField] = computed(shown, IntegrationSettingRow.form, description="What can be set.")
    needs_consent: bool = column(
        IntegrationSettingRow.needs_consent,
        description="Whether somebody has to consent at the vendor's (OAuth 2) before they are valid.",
    )
    authorized: bool = computed(
        lambda token: token is not None, IntegrationSettingRow.token, description="Whether somebody has consented."
    )
    provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = related(
        ProviderRow.key, to=IntegrationSettingRow.key, description="Whose they are."
    )


@entity(
    IntegrationDefaultRow,
    visible=visibility.settings,
    description="What holds for integrations as a whole. What one provider is set to is `IntegrationSettings`.",
)
class IntegrationGlobalSettings(Node):
    enabled: bool = column(
        IntegrationDefaultRow.enabled, description="Whether feeds run at all, whatever they say themselves."
    )
    default_provider: Annotated["IntegrationProvider", strawberry.lazy("schema.integration.provider")] | None = related(
        ProviderRow.key,
        to=IntegrationDefaultRow.provider_key,
        description="What a new feed begins with; null when none was chosen.",
    )


@strawberry.type(description="The settings, secrets masked.")
class IntegrationSettingsUpdatePayload(Payload):
    settings: IntegrationSettings | None = changed(IntegrationSettingRow.key)


@strawberry.type(description="The settings, which are empty now.")
class IntegrationSettingsClearPayload(Payload):
    settings: IntegrationSettings | None = changed(IntegrationSettingRow.key)


@strawberry.type(description="Where to consent; nothing has changed yet.")
class IntegrationAuthorizePayload(Payload):
    settings: IntegrationSettings | None = changed(IntegrationSettingRow.key)
    url: str | None = told(
        once=True,
        description="The vendor's page, to be opened in a browser; null in a dry run. Whoever has it may consent in "
        "the caller's name, once.",
    )
    expires_at: datetime | None = declare(
        Said(datetime.fromisoformat),  # the keys hold JSON's values
        description="Until when the consent is awaited.",
    )


@strawberry.type(description="What holds now.")
class IntegrationGlobalSettingsSetPayload(Payload):
    settings: IntegrationGlobalSettings | None = changed(IntegrationDefaultRow.id)


@strawberry.type
class IntegrationSettingsMutations:
    integration_settings_update: IntegrationSettingsUpdatePayload | None = performed(integration_settings_update)
    integration_settings_clear: IntegrationSettingsClearPayload | None = performed(integration_settings_clear)
    integration_authorize: IntegrationAuthorizePayload | None = performed(integration_authorize)
    integration_global_settings_set: IntegrationGlobalSettingsSetPayload | None = performed(
        integration_global_settings_set
    )
