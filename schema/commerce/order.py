"""Orders and the addresses they were made with."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog.product import FulfillmentType
from db.commerce import visibility
from db.commerce.customer import AddressType, CustomerRow
from db.commerce.order import (
    DownloadPermissionRow,
    OrderAddressRow,
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderTransactionRow,
    OrderType,
    PaymentStatus,
    ShippingStatus,
    TaxBehavior,
)
from db.commerce.subscription import SubscriptionRow
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.values.scalars import CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from schema.commerce.download import order_downloads
from schema.money import Money, order_money

if TYPE_CHECKING:
    from schema.commerce.customer import Customer
    from schema.commerce.download import OrderDownload
    from schema.commerce.order_item import DownloadPermission, OrderItem
    from schema.commerce.subscription import CustomerSubscription
    from schema.commerce.transaction import OrderTransaction


@entity(OrderRow, visible=visibility.orders, description="What a customer bought at one time.")
class Order(Node):
    database_id: int = column(OrderRow.id)
    uuid: str = column(OrderRow.uuid, description="The order hash: who knows it may see the order's own offers.")
    status: OrderStatus = column(OrderRow.status)
    payment_status: PaymentStatus = column(OrderRow.payment_status)
    shipping_status: ShippingStatus | None = column(OrderRow.shipping_status, description="Null when nothing is sent.")
    type: OrderType = column(OrderRow.type)
    mode: OrderMode = column(OrderRow.mode)
    receipt_number: int | None = column(OrderRow.receipt_number, description="Given on payment.")
    invoice_no: str | None = column(OrderRow.invoice_no, description="Given on payment.")
    fulfillment_type: FulfillmentType | None = column(OrderRow.fulfillment_type)
    payment_method: str = column(OrderRow.payment_method)
    payment_method_title: str = column(OrderRow.payment_method_title)
    currency: CurrencyCode = computed(CurrencyCode, OrderRow.currency)
    subtotal: Money = order_money(OrderRow.subtotal, OrderRow.currency)
    manual_discount_total: Money = order_money(OrderRow.manual_discount_total, OrderRow.currency)
    coupon_discount_total: Money = order_money(OrderRow.coupon_discount_total, OrderRow.currency)
    discount_tax: Money = order_money(OrderRow.discount_tax, OrderRow.currency)
    shipping_total: Money = order_money(OrderRow.shipping_total, OrderRow.currency)
    shipping_tax: Money = order_money(OrderRow.shipping_tax, OrderRow.currency)
    fee_total: Money = order_money(OrderRow.fee_total, OrderRow.currency)
    tax_total: Money = order_money(OrderRow.tax_total, OrderRow.currency)
    total: Money = order_money(OrderRow.total, OrderRow.currency)
    total_paid: Money = order_money(OrderRow.total_paid, OrderRow.currency)
    total_refund: Money = order_money(OrderRow.total_refund, OrderRow.currency)
    rate: Decimal = column(OrderRow.rate)
    tax_behavior: TaxBehavior = column(OrderRow.tax_behavior)
    note: str = column(OrderRow.note)
    ip_address: str = column(OrderRow.ip_address)
    completed_at: datetime | None = column(OrderRow.completed_at)
    refunded_at: datetime | None = column(OrderRow.refunded_at)
    config: JSON | None = computed(lambda v: v, OrderRow.config)

    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id, to=OrderRow.customer_id
    )
    items: list[Annotated["OrderItem", strawberry.lazy("schema.commerce.order_item")]] = related(
        OrderItemRow.order_id, to=OrderRow.id, order=[OrderItemRow.position]
    )
    transactions: list[Annotated["OrderTransaction", strawberry.lazy("schema.commerce.transaction")]] = related(
        OrderTransactionRow.order_id, to=OrderRow.id
    )
    subscriptions: list[Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")]] = related(
        SubscriptionRow.order_id, to=OrderRow.id
    )
    billing_address: "OrderAddress | None" = related(
        OrderAddressRow.order_id, to=OrderRow.id, where=col(OrderAddressRow.type) == AddressType.BILLING
    )
    shipping_address: "OrderAddress | None" = related(
        OrderAddressRow.order_id, to=OrderRow.id, where=col(OrderAddressRow.type) == AddressType.SHIPPING
    )
    parent: "Order | None" = related(
        OrderRow.id, to=OrderRow.parent_id, description="The order that this one renews or upgrades."
    )
    children: list["Order"] = related(OrderRow.parent_id, to=OrderRow.id)
    downloads: list[Annotated["OrderDownload", strawberry.lazy("schema.commerce.download")]] = order_downloads()
    download_permissions: list[Annotated["DownloadPermission", strawberry.lazy("schema.commerce.order_item")]] = (
        related(DownloadPermissionRow.order_id, to=OrderRow.id)
    )
    version: int = column(OrderRow.version)
    created_at: datetime | None = column(OrderRow.created_at)
    updated_at: datetime | None = column(OrderRow.updated_at)


@entity(
    OrderAddressRow, visible=visibility.order_addresses, description="An address as it was at the time of the order."
)
class OrderAddress(Node):
    database_id: int = column(OrderAddressRow.id)
    type: AddressType = column(OrderAddressRow.type)
    name: str = column(OrderAddressRow.name)
    address1: str = column(OrderAddressRow.address1)
    address2: str = column(OrderAddressRow.address2)
    city: str = column(OrderAddressRow.city)
    state: str = column(OrderAddressRow.state)
    postcode: str = column(OrderAddressRow.postcode)
    country: str = column(OrderAddressRow.country)
    metadata: JSON | None = computed(lambda v: v, OrderAddressRow.extra)
    order: Order | None = related(OrderRow.id, to=OrderAddressRow.order_id)
    version: int = column(OrderAddressRow.version)
    created_at: datetime | None = column(OrderAddressRow.created_at)
    updated_at: datetime | None = column(OrderAddressRow.updated_at)
