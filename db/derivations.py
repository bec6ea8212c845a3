"""What a product's row repeats of its variants, recomputed by one statement. Derived columns do not bump `version`."""

from sqlalchemy import case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from db.catalog.product import ProductRow, StockStatus
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
