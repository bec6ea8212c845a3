"""What can be done to variants, and what each mutation answers."""

from typing import Final

import strawberry

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.integration.feed import FeedRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.product.stock import inventory_update, manage_stock_update
from resolvers.catalog.variant.combinations import product_variant_options_sync
from resolvers.catalog.variant.display import variant_media_set, variant_pricing_table_update
from resolvers.catalog.variant.writing import variant_create, variant_delete, variant_update
from schema.catalog.download import ProductDownload
from schema.catalog.product import Product
from schema.catalog.upgrade_path import UpgradePath
from schema.catalog.variant import ProductVariant
from schema.integration.feed import IntegrationFeed

PATHS_GONE: Final = "Paths from what is gone, and paths to nothing else."
BUMPS_GONE: Final = "The order bumps that offered what is gone."
PATHS: Final = "The paths that led to what is gone among others."
BUNDLES: Final = "The bundles that had it as an item."
DOWNLOADS: Final = "The files that were limited to it, among others or alone: those reach nobody."
FEEDS: Final = "The feeds that were limited to it, among others or alone: those are disabled."


@strawberry.type(description="The new variant and the product whose prices and availability follow it.")
class VariantCreatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The variant and the product whose prices follow it.")
class VariantUpdatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="What is gone, and what changed because of that.")
class VariantDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("ProductVariant")
    deleted_upgrade_path_ids: list[strawberry.ID] = deleted("UpgradePath", description=PATHS_GONE)
    deleted_order_bump_ids: list[strawberry.ID] = deleted("OrderBump", description=BUMPS_GONE)
    product: Product | None = changed(ProductRow.id, description="The product that had it.")
    bundles: list[ProductVariant] = changed(VariantRow.id, description=BUNDLES)
    upgrade_paths: list[UpgradePath] = changed(UpgradePathRow.id, description=PATHS)
    downloads: list[ProductDownload] = changed(DownloadRow.id, description=DOWNLOADS)
    feeds: list[IntegrationFeed] = changed(FeedRow.id, description=FEEDS)


@strawberry.type(description="The variant with its pictures.")
class VariantMediaSetPayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)


@strawberry.type(description="The variant with its text.")
class VariantPricingTableUpdatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)


@strawberry.type(description="The product with its combinations, what is gone, and what changed because of that.")
class ProductVariantOptionsSyncPayload(Payload):
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id, description="Those that are new, and those that moved.")
    deleted_variant_ids: list[strawberry.ID] = deleted("ProductVariant")
    deleted_upgrade_path_ids: list[strawberry.ID] = deleted("UpgradePath", description=PATHS_GONE)
    deleted_order_bump_ids: list[strawberry.ID] = deleted("OrderBump", description=BUMPS_GONE)
    bundles: list[ProductVariant] = changed(VariantRow.id, description=BUNDLES)
    upgrade_paths: list[UpgradePath] = changed(UpgradePathRow.id, description=PATHS)
    downloads: list[ProductDownload] = changed(DownloadRow.id, description=DOWNLOADS)
    feeds: list[IntegrationFeed] = changed(FeedRow.id, description=FEEDS)


@strawberry.type(description="The variant whose stock was counted, its product, and the other variants.")
class InventoryUpdatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(
        VariantRow.id, description="The other variants of the product whose stock is managed from now on."
    )


@strawberry.type(description="The product, and the variants of it that changed.")
class ManageStockUpdatePayload(Payload):
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id)


@strawberry.type
class VariantMutations:
    variant_create: VariantCreatePayload | None = performed(variant_create)
    variant_update: VariantUpdatePayload | None = performed(variant_update)
    variant_delete: VariantDeletePayload | None = performed(variant_delete)
    variant_media_set: VariantMediaSetPayload | None = performed(variant_media_set)
    variant_pricing_table_update: VariantPricingTableUpdatePayload | None = performed(variant_pricing_table_update)
    product_variant_options_sync: ProductVariantOptionsSyncPayload | None = performed(product_variant_options_sync)
    inventory_update: InventoryUpdatePayload | None = performed(inventory_update)
    manage_stock_update: ManageStockUpdatePayload | None = performed(manage_stock_update)
