"""An order with all that belongs to it, as it is now: what feeds, webhooks and messages say of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BindParameter, Select, and_, bindparam, select

from db.commerce import visibility
from db.commerce.address import AddressType
from db.commerce.customer import CustomerAddressRow
from db.commerce.entitlement import Entitlement, entitlements
from db.commerce.order import OrderType, TransactionStatus
from db.integration.data.record import (
    ADDRESS,
    CUSTOMER,
    ITEM,
    ORDER,
    SUBSCRIPTION,
    TRANSACTION,
    Columns,
    Rows,
    Seer,
    by,
    columns,
)
from db.integration.data.store import StoreData
from db.store.row import now, table
from engine.values.viewer import Viewer

_PRIMARY = table(CustomerAddressRow)


@dataclass(frozen=True, slots=True)
class OrderData:
    """Rows by our own names of columns. `customer` is None where there is none, or the viewer sees none; `primary` is
    their primary billing address. `subscriptions` are those of the order, or of the one that it renews. `transaction`
    and `subscription` are what something happened to; `downloads` are empty unless they were asked for."""

    store: StoreData
    row: Columns
    items: tuple[Columns, ...]
    transactions: tuple[Columns, ...]
    billing: Columns | None
    shipping: Columns | None
    customer: Columns | None
    primary: Columns | None
    subscriptions: tuple[Columns, ...]
    transaction: Columns | None
    subscription: Columns | None
    downloads: tuple[Entitlement, ...] = ()

    def about(self, transaction_id: object = None, subscription_id: object = None) -> "OrderData":
        """The same, of this payment or this subscription of it."""
        return replace(
            self,
            transaction=_with(transaction_id, self.transactions) or self.transaction,
            subscription=_with(subscription_id, self.subscriptions) or self.subscription,
        )

    @property
    def told(self) -> dict[str, Any]:
        """The order by itself, as documented."""
        return {
            **ORDER.told(self.row),
            "billing_address": _told_address(self.billing),
            "shipping_address": _told_address(self.shipping),
        }

    @property
    def payload(self) -> dict[str, Any]:
        """The documented payload, money in minor units: the order, who ordered, its lines and payments, what recurs."""
        return {
            "order": self.told,
            "customer": None if self.customer is None else CUSTOMER.told(self.customer),
            "items": [ITEM.told(item) for item in self.items],
            "transactions": [TRANSACTION.told(one) for one in self.transactions],
            "transaction": None if self.transaction is None else TRANSACTION.told(self.transaction),
            "subscription": None if self.subscription is None else SUBSCRIPTION.told(self.subscription),
            "subscriptions": [SUBSCRIPTION.told(one) for one in self.subscriptions],
        }


def conditions_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the fields of conditions name: columns of the order by themselves (`status`), what belongs to it by its
    documented name (`billing_address.country`, `order_items.*.post_id`), and all of the payload (`order.status`)."""
    return {**payload["order"], "order_items": payload["items"], **payload}


def _with(key: object, rows: Sequence[Columns]) -> Columns | None:
    return None if key is None else next((row for row in rows if row["id"] == key), None)


def _told_address(address: Columns | None) -> dict[str, Any] | None:
    return None if address is None else ADDRESS.told(address)


@dataclass(frozen=True, slots=True)
class _Statements:
    """Made once for all who see the same rows, as long as a delivery would take to make them each time. Each is of the
    rows whose orders, customers or own ids are among `ids`."""

    orders: Select[Any]
    items: Select[Any]
    transactions: Select[Any]
    addresses: Select[Any]
    subscriptions: Select[Any]
    customers: Select[Any]
    primary: Select[Any]


_IDS: Final[BindParameter[list[int]]] = bindparam("ids", expanding=True)


@lru_cache(maxsize=64)
def _statements(seer: Seer) -> _Statements:
    viewer = seer.viewer
    orders, items, payments = ORDER.table.c, ITEM.table.c, TRANSACTION.table.c
    of_items = ITEM.statement(items.order_id.in_(_IDS), visibility.order_items(viewer))
    primary = and_(_PRIMARY.c.is_primary, _PRIMARY.c.type == AddressType.BILLING)
    return _Statements(
        orders=ORDER.statement(orders.id.in_(_IDS), visibility.orders(viewer)),
        items=of_items.order_by(None).order_by(items.position, items.id),
        transactions=TRANSACTION.statement(payments.order_id.in_(_IDS), visibility.order_transactions(viewer)),
        addresses=ADDRESS.statement(ADDRESS.table.c.order_id.in_(_IDS), visibility.order_addresses(viewer)),
        subscriptions=SUBSCRIPTION.statement(SUBSCRIPTION.table.c.order_id.in_(_IDS), visibility.subscriptions(viewer)),
        customers=CUSTOMER.statement(CUSTOMER.table.c.id.in_(_IDS), visibility.customers(viewer)),
        primary=select(_PRIMARY).where(
            _PRIMARY.c.customer_id.in_(_IDS), primary, visibility.customer_addresses(viewer)
        ),
    )


async def load_orders(
    rows: Rows, ids: Iterable[int], viewer: Viewer, store: StoreData, *, downloads: bool = False
) -> dict[int, OrderData]:
    """Those of the orders that the viewer sees, with what they see of them, by their ids. However many there are, in
    seven statements; with `downloads` in at most three more."""
    statements = _statements(Seer.of(viewer))

    async def asked(statement: Select[Any], keys: Iterable[int]) -> Sequence[Any]:
        return await rows(statement, {"ids": sorted(keys)})

    orders = {row.id: columns(row) for row in await asked(statements.orders, set(ids))}
    if not orders:
        return {}
    # Statements of which nothing can come (no order has a customer) are asked all the same: their number is known.
    items = by("order_id", await asked(statements.items, orders))
    transactions = by("order_id", await asked(statements.transactions, orders))
    addresses = by("order_id", await asked(statements.addresses, orders))
    people = {row["customer_id"] for row in orders.values() if row["customer_id"] is not None}
    customers, primary = await load_customers(rows, people, viewer)
    roots = {root for row in orders.values() for root in _roots(row)}
    subscriptions = by("order_id", await asked(statements.subscriptions, roots))
    files: dict[int, list[Entitlement]] = {}
    for one in await entitlements(rows, orders, at=now()) if downloads else ():
        files.setdefault(one.order_id, []).append(one)
    made = {}
    for key, row in orders.items():
        payments = tuple(transactions.get(key, ()))
        recurring = tuple(one for root in _roots(row) for one in subscriptions.get(root, ()))
        where = {one["type"]: one for one in reversed(addresses.get(key, ()))}
        made[key] = OrderData(
            store=store,
            row=row,
            items=tuple(items.get(key, ())),
            transactions=payments,
            billing=where.get(AddressType.BILLING),
            shipping=where.get(AddressType.SHIPPING),
            customer=customers.get(row["customer_id"]),
            primary=primary.get(row["customer_id"]),
            subscriptions=recurring,
            transaction=next((p for p in reversed(payments) if p["status"] is TransactionStatus.SUCCEEDED), None),
            subscription=next(iter(recurring), None),
            downloads=tuple(files.get(key, ())),
        )
    return made


def _roots(row: Columns) -> list[int]:
    """The orders whose subscriptions count: those of the order that it renews come first."""
    renewed = row["type"] is OrderType.RENEWAL and row["parent_id"] is not None
    return [row["parent_id"], row["id"]] if renewed else [row["id"]]


async def load_customers(
    rows: Rows, ids: Iterable[int], viewer: Viewer
) -> tuple[dict[int, Columns], dict[int, Columns]]:
    """Those of the customers that the viewer sees, and their primary billing addresses, in two statements."""
    statements, keys = _statements(Seer.of(viewer)), {"ids": sorted(ids)}
    customers = {row.id: columns(row) for row in await rows(statements.customers, keys)}
    primary = {row.customer_id: columns(row) for row in await rows(statements.primary, keys)}
    return customers, primary
