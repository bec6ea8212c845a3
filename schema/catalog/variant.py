"""Variants: prices, stock and subscription terms of what can be bought."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import exists, or_, select
from sqlmodel import col

from db import visibility
from db.catalog.download import DownloadRow, DownloadVariantRow
from db.catalog.media import MediaRow, first_url
from db.catalog.product import FulfillmentType, ProductRow, StockStatus
from db.catalog.variant import BillingInterval, PaymentType, VariantRow, VariantStatus
from db.row import table
from engine.declaration import column, computed, related
from engine.entity import Node, entity
from engine.scalars import URL
from schema.money import Money, maybe_money, money

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload
    from schema.catalog.media import Media
    from schema.catalog.product import Product

_limited = exists(select(1).where(col(DownloadVariantRow.download_id) == DownloadRow.id).correlate(table(DownloadRow)))
_its_own = exists(
    select(1)
    .where(
        col(DownloadVariantRow.download_id) == DownloadRow.id,
        col(DownloadVariantRow.variant_id) == VariantRow.id,
    )
    .correlate(table(DownloadRow), table(VariantRow))
)


@entity(VariantRow, visible=visibility.variants, description="One thing of a product that can be bought.")
class ProductVariant(Node):
    database_id: int = column(VariantRow.id)
    title: str = column(VariantRow.title)
    identifier: str | None = column(
        VariantRow.identifier, description="The combination of attributes it stands for, on advanced variations."
    )
    sku: str | None = column(VariantRow.sku, description="Unique in the store, up to 30 characters.")
    status: VariantStatus = column(VariantRow.status)
    position: int = column(VariantRow.position, description="Order of display, ascending.")
    description: str = column(VariantRow.description)
    fulfillment_type: FulfillmentType = column(VariantRow.fulfillment_type)
    sold_individually: bool = column(VariantRow.sold_individually, description="At most one per cart line.")
    downloadable: bool = column(VariantRow.downloadable)

    price: Money = money(VariantRow.price)
    compare_price: Money = money(VariantRow.compare_price, description="The price crossed out; 0 means none.")
    manage_cost: bool | None = column(VariantRow.manage_cost, permission="products/edit")
    cost: Money | None = maybe_money(VariantRow.cost, permission="products/edit")

    stock_status: StockStatus = column(VariantRow.stock_status)
    manage_stock: bool = column(VariantRow.manage_stock)
    backorders: bool | None = column(VariantRow.backorders, permission="products/view")
    total_stock: int | None = column(VariantRow.total_stock, permission="products/view")
    available: int | None = column(VariantRow.available, permission="products/view")
    on_hold: int | None = column(
        VariantRow.on_hold, permission="products/view", description="Reserved by orders not yet delivered."
    )
    committed: int | None = column(VariantRow.committed, permission="products/view", description="Sold and fulfilled.")
    expected_available: int | None = computed(
        lambda total, committed, held: total - committed - held,
        VariantRow.total_stock,
        VariantRow.committed,
        VariantRow.on_hold,
        permission="products/view",
        description="totalStock − committed − onHold, for reports: `available` may differ and is what counts.",
    )

    payment_type: PaymentType = column(VariantRow.payment_type)
    interval: BillingInterval | None = column(VariantRow.interval, description="How often a subscription is billed.")
    billing_times: int = column(VariantRow.billing_times, description="0: until canceled.")
    trial_days: int = column(VariantRow.trial_days)
    billing_summary: str = column(VariantRow.billing_summary)
    has_setup_fee: bool = column(VariantRow.has_setup_fee)
    setup_fee: Money | None = maybe_money(VariantRow.setup_fee)
    setup_fee_label: str | None = column(VariantRow.setup_fee_label)
    setup_fee_per_item: bool = column(VariantRow.setup_fee_per_item)
    installment: bool = column(VariantRow.installment)

    package_slug: str | None = column(VariantRow.package_slug)
    weight: float | None = column(VariantRow.weight)
    weight_unit: str | None = column(VariantRow.weight_unit)
    length: float | None = column(VariantRow.length)
    width: float | None = column(VariantRow.width)
    height: float | None = column(VariantRow.height)

    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=VariantRow.product_id
    )
    media: list[Annotated["Media", strawberry.lazy("schema.catalog.media")]] = related(
        MediaRow.variant_id, to=VariantRow.id, order=[MediaRow.position]
    )
    thumbnail_url: URL | None = computed(
        lambda url: None if url is None else URL(url),
        first_url(MediaRow.variant_id, VariantRow.id),
        description="The first picture.",
    )
    downloads: list[Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")]] = related(
        VariantRow.id,
        to=VariantRow.id,
        on=(col(DownloadRow.product_id) == VariantRow.product_id) & or_(_its_own, ~_limited),
        order=[DownloadRow.position],
        description="The files its buyers receive: those limited to it, and those of every variant.",
    )
    version: int = column(VariantRow.version)
    created_at: datetime | None = column(VariantRow.created_at)
    updated_at: datetime | None = column(VariantRow.updated_at)
