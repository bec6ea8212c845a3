"""One order of a live store, with all that belongs to it: read as the lists are, and written as they are."""

from dataclasses import dataclass, field
from typing import Any

from connectors.importers.fluentcart.asking import NotTold, told
from connectors.importers.fluentcart.catalog.listed import ListedProduct, Products
from connectors.importers.fluentcart.client import Client
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.commerce.customer import CUSTOMERS, Customer, read_customers
from connectors.importers.fluentcart.commerce.order import ORDERS, Order, read_orders
from connectors.importers.fluentcart.commerce.subscription import Subscription, read_subscriptions
from connectors.importers.fluentcart.family import Family, Met, read_families
from connectors.importers.fluentcart.money import STORE_CURRENCY
from connectors.importers.fluentcart.remote_list import Batch
from connectors.importers.fluentcart.values import branch, entries, key
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped


@dataclass(slots=True)
class Records:
    """Of one shop, by its own numbers. `listed` are the products as they were told, for what hangs on them; `currency`
    is what they cost in."""

    customers: list[Customer] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    products: list[Family] = field(default_factory=list)
    listed: list[ListedProduct] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    currency: str | None = None


async def order(client: Client, identifier: int) -> Records:
    """The order with its customer and its subscriptions. Raises ImportRefused, and NotTold of an order that the store
    does not tell."""
    found = Records()
    listed, skipped = await ORDERS.complete(client, [(identifier, {STORE_CURRENCY: client.currency})])
    if not listed:
        raise NotTold("; ".join(map(str, skipped)) or f"order {identifier} is not told")
    _, record = listed[0]
    found.orders, unread = read_orders(_batch(identifier, listed), client.site)
    found.skipped += [*skipped, *unread]
    await _customer(client, record, found)
    _subscriptions(client, record, found)
    return found


async def subscription(client: Client, identifier: int) -> Records:
    """The order that it began with, and so the subscription. Raises as `order`."""
    answer = await told(client, f"/subscriptions/{identifier}")
    try:
        record = branch(answer.get("subscription")) or answer
        begun = key(record.get("parent_order_id"))
    except Unreadable as unreadable:
        raise NotTold(f"subscription {identifier}: {unreadable}") from None
    found = await order(client, begun)
    if identifier not in {one.id for one in found.subscriptions}:
        _subscriptions(client, {"subscriptions": [record]}, found)
    return found


async def customer(client: Client, identifier: int) -> Records:
    """Raises as `order`."""
    found = Records()
    answer = await told(client, f"/customers/{identifier}")
    await _customer(client, {"customer": answer.get("customer")}, found)
    if not found.customers:
        raise NotTold(f"customer {identifier} is not told")
    return found


async def product(client: Client, identifier: int) -> Records:
    """Raises as `order`."""
    found = Records()
    products = Products()
    listed, skipped = await products.remote.complete(client, [(identifier, {STORE_CURRENCY: client.currency})])
    if not listed:
        raise NotTold("; ".join(map(str, skipped)) or f"product {identifier} is not told")
    found.listed, found.currency = listed, client.currency
    found.products, unread = read_families(_batch(identifier, listed), Clock(), client.site, Met())
    found.skipped += [*skipped, *unread]
    return found


async def _customer(client: Client, record: Record, found: Records) -> None:
    try:
        named = branch(record.get("customer"))
        identifier = key(named.get("id")) if named else None
    except Unreadable:
        return
    if identifier is None:
        return
    one = (identifier, {**named, STORE_CURRENCY: client.currency})
    listed, skipped = await CUSTOMERS.complete(client, [one])
    found.customers, unread = read_customers(_batch(identifier, listed), client.site)
    found.skipped += [*skipped, *unread]


def _subscriptions(client: Client, record: Record, found: Records) -> None:
    try:
        named = [branch(one) for one in entries(record.get("subscriptions"))]
        listed = [(key(one.get("id")), {**one, STORE_CURRENCY: client.currency}) for one in named]
    except Unreadable as unreadable:
        found.skipped.append(Skipped("subscriptions", "", "subscriptions", str(unreadable)))
        return
    if listed:
        read, unread = read_subscriptions(_batch(listed[-1][0], listed), client.site)
        found.subscriptions += read
        found.skipped += unread


def _batch(upto: int, records: list[Any]) -> Batch[Any]:
    return Batch(upto - 1, upto, frozenset({upto}), records, [], len(records))
