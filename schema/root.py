"""The roots of the graph, and the schema."""

import strawberry

from connectors.storage import Links
from db.access.audit import audited
from db.catalog.attribute import AttributeGroupRow
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import TaxonomyRow
from db.catalog.variant import PaymentType
from db.integration.provider import ProviderRow
from engine.declared.batch import Argument, queried
from engine.declared.connection import Connection
from engine.declared.entity import Node
from engine.declared.listing import connected
from engine.declared.lookup import every, fixed, lookup, node, nodes
from engine.standard.schema import Schema
from engine.values.scalars import URL
from engine.values.viewer import either
from resolvers.access.audit import AUDIT_LOG
from resolvers.access.document import TRUSTED_DOCUMENTS
from resolvers.catalog.attribute import AttributeGroupBy
from resolvers.catalog.product.listing import PRODUCTS, ProductBy
from resolvers.catalog.product.publishing import scheduled_publish
from resolvers.catalog.product.suggestion import max_excerpt_word_count, suggest_sku
from resolvers.catalog.shipping import ShippingClassBy
from resolvers.catalog.tax import TaxClassBy
from resolvers.catalog.term.listing import TermBy
from resolvers.catalog.variant.input import ProductVariantBy
from resolvers.catalog.variant.listing import VARIANTS
from resolvers.commerce.coupon.refreshing import coupon_refresh
from resolvers.commerce.download import download_url
from resolvers.commerce.license.expiry import licenses_expire
from resolvers.commerce.subscription.lapsing import subscriptions_lapse
from resolvers.integration.event import EVENTS, OF_EVENTS, number
from resolvers.integration.feed.listing import FEEDS, RUNS
from resolvers.integration.webhook.listing import WEBHOOKS, WebhookBy
from schema.access.audit import AuditEntry
from schema.access.document import TrustedDocument
from schema.access.queries import AccessQueries
from schema.access.role import RoleMutations
from schema.access.session import SessionMutations
from schema.access.token import TokenMutations
from schema.access.user import UserMutations
from schema.catalog.attribute import AttributeGroup, AttributeMutations
from schema.catalog.bundle import BundleMutations
from schema.catalog.download import DownloadMutations
from schema.catalog.options import VariantOption, options
from schema.catalog.product import Product
from schema.catalog.product_lifecycle_mutations import ProductLifecycleMutations
from schema.catalog.product_mutations import ProductMutations
from schema.catalog.shipping import ShippingClass, ShippingClassMutations
from schema.catalog.tax import TaxClass, TaxClassMutations, TaxRateMutations, TaxRateQueries
from schema.catalog.taxonomy import Taxonomy, TaxonomyMutations, Term
from schema.catalog.upgrade_path import UpgradePathMutations
from schema.catalog.variant import ProductVariant
from schema.catalog.variant_mutations import VariantMutations
from schema.catalogue import Catalogue, catalogue
from schema.commerce.cart.cart import CartMutations, CartQueries
from schema.commerce.cart.checkout import CheckoutMutations, CheckoutQueries
from schema.commerce.coupon import CouponMutations
from schema.commerce.customer import CustomerMutations
from schema.commerce.license import LicenseMutations
from schema.commerce.order_bump import OrderBumpMutations, OrderBumpQueries
from schema.commerce.order_mutations import OrderMutations
from schema.commerce.payment_method import PaymentMethodMutations, PaymentMethodQueries
from schema.commerce.queries import CommerceQueries
from schema.commerce.report import ReportQueries
from schema.commerce.shipping import ShippingMethodMutations, ShippingQueries
from schema.commerce.store import StoreMutations, StoreSettings
from schema.commerce.subscription import SubscriptionMutations
from schema.files.driver import StorageDriverMutations, StorageDriverQueries
from schema.files.file import FileMutations, FileQueries
from schema.integration.addon import AddonMutations, ProviderQueries
from schema.integration.change import ChangeQueries
from schema.integration.connected_store import ConnectedStoreMutations, ConnectedStoreQueries
from schema.integration.event import Event
from schema.integration.event_type import DeclaredEvent, check_emitted, event_types
from schema.integration.feed import FeedMutations, IntegrationFeed
from schema.integration.feed_dry_run import FeedTestQueries
from schema.integration.feed_form import FeedFormQueries
from schema.integration.feed_run import IntegrationFeedRun
from schema.integration.provider import IntegrationProvider
from schema.integration.push import PushMutations, PushQueries
from schema.integration.settings import IntegrationSettingsMutations
from schema.integration.webhook import Webhook, WebhookMutations
from schema.integration.workbench import WebhookQueries, WebhookWorkbenchMutations
from schema.integration.workflow import WorkflowDefinitionQueries, WorkflowMutations
from schema.integration.workflow_run import WorkflowRunMutations, WorkflowRunQueries
from schema.live.subscription import Subscription


@strawberry.type(description="What can be read.")
class Query(
    AccessQueries,
    FileQueries,
    StorageDriverQueries,
    CommerceQueries,
    CartQueries,
    CheckoutQueries,
    OrderBumpQueries,
    PaymentMethodQueries,
    ReportQueries,
    ShippingQueries,
    TaxRateQueries,
    ChangeQueries,
    ConnectedStoreQueries,
    WebhookQueries,
    PushQueries,
    ProviderQueries,
    WorkflowDefinitionQueries,
    WorkflowRunQueries,
    FeedFormQueries,
    FeedTestQueries,
):
    node: Node | None = node()
    nodes: list[Node | None] = nodes()
    product: Product | None = lookup(
        ProductBy,
        rest=["GET /products/{product}", "GET /products/{productId}/pricing", "GET /public/products/{id}"],
        description="One product; null when absent or hidden.",
    )
    products: Connection[Product] | None = connected(
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
        size=2,  # categories and brands
        rest=["GET /products/fetch-term", "GET /public/categories"],
        description="The ways of sorting products, with their trees of terms.",
    )
    term: Term | None = lookup(TermBy, description="One category or brand; null when absent.")
    tax_classes: list[TaxClass] | None = every(
        order=[TaxClassRow.priority], permission="products/view", description="All tax classes, by their priority."
    )
    tax_class: TaxClass | None = lookup(
        TaxClassBy, permission="products/view", description="One tax class; null when absent."
    )
    shipping_classes: list[ShippingClass] | None = every(
        order=[ShippingClassRow.name], permission="products/view", description="All shipping classes, by their names."
    )
    shipping_class: ShippingClass | None = lookup(
        ShippingClassBy, permission="products/view", description="One shipping class; null when absent."
    )
    attribute_groups: list[AttributeGroup] | None = every(
        order=[AttributeGroupRow.title],
        permission="products/view",
        description="What variants of advanced variations are combined from, by their titles.",
    )
    attribute_group: AttributeGroup | None = lookup(
        AttributeGroupBy, permission="products/view", description="One attribute group; null when absent."
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
    integration_feeds: Connection[IntegrationFeed] | None = connected(
        FEEDS,
        permission=either("integrations/view", "products/view"),
        rest=["GET /integration/global-feeds"],
        description="Feeds: those of the whole store for integrations/view, those of products for products/view.",
    )
    integration_feed_runs: Connection[IntegrationFeedRun] | None = connected(
        RUNS,
        permission=either("integrations/view", "products/view"),
        description="What feeds did, are doing or wait to do, the newest first unless sorted: with `filter: {state: "
        "{eq: FAILED}}` what somebody has to look at.",
    )
    integration_providers: list[IntegrationProvider] = every(
        order=[ProviderRow.priority], description="What feeds can be made for; empty for who may not see feeds."
    )
    webhooks: Connection[Webhook] | None = connected(
        WEBHOOKS,
        permission="integrations/view",
        rest=["GET /webhook/feed"],
        description="What other systems are told, in the order in which webhooks were made unless sorted.",
    )
    webhook: Webhook | None = lookup(
        WebhookBy,
        permission="integrations/view",
        rest=["GET /webhook/feed/{id}"],
        description="One webhook; null when absent.",
    )
    events: Connection[Event] | None = connected(
        EVENTS,
        narrowing=OF_EVENTS,
        first=number,
        description="What happened, in the order in which it could be read: nothing appears before a place that you "
        "have read up to. Each needs the permission of what it tells of, most of them products/view.",
    )
    event_types: list[DeclaredEvent] = queried(
        event_types,
        size=40,
        description="All kinds of events that there are, with what it takes to read them. Open to whom the schema "
        "is, and empty for others: it says what this gateway can tell, and nothing of the store.",
    )
    store_settings: StoreSettings | None = fixed(
        1, permission="store/settings", rest=["GET /settings/store"], description="The store's settings."
    )
    audit_log: Connection[AuditEntry] | None = connected(
        AUDIT_LOG,
        permission="store/sensitive",
        description="Who did what that matters later, when and from where; the newest first unless sorted.",
    )
    trusted_documents: Connection[TrustedDocument] | None = connected(
        TRUSTED_DOCUMENTS,
        permission="store/sensitive",
        description="The documents that clients were built with, the most used first unless sorted.",
    )
    download_url: URL | None = queried(
        download_url,
        Argument("id", strawberry.ID, "The opaque id of a `ProductDownload`.", identifies="ProductDownload"),
        permission="products/view",
        rest=["GET /products/getDownloadableUrl/{downloadableId}"],
        ports=(Links,),
        description="A link to a file that whoever holds it may use for 7 days, unless the server says otherwise. No "
        "order's limits hold for it. Null when there is no such file.",
    )
    catalogue: Catalogue = queried(
        catalogue, description="All documented operations, and where the graph answers them."
    )


@strawberry.type(description="What can be changed. Each field is one transaction.")
class Mutation(
    SessionMutations,
    UserMutations,
    TokenMutations,
    RoleMutations,
    AttributeMutations,
    TaxClassMutations,
    TaxRateMutations,
    ShippingClassMutations,
    ShippingMethodMutations,
    DownloadMutations,
    FileMutations,
    CartMutations,
    CheckoutMutations,
    CouponMutations,
    StorageDriverMutations,
    CustomerMutations,
    OrderMutations,
    OrderBumpMutations,
    PaymentMethodMutations,
    ProductLifecycleMutations,
    ProductMutations,
    PushMutations,
    StoreMutations,
    SubscriptionMutations,
    LicenseMutations,
    TaxonomyMutations,
    BundleMutations,
    ConnectedStoreMutations,
    UpgradePathMutations,
    VariantMutations,
    FeedMutations,
    WebhookMutations,
    WebhookWorkbenchMutations,
    AddonMutations,
    IntegrationSettingsMutations,
    WorkflowMutations,
    WorkflowRunMutations,
):
    """One class per noun, beside the noun's type."""


schema = Schema(
    Query,
    Mutation,
    Subscription,
    internal=[scheduled_publish, coupon_refresh, licenses_expire, subscriptions_lapse],
    audited=audited,
)
check_emitted(schema)
