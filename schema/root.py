"""The roots of the graph, and the schema."""

import strawberry

from db.catalog.taxonomy import TaxonomyRow
from db.catalog.variant import PaymentType
from db.integration.provider import ProviderRow
from engine.batch import Argument, queried
from engine.connection import Connection
from engine.entity import Node
from engine.listing import connected
from engine.lookup import every, fixed, lookup, node, nodes
from engine.schema import Schema
from resolvers.catalog.product import PRODUCTS, ProductBy
from resolvers.catalog.suggestion import max_excerpt_word_count, suggest_sku
from resolvers.catalog.variant import ProductVariantBy
from resolvers.catalog.variant_listing import VARIANTS
from resolvers.integration.feed import FEEDS
from schema.catalog.attribute import AttributeGroup, AttributeTerm
from schema.catalog.download import ProductDownload
from schema.catalog.media import Media
from schema.catalog.options import VariantOption, options
from schema.catalog.product import Product
from schema.catalog.shipping import ShippingClass
from schema.catalog.tax import TaxClass
from schema.catalog.taxonomy import Taxonomy, Term
from schema.catalog.upgrade_path import UpgradePath
from schema.catalog.variant import ProductVariant
from schema.catalog.variant_mutations import VariantMutations
from schema.catalogue import Catalogue, catalogue
from schema.commerce.customer import Customer, CustomerAddress
from schema.commerce.order import Order, OrderAddress
from schema.commerce.order_item import DownloadPermission, OrderItem
from schema.commerce.store import StoreSettings
from schema.commerce.subscription import Subscription
from schema.commerce.transaction import OrderTransaction
from schema.integration.feed import IntegrationFeed
from schema.integration.provider import IntegrationProvider


@strawberry.type(description="What can be read.")
class Query:
    node: Node | None = node()
    nodes: list[Node | None] = nodes()
    product: Product | None = lookup(
        ProductBy,
        rest=["GET /products/{product}", "GET /products/{productId}/pricing", "GET /public/products/{id}"],
        description="One product; null when absent or hidden.",
    )
    products: Connection[Product] = connected(
        PRODUCTS,
        rest=[
            "GET /products",
            "GET /products/searchProductByName",
            "GET /products/searchVariantByName",
            "GET /products/fetchProductsByIds",
            "GET /products/bulk-edit-data",
            "GET /public/products",
        ],
        description="Products, the newest first unless sorted.",
    )
    product_variant: ProductVariant | None = lookup(
        ProductVariantBy, description="One variant; null when absent or hidden."
    )
    product_variants: Connection[ProductVariant] = connected(
        VARIANTS,
        rest=[
            "GET /products/variants",
            "GET /variants",
            "GET /products/findSubscriptionVariants",
            "GET /products/fetchVariationsByIds",
        ],
        description="Variants of all products.",
    )
    variant_options: list[VariantOption] | None = queried(
        options,
        Argument("search", str | None, "Looked for as in `products`."),
        Argument(
            "include_ids",
            list[strawberry.ID],
            "Variants that are there whatever their stock.",
            default=[],
            identifies="ProductVariant",
        ),
        Argument("payment_type", PaymentType | None, "ONETIME leaves subscriptions out."),
        permission="products/view",
        rest=["GET /products/search-product-variant-options"],
        description="Up to 20 published products with the variants of theirs that are in stock, to choose from.",
    )
    taxonomies: list[Taxonomy] = every(
        order=[TaxonomyRow.name],
        rest=["GET /products/fetch-term", "GET /public/categories"],
        description="The ways of sorting products, with their trees of terms.",
    )
    suggest_sku: str | None = queried(
        suggest_sku,
        Argument("title", str, "The product's title."),
        Argument("variant_title", str | None, "The variant's, where it differs."),
        Argument(
            "exclude_id",
            strawberry.ID | None,
            "A variant whose own SKU counts as free.",
            identifies="ProductVariant",
        ),
        permission="products/view",
        rest=["GET /products/suggest-sku"],
        description="A free SKU made of the titles: EXA-PRO-MON.",
    )
    max_excerpt_word_count: int | None = queried(
        max_excerpt_word_count,
        permission="products/view",
        rest=["GET /products/get-max-excerpt-word-count"],
        description="How many words an excerpt may have.",
    )
    integration_feeds: Connection[IntegrationFeed] = connected(
        FEEDS, permission="products/view", description="Feeds of the store and of its products."
    )
    integration_providers: list[IntegrationProvider] = every(
        order=[ProviderRow.priority], description="What feeds can be made for; empty for who may not see feeds."
    )
    store_settings: StoreSettings | None = fixed(
        1, permission="store/settings", rest=["GET /settings/store"], description="The store's settings."
    )
    catalogue: Catalogue = queried(
        catalogue, description="All documented operations, and where the graph answers them."
    )


@strawberry.type(description="What can be changed. Each field is one transaction.")
class Mutation(VariantMutations):
    """One class per noun, beside the noun's type."""


ENTITIES = [
    AttributeGroup,
    AttributeTerm,
    Customer,
    CustomerAddress,
    DownloadPermission,
    IntegrationFeed,
    IntegrationProvider,
    Media,
    Order,
    OrderAddress,
    OrderItem,
    OrderTransaction,
    Product,
    ProductDownload,
    ProductVariant,
    ShippingClass,
    StoreSettings,
    Subscription,
    TaxClass,
    Taxonomy,
    Term,
    UpgradePath,
]

schema = Schema(Query, Mutation, types=ENTITIES)
