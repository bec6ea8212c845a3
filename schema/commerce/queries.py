"""What of orders, customers, subscriptions, coupons and licences can be read from the root."""

import strawberry

from engine.declared.connection import Connection
from engine.declared.listing import connected
from engine.declared.lookup import lookup
from resolvers.commerce.coupon.listing import COUPONS, CouponBy
from resolvers.commerce.customer.listing import CUSTOMERS, CustomerBy
from resolvers.commerce.license.listing import LICENSES, LicenseBy
from resolvers.commerce.order.listing import ORDERS, OrderBy
from resolvers.commerce.subscription.listing import SUBSCRIPTIONS, SubscriptionBy
from schema.commerce.coupon import Coupon
from schema.commerce.customer import Customer
from schema.commerce.license import License
from schema.commerce.order import Order
from schema.commerce.subscription import CustomerSubscription


@strawberry.type
class CommerceQueries:
    orders: Connection[Order] | None = connected(
        ORDERS,
        permission="orders/view",
        rest=["GET /orders"],
        description="Orders, the newest first unless sorted.",
    )
    order: Order | None = lookup(
        OrderBy, permission="orders/view", rest=["GET /orders/{id}"], description="One order; null when absent."
    )
    customers: Connection[Customer] | None = connected(
        CUSTOMERS,
        permission="customers/view",
        rest=["GET /customers"],
        description="Customers, the newest first unless sorted.",
    )
    customer: Customer | None = lookup(
        CustomerBy,
        permission="customers/view",
        rest=["GET /customers/{id}"],
        description="One customer; null when absent.",
    )
    subscriptions: Connection[CustomerSubscription] | None = connected(
        SUBSCRIPTIONS,
        permission="subscriptions/view",
        rest=["GET /subscriptions"],
        description="Subscriptions, the newest first unless sorted.",
    )
    subscription: CustomerSubscription | None = lookup(
        SubscriptionBy,
        permission="subscriptions/view",
        rest=["GET /subscriptions/{id}"],
        description="One subscription; null when absent.",
    )
    coupons: Connection[Coupon] | None = connected(
        COUPONS,
        permission="coupons/view",
        rest=["GET /coupons"],
        description="Coupons, the newest first unless sorted.",
    )
    coupon: Coupon | None = lookup(
        CouponBy, permission="coupons/view", rest=["GET /coupons/{id}"], description="One coupon; null when absent."
    )
    licenses: Connection[License] | None = connected(
        LICENSES,
        permission="licenses/view",
        rest=["GET /licenses"],
        description="Licences, the newest first unless sorted.",
    )
    license: License | None = lookup(
        LicenseBy,
        permission="licenses/view",
        rest=["GET /licenses/{id}"],
        description="One licence; null when absent.",
    )
