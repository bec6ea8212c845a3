"""Rows read to be changed. Everyone locks in the same order (products, then their variants, each by id), so that two
writers wait for each other instead of deadlocking."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select, union

from db.catalog import visibility
from db.catalog.bundle import BundleItemRow
from db.catalog.product import ProductRow
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.catalog.variant import VariantRow
from db.store.row import table
from engine.unit.unit import Unit
from resolvers.editing.locking import key_of, locked, not_found

PRODUCT = table(ProductRow)
VARIANT = table(VariantRow)
_BUNDLE = table(BundleItemRow)
_PATH = table(UpgradePathRow)
_TARGET = table(UpgradePathTargetRow)


async def locked_products(unit: Unit, keys: Collection[int]) -> dict[int, dict[str, Any]]:
    return await locked(unit, PRODUCT, keys, visibility.products(unit.viewer))


async def locked_product(unit: Unit, id: str, *path: str) -> dict[str, Any]:
    """The product of a global id. Raises Refused (NOT_FOUND at `path`) where it is absent or hidden."""
    key = key_of(id)
    return (await locked_products(unit, [key])).get(key) or not_found(unit, "product", *path)


async def locked_variants(unit: Unit, product_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """All variants of products that are locked already, by key, in the order of their products, positions and ids."""
    statement = select(VARIANT).where(VARIANT.c.product_id.in_(product_ids)).order_by(VARIANT.c.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(statement)).mappings()]
    rows.sort(key=lambda v: (v["product_id"], v["position"], v["id"]))
    return {row["id"]: row for row in rows}


async def locked_variant(unit: Unit, id: str, *path: str) -> dict[str, Any]:
    """The variant of a global id, its product locked before it. Raises Refused (NOT_FOUND at `path`) where it is absent
    or hidden."""
    key = key_of(id)
    owner = select(VARIANT.c.product_id).where(VARIANT.c.id == key).scalar_subquery()
    await unit.connection.execute(select(PRODUCT.c.id).where(PRODUCT.c.id == owner).with_for_update())
    found = await locked(unit, VARIANT, [key], visibility.variants(unit.viewer))
    return found.get(key) or not_found(unit, "variant", *path)


async def locked_for_removal(unit: Unit, keys: Collection[int]) -> dict[int, dict[str, Any]]:
    """The products with these keys, by key; absent and hidden ones are left out.

    The products of bundles and upgrade paths that lead to them are locked with them, all by id: whoever changes one of
    those holds its product. An order that is being placed holds its products too (its lines refer to them), so that
    from here on their lines are either all to be seen or cannot be written any more."""
    gone = select(VARIANT.c.id).where(VARIANT.c.product_id.in_(keys))
    bundles = select(_BUNDLE.c.variant_id).where(_BUNDLE.c.child_id.in_(gone))
    paths = select(_PATH.c.from_variant_id).join(_TARGET).where(_TARGET.c.variant_id.in_(gone))
    others = select(VARIANT.c.product_id).where(VARIANT.c.id.in_(union(bundles, paths)))
    both = or_(PRODUCT.c.id.in_(keys), PRODUCT.c.id.in_(others))
    await unit.connection.execute(select(PRODUCT.c.id).where(both).order_by(PRODUCT.c.id).with_for_update())
    return await locked_products(unit, keys)
