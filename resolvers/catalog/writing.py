"""Products written for what is done to them, or to what belongs to them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from db.store.writing import edit
from engine.declared.payload import Keys
from engine.unit.unit import Event, Unit
from resolvers.catalog.locking import PRODUCT, locked_product
from resolvers.editing.updating import graphql_names, refuse_outdated

OUTDATED: Final = "The version you edited; a newer one makes a CONFLICT and nothing is written."
# Columns, and what they are called in the graph.
SHOWN_AS: Final = {
    "default_variant_id": "default_variant",
    "extra": "metadata",
    "shipping_class_id": "shipping_class",
    "tax_class_id": "tax_class",
}
# What follows from other columns.
FOLLOWS: Final = frozenset({"title_key", "modified_at"})


async def product_to_edit(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    """The product of a global id, locked. Raises Refused: NOT_FOUND at `id`, CONFLICT at `expectedVersion`."""
    row = await locked_product(unit, id, "id")
    await refuse_outdated(unit, f"Product:{row['id']}", expected_version, row["version"])
    return row


async def change_product(unit: Unit, row: Mapping[str, Any], changes: Mapping[str, Any]) -> Keys:
    """Write what `check_product` found to change; nothing where it is nothing. The product's key."""
    if changes:
        await edit(unit.connection, PRODUCT, row["id"], row["version"], changes)
        unit.emit(product_updated(row, changes))
    return {"product": row["id"]}


def product_updated(row: Mapping[str, Any], changes: Iterable[str]) -> Event:
    """Of a product that is one version above this row by now. `changes` are columns, or fields that are none."""
    return Event(
        "product.updated",
        f"Product:{row['id']}",
        version=row["version"] + 1,
        changed=graphql_names(SHOWN_AS.get(name, name) for name in changes if name not in FOLLOWS),
        payload={"productId": row["id"], "slug": row["slug"]},
    )


def product_published(row: Mapping[str, Any]) -> Event:
    """Beside `product_updated`, with its version."""
    return replace(product_updated(row, ()), name="product.published")
