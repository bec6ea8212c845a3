"""Bundles of variants that go."""

from collections.abc import Sequence
from typing import Any

from db.catalog.product import StockStatus
from db.store.writing import edit_all
from engine.unit.unit import Unit
from resolvers.catalog.locking import VARIANT
from resolvers.catalog.variant.events import emit_variant_changed
from resolvers.editing.updating import differences


async def shrink_bundles(unit: Unit, bundles: Sequence[dict[str, Any]]) -> None:
    """Bundles, locked, of which a variant goes. They are out of stock until somebody says anew what they consist of:
    their price was one for all of it. The availability of their products is the caller's to refresh."""
    gone = {"incomplete": True, "supplied": False, "stock_status": StockStatus.OUT_OF_STOCK}
    await edit_all(unit.connection, VARIANT, [(row, gone) for row in bundles])
    for row in bundles:
        emit_variant_changed(unit, row, differences(row, gone), ("bundle_items",))
