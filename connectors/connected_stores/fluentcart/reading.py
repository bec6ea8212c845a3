"""Reads a FluentCart shop as the importer does."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from connectors.connected_stores.asking import Shop, Stores
from connectors.connected_stores.outgoing.stock import Stock
from connectors.connected_stores.page import Page
from connectors.connected_stores.visiting import Visit
from connectors.importers.fluentcart import single
from connectors.importers.fluentcart.asking import NotTold, told
from connectors.importers.fluentcart.catalog.listed import Products
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.errors import StoreFailing
from connectors.importers.fluentcart.family import Met, read_families
from connectors.importers.fluentcart.remote_list import batches
from connectors.importers.fluentcart.single import Records
from connectors.importers.fluentcart.source import API, Source
from connectors.importers.fluentcart.values import branch, entries, key, moment, whole
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped

# The worker tries again itself, and a call holds one of its places.
ATTEMPTS: Final = 2
# Orders of one transaction; and pages that are looked through for what changed, 500 orders in all.
TOGETHER: Final = 20
MOST_PAGES: Final = 25

_READ: Final[Mapping[str, Callable[[Client, int], Awaitable[Records]]]] = MappingProxyType(
    {
        "order": single.order,
        "customer": single.customer,
        "product": single.product,
        "subscription": single.subscription,
    }
)


@asynccontextmanager
async def fluentcart(stores: Stores, shop: Shop) -> AsyncIterator["FluentCart"]:
    credentials = shop.credentials
    source = Source(
        credentials.store_url,
        credentials.api_key,
        credentials.api_secret,
        transport=stores.sends(shop),
        attempts=ATTEMPTS,
    )
    async with Client(source) as client:
        await client.greet()
        yield FluentCart(client, Visit(stores, shop))


class FluentCart:
    def __init__(self, client: Client, visit: Visit) -> None:
        self.client = client
        self._visit = visit

    async def one(self, kind: str, identifier: int) -> Records:
        return await _READ[kind](self.client, identifier)

    async def products(self, after: Any) -> AsyncGenerator[Page, None]:
        """By their numbers, as an import reads them."""
        client, clock, met = self.client, Clock(), Met()
        reached = after if isinstance(after, int) else 0
        async with aclosing(batches(client, Products().remote, reached, 0)) as coming:
            async for batch in coming:
                families, skipped = read_families(batch, clock, client.site, met)
                met.keep()
                found = Records(products=families, listed=batch.records, skipped=skipped, currency=client.currency)
                yield Page(found, len(batch.ids), None, batch.upto)

    async def orders(self, since: datetime, after: Any) -> AsyncGenerator[Page, None]:
        """It cannot be asked what changed: the newest are looked through, until a whole page is older than that. What
        happens to an order that is further back is known by its calls, or by an import."""
        client = self.client
        number = after if isinstance(after, int) else 1
        while number <= MOST_PAGES:
            query: dict[str, str | int | list[str]] = {"per_page": TOGETHER, "page": number}
            try:
                answer = await told(client, "/orders", query | {"sort_by": "id", "sort_type": "desc"})
                page = branch(answer.get("orders"))
                listed = [branch(one) for one in entries(page.get("data"))]
                new = [key(one.get("id")) for one in listed if _changed(one) is None or _changed(one) >= since]
            except Unreadable as unreadable:
                raise StoreFailing(
                    f"{self.client.site} lists its orders in a form unknown here: {unreadable}"
                ) from None
            found = Records()
            for identifier in reversed(new):
                await self._add(identifier, found)
            yield Page(found, len(new), None, number + 1)
            if not new or number >= whole(number)(page.get("last_page")):
                return
            number += 1

    async def put_stock(self, stock: Stock) -> None:
        """S5 `PUT /products/{postId}/update-inventory/{variantId}`."""
        body = {"total_stock": stock.total, "available": stock.available}
        await self._visit.ask("PUT", f"{API}/products/{stock.product}/update-inventory/{stock.variant}", body)

    async def _add(self, identifier: int, found: Records) -> None:
        try:
            one = await single.order(self.client, identifier)
        except NotTold as reason:
            found.skipped.append(Skipped(ORDER.entity, str(identifier), "", str(reason)))
            return
        found.orders += one.orders
        found.customers += one.customers
        found.subscriptions += one.subscriptions
        found.skipped += one.skipped


def _changed(order: Record) -> Any:
    """When it was last changed. Raises Unreadable."""
    return moment(order.get("updated_at")) or moment(order.get("created_at"))
