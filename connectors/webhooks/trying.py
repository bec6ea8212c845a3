"""What somebody who tries a webhook is told of: the latest event of a kind, or a sample of one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from connectors.webhooks.payload import Happened
from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility as commerce
from db.commerce.customer import CustomerRow
from db.commerce.order import OrderRow
from db.commerce.subscription import SubscriptionRow
from db.integration import visibility
from db.store.events import EventKind
from db.store.outbox import EVENT
from db.store.row import now, table
from engine.values.viewer import Viewer

_Visible = Callable[[Viewer], ColumnElement[bool]]
# What a sample speaks of is one that the store has: its table, who sees it, and what payloads call its key.
_REAL: Final[Mapping[str, tuple[type[SQLModel], _Visible, str]]] = {
    "Product": (ProductRow, catalog.products, "productId"),
    "ProductVariant": (VariantRow, catalog.variants, "variantId"),
    "Customer": (CustomerRow, commerce.customers, "customerId"),
    "Order": (OrderRow, commerce.orders, "orderId"),
    "CustomerSubscription": (SubscriptionRow, commerce.subscriptions, "subscriptionId"),
}
# What the samples of payloads have for a number.
_NONE: Final = 17


async def tried(connection: AsyncConnection, kind: EventKind, viewer: Viewer) -> Happened:
    """The latest event of this kind that the viewer may read; where there is none, a sample of the latest of what it
    would tell of."""
    statement = select(EVENT).where(EVENT.c.name == kind.name, visibility.events(viewer))
    found = (await connection.execute(statement.order_by(EVENT.c.position.desc()).limit(1))).one_or_none()
    if found is not None:
        return Happened.of(found, test=True)
    payload = kind.sample
    key: Any = _NONE
    if kind.entity in _REAL:
        row, visible, name = _REAL[kind.entity]
        newest = select(func.max(table(row).c.id)).where(visible(viewer))
        key = (await connection.execute(newest)).scalar() or _NONE
        payload |= {name: key} if name in payload else {}
    return Happened(0, kind.name, f"{kind.entity}:{key}", 1, (), payload, now(), test=True)
