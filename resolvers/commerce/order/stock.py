"""The stock that lines of orders keep: variants written with what follows."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from db.catalog.derivations import refresh_products
from db.catalog.variant import stock_status
from db.commerce.sums.stock import Kept, Move, moved
from db.store.events import EventKind
from db.store.writing import edit_all
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import permits
from resolvers.catalog.bundle.stock import restock_bundles
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.catalog.variant.events import VARIANT_CHANGES, emit_variant_changed
from resolvers.commerce.order.writing import ITEM
from resolvers.editing.updating import differences

STOCK: Final[tuple[EventKind, ...]] = VARIANT_CHANGES
# As `ProductVariant.available`: who buys learns from no sentence what no field tells them.
SEES_NUMBERS: Final = "products/view"
NOT_ENOUGH: Final = "There is not enough of it"
# Where in the input a line is asked for.
Place = Callable[[Mapping[str, Any]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Variants and their products by key, these locked before those; variants whose stock is counted are `managed`."""

    variants: Mapping[int, Mapping[str, Any]]
    products: Mapping[int, Mapping[str, Any]]
    managed: Collection[int]


async def hold_variants(unit: Unit, keys: Collection[int], *, lock: bool = True) -> Shelf:
    if not keys:
        return Shelf({}, {}, ())
    owners = select(VARIANT.c.product_id).where(VARIANT.c.id.in_(keys))
    counting = select(PRODUCT).where(PRODUCT.c.id.in_(owners)).order_by(PRODUCT.c.id)
    holding = select(VARIANT).where(VARIANT.c.id.in_(keys)).order_by(VARIANT.c.id)
    if lock:
        counting, holding = counting.with_for_update(), holding.with_for_update()
    products = {row["id"]: dict(row) for row in (await unit.connection.execute(counting)).mappings()}
    rows = [dict(row) for row in (await unit.connection.execute(holding)).mappings()]
    managed = {row["id"] for row in rows if row["manage_stock"] and products[row["product_id"]]["manage_stock"]}
    return Shelf({row["id"]: row for row in rows}, products, managed)


async def move_stock(
    unit: Unit, moves: Sequence[Move], *, place: Place = lambda _: ("id",), shelf: Shelf | None = None
) -> None:
    """Let lines keep what `moves` say, and tell of the variants that it changes. Refuses, at the place of each line,
    what there is not enough of; then nothing is written. Of lines that are stored their record is the caller's to write
    (`record`). `shelf`: variants that are locked already."""
    moving = [move for move in moves if move.moves and move.line["variant_id"] is not None]
    of_variant: defaultdict[int, list[Move]] = defaultdict(list)
    for move in moving:
        of_variant[move.line["variant_id"]].append(move)
    variants = (await hold_variants(unit, of_variant) if shelf is None else shelf).variants
    changes: dict[int, dict[str, Any]] = {}
    for key, its in of_variant.items():
        if (variant := variants.get(key)) is None:
            continue
        numbers = moved(variant, its)
        if numbers["available"] < 0:
            _refuse(unit, variant, its, place)
            continue
        managed, supplied = variant["manage_stock"], variant["supplied"]
        status = stock_status(managed=managed, available=numbers["available"], supplied=supplied)
        changes[key] = differences(variant, {**numbers, "stock_status": status})
    unit.settle()
    changed = {key: values for key, values in changes.items() if values}
    if not changed:
        return
    await edit_all(unit.connection, VARIANT, [(variants[key], values) for key, values in changed.items()])
    for key, values in changed.items():
        emit_variant_changed(unit, variants[key], values)
    if await refresh_products(unit.connection, {variants[key]["product_id"] for key in changed}):
        await restock_bundles(unit, ((variants[key], values) for key, values in changed.items()))


def _refuse(unit: Unit, variant: Mapping[str, Any], moves: Sequence[Move], place: Place) -> None:
    few = variant["available"]
    if few == 0:
        left = "It is out of stock"
    elif permits(unit.viewer, SEES_NUMBERS):
        left = "Only 1 of it is left" if few == 1 else f"Only {few} of it are left"
    else:
        left = NOT_ENOUGH
    for path in dict.fromkeys(place(move.line) for move in moves if move.after.pieces > Kept.of(move.line).pieces):
        unit.refuse(ErrorCode.CONFLICT, left, *path)


async def record(unit: Unit, moves: Sequence[Move], also: Mapping[int, Mapping[str, Any]] | None = None) -> None:
    """Write what stored lines keep, and what else changes of them (`also`, by key)."""
    values = {move.line["id"]: {"on_hold": move.after.on_hold, "committed": move.after.committed} for move in moves}
    rows = {move.line["id"]: move.line for move in moves}
    changes = [(row, differences(row, {**values[key], **(also or {}).get(key, {})})) for key, row in rows.items()]
    await edit_all(unit.connection, ITEM, [(row, change) for row, change in changes if change])
