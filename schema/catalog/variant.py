"""Variants: prices, stock and subscription terms of what can be bought."""

from typing import TYPE_CHECKING, Annotated, Final

import strawberry
from sqlmodel import col

from db.catalog import visibility
from db.catalog.attribute import AttributeTermRow, VariantAttributeRow
from db.catalog.bundle import BundleItemRow
from db.catalog.download import DownloadRow, received_with
from db.catalog.media import MediaRow, first_url
from db.catalog.product import FulfillmentType, ProductRow, StockStatus
from db.catalog.shipping import ShippingClassRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import BillingInterval, PaymentType, VariantRow, VariantStatus
from db.commerce.order import OrderItemRow
from db.commerce.order_bump import OrderBumpRow
from db.integration.feed import FeedRow, FeedVariantRow
from engine.declared.batch import Argument, batched
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.columns import element
from engine.values.scalars import URL
from resolvers.commerce.order.listing import ORDER_ITEMS
from schema.catalog.upgrade_offer import UpgradeOffer, offers
from schema.money import Money, maybe_money, money

if TYPE_CHECKING:
    from schema.catalog.attribute import AttributeTerm
    from schema.catalog.download import ProductDownload
    from schema.catalog.media import Media
    from schema.catalog.product import Product
    from schema.catalog.shipping import ShippingClass
    from schema.catalog.upgrade_path import UpgradePath
    from schema.commerce.order_bump import OrderBump
    from schema.commerce.order_item import OrderItem
    from schema.integration.feed import IntegrationFeed

LEAST_INT: Final = -(2**31)


def _expected_available(total: int, committed: int, held: int) -> int | None:
    expected = total - committed - held
    return expected if expected >= LEAST_INT else None


@entity(VariantRow, visible=visibility.variants, description="One thing of a product that can be bought.")
class ProductVariant(Node):
    database_id: int = column(VariantRow.id)
    title: str = column(
        VariantRow.title,
        description="What tells it from the other variants of the product: 1 to 200 characters, without HTML.",
    )
    identifier: str | None = column(
        VariantRow.identifier, description="The combination of attributes it stands for, on advanced variations."
    )
    sku: str | None = column(VariantRow.sku, description="Unique in the store, up to 30 characters.")
    status: VariantStatus = column(
        VariantRow.status, description="INACTIVE ones cannot be bought, and only products/view sees them."
    )
    position: int = column(VariantRow.position, description="Order of display, ascending.")
    description: str = column(
        VariantRow.description,
        description="What the pricing table says of it: up to 255 characters, or 2000 by "
        "`variantPricingTableUpdate`; lines are kept.",
    )
    fulfillment_type: FulfillmentType = column(
        VariantRow.fulfillment_type, description="Whether it is sent or delivered as files."
    )
    sold_individually: bool = column(VariantRow.sold_individually, description="At most one per cart line.")
    downloadable: bool = column(VariantRow.downloadable, description="Whether its buyers receive files with it.")

    price: Money = money(
        VariantRow.price, description="What one costs, not below 0; of a subscription, what each interval costs."
    )
    compare_price: Money = money(VariantRow.compare_price, description="The price crossed out; 0 means none.")
    manage_cost: bool | None = column(
        VariantRow.manage_cost,
        permission="products/edit",
        description="Whether what it costs the store is kept, in `cost`.",
    )
    cost: Money | None = maybe_money(
        VariantRow.cost,
        permission="products/edit",
        description="What it costs the store, not below 0; needed while `manageCost` is true. Shoppers never see it.",
    )

    stock_status: StockStatus = column(
        VariantRow.stock_status,
        description="IN_STOCK while `available` is above 0, and where stock is not managed; a bundle only while "
        "all that it consists of is ACTIVE and in stock too. It is worked out, whatever is sent.",
    )
    incomplete: bool | None = column(
        VariantRow.incomplete,
        permission="products/view",
        description="Of a bundle: something that it consisted of was deleted. It is out of stock until `bundleSave` "
        "says anew what it consists of.",
    )
    manage_stock: bool = column(VariantRow.manage_stock, description="Whether its stock is counted.")
    backorders: bool | None = column(
        VariantRow.backorders,
        permission="products/view",
        description="Whether it may be ordered beyond its stock, as imported. Nothing here goes by it.",
    )
    total_stock: int | None = column(
        VariantRow.total_stock,
        permission="products/view",
        description="How many there are in all, not below 0. A number of its own: `available` is what decides.",
    )
    available: int | None = column(
        VariantRow.available,
        permission="products/view",
        description="How many can be ordered now, not below 0: at 0 it is out of stock, where stock is managed.",
    )
    on_hold: int | None = column(
        VariantRow.on_hold, permission="products/view", description="Reserved by orders not yet delivered."
    )
    committed: int | None = column(VariantRow.committed, permission="products/view", description="Sold and fulfilled.")
    expected_available: int | None = computed(
        _expected_available,
        VariantRow.total_stock,
        VariantRow.committed,
        VariantRow.on_hold,
        permission="products/view",
        description="totalStock − committed − onHold, for reports: `available` may differ and is what counts. "
        "Null below what an Int can say.",
    )

    payment_type: PaymentType = column(
        VariantRow.payment_type,
        description="Paid once or again and again. ONETIME discards all that was said of a subscription.",
    )
    interval: BillingInterval | None = column(VariantRow.interval, description="How often a subscription is billed.")
    billing_times: int = column(VariantRow.billing_times, description="0: until canceled.")
    trial_days: int = column(
        VariantRow.trial_days, description="Days before a subscription is first billed, 0 to 365; 0 is no trial."
    )
    billing_summary: str = column(
        VariantRow.billing_summary,
        description="How a shop tells a subscription's terms in words: up to 255 characters, empty when there are "
        "none.",
    )
    has_setup_fee: bool = column(
        VariantRow.has_setup_fee,
        description="Whether the first payment of a subscription holds a fee; it then needs `setupFee` and "
        "`setupFeeLabel`.",
    )
    setup_fee: Money | None = maybe_money(
        VariantRow.setup_fee,
        description="What is added to the first payment of a subscription, not below 0; null without a setup fee.",
    )
    setup_fee_label: str | None = column(
        VariantRow.setup_fee_label,
        description="What the setup fee is called on the bill: up to 100 characters; null without one.",
    )
    setup_fee_per_item: bool = column(
        VariantRow.setup_fee_per_item, description="Whether the setup fee is charged for each item, not once a line."
    )
    installment: bool = column(
        VariantRow.installment,
        description="Whether a subscription pays one price in parts: `billingTimes` is then 2 or more.",
    )

    licensed: bool = column(
        VariantRow.licensed,
        description="Whether each piece of it that is paid brings a licence, and each of a bundle that it is part of.",
    )
    license_limit: int = column(
        VariantRow.license_limit,
        description="On how many sites such a licence may be activated, local ones left out; 0: any number.",
    )
    license_months: int | None = column(
        VariantRow.license_months,
        description="How many months such a licence lasts, from the payment on; null: for life. Of a subscription it "
        "lasts with that, whatever this says.",
    )

    package_slug: str | None = column(
        VariantRow.package_slug,
        description="The package that it is sent in, by the shop's own name for it: up to 100 characters; null "
        "when not said.",
    )
    weight: float | None = column(VariantRow.weight, description="In `weightUnit`, not below 0; null when not said.")
    weight_unit: str | None = column(
        VariantRow.weight_unit,
        description="The unit of `weight` (`kg`, `lbs`): up to 10 characters; null when not said.",
    )
    length: float | None = column(
        VariantRow.length, description="In the shop's own unit of length, not below 0; null when not said."
    )
    width: float | None = column(
        VariantRow.width, description="In the shop's own unit of length, not below 0; null when not said."
    )
    height: float | None = column(
        VariantRow.height, description="In the shop's own unit of length, not below 0; null when not said."
    )

    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id,
        to=VariantRow.product_id,
        description="What it is a variant of, which never changes; null when it is hidden from you.",
    )
    media: list[Annotated["Media", strawberry.lazy("schema.catalog.media")]] = related(
        MediaRow.variant_id,
        to=VariantRow.id,
        order=[MediaRow.position],
        description="Its own pictures, by their position; the product's are in its `gallery`.",
    )
    thumbnail_url: URL | None = computed(
        lambda url: None if url is None else URL(url),
        first_url(MediaRow.variant_id, VariantRow.id),
        description="The first picture.",
    )
    downloads: list[Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")]] = related(
        VariantRow.id,
        to=VariantRow.id,
        on=(col(DownloadRow.product_id) == VariantRow.product_id) & received_with(element(VariantRow.id)),
        order=[DownloadRow.position],
        description="The files its buyers receive: those limited to it, and those of every variant.",
    )
    bundle_items: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        BundleItemRow.variant_id,
        to=VariantRow.id,
        on=col(BundleItemRow.child_id) == VariantRow.id,
        order=[BundleItemRow.position],
        rest=["GET /products/get-bundle-info/{productId}"],
        description="What a bundle consists of.",
    )
    bundles: list[Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")]] = related(
        BundleItemRow.child_id,
        to=VariantRow.id,
        on=col(BundleItemRow.variant_id) == VariantRow.id,
        description="The bundles it is part of.",
    )
    upgrade_paths: list[Annotated["UpgradePath", strawberry.lazy("schema.catalog.upgrade_path")]] = related(
        UpgradePathRow.from_variant_id,
        to=VariantRow.id,
        description="What its owners may change it to. Empty without products/view.",
    )
    order_bumps: list[Annotated["OrderBump", strawberry.lazy("schema.commerce.order_bump")]] = related(
        OrderBumpRow.source_variant_id,
        to=VariantRow.id,
        order=[OrderBumpRow.priority],
        description="The order bumps that offer it, by their priority. Empty without store/sensitive.",
    )
    upgrade_offers: list[UpgradeOffer] | None = batched(
        offers,
        Argument("order_hash", str, "The order's hash (`Order.uuid`), which entitles to ask."),
        to=VariantRow.id,
        rest=["GET /products/variation/{variantId}/upgrade-paths"],
        description="What the owner of an order may change it to. Null when there is no such order.",
    )
    shipping_class: Annotated["ShippingClass", strawberry.lazy("schema.catalog.shipping")] | None = related(
        ShippingClassRow.id, to=VariantRow.shipping_class_id, description="Overrides the product's."
    )
    attributes: list[Annotated["AttributeTerm", strawberry.lazy("schema.catalog.attribute")]] = related(
        VariantAttributeRow.variant_id,
        to=VariantRow.id,
        on=col(VariantAttributeRow.term_id) == AttributeTermRow.id,
        order=[AttributeTermRow.group_id, AttributeTermRow.position],
        description="The terms that it is combined from, on advanced variations; empty on others.",
    )
    feeds: list[Annotated["IntegrationFeed", strawberry.lazy("schema.integration.feed")]] = related(
        FeedVariantRow.variant_id,
        to=VariantRow.id,
        on=col(FeedVariantRow.feed_id) == FeedRow.id,
        description="The product's feeds that are limited to this variant among others.",
    )
    order_items: Connection[Annotated["OrderItem", strawberry.lazy("schema.commerce.order_item")]] = connected(
        ORDER_ITEMS,
        key=OrderItemRow.variant_id,
        to=VariantRow.id,
        description="The order lines that sold it, the newest first unless sorted.",
    )
