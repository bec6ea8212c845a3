"""The stock behind SKUs, as it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import select

from db.catalog import visibility
from db.catalog.events import VARIANT_DELETED
from db.catalog.sku import LONGEST, sku_key
from db.catalog.variant import VariantRow
from db.store.outbox import EVENT
from db.store.row import table
from engine.declared.following import Follower
from engine.standard.context import Context
from engine.values.errors import BadUserInput
from resolvers.live.happened import ANEW, OF_STOCK, of_sku
from resolvers.live.products import gone_since

MOST_SKUS: Final = 100
_VARIANT: Final = table(VariantRow)


@dataclass(frozen=True, slots=True)
class InventoryTold:
    """`row` is for what looks up the variant."""

    position: int
    sku: str
    gone: bool
    row: SimpleNamespace


class Inventory(Follower):
    def __init__(self, skus: Sequence[str]) -> None:
        self._keys = {sku_key(sku): sku for sku in skus}
        self.topics = frozenset((ANEW, *map(of_sku, skus)))
        self.condition = EVENT.c.name.in_(OF_STOCK)

    async def told(self, context: Context, events: Sequence[Any]) -> Sequence[InventoryTold]:
        """Each SKU once, by the last event of these that concerns it. Raises CodedError: GONE at a first import."""
        last: dict[str, Any] = {}
        for event in events:
            if event.name not in OF_STOCK:
                raise gone_since(event.position)
            last[sku_key(event.payload["sku"])] = event
        keys = [event.payload["variantId"] for event in last.values() if event.name != VARIANT_DELETED.name]
        seen = select(_VARIANT.c.id).where(_VARIANT.c.id.in_(keys), visibility.variants(context.viewer))
        there = {row.id for row in await context.rows(seen)} if keys else set()
        told = []
        for key, event in sorted(last.items(), key=lambda one: one[1].position):
            variant = event.payload["variantId"]
            gone = variant not in there
            row = SimpleNamespace(variant=None if gone else variant)
            told.append(InventoryTold(event.position, self._keys[key], gone, row))
        return told


async def follow(context: Context, skus: Sequence[str]) -> Follower:
    """Raises BadUserInput for too many, for none, and for what no SKU can be."""
    if not 1 <= len(skus) <= MOST_SKUS:
        raise BadUserInput(f"`skus` takes 1 to {MOST_SKUS} of them")
    if any(not 1 <= len(sku) <= LONGEST or not sku_key(sku) for sku in skus):
        raise BadUserInput(f"A SKU has 1 to {LONGEST} characters")
    return Inventory(skus)
