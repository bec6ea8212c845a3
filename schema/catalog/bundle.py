"""What a bundle consists of, changed."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed
from resolvers.catalog.bundle.writing import bundle_save
from schema.catalog.product import Product
from schema.catalog.variant import ProductVariant


@strawberry.type(description="The variant with what it consists of.")
class BundleSavePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type
class BundleMutations:
    bundle_save: BundleSavePayload | None = performed(bundle_save)
