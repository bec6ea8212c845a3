"""What a mutation emits that may change anything of a variant."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from db.catalog.events import INVENTORY_CHANGED, VARIANT_UPDATED
from engine.unit.unit import Unit

VARIANT_CHANGES: Final = (VARIANT_UPDATED, INVENTORY_CHANGED)


def emit_variant_changed(
    unit: Unit, row: Mapping[str, Any], changes: Mapping[str, Any], also: Collection[str] = ()
) -> None:
    """`variant.updated`; and where its stock changed, `inventory.changed` with the numbers, for those who watch nothing
    else."""
    unit.emit(VARIANT_UPDATED(row, changes, also))
    if INVENTORY_CHANGED.concerns(changes):
        unit.emit(INVENTORY_CHANGED(row, changes))
