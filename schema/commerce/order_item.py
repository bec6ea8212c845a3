"""Lines of orders, and what they let the customer download."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.catalog.download import DownloadRow
from db.catalog.product import FulfillmentType, ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.order import DownloadPermissionRow, LineType, OrderItemRow, OrderRow
from engine.declared.batch import batched
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.values.scalars import URL
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.download import permission_urls
from schema.money import Money, currency_of_order, maybe_order_money, order_money

if TYPE_CHECKING:
    from schema.catalog.download import ProductDownload
    from schema.catalog.product import Product
    from schema.catalog.variant import ProductVariant
    from schema.commerce.customer import Customer
    from schema.commerce.order import Order

# A line has no currency of its own: it is its order's.
_CURRENCY: str = currency_of_order(OrderItemRow.order_id)


@entity(OrderItemRow, visible=visibility.order_items, description="A line of an order, as it was when it was made.")
class OrderItem(Node):
    database_id: int = column(OrderItemRow.id)
    product_title: str = column(OrderItemRow.product_title, description="The product's title at the time of the order.")
    title: str = column(OrderItemRow.title, description="The variant's title at the time of the order.")
    fulfillment_type: FulfillmentType = column(
        OrderItemRow.fulfillment_type, description="Whether it is sent or delivered as files."
    )
    payment_type: LineType = column(OrderItemRow.payment_type, description="What the line charges for.")
    quantity: int = column(OrderItemRow.quantity, description="How many were ordered, from 1.")
    fulfilled_quantity: int = column(
        OrderItemRow.fulfilled_quantity,
        description="How many of them were sent; of what is not sent shops leave it at 0.",
    )
    restocked_quantity: int = column(
        OrderItemRow.restocked_quantity, description="How many of them came back into the stock with a refund."
    )
    unit_price: Money = order_money(OrderItemRow.unit_price, _CURRENCY, description="What one of them cost.")
    cost: Money | None = maybe_order_money(
        OrderItemRow.cost, _CURRENCY, permission="products/edit", description="What it cost the store, as of a variant."
    )
    subtotal: Money = order_money(
        OrderItemRow.subtotal, _CURRENCY, description="`unitPrice` times `quantity`, before discounts and tax."
    )
    tax_amount: Money = order_money(OrderItemRow.tax_amount, _CURRENCY, description="The tax on the line.")
    shipping_charge: Money = order_money(
        OrderItemRow.shipping_charge, _CURRENCY, description="What sending the line costs the customer."
    )
    discount_total: Money = order_money(
        OrderItemRow.discount_total, _CURRENCY, description="What was taken off the line."
    )
    line_total: Money = order_money(
        OrderItemRow.line_total, _CURRENCY, description="`subtotal` without `discountTotal`."
    )
    refund_total: Money = order_money(
        OrderItemRow.refund_total, _CURRENCY, description="What was given back of the line so far."
    )
    rate: Decimal = column(
        OrderItemRow.rate,
        description="What one unit of the order's currency is in the store's; 1 where they are the same.",
    )
    position: int = column(OrderItemRow.position, description="Order of display in the order, ascending.")
    other_info: JSON | None = computed(
        lambda v: v,
        OrderItemRow.other_info,
        description="Opaque to the gateway, as the shop keeps it: the terms of a subscription for one.",
    )
    line_meta: JSON | None = computed(
        lambda v: v,
        OrderItemRow.line_meta,
        description="Opaque to the gateway, as the shop keeps it: which line this one belongs to for one.",
    )
    referrer: str | None = column(
        OrderItemRow.referrer, description="Where the customer came from; null when not known."
    )
    order: Annotated["Order", strawberry.lazy("schema.commerce.order")] | None = related(
        OrderRow.id, to=OrderItemRow.order_id, description="The order that it is a line of."
    )
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to=OrderItemRow.product_id, description="Null once it is deleted."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=OrderItemRow.variant_id, description="Null once it is deleted."
    )


@entity(DownloadPermissionRow, visible=visibility.download_permissions, description="A download that an order permits.")
class DownloadPermission(Node):
    database_id: int = column(DownloadPermissionRow.id)
    download_count: int = column(
        DownloadPermissionRow.download_count,
        description="How often it was downloaded. One that broke off and goes on within 6 hours counts once.",
    )
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
        OrderRow.id, to=DownloadPermissionRow.order_id, description="The order that permits it."
    )
    variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to=DownloadPermissionRow.variant_id, description="What was bought; null once it is deleted."
    )
    download: Annotated["ProductDownload", strawberry.lazy("schema.catalog.download")] | None = related(
        DownloadRow.id,
        to=DownloadPermissionRow.download_id,
        description="The file that is permitted; null without products/view.",
    )
    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id,
        to=DownloadPermissionRow.customer_id,
        description="Who may download; null without customers/view.",
    )
