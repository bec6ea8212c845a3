"""Lines of orders, and what they let the customer download."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry
from sqlalchemy import select
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog.download import DownloadRow
from db.catalog.product import FulfillmentType, ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.order import DownloadPermissionRow, LineType, OrderItemRow, OrderRow
from db.store.row import table
from engine.declared.batch import batched
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.values.columns import expression
from engine.values.scalars import URL
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.download import permission_urls
from schema.money import Money, maybe_order_money, order_money

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.commerce.customer import Customer
    from schema.commerce.order import Order

# A line has no currency of its own: it is its order's.
_CURRENCY: str = expression(
    cast(
        Any,
        select(col(OrderRow.currency))
        .where(col(OrderRow.id) == OrderItemRow.order_id)
        .correlate(table(OrderItemRow))
        .scalar_subquery(),
    ),
    "currency",
)


@entity(OrderItemRow, visible=visibility.order_items, description="A line of an order, as it was when it was made.")
class OrderItem(Node):
    database_id: int = column(OrderItemRow.id)
    product_title: str = column(OrderItemRow.product_title)
    title: str = column(OrderItemRow.title)
    fulfillment_type: FulfillmentType = column(OrderItemRow.fulfillment_type)
    payment_type: LineType = column(OrderItemRow.payment_type)
    quantity: int = column(OrderItemRow.quantity)
    fulfilled_quantity: int = column(OrderItemRow.fulfilled_quantity)
    unit_price: Money = order_money(OrderItemRow.unit_price, _CURRENCY)
    cost: Money | None = maybe_order_money(
        OrderItemRow.cost, _CURRENCY, permission="products/edit", description="What it cost the store, as of a variant."
    )
    subtotal: Money = order_money(OrderItemRow.subtotal, _CURRENCY)
    tax_amount: Money = order_money(OrderItemRow.tax_amount, _CURRENCY)
    shipping_charge: Money = order_money(OrderItemRow.shipping_charge, _CURRENCY)
    discount_total: Money = order_money(OrderItemRow.discount_total, _CURRENCY)
    line_total: Money = order_money(OrderItemRow.line_total, _CURRENCY)
    refund_total: Money = order_money(OrderItemRow.refund_total, _CURRENCY)
    rate: Decimal = column(OrderItemRow.rate)
    position: int = column(OrderItemRow.position)
    other_info: JSON | None = computed(lambda v: v, OrderItemRow.other_info)
    line_meta: JSON | None = computed(lambda v: v, OrderItemRow.line_meta)
    referrer: str | None = column(OrderItemRow.referrer)
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=OrderItemRow.order_id
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=OrderItemRow.product_id, description="Null once it is deleted."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=OrderItemRow.variant_id, description="Null once it is deleted."
    )
    version: int = column(OrderItemRow.version)
    created_at: datetime | None = column(OrderItemRow.created_at)
    updated_at: datetime | None = column(OrderItemRow.updated_at)


@entity(DownloadPermissionRow, visible=visibility.download_permissions, description="A download that an order permits.")
class DownloadPermission(Node):
    database_id: int = column(DownloadPermissionRow.id)
    download_count: int = column(DownloadPermissionRow.download_count)
    download_limit: int | None = column(DownloadPermissionRow.download_limit, description="Null is unlimited.")
    access_expires_at: datetime | None = column(DownloadPermissionRow.access_expires_at, description="Null is never.")
    last_started_at: datetime | None = column(
        DownloadPermissionRow.last_started_at, description="When the download that was counted last began."
    )
    url: URL | None = batched(
        permission_urls,
        to=DownloadPermissionRow.id,
        description="A link for the customer, as in `Order.downloads`; null when the order permits no download now.",
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=DownloadPermissionRow.order_id
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=DownloadPermissionRow.variant_id
    )
    download: Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")] | None = related(
        DownloadRow.id, to=DownloadPermissionRow.download_id
    )
    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id, to=DownloadPermissionRow.customer_id
    )
    version: int = column(DownloadPermissionRow.version)
    created_at: datetime | None = column(DownloadPermissionRow.created_at)
    updated_at: datetime | None = column(DownloadPermissionRow.updated_at)
