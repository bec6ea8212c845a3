"""What goes to a shop from here: stock that was changed here since the shop last told of it, by SKU."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from sqlalchemy import select

from connectors.connected_stores.numbering import RECORD, VARIANT
from connectors.importers import reconcile
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.catalog.variant import VARIANT as VARIANTS
from connectors.importers.fluentcart.errors import WrongCredentials
from connectors.importers.fluentcart.single import Records
from connectors.importers.report import Skipped
from connectors.importers.work import Work

_COUNTED: Final = frozenset({"total_stock", "available"})


@dataclass(frozen=True, slots=True)
class Stock:
    """Of a variant by the shop's numbers, as it is here."""

    product: int
    variant: int
    sku: str
    total: int
    available: int

    def __str__(self) -> str:
        return f"variants {self.variant} of product {self.product} ({self.sku}): {self.available} of {self.total}"


@runtime_checkable
class TakesStock(Protocol):
    """A shop that can be told how much of a variant is left. Raises ImportRefused and NotTold."""

    async def put_stock(self, stock: Stock) -> None: ...


async def stock_to_send(work: Work, row: Mapping[str, Any], told: Records) -> Sequence[Stock]:
    """Of the variants that were written in this transaction those whose stock was changed here and was kept. Only where
    the SKU is the same on both sides, and the shop counts all variants of the product: told of one, FluentCart begins
    to count the others, of which it has none."""
    kept = {key for key, fields in work.merging(VARIANTS).kept.items() if not _COUNTED.isdisjoint(fields)}
    if not kept:
        return []
    numbers = await _theirs(work, row, kept)
    columns = VARIANT.c
    found: dict[int, Any] = {}
    for chunk in reconcile.chunks(sorted(kept)):
        statement = select(columns.id, columns.sku, columns.sku_key, columns.total_stock, columns.available)
        statement = statement.where(columns.id.in_(chunk), columns.manage_stock)
        found |= {one.id: one for one in await work.connection.execute(statement)}
    sent: list[Stock] = []
    for family in told.products:
        if not all(one["manage_stock"] for one in family.variants.values()):
            continue
        for key, theirs in sorted(family.variants.items()):
            ours = found.get(numbers.get(key, 0))
            if ours is not None and ours.sku_key is not None and ours.sku_key == theirs["sku_key"]:
                sent.append(Stock(family.id, key, ours.sku, ours.total_stock, ours.available))
    return sent


async def _theirs(work: Work, row: Mapping[str, Any], local: set[int]) -> Mapping[int, int]:
    """Numbers here by the shop's."""
    if row["keeps_numbers"]:
        return {one: one for one in local}
    found: dict[int, int] = {}
    own = (RECORD.c.connection == row["guid"]) & (RECORD.c.kind == VARIANT.name) & ~RECORD.c.recognised
    for chunk in reconcile.chunks(sorted(local)):
        statement = select(RECORD.c.remote_id, RECORD.c.local_id).where(own, RECORD.c.local_id.in_(chunk))
        found |= {int(one.remote_id): one.local_id for one in await work.connection.execute(statement)}
    return found


async def send(shop: TakesStock, stock: Sequence[Stock]) -> tuple[list[str], list[Skipped]]:
    """What was sent, a line each, and what the shop did not take. A user who may read and not write is no reason to
    stop the connection. Raises StoreFailing."""
    lines: list[str] = []
    left: list[Skipped] = []
    for one in stock:
        try:
            await shop.put_stock(one)
        except (NotTold, WrongCredentials) as reason:
            place = f"{one.variant} of product {one.product}"
            left.append(Skipped(VARIANTS.entity, place, "stock", f"it is not taken: {reason}"))
        else:
            lines.append(str(one))
    return lines, left
