"""What happened, as followers read it: events by their positions, and what each concerns."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.events import INVENTORY_CHANGED, PRODUCT, VARIANT_CREATED, VARIANT_DELETED
from db.catalog.sku import sku_key
from db.commerce.events import STORE_IMPORTED
from db.events import KINDS
from db.store.outbox import EVENT, forgotten, head, unnumbered

# Everything that happens, all that happens to products, and a first import, which tells of nothing else.
ANYTHING: Final = "anything"
PRODUCTS: Final = "products"
ANEW: Final = "anew"
# What tells of the stock behind a SKU.
OF_STOCK: Final = (INVENTORY_CHANGED.name, VARIANT_CREATED.name, VARIANT_DELETED.name)
# What tells of a product, itself or through what belongs to it.
OF_PRODUCTS: Final = tuple(
    sorted(kind.name for kind in KINDS.values() if kind.entity == PRODUCT.entity or "productId" in kind.payload)
)

_IMPORTED: Final = select(func.max(EVENT.c.position)).where(
    EVENT.c.name == STORE_IMPORTED.name, EVENT.c.payload["first"].as_boolean()
)
# What is known of all events: whether some wait for a position, and the positions before which not all is known.
STATE: Final = select(
    unnumbered().scalar_subquery().label("waiting"),
    forgotten().label("forgotten"),
    func.coalesce(_IMPORTED.scalar_subquery(), 0).label("anew"),
    head().label("head"),
)


def of_name(name: str) -> Hashable:
    return "name", name


def of_entity(type_and_key: str) -> Hashable:
    return "entity", type_and_key


def of_product(key: int) -> Hashable:
    return "product", key


def of_sku(sku: str) -> Hashable:
    return "sku", sku_key(sku)


def product_of(event: Any) -> int | None:
    """The key of the product that an event tells of, itself or through what belongs to it."""
    type_, _, key = event.entity.partition(":")
    return int(key) if type_ == PRODUCT.entity else event.payload.get("productId")


def topics(event: Any) -> Iterator[Hashable]:
    """Whatever somebody may follow that this event concerns."""
    yield ANYTHING
    yield of_name(event.name)
    yield of_entity(event.entity)
    if event.name in OF_PRODUCTS and (product := product_of(event)) is not None:
        yield PRODUCTS
        yield of_product(product)
    if event.name in OF_STOCK and event.payload.get("sku"):
        yield of_sku(event.payload["sku"])
    if event.name == STORE_IMPORTED.name and event.payload.get("first"):
        yield ANEW


async def happened(
    connection: AsyncConnection,
    after: int,
    most: int,
    until: int | None = None,
    which: ColumnElement[bool] | None = None,
) -> Sequence[Row[Any]]:
    """The events behind a position, in their order, at most so many."""
    columns = (EVENT.c[name] for name in ("id", "position", "name", "entity", "payload"))
    statement = select(*columns).where(EVENT.c.position > after)
    if until is not None:
        statement = statement.where(EVENT.c.position <= until)
    if which is not None:
        statement = statement.where(which)
    return (await connection.execute(statement.order_by(EVENT.c.position).limit(most))).all()
