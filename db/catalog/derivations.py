"""What a product's row repeats of its variants, recomputed. Derived columns do not bump `version`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import bindparam, case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.catalog.product import ProductRow, StockStatus
from db.catalog.search import product_search_text
from db.catalog.variant import VariantRow
from db.store.row import now


def price_range(prices: Iterable[int]) -> dict[str, int]:
    """The lowest and the highest of a product's prices, 0 of one without variants."""
    known = list(prices)
    return {"min_price": min(known, default=0), "max_price": max(known, default=0)}


def derived_of(product: Mapping[str, Any], variants: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What `refresh_products` works out, of a product and all its variants at hand."""
    of_it = list(variants)
    in_stock = not product["manage_stock"] or any(v["stock_status"] is StockStatus.IN_STOCK for v in of_it)
    return {
        **price_range(v["price"] for v in of_it),
        "stock_availability": StockStatus.IN_STOCK if in_stock else StockStatus.OUT_OF_STOCK,
    }


async def refresh_products(
    connection: AsyncConnection, product_ids: Collection[int], *, modified: bool = False
) -> None:
    """Minimum and maximum price, and availability: in stock when unmanaged or when any variant is. One statement.
    `modified` says that somebody changed a variant: the moment of that is the product's too."""
    mine = col(VariantRow.product_id) == col(ProductRow.id)
    in_stock = exists(select(1).where(mine, col(VariantRow.stock_status) == StockStatus.IN_STOCK))
    lowest = select(func.coalesce(func.min(VariantRow.price), 0)).where(mine).scalar_subquery()
    highest = select(func.coalesce(func.max(VariantRow.price), 0)).where(mine).scalar_subquery()
    await connection.execute(
        update(ProductRow)
        .where(col(ProductRow.id).in_(product_ids))
        .values(
            min_price=lowest,
            max_price=highest,
            stock_availability=case(
                (col(ProductRow.manage_stock).is_(False), StockStatus.IN_STOCK),
                (in_stock, StockStatus.IN_STOCK),
                else_=StockStatus.OUT_OF_STOCK,
            ),
            **({"modified_at": now()} if modified else {}),
        )
    )


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
