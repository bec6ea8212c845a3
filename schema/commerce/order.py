"""Orders and the addresses they were made with."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import col
from strawberry.scalars import JSON

from db.catalog.product import FulfillmentType
from db.commerce import visibility
from db.commerce.address import AddressType
from db.commerce.coupon import AppliedCouponRow
from db.commerce.customer import CustomerRow
from db.commerce.license import LicenseRow
from db.commerce.order import (
    DownloadPermissionRow,
    OrderAddressRow,
    OrderItemRow,
    OrderMode,
    OrderRow,
    OrderStatus,
    OrderTaxRow,
    OrderTransactionRow,
    OrderType,
    PaymentStatus,
    ShippingStatus,
    TaxBehavior,
)
from db.commerce.subscription import SubscriptionRow
from db.work.delivery import DeliveryRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.values.scalars import CurrencyCode
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.integration.feed.listing import RUNS
from schema.commerce.download import order_downloads
from schema.commerce.order_discount import OrderDiscount, order_discount
from schema.commerce.tracking import OrderTracking, order_tracking
from schema.money import Money, order_money

if TYPE_CHECKING:
    from schema.commerce.applied_coupon import AppliedCoupon
    from schema.commerce.customer import Customer
    from schema.commerce.download import OrderDownload
    from schema.commerce.license import License
    from schema.commerce.order_item import DownloadPermission, OrderItem
    from schema.commerce.order_tax import OrderTax
    from schema.commerce.subscription import CustomerSubscription
    from schema.commerce.transaction import OrderTransaction
    from schema.integration.feed_run import IntegrationFeedRun


@entity(OrderRow, visible=visibility.orders, description="What a customer bought at one time.")
class Order(Node):
    database_id: int = column(OrderRow.id)
    uuid: str = column(OrderRow.uuid, description="The order hash: who knows it may see the order's own offers.")
    status: OrderStatus = column(OrderRow.status, description="How far the shop has come with it.")
    payment_status: PaymentStatus = column(
        OrderRow.payment_status,
        description="How far it is paid. Files are given out while it is PAID, PARTIALLY_PAID or PARTIALLY_REFUNDED.",
    )
    shipping_status: ShippingStatus | None = column(OrderRow.shipping_status, description="Null when nothing is sent.")
    type: OrderType = column(
        OrderRow.type, description="What made it: a purchase, the first order of a subscription, a renewal."
    )
    mode: OrderMode = column(OrderRow.mode, description="Whether real money moved.")
    receipt_number: int | None = column(OrderRow.receipt_number, description="Given on payment.")
    invoice_no: str | None = column(OrderRow.invoice_no, description="Given on payment.")
    fulfillment_type: FulfillmentType | None = column(
        OrderRow.fulfillment_type, description="Whether anything of it is sent; null when not said."
    )
    payment_method: str = column(OrderRow.payment_method, description="The gateway's key: `stripe`, `offline_payment`.")
    payment_method_title: str = column(
        OrderRow.payment_method_title, description="What the customer saw the payment method called."
    )
    currency: CurrencyCode = computed(
        CurrencyCode,
        OrderRow.currency,
        description="The currency that it was made in; the store's may have changed since.",
    )
    subtotal: Money = order_money(
        OrderRow.subtotal, OrderRow.currency, description="Its lines, before discounts, shipping and tax."
    )
    manual_discount_total: Money = order_money(
        OrderRow.manual_discount_total, OrderRow.currency, description="What somebody of the staff took off."
    )
    manual_discount: OrderDiscount | None = order_discount()
    coupon_discount_total: Money = order_money(
        OrderRow.coupon_discount_total, OrderRow.currency, description="What coupons took off."
    )
    discount_tax: Money = order_money(
        OrderRow.discount_tax, OrderRow.currency, description="The tax on what was taken off."
    )
    shipping_total: Money = order_money(
        OrderRow.shipping_total,
        OrderRow.currency,
        description="What sending it costs the customer, without `shippingTax`.",
    )
    shipping_tax: Money = order_money(OrderRow.shipping_tax, OrderRow.currency, description="The tax on shipping.")
    fee_total: Money = order_money(
        OrderRow.fee_total, OrderRow.currency, description="Fees on top of the lines; 0 without any."
    )
    tax_total: Money = order_money(
        OrderRow.tax_total,
        OrderRow.currency,
        description="The tax on its lines; `taxBehavior` says whether prices hold it already.",
    )
    total: Money = order_money(OrderRow.total, OrderRow.currency, description="What the customer owes in all.")
    total_paid: Money = order_money(
        OrderRow.total_paid, OrderRow.currency, description="What was paid so far, before refunds."
    )
    total_refund: Money = order_money(
        OrderRow.total_refund, OrderRow.currency, description="What was given back so far."
    )
    rate: Decimal = column(
        OrderRow.rate, description="What one unit of the order's currency is in the store's; 1 where they are the same."
    )
    tax_behavior: TaxBehavior = column(
        OrderRow.tax_behavior, description="Whether its prices hold their tax, when it was made."
    )
    note: str = column(OrderRow.note, description="What the customer wrote at the checkout; empty when nothing.")
    ip_address: str = column(OrderRow.ip_address, description="Where the customer ordered from; empty when not kept.")
    completed_at: datetime | None = column(
        OrderRow.completed_at, description="When it became COMPLETED, in UTC; null until then."
    )
    refunded_at: datetime | None = column(
        OrderRow.refunded_at, description="When money was last given back, in UTC; null while none was."
    )
    tracking: OrderTracking | None = order_tracking()
    config: JSON | None = computed(
        lambda v: v, OrderRow.config, description="Opaque to the gateway, as the shop keeps it: `user_tz` for one."
    )

    customer: Annotated["Customer", strawberry.lazy("schema.commerce.customer")] | None = related(
        CustomerRow.id,
        to=OrderRow.customer_id,
        description="Who bought; null when deleted, and without customers/view.",
    )
    items: list[Annotated["OrderItem", strawberry.lazy("schema.commerce.order_item")]] = related(
        OrderItemRow.order_id,
        to=OrderRow.id,
        order=[OrderItemRow.position],
        description="Its lines, by their position.",
    )
    applied_coupons: list[Annotated["AppliedCoupon", strawberry.lazy("schema.commerce.applied_coupon")]] = related(
        AppliedCouponRow.order_id,
        to=OrderRow.id,
        description="The coupons that it has, with what each took off.",
    )
    taxes: list[Annotated["OrderTax", strawberry.lazy("schema.commerce.order_tax")]] = related(
        OrderTaxRow.order_id,
        to=OrderRow.id,
        order=[OrderTaxRow.priority, OrderTaxRow.tax_rate_id],
        description="The rates that it was taxed by here, in the order in which they were reckoned. Empty of one that "
        "was taxed elsewhere, whatever its `taxTotal`.",
    )
    transactions: list[Annotated["OrderTransaction", strawberry.lazy("schema.commerce.transaction")]] = related(
        OrderTransactionRow.order_id, to=OrderRow.id, description="The payments and refunds of it."
    )
    subscriptions: list[Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")]] = related(
        SubscriptionRow.order_id,
        to=OrderRow.id,
        description="The subscriptions that it began. Empty without subscriptions/view.",
    )
    licenses: list[Annotated["License", strawberry.lazy("schema.commerce.license")]] = related(
        LicenseRow.order_id, to=OrderRow.id, description="The licences sold with it. Empty without licenses/view."
    )
    billing_address: "OrderAddress | None" = related(
        OrderAddressRow.order_id,
        to=OrderRow.id,
        where=col(OrderAddressRow.type) == AddressType.BILLING,
        description="Where the bill goes; null when not given.",
    )
    shipping_address: "OrderAddress | None" = related(
        OrderAddressRow.order_id,
        to=OrderRow.id,
        where=col(OrderAddressRow.type) == AddressType.SHIPPING,
        description="Where it is sent to; null when nothing is sent, or not given.",
    )
    parent: "Order | None" = related(
        OrderRow.id, to=OrderRow.parent_id, description="The order that this one renews or upgrades."
    )
    children: list["Order"] = related(
        OrderRow.parent_id, to=OrderRow.id, description="The orders that renew or upgrade it."
    )
    downloads: list[Annotated["OrderDownload", strawberry.lazy("schema.commerce.download")]] = order_downloads()
    download_permissions: list[Annotated["DownloadPermission", strawberry.lazy("schema.commerce.order_item")]] = (
        related(
            DownloadPermissionRow.order_id,
            to=OrderRow.id,
            description="What is noted of the downloads of its files: counts and limits.",
        )
    )
    feed_runs: Connection[Annotated["IntegrationFeedRun", strawberry.lazy("schema.integration.feed_run")]] = connected(
        RUNS,
        key=DeliveryRow.order_id,
        to=OrderRow.id,
        description="What providers did about it, are doing or wait to do, the newest first unless sorted.",
    )


@entity(
    OrderAddressRow, visible=visibility.order_addresses, description="An address as it was at the time of the order."
)
class OrderAddress(Node):
    database_id: int = column(OrderAddressRow.id)
    type: AddressType = column(
        OrderAddressRow.type, description="What it is for; an order has one of each type at most."
    )
    name: str = column(OrderAddressRow.name, description="Whom it is addressed to.")
    address1: str = column(OrderAddressRow.address1, description="Street and number.")
    address2: str = column(
        OrderAddressRow.address2,
        description="What does not fit the first line: floor, building; empty when there is nothing.",
    )
    city: str = column(OrderAddressRow.city, description="Town or city.")
    state: str = column(
        OrderAddressRow.state,
        description="State or province, by the shop's own code (`CA`); empty where there is none.",
    )
    postcode: str = column(OrderAddressRow.postcode, description="Postal code, as people write it.")
    country: str = column(OrderAddressRow.country, description="Country by two letters (ISO 3166-1): `US`.")
    metadata: JSON | None = computed(
        lambda v: v, OrderAddressRow.extra, description="Opaque to the gateway, as the shop keeps it."
    )
    order: Order | None = related(
        OrderRow.id, to=OrderAddressRow.order_id, description="The order that it was given for."
    )
