"""Upgrade paths of variants that go."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, delete, or_, select

from db.catalog.events import UPGRADE_PATH_DELETED, UPGRADE_PATH_UPDATED
from db.catalog.upgrade_path import UpgradePathRow, UpgradePathTargetRow
from db.store.row import table
from db.store.writing import bump_all
from engine.unit.unit import Unit
from resolvers.catalog.locking import VARIANT

PATH = table(UpgradePathRow)
TARGET = table(UpgradePathTargetRow)


async def remove_paths(unit: Unit, gone: Select[Any] | Collection[int]) -> tuple[list[int], list[int]]:
    """Paths from variants that go, and paths to nothing else, go too; others lose a target. The keys of both."""
    leads = select(TARGET.c.path_id).where(TARGET.c.variant_id.in_(gone))
    statement = (
        select(PATH, VARIANT.c.product_id, PATH.c.from_variant_id.in_(gone).label("starts"))
        .join(VARIANT, VARIANT.c.id == PATH.c.from_variant_id)
        .where(or_(PATH.c.from_variant_id.in_(gone), PATH.c.id.in_(leads)))
        .order_by(PATH.c.id)
        .with_for_update(of=PATH)
    )
    paths = {row["id"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}
    if not paths:
        return [], []
    targets: dict[int, list[int]] = {key: [] for key in paths}
    left: dict[int, list[int]] = {key: [] for key in paths}
    leading = (
        select(TARGET.c.path_id, TARGET.c.variant_id, TARGET.c.variant_id.in_(gone))
        .where(TARGET.c.path_id.in_(list(paths)))
        .order_by(TARGET.c.position, TARGET.c.variant_id)
    )
    for path, variant, goes in await unit.connection.execute(leading):
        targets[path].append(variant)
        if not goes:
            left[path].append(variant)

    deleted = [key for key, row in paths.items() if row["starts"] or not left[key]]
    changed = [key for key in paths if key not in deleted]
    for key, row in paths.items():
        product, _ = row.pop("product_id"), row.pop("starts")
        if key in deleted:
            unit.emit(UPGRADE_PATH_DELETED(row, product_id=product, targets=targets[key]))
        else:
            unit.emit(UPGRADE_PATH_UPDATED(row | {"targets": targets[key]}, {"targets": left[key]}, product_id=product))
    if deleted:
        await unit.connection.execute(delete(PATH).where(PATH.c.id.in_(deleted)))
    if changed:
        await bump_all(unit.connection, PATH, changed)
    return deleted, changed
