"""S5 `GET /products`, and of each product `GET /products/{productId}/pricing`, `/integrations` and `/upgrade-paths`."""

from dataclasses import dataclass
from typing import Any

from connectors.importers.fluentcart.asking import NotTold, together, told
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.upgrade_path import UPGRADE_PATH
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.integration.feed import FEED
from connectors.importers.fluentcart.remote_list import RemoteList
from connectors.importers.fluentcart.values import branch, key
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """One product as the store tells it: the post with detail and variants, the answer of its pricing, and those of its
    feeds and upgrade paths, None where they could not be had."""

    id: int
    record: Record
    pricing: Record
    feeds: Record | None
    paths: Record | None


class Products:
    """`not_offered` are routes that the store turned out to lack; it is not asked for them again."""

    def __init__(self) -> None:
        self.not_offered: set[str] = set()
        self.remote = RemoteList(
            PRODUCT.entity,
            "/products",
            "products",
            self._complete,
            key="ID",
            parameters=(("with[]", ["detail", "variants"]),),
            needed=True,
        )

    async def _complete(
        self, client: Client, fresh: list[tuple[int, Record]]
    ) -> tuple[list[ListedProduct], list[Skipped]]:
        absent: dict[str, int] = {}
        results = await together(self._whole(client, identifier, record, absent) for identifier, record in fresh)
        products = [product for product, _ in results if product is not None]
        self.not_offered |= {entity for entity, times in absent.items() if times == len(products)}
        return products, [skipped for _, reasons in results for skipped in reasons]

    async def _whole(
        self, client: Client, identifier: int, record: Record, absent: dict[str, int]
    ) -> tuple[ListedProduct | None, list[Skipped]]:
        path = f"/products/{identifier}/pricing"
        skipped: list[Skipped] = []
        try:
            answer = await told(client, path, of="products")
            priced = branch(answer.get("product"))
            named = key(priced.get("ID", identifier))
        except NotTold as reason:
            return None, [Skipped(PRODUCT.entity, str(identifier), "", str(reason))]
        except Unreadable as unreadable:
            return None, [Skipped(PRODUCT.entity, str(identifier), "", f"GET {path}: {unreadable}")]
        if not priced:
            return None, [Skipped(PRODUCT.entity, str(identifier), "product", f"GET {path} names none")]
        if named != identifier:
            return None, [Skipped(PRODUCT.entity, str(identifier), "ID", f"GET {path} answers with product {named}")]
        merged: dict[str, Any] = {**record, **{name: value for name, value in priced.items() if value is not None}}

        async def also(entity: str, route: str) -> Record | None:
            if entity in self.not_offered:
                return None
            try:
                return await told(client, f"/products/{identifier}/{route}")
            except NotTold as reason:
                if reason.absent:
                    absent[entity] = absent.get(entity, 0) + 1
                else:
                    skipped.append(Skipped(entity, f"of product {identifier}", "", str(reason)))
                return None

        feeds = await also(FEED.entity, "integrations")
        paths = await also(UPGRADE_PATH.entity, "upgrade-paths")
        return ListedProduct(identifier, merged, answer, feeds, paths), skipped
