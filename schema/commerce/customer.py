"""Customers and their addresses."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.customer import AddressType, CustomerAddressRow, CustomerRow, CustomerStatus
from db.commerce.order import OrderRow
from db.commerce.subscription import SubscriptionRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.order import ORDERS
from resolvers.commerce.subscription import SUBSCRIPTIONS
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.commerce.order import Order
    from schema.commerce.subscription import CustomerSubscription


@entity(CustomerRow, visible=visibility.customers, description="Somebody who buys.")
class Customer(Node):
    database_id: int = column(CustomerRow.id)
    uuid: str = column(CustomerRow.uuid)
    user_database_id: int | None = column(CustomerRow.user_id, description="The store's user account.")
    contact_database_id: int | None = column(CustomerRow.contact_id)
    email: str = column(CustomerRow.email)
    first_name: str = column(CustomerRow.first_name)
    last_name: str = column(CustomerRow.last_name)
    full_name: str = computed(lambda f, n: f"{f} {n}".strip(), CustomerRow.first_name, CustomerRow.last_name)
    status: CustomerStatus = column(CustomerRow.status)
    purchase_value: JSON | None = computed(lambda v: v, CustomerRow.purchase_value)
    purchase_count: int = column(CustomerRow.purchase_count)
    lifetime_value: Money = money(CustomerRow.lifetime_value)
    average_order_value: Decimal = column(
        CustomerRow.average_order_value, description="Minor units, with the fraction that an average has."
    )
    first_purchase_at: datetime | None = column(CustomerRow.first_purchase_at)
    last_purchase_at: datetime | None = column(CustomerRow.last_purchase_at)
    notes: str = column(CustomerRow.notes)
    country: str = column(CustomerRow.country)
    city: str = column(CustomerRow.city)
    state: str = column(CustomerRow.state)
    postcode: str = column(CustomerRow.postcode)
    addresses: list["CustomerAddress"] = related(
        CustomerAddressRow.customer_id,
        to=CustomerRow.id,
        order=[CustomerAddressRow.type, CustomerAddressRow.is_primary],
        description="Billing before shipping.",
    )
    orders: Connection[Annotated["Order", strawberry.lazy("schema.commerce.order")]] = connected(
        ORDERS, key=OrderRow.customer_id, to=CustomerRow.id
    )
    subscriptions: Connection[Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")]] = (
        connected(SUBSCRIPTIONS, key=SubscriptionRow.customer_id, to=CustomerRow.id)
    )
    version: int = column(CustomerRow.version)
    created_at: datetime | None = column(CustomerRow.created_at)
    updated_at: datetime | None = column(CustomerRow.updated_at)


@entity(CustomerAddressRow, visible=visibility.customer_addresses, description="Where a customer is billed or sent to.")
class CustomerAddress(Node):
    database_id: int = column(CustomerAddressRow.id)
    type: AddressType = column(CustomerAddressRow.type)
    is_primary: bool = column(CustomerAddressRow.is_primary, description="At most one per type.")
    status: str = column(CustomerAddressRow.status)
    label: str = column(CustomerAddressRow.label)
    name: str = column(CustomerAddressRow.name)
    address1: str = column(CustomerAddressRow.address1)
    address2: str = column(CustomerAddressRow.address2)
    city: str = column(CustomerAddressRow.city)
    state: str = column(CustomerAddressRow.state)
    postcode: str = column(CustomerAddressRow.postcode)
    country: str = column(CustomerAddressRow.country)
    phone: str = column(CustomerAddressRow.phone)
    email: str = column(CustomerAddressRow.email)
    metadata: JSON | None = computed(lambda v: v, CustomerAddressRow.extra)
    customer: Customer | None = related(CustomerRow.id, to=CustomerAddressRow.customer_id)
    version: int = column(CustomerAddressRow.version)
    created_at: datetime | None = column(CustomerAddressRow.created_at)
    updated_at: datetime | None = column(CustomerAddressRow.updated_at)
