"""What can be done to variants, and what each mutation answers."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.mutation import performed
from engine.payload import Payload, changed
from resolvers.catalog.variant import variant_update
from schema.catalog.product import Product
from schema.catalog.variant import ProductVariant


@strawberry.type(description="The variant and the product whose prices follow it.")
class VariantUpdatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type
class VariantMutations:
    variant_update: VariantUpdatePayload | None = performed(variant_update)
