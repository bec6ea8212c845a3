"""What can be done to bundles and upgrade paths."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from resolvers.catalog.bundle import bundle_save
from resolvers.catalog.upgrade_path import upgrade_path_create, upgrade_path_delete, upgrade_path_update
from schema.catalog.product import Product
from schema.catalog.upgrade_path import UpgradePath
from schema.catalog.variant import ProductVariant


@strawberry.type(description="The variant with what it consists of.")
class BundleSavePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The path, and where it is shown.")
class UpgradePathCreatePayload(Payload):
    upgrade_path: UpgradePath | None = changed(UpgradePathRow.id)
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id, description="Where the path starts.")


@strawberry.type(description="The path, and where it is shown.")
class UpgradePathUpdatePayload(Payload):
    upgrade_path: UpgradePath | None = changed(UpgradePathRow.id)
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id, description="Where the path started, and where it starts.")


@strawberry.type(description="What is gone, and where it was shown.")
class UpgradePathDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("UpgradePath")
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id, description="Where the path started.")


@strawberry.type
class UpgradePathMutations:
    bundle_save: BundleSavePayload | None = performed(bundle_save)
    upgrade_path_create: UpgradePathCreatePayload | None = performed(upgrade_path_create)
    upgrade_path_update: UpgradePathUpdatePayload | None = performed(upgrade_path_update)
    upgrade_path_delete: UpgradePathDeletePayload | None = performed(upgrade_path_delete)
