"""What can be done to the store's settings."""

import strawberry

from db.commerce.store import StoreRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from resolvers.commerce.store import store_settings_update
from schema.commerce.store import StoreSettings


@strawberry.type(
    description="The settings. Money everywhere follows its currency: let caches forget what they hold of it."
)
class StoreSettingsUpdatePayload(Payload):
    store_settings: StoreSettings | None = changed(StoreRow.id)


@strawberry.type
class StoreMutations:
    store_settings_update: StoreSettingsUpdatePayload | None = performed(store_settings_update)
