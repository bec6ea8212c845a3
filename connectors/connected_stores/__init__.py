"""Shops that can be connected, a folder each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connectors.connected_stores.declared import ProviderType, StoreKind
from connectors.connected_stores.fluentcart.store import FLUENTCART
from connectors.connected_stores.shopify.store import SHOPIFY
from connectors.connected_stores.woocommerce.store import WOOCOMMERCE

__all__ = ["CATALOGUE", "ProviderType", "StoreKind"]

# By their keys.
CATALOGUE: Final[Mapping[str, StoreKind]] = MappingProxyType(
    {kind.key: kind for kind in (FLUENTCART, WOOCOMMERCE, SHOPIFY)}
)
