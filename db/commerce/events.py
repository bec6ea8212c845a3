"""What happens to the store itself, and to its orders, customers, coupons, payments, subscriptions and shipping
methods."""

from typing import Final

from db.access.events import SUPER_ADMINS
from db.commerce.coupon import CouponRow
from db.commerce.customer import CustomerAddressRow, CustomerRow
from db.commerce.license import LicenseRow
from db.commerce.order import OrderRow, OrderStatus, OrderTransactionRow, PaymentStatus, ShippingStatus
from db.commerce.order_bump import OrderBumpRow
from db.commerce.payment_method import PaymentMethodRow
from db.commerce.shipping_method import ShippingMethodRow
from db.commerce.storage_driver import StorageDriverRow
from db.commerce.store import StoreRow
from db.commerce.subscription import SubscriptionRow
from db.store.events import Payload, Subject, readers, told

STORE: Final = Subject(
    "store",
    "StoreSettings",
    readers("store/settings"),
    {
        "importId": told("import_id", str, sample="4b0f6f1c2a8e4a53a8b8f7d3c9e01a77"),
        "source": told("source", str, sample="https://shop.example"),
        "first": told("first", bool),
        "changes": told("written", int, sample=412),
    },
)
# The `id` of the store's row, with what is told beside it.
STORE_IMPORTED: Final = STORE.beside(
    "imported",
    "An import of another store came to its end. The first one tells of nothing else: read everything anew. After a "
    "later one each entity that it changed has an event of its own, whose `cause` names this one's `importId`.",
)

# The row with `changed_settings` beside it: keys of the settings that changed, by their documented names.
STORE_UPDATED: Final = Subject(
    "store",
    "StoreSettings",
    readers("store/settings"),
    {
        "settings": told("changed_settings", list[str], sample=["checkout_button_text"]),
        "currency": told(StoreRow.currency, sample="EUR"),
    },
    # Which of them are fields of their own and which are `settings` hangs on their keys.
    shown_as={"settings": None},
).updated("Settings of the store were changed.")

# Neither tells what anything is set to: with the keys of a payment provider one takes money.
PAYMENT_METHOD_UPDATED: Final = Subject(
    "payment_method",
    "PaymentMethod",
    SUPER_ADMINS,
    {"method": told(PaymentMethodRow.key, sample="stripe"), "active": PaymentMethodRow.active},
    key="key",
    shown_as={"concealed": "settings"},
).updated("What a payment method is set to was changed, or whether customers may choose it.")
STORAGE_DRIVER_UPDATED: Final = Subject(
    "storage_driver",
    "StorageDriver",
    SUPER_ADMINS,
    {"driver": told(StorageDriverRow.key, sample="s3")},
    key="key",
    shown_as={"concealed": "settings"},
).updated("A store of files was set up, changed or taken away. With a bucket it was tried first.")

CUSTOMER: Final = Subject(
    "customer",
    "Customer",
    readers("customers/view"),
    {"customerId": CustomerRow.id},
    shown_as={
        "user_id": "user_database_id",
        "contact_id": "contact_database_id",
        **dict.fromkeys(("email_key", "name_key", "search_text")),
    },
)
CUSTOMER_CREATED: Final = CUSTOMER.created("Somebody is a customer from now on.")
CUSTOMER_UPDATED: Final = CUSTOMER.updated("A customer was changed, or one of their addresses.")
CUSTOMER_DELETED: Final = CUSTOMER.deleted("A customer was deleted; their orders stay, without a customer.")

CUSTOMER_ADDRESS: Final = Subject(
    "customer_address",
    "CustomerAddress",
    readers("customers/view"),
    {
        "addressId": CustomerAddressRow.id,
        "customerId": CustomerAddressRow.customer_id,
        "type": CustomerAddressRow.type,
        "isPrimary": CustomerAddressRow.is_primary,
    },
    shown_as={"customer_id": "customer", "extra": "metadata"},
)
# Each stands beside a `customer.updated`, whose `changed` names the addresses.
CUSTOMER_ADDRESS_CREATED: Final = CUSTOMER_ADDRESS.created("A customer has one more address.")
CUSTOMER_ADDRESS_UPDATED: Final = CUSTOMER_ADDRESS.updated(
    "An address of a customer was changed, or became the primary one of its type, or is that no more."
)
CUSTOMER_ADDRESS_DELETED: Final = CUSTOMER_ADDRESS.deleted("An address of a customer is gone.")

ORDER: Final = Subject(
    "order",
    "Order",
    readers("orders/view"),
    {
        "orderId": OrderRow.id,
        "customerId": OrderRow.customer_id,
        "status": OrderRow.status,
        "paymentStatus": OrderRow.payment_status,
    },
    shown_as={
        "customer_id": "customer",
        "parent_id": "parent",
        "search_text": None,
        **dict.fromkeys(("tracking_carrier", "tracking_number", "tracking_url"), "tracking"),
    },
)
ORDER_CREATED: Final = ORDER.created("An order came, with its items, payments and addresses.")
ORDER_UPDATED: Final = ORDER.updated("An order was changed, or its items, payments or addresses.")
ORDER_DELETED: Final = ORDER.deleted("An order was deleted, by itself or with the one that it renews.")

# What follows happens with a change that `order.updated` tells of. `old_status` and `new_status` stand beside the row.
ORDER_STATUS_CHANGED: Final = ORDER.beside(
    "status_changed",
    "The state of an order changed, whatever to.",
    {"oldStatus": told("old_status", OrderStatus), "newStatus": told("new_status", OrderStatus)},
)
ORDER_PAYMENT_STATUS_CHANGED: Final = ORDER.beside(
    "payment_status_changed",
    "Whether an order is paid changed, whatever to.",
    {"oldStatus": told("old_status", PaymentStatus), "newStatus": told("new_status", PaymentStatus)},
)
ORDER_SHIPPING_STATUS_CHANGED: Final = ORDER.beside(
    "shipping_status_changed",
    "Whether an order was sent changed, whatever to.",
    {"oldStatus": told("old_status", ShippingStatus | None), "newStatus": told("new_status", ShippingStatus | None)},
)
ORDER_CANCELED: Final = ORDER.beside(
    "canceled",
    "An order was canceled; its customer loses what it gave.",
    {"oldStatus": told("old_status", OrderStatus)},
)
ORDER_SHIPPED: Final = ORDER.beside("shipped", "An order is on its way.", {"shippingStatus": OrderRow.shipping_status})
ORDER_DELIVERED: Final = ORDER.beside(
    "delivered", "An order has arrived.", {"shippingStatus": OrderRow.shipping_status}
)
ORDER_TRACKING_UPDATED: Final = ORDER.beside(
    "tracking_updated",
    "The parcel of an order can be followed from now on, or by another number.",
    {
        "carrier": told(OrderRow.tracking_carrier, sample="DHL"),
        "number": told(OrderRow.tracking_number, sample="00340434161094021501"),
        "url": told(OrderRow.tracking_url, sample="https://track.example/00340434161094021501"),
    },
)

# `transaction_id`: the last payment that succeeded. `subscription_id`: of an order that began or renewed one.
ORDER_PAID: Final = ORDER.beside(
    "paid",
    "An order is paid, or a renewal; once for each, and not when it was given back meanwhile.",
    {
        "transactionId": told("transaction_id", int | None, sample=31),
        "subscriptionId": told("subscription_id", int | None),
    },
)
# `transaction_id`: the refund itself. `refunded_amount`: of this refund, in minor units.
_REFUND: Final[Payload] = {
    "transactionId": told("transaction_id", int | None, sample=32),
    "refundedAmount": told("refunded_amount", int, sample=1999),
    "fully": told("fully", bool),
}
ORDER_REFUNDED: Final = ORDER.beside(
    "refunded", "Money of an order was given back; `fully` when all of it is by now.", _REFUND
)
ORDER_FULLY_REFUNDED: Final = ORDER.beside(
    "fully_refunded",
    "All money of an order is given back: beside the `order.refunded` that did it. Its customer loses what it gave.",
    _REFUND,
)

PAYMENT: Final = Subject(
    "payment",
    "OrderTransaction",
    readers("orders/view"),
    {
        "transactionId": OrderTransactionRow.id,
        "orderId": OrderTransactionRow.order_id,
        "subscriptionId": OrderTransactionRow.subscription_id,
        "status": OrderTransactionRow.status,
        "total": OrderTransactionRow.total,
        "currency": told(OrderTransactionRow.currency, sample="EUR"),
    },
)
PAYMENT_SUCCESS: Final = PAYMENT.beside("success", "A payment succeeded; `total` is in minor units.")
PAYMENT_FAILED: Final = PAYMENT.beside("failed", "A payment failed; `total` is in minor units.")

SUBSCRIPTION: Final = Subject(
    "subscription",
    "CustomerSubscription",
    readers("subscriptions/view"),
    {
        "subscriptionId": SubscriptionRow.id,
        "customerId": SubscriptionRow.customer_id,
        "orderId": SubscriptionRow.order_id,
        "status": SubscriptionRow.status,
    },
    shown_as={
        "customer_id": "customer",
        "order_id": "order",
        "product_id": "product",
        "variant_id": "variant",
        **dict.fromkeys(("search_text", "kept_here", "billing_day")),
    },
)
_REASON: Final[Payload] = {"reason": told("reason", str | None)}
SUBSCRIPTION_CREATED: Final = SUBSCRIPTION.created("A customer subscribed.")
SUBSCRIPTION_UPDATED: Final = SUBSCRIPTION.updated("A subscription was changed: renewed, canceled, expired.")
SUBSCRIPTION_DELETED: Final = SUBSCRIPTION.deleted("A subscription was deleted with its order.")
SUBSCRIPTION_ACTIVATED: Final = SUBSCRIPTION.beside("activated", "A subscription gives access from now on.")
SUBSCRIPTION_CANCELLED: Final = SUBSCRIPTION.beside(
    "cancelled",
    "A subscription was canceled: it is paid no more, and gives access until what was paid is over.",
    _REASON,
)
# `renewal_order_id`: the new order; `orderId` stays the one that it began with.
SUBSCRIPTION_RENEWED: Final = SUBSCRIPTION.beside(
    "renewed",
    "A subscription was paid again.",
    {"renewalOrderId": told("renewal_order_id", int | None, sample=1043)},
)
SUBSCRIPTION_COMPLETED: Final = SUBSCRIPTION.beside(
    "completed", "A subscription was paid as many times as was agreed; access stays."
)
SUBSCRIPTION_EXPIRED: Final = SUBSCRIPTION.beside(
    "expired",
    "A subscription gives access no more: what was paid is over. One that was canceled stays so.",
    _REASON,
)

COUPON: Final = Subject(
    "coupon",
    "Coupon",
    readers("coupons/view"),
    {
        "couponId": CouponRow.id,
        "code": told(CouponRow.code, sample="SPRING10"),
        "type": CouponRow.type,
        "status": CouponRow.status,
    },
    shown_as=dict.fromkeys(("code_key", "title_key", "search_text")),
)
COUPON_CREATED: Final = COUPON.created("There is one more coupon.")
COUPON_UPDATED: Final = COUPON.updated("A coupon was changed, or its date has come or gone by.")
COUPON_DELETED: Final = COUPON.deleted("A coupon was deleted; orders that were placed with it keep what it took off.")
ORDER_BUMP: Final = Subject(
    "order_bump",
    "OrderBump",
    readers("store/sensitive"),
    {
        "orderBumpId": OrderBumpRow.id,
        "variantId": OrderBumpRow.source_variant_id,
        "status": OrderBumpRow.status,
    },
    shown_as={
        "source_variant_id": "variant",
        "parent_id": "parent",
        "search_text": None,
        **dict.fromkeys(("discount_type", "discount_amount"), "discount"),
    },
)
ORDER_BUMP_CREATED: Final = ORDER_BUMP.created("An order bump was made: an offer beside what is in a cart.")
ORDER_BUMP_UPDATED: Final = ORDER_BUMP.updated("An order bump was changed, or goes on or off offer.")
ORDER_BUMP_DELETED: Final = ORDER_BUMP.deleted("An order bump was deleted, by itself or with what it offers.")
# Without its key: whoever reads of a licence may ask for that, and what is delivered to others holds no secret.
LICENSE: Final = Subject(
    "license",
    "License",
    readers("licenses/view"),
    {
        "licenseId": LicenseRow.id,
        "status": LicenseRow.status,
        "productId": LicenseRow.product_id,
        "variantId": LicenseRow.variant_id,
        "orderId": LicenseRow.order_id,
        "customerId": LicenseRow.customer_id,
    },
    shown_as={
        "license_key": "key",
        "activation_limit": "limit",
        "search_text": None,
        **{f"{name}_id": name for name in ("product", "variant", "order", "customer", "subscription", "parent")},
    },
)
LICENSE_CREATED: Final = LICENSE.created("There is one more licence.")
LICENSE_UPDATED: Final = LICENSE.updated(
    "A licence was changed: its status, its limit, its date, its key, or the sites that it is activated on."
)
# Each of these stands beside a `license.updated`.
_ON_SITE: Final[Payload] = {
    "activationId": told("activation_id", int),
    "siteUrl": told("site_url", str, sample="https://shop.example"),
    "isLocal": told("is_local", bool),
}
LICENSE_ACTIVATED: Final = LICENSE.beside(
    "activated", "A licence was activated on a site; one that is local takes no place.", _ON_SITE
)
LICENSE_DEACTIVATED: Final = LICENSE.beside(
    "deactivated", "A licence is activated on a site no more, which gives its place back.", _ON_SITE
)
LICENSE_RENEWED: Final = LICENSE.beside("renewed", "A licence lasts longer from now on, or for life.")
LICENSE_EXPIRED: Final = LICENSE.beside("expired", "A licence is in force no more: its date came, or somebody said so.")

SHIPPING_METHOD: Final = Subject(
    "shipping_method",
    "ShippingMethod",
    readers("store/settings"),
    {
        "shippingMethodId": ShippingMethodRow.id,
        "type": ShippingMethodRow.type,
        "enabled": ShippingMethodRow.enabled,
    },
)
SHIPPING_METHOD_CREATED: Final = SHIPPING_METHOD.created("There is one more way of sending an order.")
SHIPPING_METHOD_UPDATED: Final = SHIPPING_METHOD.updated("A shipping method was changed, or switched on or off.")
SHIPPING_METHOD_DELETED: Final = SHIPPING_METHOD.deleted(
    "A shipping method was deleted; what orders paid for it stays."
)
