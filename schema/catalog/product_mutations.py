"""How products are written field by field, and what each mutation answers."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.declared.mutation import performed
from engine.declared.payload import ItemResult, Payload, changed, results, told
from resolvers.catalog.product.create import product_bulk_create, product_create
from resolvers.catalog.product.update import product_bulk_update, product_update
from schema.catalog.product import Product
from schema.catalog.variant import ProductVariant


@strawberry.type(description="The product and its variants.")
class ProductCreatePayload(Payload):
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id)


@strawberry.type(description="The product, and those of its variants that changed.")
class ProductUpdatePayload(Payload):
    product: Product | None = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id)


@strawberry.type(description="What became of one product of several.")
class ProductBulkCreateResult(ItemResult):
    client_key: str | None = told(description="The key that you gave it.")
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The products that were made.")
class ProductBulkCreatePayload(Payload):
    products: list[Product] = changed(ProductRow.id)
    results: list[ProductBulkCreateResult] = results()


@strawberry.type(description="What became of one product of several.")
class ProductBulkUpdateResult(ItemResult):
    product: Product | None = changed(ProductRow.id)


@strawberry.type(description="The products that nothing was wrong with, and those of their variants that changed.")
class ProductBulkUpdatePayload(Payload):
    products: list[Product] = changed(ProductRow.id)
    variants: list[ProductVariant] = changed(VariantRow.id)
    results: list[ProductBulkUpdateResult] = results()


@strawberry.type
class ProductMutations:
    product_create: ProductCreatePayload | None = performed(product_create)
    product_update: ProductUpdatePayload | None = performed(product_update)
    product_bulk_create: ProductBulkCreatePayload | None = performed(product_bulk_create)
    product_bulk_update: ProductBulkUpdatePayload | None = performed(product_bulk_update)
