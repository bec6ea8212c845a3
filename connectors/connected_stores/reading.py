"""What a shop is read by, whatever kind it is."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

from connectors.connected_stores.asking import Shop, Stores
from connectors.connected_stores.fluentcart.reading import fluentcart
from connectors.connected_stores.page import Page
from connectors.connected_stores.shopify.reading import shopify
from connectors.connected_stores.woocommerce.reading import woocommerce
from connectors.importers.fluentcart.single import Records


class Reading(Protocol):
    """All raise ImportRefused when the shop fails or refuses the credentials, and NotTold of what it does not tell."""

    async def one(self, kind: str, identifier: int) -> Records:
        """A record of a kind (connectors.inbound.schemes) with what belongs to it."""

    def products(self, after: Any) -> AsyncGenerator[Page, None]:
        """All of them, behind the place that an earlier page named (None: from the first)."""

    def orders(self, since: datetime, after: Any) -> AsyncGenerator[Page, None]:
        """Those that were made or changed from then on; one that changes meanwhile may come twice."""


class Opens(Protocol):
    def __call__(self, stores: Stores, shop: Shop) -> AbstractAsyncContextManager[Reading]: ...


# By the keys of the kinds of shops.
READS: Final[Mapping[str, Opens]] = MappingProxyType(
    {"fluentcart": fluentcart, "woocommerce": woocommerce, "shopify": shopify}
)
