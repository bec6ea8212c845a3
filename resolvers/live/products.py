"""Products as they change: one of them, open to everyone as it is published, or all that pass a filter."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.catalog import visibility
from db.catalog.events import PRODUCT as SUBJECT
from db.catalog.product import ProductRow
from db.store.outbox import EVENT
from db.store.row import table
from engine.declared.following import Follower
from engine.declared.lookup import Lookup
from engine.standard.context import Context
from engine.values import identity
from engine.values.errors import CodedError, ErrorCode
from engine.values.filtering import Filtering, predicate, read
from engine.values.viewer import PUBLIC
from resolvers.catalog.product.listing import ProductBy, ProductFilter
from resolvers.live.happened import ANEW, OF_PRODUCTS, PRODUCTS, of_product, product_of

PRODUCT: Final = table(ProductRow)
LOOKUP: Final = Lookup.of(ProductBy, PUBLIC)
_OF_PRODUCTS: Final = EVENT.c.name.in_(OF_PRODUCTS)
# Of how many it is remembered that they were told as gone; of others they may be told so again.
MOST_GONE: Final = 10_000


@dataclass(frozen=True, slots=True)
class ProductTold:
    """`row` is for what looks up the product."""

    position: int
    product_id: strawberry.ID
    gone: bool
    row: SimpleNamespace

    @classmethod
    def of(cls, key: int, position: int, *, gone: bool) -> "ProductTold":
        found = None if gone else key
        return cls(position, strawberry.ID(identity.encode(SUBJECT.entity, key)), gone, SimpleNamespace(product=found))


def gone_since(position: int) -> CodedError:
    """For who followed many rows through what is not told row by row."""
    message = f"A store was imported at position {position}, which is not told row by row. Read anew, then follow again"
    return CodedError(ErrorCode.GONE, message, position=position)


class Products(Follower):
    """Those that pass a filter, or one. What no longer passes, or is hidden, is told as gone once."""

    def __init__(self, topics: Iterable[Hashable], filtering: Filtering | None, key: int | None = None) -> None:
        self.topics = frozenset(topics)
        self.condition = _OF_PRODUCTS
        self._filtering = filtering
        self._key = key
        self._gone: dict[int, bool] = {}

    async def told(self, context: Context, events: Sequence[Any]) -> Sequence[ProductTold]:
        """Each product once, by the last event of these that concerns it."""
        positions: dict[int, int] = {}
        for event in events:
            key = self._key or product_of(event)
            if key is not None:
                positions[key] = event.position
        there = await self._there(context, list(positions))
        told = []
        for key, position in sorted(positions.items(), key=lambda one: one[1]):
            if key not in there and key in self._gone:
                continue
            self._note(key, gone=key not in there)
            told.append(ProductTold.of(key, position, gone=key not in there))
        return told

    async def _there(self, context: Context, keys: list[int]) -> set[int]:
        if not keys:
            return set()
        statement = select(PRODUCT.c.id).where(PRODUCT.c.id.in_(keys), visibility.products(context.viewer))
        values: Mapping[str, Any] = {}
        if self._filtering is not None:
            statement = statement.where(predicate(self._filtering.shape, context.viewer))
            values = self._filtering.values
        return {row.id for row in await context.rows(statement, values)}

    def _note(self, key: int, *, gone: bool) -> None:
        self._gone.pop(key, None)
        if gone:
            self._gone[key] = True
            while len(self._gone) > MOST_GONE:
                del self._gone[next(iter(self._gone))]


class AllProducts(Products):
    async def told(self, context: Context, events: Sequence[Any]) -> Sequence[ProductTold]:
        """Raises CodedError: GONE at a first import."""
        for event in events:
            if of_import(event):
                raise gone_since(event.position)
        return await super().told(context, events)


class OneProduct(Products):
    standing = True

    async def stands(self, context: Context, position: int) -> Sequence[ProductTold]:
        if self._key is None:
            return ()
        gone = not await self._there(context, [self._key])
        self._note(self._key, gone=gone)
        return [ProductTold.of(self._key, position, gone=gone)]


def of_import(event: Any) -> bool:
    """Whether an event is that of an import, which concerns all of them."""
    return event.name not in OF_PRODUCTS


async def follow_one(context: Context, entity: Any, by: ProductBy) -> Follower:
    """The product that is meant now, whoever sees it. By a key that nothing has yet nothing is ever told, and nobody
    learns whether it is hidden."""
    sought = LOOKUP.sought(entity, by)
    if sought is None:
        return OneProduct((), None)
    name, value = sought
    column = LOOKUP.relations[name].key
    key = value
    if column is not PRODUCT.c.id:
        rows = await context.rows(select(PRODUCT.c.id).where(column == value))
        key = rows[0].id if rows else None
    if key is None:
        return OneProduct((), None)
    return OneProduct((of_product(key), ANEW), None, key)


async def follow_all(context: Context, filter: ProductFilter | None = None) -> Follower:
    """Raises Forbidden for a filter that asks what the viewer may not."""
    filtering = None if filter is None else read(filter)
    if filtering is not None:
        filtering.require(context.viewer)
    return AllProducts((PRODUCTS, ANEW), filtering)
