"""Customers and their addresses."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlalchemy import not_
from sqlmodel import col
from strawberry.scalars import JSON

from db.commerce import visibility
from db.commerce.address import AddressType
from db.commerce.customer import CustomerAddressRow, CustomerRow, CustomerStatus, full_name
from db.commerce.license import LicenseRow
from db.commerce.order import OrderRow
from db.commerce.subscription import SubscriptionRow
from engine.declared.connection import Connection
from engine.declared.declaration import column, computed, related
from engine.declared.entity import Node, entity
from engine.declared.listing import connected
from engine.declared.mutation import performed
from engine.declared.payload import Payload, changed, deleted
from engine.values.columns import expression
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.commerce.customer.address import (
    customer_address_create,
    customer_address_delete,
    customer_address_update,
)
from resolvers.commerce.customer.writing import customer_create, customer_update
from resolvers.commerce.license.listing import LICENSES
from resolvers.commerce.order.listing import ORDERS
from resolvers.commerce.subscription.listing import SUBSCRIPTIONS
from schema.money import Money, money

if TYPE_CHECKING:
    from schema.commerce.license import License
    from schema.commerce.order import Order
    from schema.commerce.subscription import CustomerSubscription


@entity(CustomerRow, visible=visibility.customers, description="Somebody who buys.")
class Customer(Node):
    database_id: int = column(CustomerRow.id)
    uuid: str = column(
        CustomerRow.uuid, description="Stable, and not to be guessed: what other systems know the customer by."
    )
    user_database_id: int | None = column(CustomerRow.user_id, description="The store's user account.")
    contact_database_id: int | None = column(
        CustomerRow.contact_id, description="The contact's number in the shop's own CRM; null where there is none."
    )
    email: str = column(CustomerRow.email, description="Where receipts go; one customer has it.")
    first_name: str = column(CustomerRow.first_name, description="As given at the checkout; empty when not.")
    last_name: str = column(CustomerRow.last_name, description="As given at the checkout; empty when not.")
    full_name: str = computed(
        full_name,
        CustomerRow.first_name,
        CustomerRow.last_name,
        description="First and last name with a space between; empty when neither was given.",
    )
    status: CustomerStatus = column(CustomerRow.status, description="Whether they may buy.")
    purchase_value: JSON | None = computed(
        lambda v: v,
        CustomerRow.purchase_value,
        description="What they spent by currency, as the shop keeps it; null before the first purchase.",
    )
    purchase_count: int = column(CustomerRow.purchase_count, description="How many orders they paid.")
    lifetime_value: Money = money(
        CustomerRow.lifetime_value, description="What they paid in all, as the shop last reckoned."
    )
    average_order_value: Decimal = column(
        CustomerRow.average_order_value, description="Minor units, with the fraction that an average has."
    )
    first_purchase_at: datetime | None = column(
        CustomerRow.first_purchase_at, description="In UTC; null before the first purchase."
    )
    last_purchase_at: datetime | None = column(
        CustomerRow.last_purchase_at, description="In UTC; null before the first purchase."
    )
    notes: str = column(
        CustomerRow.notes, description="What the staff wrote down about them; the customer does not see it."
    )
    country: str = column(CustomerRow.country, description="Country by two letters (ISO 3166-1); empty when not given.")
    city: str = column(CustomerRow.city, description="Town or city; empty when not given.")
    state: str = column(
        CustomerRow.state, description="State or province, by the shop's own code (`CA`); empty when not given."
    )
    postcode: str = column(CustomerRow.postcode, description="Postal code; empty when not given.")
    addresses: list["CustomerAddress"] = related(
        CustomerAddressRow.customer_id,
        to=CustomerRow.id,
        order=[CustomerAddressRow.type, expression(not_(col(CustomerAddressRow.is_primary)), "secondary")],
        rest=["GET /customers/{id}/address"],
        description="Billing before shipping, the primary one of a type before its others.",
    )
    orders: Connection[Annotated["Order", strawberry.lazy("schema.commerce.order")]] = connected(
        ORDERS,
        key=OrderRow.customer_id,
        to=CustomerRow.id,
        rest=["GET /customers/{id}/orders"],
        description="Their orders, the newest first unless sorted. Empty without orders/view.",
    )
    subscriptions: Connection[Annotated["CustomerSubscription", strawberry.lazy("schema.commerce.subscription")]] = (
        connected(
            SUBSCRIPTIONS,
            key=SubscriptionRow.customer_id,
            to=CustomerRow.id,
            description="Their subscriptions, the newest first unless sorted. Empty without subscriptions/view.",
        )
    )
    licenses: Connection[Annotated["License", strawberry.lazy("schema.commerce.license")]] = connected(
        LICENSES,
        key=LicenseRow.customer_id,
        to=CustomerRow.id,
        description="Their licences, the newest first unless sorted. Empty without licenses/view.",
    )


@entity(CustomerAddressRow, visible=visibility.customer_addresses, description="Where a customer is billed or sent to.")
class CustomerAddress(Node):
    database_id: int = column(CustomerAddressRow.id)
    type: AddressType = column(
        CustomerAddressRow.type, description="What it is for; each type has one primary address at most."
    )
    is_primary: bool = column(CustomerAddressRow.is_primary, description="At most one per type.")
    status: str = column(
        CustomerAddressRow.status, description="The shop's own word for it; `active` unless it says otherwise."
    )
    label: str = column(
        CustomerAddressRow.label, description="What the customer calls it (`Home`); empty when nothing."
    )
    name: str = column(CustomerAddressRow.name, description="Whom it is addressed to.")
    address1: str = column(CustomerAddressRow.address1, description="Street and number.")
    address2: str = column(
        CustomerAddressRow.address2,
        description="What does not fit the first line: floor, building; empty when there is nothing.",
    )
    city: str = column(CustomerAddressRow.city, description="Town or city.")
    state: str = column(
        CustomerAddressRow.state,
        description="State or province, by the shop's own code (`CA`); empty where there is none.",
    )
    postcode: str = column(CustomerAddressRow.postcode, description="Postal code, as people write it.")
    country: str = column(CustomerAddressRow.country, description="Country by two letters (ISO 3166-1): `US`.")
    phone: str = column(CustomerAddressRow.phone, description="As it was typed; empty when not given.")
    email: str = column(
        CustomerAddressRow.email, description="For mail about this address; empty when it is the customer's own."
    )
    metadata: JSON | None = computed(
        lambda v: v, CustomerAddressRow.extra, description="Opaque to the gateway, as the shop keeps it."
    )
    customer: Customer | None = related(CustomerRow.id, to=CustomerAddressRow.customer_id, description="Whose it is.")


@strawberry.type(description="The new customer.")
class CustomerCreatePayload(Payload):
    customer: Customer | None = changed(CustomerRow.id)


@strawberry.type(description="The customer as they are now.")
class CustomerUpdatePayload(Payload):
    customer: Customer | None = changed(CustomerRow.id)


@strawberry.type(description="The new address, and whose it is.")
class CustomerAddressCreatePayload(Payload):
    customer_address: CustomerAddress | None = changed(CustomerAddressRow.id)
    customer: Customer | None = changed(CustomerRow.id)


@strawberry.type(description="The address as it is now, and whose it is.")
class CustomerAddressUpdatePayload(Payload):
    customer_address: CustomerAddress | None = changed(CustomerAddressRow.id)
    customer: Customer | None = changed(CustomerRow.id)


@strawberry.type(description="The address that is gone, and whose it was.")
class CustomerAddressDeletePayload(Payload):
    deleted_id: strawberry.ID | None = deleted("CustomerAddress")
    customer: Customer | None = changed(CustomerRow.id)


@strawberry.type
class CustomerMutations:
    customer_create: CustomerCreatePayload | None = performed(customer_create)
    customer_update: CustomerUpdatePayload | None = performed(customer_update)
    customer_address_create: CustomerAddressCreatePayload | None = performed(customer_address_create)
    customer_address_update: CustomerAddressUpdatePayload | None = performed(customer_address_update)
    customer_address_delete: CustomerAddressDeletePayload | None = performed(customer_address_delete)
