"""The roots of the graph, and the schema."""

import strawberry

from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from engine.entity import Node
from engine.listing import Connection, connected
from engine.lookup import lookup, node, nodes
from engine.mutation import Payload, changed, performed
from engine.schema import Schema
from resolvers.catalog.product import PRODUCTS, ProductBy
from resolvers.catalog.variant import ProductVariantBy, variant_update
from schema.catalog.download import ProductDownload
from schema.catalog.media import Media
from schema.catalog.product import Product
from schema.catalog.taxonomy import Taxonomy, Term
from schema.catalog.variant import ProductVariant


@strawberry.type
class Query:
    node: Node | None = node()
    nodes: list[Node | None] = nodes()
    product: Product | None = lookup(
        ProductBy,
        rest=["GET /products/{product}", "GET /products/{productId}/pricing"],
        description="One product; null when absent or hidden.",
    )
    product_variant: ProductVariant | None = lookup(
        ProductVariantBy, rest=["GET /products/variants"], description="One variant; null when absent or hidden."
    )
    products: Connection[Product] = connected(
        PRODUCTS, rest=["GET /products"], description="Products, the newest first unless sorted."
    )


@strawberry.type(description="The variant and the product whose prices follow it.")
class VariantUpdatePayload(Payload):
    variant: ProductVariant | None = changed(VariantRow.id)
    product: Product | None = changed(ProductRow.id)


@strawberry.type
class Mutation:
    variant_update: VariantUpdatePayload | None = performed(variant_update)


schema = Schema(Query, Mutation, types=[Product, ProductVariant, ProductDownload, Term, Taxonomy, Media])
