"""The documented words of connected stores as GraphQL enums."""

from connectors.connected_stores import ProviderType
from db.integration.connected_store import ConnectionState
from db.integration.store_sync import SyncKind
from engine.values.words import worded

worded(
    ProviderType,
    "What a provider of connections is.",
    {ProviderType.ECOMMERCE: "A shop whose orders and products come here."},
)
worded(
    ConnectionState,
    "Whether a connection is used.",
    {
        ConnectionState.ACTIVE: "It is asked, and what it tells is taken in.",
        ConnectionState.DISABLED: "By hand. It keeps its credentials; nothing is asked, and what it tells is refused.",
        ConnectionState.ERROR: "The shop refuses the credentials: nothing is asked until `providerEnable` has tried "
        "them, or others are configured.",
    },
)
worded(
    SyncKind,
    "What of a shop is walked through.",
    {
        SyncKind.PRODUCTS: "All its products.",
        SyncKind.ORDERS: "Orders that were made or changed since the last walk, or since it was connected.",
    },
)
