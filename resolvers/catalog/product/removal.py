"""Products that go, with all that goes with them (S5 DELETE /products/{product}): variants, pictures, files, feeds,
upgrade paths, order bumps, links to terms. Bundles and upgrade paths of other products lose what is gone; orders keep
their lines.

Everything is batched: the number of statements does not hang on the number of products.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import strawberry
from sqlalchemy import Select, Table, delete, or_, select, union

from db.catalog.bundle import BundleItemRow
from db.catalog.derivations import refresh_products
from db.catalog.download import DownloadRow
from db.catalog.events import (
    DOWNLOAD_DELETED,
    INVENTORY_CHANGED,
    PRODUCT_DELETED,
    UPGRADE_PATH_DELETED,
    UPGRADE_PATH_UPDATED,
    VARIANT_DELETED,
    VARIANT_UPDATED,
)
from db.commerce.events import ORDER_BUMP_DELETED
from db.commerce.order import OrderItemRow
from db.integration.events import INTEGRATION_FEED_DELETED
from db.integration.feed import FeedRow
from db.store.row import table
from db.work import target as targets
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Refuses, Unit
from resolvers.catalog.bundle.removal import shrink_bundles
from resolvers.catalog.locking import PRODUCT, VARIANT, locked_for_removal
from resolvers.catalog.sold import refuse_held
from resolvers.catalog.upgrade_path.removal import remove_paths
from resolvers.commerce.bump.removal import remove_bumps
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import refuse_outdated

BUNDLE = table(BundleItemRow)
DOWNLOAD = table(DownloadRow)
FEED = table(FeedRow)
ITEM = table(OrderItemRow)
REMOVED: Final = (
    PRODUCT_DELETED,
    VARIANT_DELETED,
    VARIANT_UPDATED,
    INVENTORY_CHANGED,
    DOWNLOAD_DELETED,
    UPGRADE_PATH_DELETED,
    UPGRADE_PATH_UPDATED,
    INTEGRATION_FEED_DELETED,
    ORDER_BUMP_DELETED,
)


@strawberry.input(description="A product that is to go.")
class ProductDeleteInput:
    id: strawberry.ID = identifies("Product")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you know; a newer one makes a CONFLICT and nothing is deleted."
    )


@dataclass
class Removed:
    """What went beside the products, and what of other products changed; all of it that a client may have cached."""

    deleted_variant_ids: list[int] = field(default_factory=list)
    deleted_download_ids: list[int] = field(default_factory=list)
    deleted_upgrade_path_ids: list[int] = field(default_factory=list)
    deleted_order_bump_ids: list[int] = field(default_factory=list)
    deleted_feed_ids: list[int] = field(default_factory=list)
    bundles: list[int] = field(default_factory=list)
    upgrade_paths: list[int] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, list[int]]:
        """As the fields of a payload."""
        return dict(vars(self))


@mutation(permission="products/delete", rest="DELETE /products/{product}", emits=REMOVED)
async def product_delete(unit: Unit, input: ProductDeleteInput) -> Keys:
    """Delete a product with its variants, pictures, files, feeds, upgrade paths and order bumps. Refused while an
    unfinished order (PROCESSING, ON_HOLD) holds it; lines of other orders stay and lose their link. Bundles and upgrade
    paths of other products lose its variants; a path without any other target goes too."""
    key = key_of(input.id)
    products = await locked_for_removal(unit, [key])
    row = products.get(key) or not_found(unit, "product", "id")
    await refuse_outdated(unit, f"Product:{key}", input.expected_version, row["version"])
    await refuse_sold(unit, {key: unit.at("id")})
    unit.settle()
    return {"deleted_id": key, **(await remove_products(unit, products)).keys}


async def refuse_sold(unit: Unit, products: Mapping[int, Refuses]) -> set[int]:
    """Refuses, each in its own place, those of the products (locked by now) that unfinished orders hold; their keys."""
    keys = list(products)
    by_product = select(ITEM.c.product_id.label("product"), ITEM.c.order_id).where(ITEM.c.product_id.in_(keys))
    # A line may say the variant alone.
    by_variant = (
        select(VARIANT.c.product_id.label("product"), ITEM.c.order_id)
        .join_from(ITEM, VARIANT, VARIANT.c.id == ITEM.c.variant_id)
        .where(VARIANT.c.product_id.in_(keys))
    )
    return await refuse_held(unit, products, union(by_product, by_variant))


async def remove_products(unit: Unit, products: Mapping[int, Mapping[str, Any]]) -> Removed:
    """Deletes products that `locked_for_removal` gave and `refuse_sold` let pass, and tells what followed."""
    result = Removed()
    keys = list(products)
    variants, bundles = await _locked_variants(unit, keys)
    result.deleted_upgrade_path_ids, result.upgrade_paths = await remove_paths(unit, _variants_of(keys))
    result.deleted_order_bump_ids = await remove_bumps(unit, _variants_of(keys))
    for file in await _of(unit, DOWNLOAD, keys):
        result.deleted_download_ids.append(file["id"])
        unit.emit(DOWNLOAD_DELETED(file))
    for feed in await _of(unit, FEED, keys):
        result.deleted_feed_ids.append(feed["id"])
        unit.emit(INTEGRATION_FEED_DELETED(feed))
    if result.deleted_feed_ids:
        # What waits for them is dropped, as for a feed that somebody deletes.
        await targets.remove_all(unit.connection, select(FEED.c.target_id).where(FEED.c.product_id.in_(keys)))
    for variant in variants:
        result.deleted_variant_ids.append(variant["id"])
        unit.emit(VARIANT_DELETED(variant))
    if bundles:
        result.bundles = [bundle["id"] for bundle in bundles]
        await shrink_bundles(unit, bundles)
        await refresh_products(unit.connection, {bundle["product_id"] for bundle in bundles}, modified=True)
    # All that refers to them goes by its foreign keys; so does the link of an order's line.
    await unit.connection.execute(delete(PRODUCT).where(PRODUCT.c.id.in_(keys)))
    for row in products.values():
        unit.emit(PRODUCT_DELETED(row))
    return result


async def _of(unit: Unit, of: Table, products: Collection[int]) -> list[dict[str, Any]]:
    """The rows of a table that belong to these products."""
    statement = select(of).where(of.c.product_id.in_(products)).order_by(of.c.id)
    return [dict(row) for row in (await unit.connection.execute(statement)).mappings()]


def _variants_of(products: Collection[int]) -> Select[Any]:
    return select(VARIANT.c.id).where(VARIANT.c.product_id.in_(products))


async def _locked_variants(unit: Unit, products: Collection[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The variants of these products, and those of others that are bundles of them."""
    bundles = select(BUNDLE.c.variant_id).where(BUNDLE.c.child_id.in_(_variants_of(products)))
    both = or_(VARIANT.c.product_id.in_(products), VARIANT.c.id.in_(bundles))
    statement = select(VARIANT).where(both).order_by(VARIANT.c.id).with_for_update()
    own: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for row in (await unit.connection.execute(statement)).mappings():
        (own if row["product_id"] in products else others).append(dict(row))
    return own, others
