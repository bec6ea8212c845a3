"""Products. The documented product detail is part of the type."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog import visibility
from db.catalog.download import DownloadRow
from db.catalog.media import MediaRow, first_url
from db.catalog.product import (
    FulfillmentType,
    GroupPricing,
    ProductRow,
    ProductStatus,
    StockStatus,
    VariationType,
)
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import BRANDS, CATEGORIES, ProductTermRow, TermRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.commerce.license import LicenseRow
from db.commerce.order import OrderItemRow
from db.integration.feed import FeedRow
from engine.declared.batch import batched
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.scalars import HTML, URL
from resolvers.catalog.product.listing import PRODUCTS
from resolvers.catalog.product.related import RELATED, RELATED_TO
from resolvers.commerce.license.listing import LICENSES
from resolvers.commerce.order.listing import ORDER_ITEMS
from schema.catalog.sales import SalesOverview, sales_overviews
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload
    from schema.catalog.media import Media
    from schema.catalog.shipping import ShippingClass
    from schema.catalog.tax import TaxClass
    from schema.catalog.taxonomy import Term
    from schema.catalog.upgrade_path import UpgradePath
    from schema.catalog.variant import ProductVariant
    from schema.commerce.license import License
    from schema.commerce.order_item import OrderItem
    from schema.integration.feed import IntegrationFeed

_joined_term = col(ProductTermRow.term_id) == TermRow.id


@entity(ProductRow, visible=visibility.products, description="Something the store sells.")
class Product(Node):
    database_id: int = column(ProductRow.id)
    detail_database_id: int | None = column(
        ProductRow.detail_id, description="The documented product detail's id, for callers that hold one."
    )
    title: str = column(
        ProductRow.title, description="What shoppers see it called: 1 to 200 characters on one line, without HTML."
    )
    slug: str = column(
        ProductRow.slug,
        description="Its name in addresses, unique among products, up to 200 characters: `example-product`.",
    )
    status: ProductStatus = column(
        ProductRow.status,
        description="How public it is: everyone sees what is PUBLISH, and what is not takes products/view.",
    )
    excerpt: str = column(
        ProductRow.excerpt,
        description="A short text without HTML; empty when there is none. At most 55 words, except in bulk.",
    )
    content: HTML = computed(
        HTML, ProductRow.content, description="The long text, in a safe subset of HTML; empty when there is none."
    )
    published_at: datetime | None = column(
        ProductRow.published_at,
        description="When it was published, or is to be while it is FUTURE; in UTC. Null when it never was.",
    )
    modified_at: datetime | None = column(
        ProductRow.modified_at,
        description="When it or one of its variants was last edited, in UTC. A change of a variant alone leaves its "
        "`version`.",
    )
    comment_status: str | None = column(
        ProductRow.comment_status,
        permission="products/view",
        description="Whether reviews are taken, in the shop's own words (`open`, `closed`): up to 100 characters; "
        "null when not said.",
    )
    view_url: URL | None = computed(
        lambda u: None if u is None else URL(u),
        ProductRow.view_url,
        description="Where the shop shows it; null where the shop that it was imported from named no place.",
    )
    edit_url: URL | None = computed(
        lambda u: None if u is None else URL(u),
        ProductRow.edit_url,
        permission="products/view",
        description="Where the shop edits it; null where the shop that it was imported from named no place.",
    )
    metadata: JSON | None = computed(
        lambda v: v, ProductRow.extra, permission="products/view", description="Opaque to the gateway; up to 16 kB."
    )

    fulfillment_type: FulfillmentType = column(
        ProductRow.fulfillment_type,
        description="Whether it is sent or delivered as files. Each variant says so of itself too.",
    )
    variation_type: VariationType = column(
        ProductRow.variation_type,
        description="SIMPLE has one variant, the others several; ADVANCED_VARIATIONS are combined from attributes.",
    )
    min_price: Money = money(ProductRow.min_price, description="The lowest price of the variants that you see.")
    max_price: Money = money(ProductRow.max_price, description="The highest price of the variants that you see.")
    has_price_range: bool = computed(
        lambda low, high: low != high,
        ProductRow.min_price,
        ProductRow.max_price,
        description="Whether `minPrice` and `maxPrice` differ, so that a shop writes from – to.",
    )
    manage_stock: bool = column(
        ProductRow.manage_stock,
        description="Whether stock is counted. Where it is not, only a bundle can be out of stock.",
    )
    stock_availability: StockStatus = column(
        ProductRow.stock_availability,
        description="IN_STOCK while one of the variants that you see is, and where stock is not managed; a bundle only "
        "while all that it consists of can be had. It is worked out, never written.",
    )
    manage_downloadable: bool = column(
        ProductRow.manage_downloadable, description="Whether its buyers receive files. Adding a file turns it on."
    )
    group_pricing_by: GroupPricing | None = column(
        ProductRow.group_pricing_by, description="What its page groups the variants by; null when nobody chose."
    )
    sold_individually: bool = column(ProductRow.sold_individually, description="At most one per cart line.")
    use_pricing_table: bool = column(
        ProductRow.use_pricing_table, description="Whether its page shows the variants side by side as a pricing table."
    )
    active_editor: str | None = column(
        ProductRow.active_editor,
        permission="products/view",
        description="The editor of its content, by the editor's own name (`wp-editor`): up to 100 characters.",
    )
    default_media: JSON | None = computed(
        lambda v: v,
        ProductRow.default_media,
        description="A picture as the shop that it was imported from keeps it; `gallery` is what is edited here.",
    )
    is_bundle: bool = column(ProductRow.is_bundle, description="Fixed when the product is created.")
    has_subscription: bool = column(
        ProductRow.has_subscription, description="Whether any variant that you see is a subscription."
    )

    variants: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        VariantRow.product_id,
        to=ProductRow.id,
        order=[VariantRow.position],
        description="Those that you see, by their position. Inactive ones take products/view.",
    )
    default_variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id,
        to=ProductRow.default_variant_id,
        description="The one that its page offers first; null when none was chosen, or when it is hidden from you.",
    )
    downloads: list[Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")]] = related(
        DownloadRow.product_id,
        to=ProductRow.id,
        order=[DownloadRow.position],
        description="The files that its buyers receive, by their position. Empty without products/view.",
    )
    gallery: list[Annotated["Media", strawberry.lazy("schema.catalog.media")]] = related(
        MediaRow.product_id, to=ProductRow.id, order=[MediaRow.position], description="The first is the featured image."
    )
    featured_image_id: int | None = column(
        ProductRow.featured_image_id,
        description="The first picture's entry in the shop's media library; null when there is none.",
    )
    thumbnail_url: URL | None = computed(
        lambda url: None if url is None else URL(url),
        first_url(MediaRow.product_id, ProductRow.id),
        description="The featured image.",
    )
    terms: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = related(
        ProductTermRow.product_id,
        to=ProductRow.id,
        on=_joined_term,
        order=[TermRow.taxonomy, TermRow.name_key],
        description="Categories and brands alike.",
    )
    categories: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = related(
        ProductTermRow.product_id,
        to=ProductRow.id,
        on=_joined_term,
        where=col(TermRow.taxonomy) == CATEGORIES,
        order=[TermRow.name_key],
        description="Its terms of `product-categories`, by their names.",
    )
    brands: list[Annotated["Term", strawberry.lazy("schema.catalog.taxonomy")]] = related(
        ProductTermRow.product_id,
        to=ProductRow.id,
        on=_joined_term,
        where=col(TermRow.taxonomy) == BRANDS,
        order=[TermRow.name_key],
        description="Its terms of `product-brands`, by their names.",
    )
    upgrade_paths: list[Annotated["UpgradePath", strawberry.lazy("schema.catalog.upgrade_path")]] = related(
        VariantRow.product_id,
        to=ProductRow.id,
        on=col(UpgradePathRow.from_variant_id) == VariantRow.id,
        rest=["GET /products/{id}/upgrade-paths"],
        description="Those that start at one of its variants.",
    )
    feeds: list[Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")]] = related(
        FeedRow.product_id,
        to=ProductRow.id,
        order=[FeedRow.source_id],
        rest=["GET /products/{productId}/integrations"],
        description="The feeds of this product alone; global feeds run on its orders too.",
    )
    shipping_class: Annotated["ShippingClass", strawberry.lazy("schema.catalog.shipping")] | None = related(
        ShippingClassRow.id,
        to=ProductRow.shipping_class_id,
        description="What sending it adds to an order; null for nothing. A variant's own class overrides it.",
    )
    tax_class: Annotated["TaxClass", strawberry.lazy("schema.catalog.tax")] | None = related(
        TaxClassRow.id,
        to=ProductRow.tax_class_id,
        description="Which tax rates apply to it; null when none was chosen.",
    )
    order_items: Connection[Annotated["OrderItem", strawberry.lazy("schema.commerce.order_item")]] = connected(
        ORDER_ITEMS,
        key=OrderItemRow.product_id,
        to=ProductRow.id,
        description="The order lines that sold it, the newest first unless sorted.",
    )
    licenses: Connection[Annotated["License", strawberry.lazy("schema.commerce.license")]] = connected(
        LICENSES,
        key=LicenseRow.product_id,
        to=ProductRow.id,
        description="The licences of it, the newest first unless sorted. Empty without licenses/view.",
    )
    related_products: Connection[Annotated["Product", strawberry.lazy("schema.catalog.product")]] | None = connected(
        PRODUCTS,
        key=RELATED_TO.c.id,
        to=ProductRow.id,
        on=RELATED_TO.c.id != ProductRow.id,
        narrowing=RELATED,
        rest=["GET /products/{productId}/related-products"],
        description="Other published products that share a category or brand with it.",
    )
    sales_overview: SalesOverview | None = batched(
        sales_overviews,
        to=ProductRow.id,
        permission="products/view",
        rest=["GET /products/{productId}/pricing-widgets"],
        description="Quantities and amounts of all time, the last 30 days and this month.",
    )
