"""Of an event, whatever it tells of: what is sent, what templates read, what conditions ask."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from db.integration.data.order import OrderData, conditions_of, load_customers, load_orders
from db.integration.data.order_codes import Link, customer_groups, order_context
from db.integration.data.product import ProductData, Wanted, load_products
from db.integration.data.record import CUSTOMER, Rows
from db.integration.data.store import StoreData, load_store
from db.integration.template import Context, Template, group
from engine.values.viewer import Viewer

_OF_DOWNLOADS: Final = frozenset({"downloads", "payment_receipt"})
_OF_PRODUCTS: Final = frozenset({"Product", "ProductVariant"})


class Happened(Protocol):
    """A row of db.store.outbox, or what looks like one."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def entity(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...
    @property
    def cause(self) -> str | None: ...
    @property
    def occurred_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class EventData:
    """`payload` is documented for what happens to orders, and like it for products and customers; of other events, and
    of what is gone, it is what the event itself says. `order` is there where the event is about one."""

    payload: Mapping[str, Any]
    context: Context
    conditions: Mapping[str, Any]
    order: OrderData | None = None


@dataclass(slots=True)
class _Reader:
    rows: Rows
    event: Happened
    viewer: Viewer
    store: StoreData
    downloads: bool
    link: Link | None
    products: Mapping[Wanted, ProductData | None]
    said: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.said = self.event.payload

    def number(self, name: str) -> int | None:
        return _number(self.said, name)

    async def read(self) -> EventData:
        context = self.store.context | Context({"event": _event(self.event)})
        entity = self.event.entity.partition(":")[0]
        if entity in ("Order", "OrderTransaction", "CustomerSubscription"):
            found = await self._order(context)
        elif entity in _OF_PRODUCTS:
            found = await self._product(context)
        elif entity in ("Customer", "CustomerAddress"):
            found = await self._customer(context)
        else:
            found = None
        return found or EventData(dict(self.said), context, dict(self.said))

    async def _order(self, context: Context) -> EventData | None:
        main, renewal = self.number("orderId"), self.number("renewalOrderId")
        wanted = [key for key in (renewal, main) if key is not None]
        orders = await load_orders(self.rows, wanted, self.viewer, self.store, downloads=self.downloads)
        order = next((orders[key] for key in wanted if key in orders), None)
        if order is None:
            return None
        order = order.about(self.number("transactionId"), self.number("subscriptionId"))
        payload = order.payload
        if renewal is not None:
            payload["main_order"] = orders[main].told if main in orders else None
        return EventData(payload, context | order_context(order, self.link), conditions_of(payload), order)

    async def _product(self, context: Context) -> EventData | None:
        wanted = product_of(self.event)
        if wanted is None:
            return None
        products = self.products
        if wanted not in products:
            products = await load_products(self.rows, self.viewer, self.store, {wanted})
        found = products.get(wanted)
        return None if found is None else EventData(found.payload, context | found.context, found.conditions)

    async def _customer(self, context: Context) -> EventData | None:
        key = self.number("customerId")
        customers, primary = await load_customers(self.rows, [] if key is None else [key], self.viewer)
        if key not in customers:
            return None
        told = CUSTOMER.told(customers[key])
        groups = customer_groups(self.store, customers[key], primary.get(key))
        return EventData({"customer": told}, context | Context(groups), {**told, "customer": told})


async def data_of(
    rows: Rows,
    event: Happened,
    viewer: Viewer,
    *,
    store: StoreData | None = None,
    downloads: bool = False,
    link: Link | None = None,
    products: Mapping[Wanted, ProductData | None] | None = None,
) -> EventData:
    """As the viewer may see it now. In at most eight statements, of which `store` saves one; with `downloads` in at
    most three more. `products`: of several events (`product_of`), read together for this viewer, None where it is gone;
    `downloads` where a template needs them (`wants_downloads`), `link` makes their links."""
    store = store or await load_store(rows)
    return await _Reader(rows, event, viewer, store, downloads, link, products or {}).read()


def product_of(event: Happened) -> Wanted | None:
    """The product, or the variant, that an event is about."""
    if event.entity.partition(":")[0] not in _OF_PRODUCTS:
        return None
    wanted = _number(event.payload, "productId"), _number(event.payload, "variantId")
    return None if wanted == (None, None) else wanted


def _number(said: Mapping[str, Any], name: str) -> int | None:
    value = said.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def wants_downloads(templates: Iterable[Template]) -> bool:
    """Whether any of them says something of an order's downloads."""
    return any(
        code.group == "download" or (code.group == "order" and code.key in _OF_DOWNLOADS)
        for template in templates
        for code in template.codes
    )


def _event(event: Happened) -> Any:
    return group(
        {
            "id": event.id,
            "name": event.name,
            "occurred_at": event.occurred_at,
            "cause": event.cause,
            "payload": dict(event.payload),
        }
    )
