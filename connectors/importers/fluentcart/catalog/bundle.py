"""S5 `GET /products/{productId}/pricing`, `other_info.bundle_child_ids` of a variant: what a bundle consists of."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers.fluentcart.catalog.upgrade_path import placed
from connectors.importers.fluentcart.values import branch, entries
from connectors.importers.mapping import Field
from connectors.importers.reconcile import chunks
from db.catalog.bundle import BundleItemRow
from db.catalog.variant import VariantRow
from db.store.row import table

VARIANT: Final = table(VariantRow)
ITEM: Final = table(BundleItemRow)
CHILDREN: Final = Field("other_info.bundle_child_ids", entries)


def read_children(entry: Any, *, is_bundle: bool) -> tuple[dict[int, int], list[str]]:
    """The places of a variant's children by their identifiers, and a reason for each left out. Raises Unreadable."""
    children, reasons = placed(CHILDREN(branch(entry), branch))
    if children and not is_bundle:
        return {}, ["the product is no bundle"]
    return children, reasons


async def break_bundles(connection: AsyncConnection, gone: Collection[int]) -> None:
    """Variants that are about to be deleted: bundles of them are incomplete, unless the source says otherwise."""
    for chunk in chunks(sorted(gone)):
        holding = select(ITEM.c.variant_id).where(ITEM.c.child_id.in_(chunk))
        await _mark(connection, VARIANT.c.id.in_(holding), incomplete=True)


async def mark_incomplete(connection: AsyncConnection, bundles: Collection[int], lacking: Collection[int]) -> None:
    """Of these bundles those are incomplete that are `lacking` something which the source names, the others are not."""
    for incomplete, keys in ((True, set(lacking)), (False, set(bundles) - set(lacking))):
        for chunk in chunks(sorted(keys)):
            await _mark(connection, VARIANT.c.id.in_(chunk), incomplete=incomplete)


async def _mark(connection: AsyncConnection, which: ColumnElement[bool], *, incomplete: bool) -> None:
    differing = select(VARIANT.c.id).where(which, VARIANT.c.incomplete.is_(not incomplete)).limit(1)
    if (await connection.execute(differing)).first() is not None:
        await connection.execute(update(VARIANT).where(which).values(incomplete=incomplete))
