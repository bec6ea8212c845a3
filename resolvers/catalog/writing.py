"""Products written for what is done to them, or to what belongs to them."""

from collections.abc import Mapping
from typing import Any

from db.catalog.events import PRODUCT_UPDATED
from db.store.writing import edit
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from resolvers.catalog.locking import PRODUCT, locked_product
from resolvers.editing.updating import refuse_outdated


async def product_to_edit(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    """The product of a global id, locked. Raises Refused: NOT_FOUND at `id`, CONFLICT at `expectedVersion`."""
    row = await locked_product(unit, id, "id")
    await refuse_outdated(unit, f"Product:{row['id']}", expected_version, row["version"])
    return row


async def change_product(unit: Unit, row: Mapping[str, Any], changes: Mapping[str, Any]) -> Keys:
    """Write what `check_product` found to change; nothing where it is nothing. The product's key."""
    if changes:
        await edit(unit.connection, PRODUCT, row["id"], row["version"], changes)
        unit.emit(PRODUCT_UPDATED(row, changes))
    return {"product": row["id"]}
