"""Connections with shops elsewhere, and the providers that there are of them."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from connectors.connected_stores import CATALOGUE, ProviderType
from db.integration import visibility
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from engine.declared.batch import batched, queried
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity
from engine.declared.lookup import every, lookup
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted, told
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.integration.connected_store import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.connected_store.input import ConnectedStoreBy
from resolvers.integration.connected_store.writing import (
    provider_configure,
    provider_disable,
    provider_enable,
    provider_remove,
    provider_sync,
)
from schema.integration.store_sync import StoreSync, syncs_of
from schema.secret import MaskedSecret, concealed


@strawberry.type(description="One of the values that it takes to ask a shop.")
class StoreCredentialField:
    name: str = strawberry.field(description="As in `ProviderCredentialsInput`.")
    label: str = strawberry.field(description="What this provider calls it.")
    help: str = strawberry.field(description="What it is, in a sentence.")
    secret: bool = strawberry.field(description="Whether it is shown to nobody.")


@strawberry.type(description="A kind of shop that can be connected.")
class StoreProvider:
    guid: str = strawberry.field(description="The documented `providerId`.")
    key: str = strawberry.field(description="Its name for programs: `fluentcart`.")
    title: str = strawberry.field(description="What people see.")
    description: str = strawberry.field(description="What comes from there.")
    type: ProviderType = strawberry.field(description="What it is.")
    credentials: list[StoreCredentialField] = strawberry.field(description="What it takes to ask such a shop.")
    settings: list[str] = strawberry.field(description="The switches of a connection, all off unless said.")


async def _providers(_context: Context) -> Sequence[StoreProvider]:
    return [
        StoreProvider(
            guid=kind.guid,
            key=kind.key,
            title=kind.title,
            description=kind.description,
            type=kind.type,
            credentials=[
                StoreCredentialField(name=one.name, label=one.label, help=one.help, secret=one.secret)
                for one in kind.fields
            ],
            settings=["autoImportOrders", "syncProducts", *(["pushTracking"] if kind.parcels else [])],
        )
        for kind in CATALOGUE.values()
    ]


def _title(provider: str) -> str:
    return CATALOGUE[provider].title if provider in CATALOGUE else provider


@strawberry.type(description="What goes on by itself while a connection is active.")
class ConnectedStoreSettings:
    auto_import_orders: bool = strawberry.field(description="Orders come here, as told and by asking.")
    sync_products: bool = strawberry.field(description="Products come here each day, and as they change there.")
    push_tracking: bool = strawberry.field(description="The shop is told of parcels that are set here.")


def _settings(orders: bool, products: bool, tracking: bool) -> ConnectedStoreSettings:
    return ConnectedStoreSettings(auto_import_orders=orders, sync_products=products, push_tracking=tracking)


@entity(
    ConnectedStoreRow,
    visible=visibility.connected_stores,
    description="A shop elsewhere whose orders and products come here.",
)
class ConnectedStore(Node):
    guid: str = column(ConnectedStoreRow.guid, description="The documented id.")
    provider: str = column(ConnectedStoreRow.provider, description="The `key` of its provider: `fluentcart`.")
    title: str = computed(_title, ConnectedStoreRow.provider, description="The title of its provider.")
    state: ConnectionState = column(ConnectedStoreRow.state, description="Whether it is used.")
    reason: str | None = column(
        ConnectedStoreRow.reason, description="Why it is in the state ERROR, in a sentence; null else."
    )
    store_url: URL = computed(URL, ConnectedStoreRow.store_url, description="The shop's address.")
    credentials: MaskedSecret = concealed(ConnectedStoreRow.credentials, description="What the shop is asked with.")
    inbound_secret: MaskedSecret = concealed(
        ConnectedStoreRow.inbound_secret, description="What the shop signs its calls with."
    )
    inbound_path: str = computed(
        lambda guid: f"/inbound/{guid}",
        ConnectedStoreRow.guid,
        description="Where the shop is to send what happens there, below this server's address.",
    )
    settings: ConnectedStoreSettings = computed(
        _settings,
        ConnectedStoreRow.auto_import_orders,
        ConnectedStoreRow.sync_products,
        ConnectedStoreRow.push_tracking,
        description="What goes on by itself.",
    )
    keeps_numbers: bool = column(
        ConnectedStoreRow.keeps_numbers,
        description="Whether it is the first source, whose numbers are the `databaseId` here. What is made here is "
        "then numbered from 1 000 000 001 on.",
    )
    syncs: list[StoreSync] = batched(
        syncs_of,
        to=ConnectedStoreRow.guid,
        description="The last walk through its products, and the last one through its orders.",
    )
    connected_at: datetime = column(ConnectedStoreRow.connected_at, description="When it was configured, in UTC.")
    disabled_at: datetime | None = column(
        ConnectedStoreRow.disabled_at, description="Since when it is disabled, in UTC; null when it is not."
    )


@strawberry.type(description="The connection. The secret of its calls is shown once.")
class ProviderConfigurePayload(Payload):
    connection: ConnectedStore | None = changed(ConnectedStoreRow.guid)
    inbound_secret: str | None = told(
        once=True, description="What the shop is to sign its calls with; null of a shop that has a secret of its own."
    )


@strawberry.type(description="The connection, at rest.")
class ProviderDisablePayload(Payload):
    connection: ConnectedStore | None = changed(ConnectedStoreRow.guid)


@strawberry.type(description="The connection, in use.")
class ProviderEnablePayload(Payload):
    connection: ConnectedStore | None = changed(ConnectedStoreRow.guid)


@strawberry.type(description="The connection, whose `syncs` tell how far the walk is.")
class ProviderSyncPayload(Payload):
    connection: ConnectedStore | None = changed(ConnectedStoreRow.guid)


@strawberry.type(description="The connection that is gone.")
class ProviderRemovePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("ConnectedStore")


@strawberry.type
class ConnectedStoreQueries:
    connection_providers: list[StoreProvider] | None = queried(
        _providers, permission="integrations/view", description="The kinds of shops that can be connected."
    )
    provider_connections: list[ConnectedStore] | None = every(
        order=[ConnectedStoreRow.provider],
        permission="integrations/view",
        description="The shops that are connected, by their providers.",
    )
    provider_connection: ConnectedStore | None = lookup(
        ConnectedStoreBy, permission="integrations/view", description="One connection; null when absent."
    )


@strawberry.type
class ConnectedStoreMutations:
    provider_configure: ProviderConfigurePayload | None = performed(provider_configure)
    provider_disable: ProviderDisablePayload | None = performed(provider_disable)
    provider_enable: ProviderEnablePayload | None = performed(provider_enable)
    provider_sync: ProviderSyncPayload | None = performed(provider_sync)
    provider_remove: ProviderRemovePayload | None = performed(provider_remove)
