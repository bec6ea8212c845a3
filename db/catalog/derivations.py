"""What rows repeat of others, recomputed: products of their variants, bundles of what they consist of. Each rule stands
twice, for rows at hand and as SQL. Derived columns do not bump `version`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.catalog.bundle import SUPPLIED, BundleItemRow
from db.catalog.product import PUBLIC, ProductRow, StockStatus, product_search_text
from db.catalog.variant import PaymentType, VariantRow, VariantStatus, stock_status
from db.store.row import now, table

PRODUCT: Final = table(ProductRow)
VARIANT: Final = table(VariantRow)
ITEM: Final = table(BundleItemRow)

Columns: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Edition:
    """A set of columns of a product, whose names begin with `prefix`, over those of its variants that count."""

    prefix: str
    counts: Callable[[Columns], bool]
    counted: ColumnElement[bool]  # of no variant it is not true


def _active(variant: Columns) -> bool:
    return variant["status"] is VariantStatus.ACTIVE


_EDITIONS: Final = (
    _Edition("", lambda variant: True, VARIANT.c.id.is_not(None)),
    _Edition(PUBLIC, _active, VARIANT.c.status == VariantStatus.ACTIVE),
)


# The columns of a product that `derived_of` and `refresh_products` work out.
FROM_VARIANTS: Final = tuple(
    f"{edition.prefix}{name}"
    for edition in _EDITIONS
    for name in ("min_price", "max_price", "stock_availability", "has_subscription")
)


def derived_of(product: Columns, variants: Iterable[Columns]) -> dict[str, Any]:
    """What `refresh_products` works out, of a product and all its variants at hand."""
    of_it = list(variants)
    return {
        f"{edition.prefix}{name}": value
        for edition in _EDITIONS
        for name, value in _repeated(product, [v for v in of_it if edition.counts(v)]).items()
    }


def _repeated(product: Columns, variants: Collection[Columns]) -> dict[str, Any]:
    """Prices are 0 without variants. Managed stock is in stock when any variant is. Unmanaged stock is, unless all that
    there is are bundles of which something is missing."""
    prices = [v["price"] for v in variants]
    managed = product["manage_stock"]
    offered = any(v["supplied"] and (not managed or v["stock_status"] is StockStatus.IN_STOCK) for v in variants)
    in_stock = offered or (not managed and not variants)
    return {
        "min_price": min(prices, default=0),
        "max_price": max(prices, default=0),
        "stock_availability": StockStatus.IN_STOCK if in_stock else StockStatus.OUT_OF_STOCK,
        "has_subscription": any(v["payment_type"] is PaymentType.SUBSCRIPTION for v in variants),
    }


def price_ranges(price: ColumnElement[int]) -> dict[str, ColumnElement[int]]:
    """The columns of prices as aggregates over rows of variants, `price` being the price of one."""
    return {
        f"{edition.prefix}{name}": func.coalesce(aggregate(case((edition.counted, price))), 0)
        for edition in _EDITIONS
        for name, aggregate in (("min_price", func.min), ("max_price", func.max))
    }


def _others() -> dict[str, ColumnElement[Any]]:
    """The other columns, as aggregates over the rows of a product's variants beside the product's."""
    managed = PRODUCT.c.manage_stock
    found: dict[str, ColumnElement[Any]] = {}
    for edition in _EDITIONS:
        for_sale = and_(VARIANT.c.supplied, or_(not_(managed), VARIANT.c.stock_status == StockStatus.IN_STOCK))
        none = and_(not_(managed), not_(_any(edition.counted)))
        found |= {
            f"{edition.prefix}stock_availability": case(
                (or_(_any(and_(edition.counted, for_sale)), none), StockStatus.IN_STOCK),
                else_=StockStatus.OUT_OF_STOCK,
            ),
            f"{edition.prefix}has_subscription": _any(
                and_(edition.counted, VARIANT.c.payment_type == PaymentType.SUBSCRIPTION)
            ),
        }
    return found


def _any(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return func.max(case((condition, 1), else_=0)) == 1


async def refresh_products(
    connection: AsyncConnection, product_ids: Collection[int], *, modified: bool = False
) -> bool:
    """Minimum and maximum price, availability, whether it has subscriptions: of all variants, and of the active ones.
    One statement, which tells besides whether a bundle has one of those variants as an item. `modified` says that
    somebody changed a variant: the moment of that is the product's too."""
    given = {"keys": list(product_ids)} | ({"moment": now()} if modified else {})
    refreshed = await connection.execute(_refreshing(modified), given)
    return any(refreshed.scalars())


@cache
def _refreshing(modified: bool) -> Any:
    """Made once: it is large, and a change of a price is this and little else."""
    keys: BindParameter[int] = bindparam("keys", expanding=True)
    worked_out = {**price_ranges(VARIANT.c.price), **_others()}
    moment = {"modified_at": bindparam("moment", type_=PRODUCT.c.modified_at.type)} if modified else {}
    follows = (
        select(PRODUCT.c.id, *(value.label(name) for name, value in worked_out.items()))
        .select_from(PRODUCT.outerjoin(VARIANT, VARIANT.c.product_id == PRODUCT.c.id))
        .where(PRODUCT.c.id.in_(keys))
        .group_by(PRODUCT.c.id)
        .subquery("follows")
    )
    part = VARIANT.alias("part")
    parts = select(part.c.product_id).join(ITEM, ITEM.c.child_id == part.c.id).where(part.c.product_id.in_(keys))
    return (
        update(PRODUCT)
        .where(PRODUCT.c.id == follows.c.id)
        .values({name: follows.c[name] for name in worked_out} | moment)
        .returning(PRODUCT.c.id.in_(parts).label("bundled"))
    )


async def refresh_bundles(
    connection: AsyncConnection, children: Collection[int] | None = None
) -> list[tuple[Columns, Columns]]:
    """After something changed that says whether these variants (None: any) can be had: the stock status of bundles that
    consist of them, and the availability of their products. Of each bundle that changed the row as it was, and what
    changed. One statement where there is none.

    Those products are locked here, after the variants' own; a deadlock's victim is run again."""
    which = VARIANT.c.supplied != SUPPLIED
    if children is not None:
        which = VARIANT.c.id.in_(select(ITEM.c.variant_id).where(ITEM.c.child_id.in_(children)))
    owners = select(VARIANT.c.product_id).where(which)
    statement = select(PRODUCT.c.id).where(PRODUCT.c.id.in_(owners)).order_by(PRODUCT.c.id).with_for_update()
    if (await connection.execute(statement)).first() is None:
        return []
    return await refresh_supply(connection, which)


async def refresh_supply(connection: AsyncConnection, which: ColumnElement[bool]) -> list[tuple[Columns, Columns]]:
    """The same of the bundles themselves, whose products are locked."""
    statement = (
        select(VARIANT, SUPPLIED.label("by_now")).where(which).order_by(VARIANT.c.id).with_for_update(of=VARIANT)
    )
    changed: list[tuple[Columns, Columns]] = []
    for found in (await connection.execute(statement)).mappings():
        row = dict(found)
        supplied = bool(row.pop("by_now"))
        if supplied is not row["supplied"]:
            status = stock_status(managed=row["manage_stock"], available=row["available"], supplied=supplied)
            changed.append((row, {"supplied": supplied, "stock_status": status}))
    if changed:
        names = ("supplied", "stock_status")
        await connection.execute(
            update(VARIANT)
            .where(VARIANT.c.id == bindparam("of_row"))
            .values({name: bindparam(f"to_{name}", type_=VARIANT.c[name].type) for name in names}),
            [{"of_row": row["id"], **{f"to_{name}": to[name] for name in names}} for row, to in changed],
        )
        await refresh_products(connection, {row["product_id"] for row, _ in changed})
    return changed


async def mark_modified(connection: AsyncConnection, variant_ids: Collection[int]) -> None:
    """The products of variants that somebody changed in what no product repeats."""
    owners = select(col(VariantRow.product_id)).where(col(VariantRow.id).in_(variant_ids))
    await connection.execute(update(ProductRow).where(col(ProductRow.id).in_(owners)).values(modified_at=now()))


async def refresh_products_search(connection: AsyncConnection, product_ids: Collection[int]) -> None:
    """The texts that products are found by, after a change of a title or of a variant's title or SKU, in two
    statements."""
    statement = (
        select(col(ProductRow.id), col(ProductRow.title), col(VariantRow.title), col(VariantRow.sku))
        .outerjoin(VariantRow, col(VariantRow.product_id) == col(ProductRow.id))
        .where(col(ProductRow.id).in_(product_ids))
        .order_by(col(ProductRow.id), col(VariantRow.position), col(VariantRow.id))
    )
    titles: dict[int, str] = {}
    variants: defaultdict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for product_id, title, variant_title, sku in await connection.execute(statement):
        titles[product_id] = title
        if variant_title is not None:
            variants[product_id].append((variant_title, sku))
    if titles:
        texts = [
            {"of_product": key, "text": product_search_text(key, title, variants[key])} for key, title in titles.items()
        ]
        mine = col(ProductRow.id) == bindparam("of_product")
        await connection.execute(update(ProductRow).where(mine).values(search_text=bindparam("text")), texts)
