"""Lines that are to be sent, as what charges for them knows them: with weights and classes of their variants."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.catalog.product import ProductRow
from db.catalog.shipping import ShippingClassRow
from db.catalog.variant import VariantRow
from db.commerce.store import StoreRow
from db.commerce.sums.shipping_charge import Parcel, weight_in
from db.store.row import table
from engine.values.statement import AnySelect, among

CLASS: Final = table(ShippingClassRow)
KEYS: Final = "keys"
_PRODUCT: Final = table(ProductRow)
_STORE: Final = table(StoreRow)
_VARIANT: Final = table(VariantRow)
_UNIT: Final = "kg"  # of a store that says none
_STORES_UNIT: Final = select(_STORE.c.settings["weight_unit"].as_string()).where(_STORE.c.id == 1).scalar_subquery()


@dataclass(frozen=True, slots=True)
class SentLine:
    """So many pieces of a variant. `unit_price` is the variant's where it is None; `discount` is off the whole line.
    Minor units."""

    key: Any
    variant_id: int
    quantity: int
    unit_price: int | None = None
    discount: int = 0


def sent_variants(dialect: str, *visible: ColumnElement[bool]) -> AnySelect:
    """What is read of variants whose keys are bound to `KEYS`: their own class goes before their product's."""
    of = _VARIANT.c
    columns = (of.id, of.price, of.weight, of.weight_unit, of.fulfillment_type)
    shipping_class = func.coalesce(of.shipping_class_id, _PRODUCT.c.shipping_class_id).label("class_id")
    statement: AnySelect = select(*columns, shipping_class, _STORES_UNIT.label("stores_unit"))
    joined = statement.join(_PRODUCT, _PRODUCT.c.id == of.product_id)
    return joined.where(among(of.id, KEYS, dialect), *visible)


def classes(dialect: str) -> AnySelect:
    """The shipping classes whose keys are bound to `KEYS`."""
    return select(CLASS).where(among(CLASS.c.id, KEYS, dialect))


def class_keys(parcels: Iterable[Parcel]) -> list[int]:
    return sorted({parcel.shipping_class_id for parcel in parcels if parcel.shipping_class_id is not None})


def made(lines: Iterable[SentLine], rows: Iterable[Any]) -> list[Parcel]:
    """Parcels of lines in their order; lines of variants that are not among the rows are left out."""
    found = {row.id: row for row in rows}
    return [_parcel(line, found[line.variant_id]) for line in lines if line.variant_id in found]


def _parcel(line: SentLine, row: Any) -> Parcel:
    return Parcel(
        key=line.key,
        unit_price=row.price if line.unit_price is None else line.unit_price,
        quantity=line.quantity,
        discount=line.discount,
        weight=weight_in(row.stores_unit or _UNIT, row.weight, row.weight_unit),
        fulfillment_type=row.fulfillment_type,
        shipping_class_id=row.class_id,
    )


async def parcels_of(connection: AsyncConnection, lines: Sequence[SentLine]) -> list[Parcel]:
    """The lines with what sending them hangs on, in their order, by one statement. Whoever asks has seen to it that the
    caller may see the variants; lines whose variant is gone are left out."""
    keys = sorted({line.variant_id for line in lines})
    if not keys:
        return []
    rows = await connection.execute(sent_variants(connection.dialect.name), {KEYS: keys})
    return made(lines, rows)


async def classes_of(connection: AsyncConnection, parcels: Iterable[Parcel]) -> dict[int, Mapping[str, Any]]:
    """The classes of parcels by their keys, as `charge` takes them."""
    keys = class_keys(parcels)
    if not keys:
        return {}
    rows = (await connection.execute(classes(connection.dialect.name), {KEYS: keys})).mappings()
    return {row["id"]: dict(row) for row in rows}
