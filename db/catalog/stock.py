"""What follows from a variant's own numbers."""

from db.catalog.product import StockStatus


def stock_status(*, managed: bool, available: int) -> StockStatus:
    """Managed stock is in stock while something is available; unmanaged stock always is, whatever was sent."""
    return StockStatus.IN_STOCK if not managed or available > 0 else StockStatus.OUT_OF_STOCK
