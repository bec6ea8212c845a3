"""How products come, go and are set up, beside being written field by field."""

import strawberry

from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.integration.feed import FeedRow
from engine.declared.mutation import performed
from engine.declared.payload import ItemResult, Payload, changed, deleted, results
from resolvers.catalog.product.bulk_action import product_bulk_action
from resolvers.catalog.product.classes import (
    product_shipping_class_remove,
    product_shipping_class_set,
    product_tax_class_remove,
    product_tax_class_set,
)
from resolvers.catalog.product.detail import product_detail_update, product_editor_mode_update
from resolvers.catalog.product.duplication import product_duplicate
from resolvers.catalog.product.removal import product_delete
from resolvers.catalog.product.sample_products import dummy_products_create
from schema.catalog.download import ProductDownload
from schema.catalog.product import Product
from schema.catalog.upgrade_path import UpgradePath
from schema.catalog.variant import ProductVariant
from schema.integration.feed import IntegrationFeed


@strawberry.type(description="The product as it is now.")
class ProductTaxClassSetPayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product as it is now.")
class ProductTaxClassRemovePayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product as it is now.")
class ProductShippingClassSetPayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product as it is now.")
class ProductShippingClassRemovePayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product as it is now.")
class ProductEditorModeUpdatePayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The product, and what went or changed with variants that it lost.")
class ProductDetailUpdatePayload(Payload):
    product: Product | None = changed(ProductRow.id)
    deleted_variant_ids: list[strawberry.ID] = deleted("ProductVariant")
    deleted_upgrade_path_ids: list[strawberry.ID] = deleted("UpgradePath")
    deleted_order_bump_ids: list[strawberry.ID] = deleted(
        "OrderBump", description="Those that offered variants that are gone."
    )
    upgrade_paths: list[UpgradePath] = changed(UpgradePathRow.id)
    bundles: list[ProductVariant] = changed(VariantRow.id)
    downloads: list[ProductDownload] = changed(DownloadRow.id)
    feeds: list[IntegrationFeed] = changed(FeedRow.id)


@strawberry.type(description="The product that was made.")
class DummyProductsCreatePayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The copy.")
class ProductDuplicatePayload(Payload):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="What is gone with the product, and what of other products changed.")
class ProductDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("Product")
    deleted_variant_ids: list[strawberry.ID] = deleted("ProductVariant")
    deleted_download_ids: list[strawberry.ID] = deleted("ProductDownload")
    deleted_upgrade_path_ids: list[strawberry.ID] = deleted(
        "UpgradePath", description="Those that started at its variants, and those that led nowhere else."
    )
    deleted_order_bump_ids: list[strawberry.ID] = deleted(
        "OrderBump", description="Those that offered variants that are gone."
    )
    deleted_feed_ids: list[strawberry.ID] = deleted("IntegrationFeed")
    bundles: list[ProductVariant] = changed(VariantRow.id, description="Variants that consisted of some of its.")
    upgrade_paths: list[UpgradePath] = changed(
        UpgradePathRow.id, description="Paths of other products that led to some of its variants."
    )


@strawberry.type(description="What became of one of the products.")
class ProductBulkActionResult(ItemResult):
    product: Product | None = changed(
        ProductRow.id, description="Of PUBLISH and DRAFT the product, of DUPLICATE its copy."
    )
    deleted_id: strawberry.ID | None = deleted("Product", description="Of DELETE, where it went well.")


@strawberry.type(description="What became of each, and of DELETE what a `ProductDeletePayload` says, of all together.")
class ProductBulkActionPayload(Payload):
    results: list[ProductBulkActionResult] = results()
    deleted_variant_ids: list[strawberry.ID] = deleted("ProductVariant")
    deleted_download_ids: list[strawberry.ID] = deleted("ProductDownload")
    deleted_upgrade_path_ids: list[strawberry.ID] = deleted("UpgradePath")
    deleted_order_bump_ids: list[strawberry.ID] = deleted(
        "OrderBump", description="Those that offered variants that are gone."
    )
    deleted_feed_ids: list[strawberry.ID] = deleted("IntegrationFeed")
    bundles: list[ProductVariant] = changed(VariantRow.id)
    upgrade_paths: list[UpgradePath] = changed(UpgradePathRow.id)


@strawberry.type
class ProductLifecycleMutations:
    dummy_products_create: DummyProductsCreatePayload | None = performed(dummy_products_create)
    product_bulk_action: ProductBulkActionPayload | None = performed(product_bulk_action)
    product_duplicate: ProductDuplicatePayload | None = performed(product_duplicate)
    product_delete: ProductDeletePayload | None = performed(product_delete)
    product_tax_class_set: ProductTaxClassSetPayload | None = performed(product_tax_class_set)
    product_tax_class_remove: ProductTaxClassRemovePayload | None = performed(product_tax_class_remove)
    product_shipping_class_set: ProductShippingClassSetPayload | None = performed(product_shipping_class_set)
    product_shipping_class_remove: ProductShippingClassRemovePayload | None = performed(product_shipping_class_remove)
    product_editor_mode_update: ProductEditorModeUpdatePayload | None = performed(product_editor_mode_update)
    product_detail_update: ProductDetailUpdatePayload | None = performed(product_detail_update)
