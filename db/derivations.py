"""What a product's row repeats of its variants, recomputed. Derived columns do not bump `version`."""

from sqlalchemy import case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.catalog.product import ProductRow, StockStatus
from db.catalog.search import product_search_text
from db.catalog.variant import VariantRow


async def refresh_product(connection: AsyncConnection, product_id: int) -> None:
    """Minimum and maximum price, and availability: in stock when unmanaged or when any variant is."""
    mine = col(VariantRow.product_id) == product_id
    in_stock = exists(select(1).where(mine, col(VariantRow.stock_status) == StockStatus.IN_STOCK))
    await connection.execute(
        update(ProductRow)
        .where(col(ProductRow.id) == product_id)
        .values(
            min_price=select(func.coalesce(func.min(VariantRow.price), 0)).where(mine).scalar_subquery(),
            max_price=select(func.coalesce(func.max(VariantRow.price), 0)).where(mine).scalar_subquery(),
            stock_availability=case(
                (col(ProductRow.manage_stock).is_(False), StockStatus.IN_STOCK),
                (in_stock, StockStatus.IN_STOCK),
                else_=StockStatus.OUT_OF_STOCK,
            ),
        )
    )


async def refresh_product_search(connection: AsyncConnection, product_id: int) -> None:
    """The text that a product is found by, after a change of its title or of a variant's title or SKU."""
    mine = col(ProductRow.id) == product_id
    title = (await connection.execute(select(col(ProductRow.title)).where(mine))).scalar_one()
    statement = (
        select(col(VariantRow.title), col(VariantRow.sku))
        .where(col(VariantRow.product_id) == product_id)
        .order_by(col(VariantRow.position), col(VariantRow.id))
    )
    variants = [(row.title, row.sku) for row in await connection.execute(statement)]
    await connection.execute(
        update(ProductRow).where(mine).values(search_text=product_search_text(product_id, title, variants))
    )
