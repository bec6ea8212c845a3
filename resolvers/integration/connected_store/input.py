"""What callers say of connections."""

import strawberry

from connectors.connected_stores import ProviderType
from db.integration.connected_store import ConnectedStoreRow
from db.integration.store_sync import SyncKind
from engine.declared.input import confidential, finds, identifies
from resolvers.editing.editable import seen_version
from resolvers.integration.connected_store import enums as _registered  # noqa: F401  the annotations below need the enums


@strawberry.input(description="What it takes to ask a shop; `connectionProviders` says what each is of which shop.")
class ProviderCredentialsInput:
    api_key: str = confidential(description="1 to 512 characters.")
    api_secret: str = confidential(description="1 to 512 characters.")
    store_url: str = strawberry.field(
        description="The shop's address: https, without a query, a user and a password. http is taken in a network "
        "that the server's `outbound_networks` names."
    )


@strawberry.input(description="What goes on by itself while the connection is active.")
class ProviderConnectionSettingsInput:
    auto_import_orders: bool = strawberry.field(
        default=False,
        description="Orders, customers and subscriptions of the shop come here as it tells of them; every five minutes "
        "it is asked what else happened.",
    )
    sync_products: bool = strawberry.field(
        default=False,
        description="Products of the shop come here: all of them at once and every day, and each as it changes there; "
        "stock that was changed here goes to FluentCart.",
    )
    push_tracking: bool = strawberry.field(
        default=False,
        description="The shop is told of parcels of its orders that are set here (`orderTrackingSet`). FluentCart "
        "cannot be told.",
    )


@strawberry.input(description="A shop to connect with.")
class ProviderConfigureInput:
    provider_id: str = strawberry.field(description="The `guid` of one of `connectionProviders`.")
    provider_type: ProviderType = strawberry.field(
        default=ProviderType.ECOMMERCE, description="The documented kind of provider; there is one."
    )
    credentials: ProviderCredentialsInput = strawberry.field(description="Tried before they are kept.")
    settings: ProviderConnectionSettingsInput = strawberry.field(
        default_factory=ProviderConnectionSettingsInput, description="Everything off unless said."
    )
    inbound_secret: str | None = confidential(
        description="What the shop signs its calls with: 16 to 255 characters. Made here when absent; of Shopify it is "
        "`apiSecret`."
    )


@strawberry.input(description="Which connection rests.")
class ProviderDisableInput:
    id: strawberry.ID = identifies("ConnectedStore", description="Of `ConnectedStore`.")


@strawberry.input(description="Which connection goes on.")
class ProviderEnableInput:
    id: strawberry.ID = identifies("ConnectedStore", description="Of `ConnectedStore`.")


@strawberry.input(description="Which connection goes.")
class ProviderRemoveInput:
    id: strawberry.ID = identifies("ConnectedStore", description="Of `ConnectedStore`.")
    expected_version: int | None = seen_version()


@strawberry.input(description="Which shop is walked through, and what is believed of it.")
class ProviderSyncInput:
    id: strawberry.ID = identifies("ConnectedStore", description="Of `ConnectedStore`.")
    kind: SyncKind = strawberry.field(default=SyncKind.PRODUCTS, description="What of it.")
    dry_run: bool = strawberry.field(
        default=False, description="Nothing is written: the report says what would be. It takes a copy of the store."
    )
    overwrite: bool = strawberry.field(
        default=False,
        description="The shop wins over what was changed here since it last told of it, and the report says over "
        "what; else that stays, and the report says so.",
    )


@strawberry.input(one_of=True, description="Exactly one of these.")
class ConnectedStoreBy:
    id: strawberry.Maybe[strawberry.ID] = finds(ConnectedStoreRow.guid, identifies="ConnectedStore")
    guid: strawberry.Maybe[str] = finds(ConnectedStoreRow.guid, description="The documented id.")
