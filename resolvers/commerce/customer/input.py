"""Inputs of what is done to customers and their addresses."""

import strawberry

from db.commerce.address import AddressType
from db.commerce.customer import CustomerStatus
from engine.declared.input import identifies
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing.editable import edited_version, seen_version

FULL_NAME = "Instead of first and last name: its last word is the last name."
COUNTRY = "Country by two letters (ISO 3166-1): `DE`; whatever the case."
STATE = "State or province, by the shop's own code (`CA`), up to 45 characters."
POSTCODE = "Postal code, as people write it: up to 32 characters, of the country's form."
PRIMARY = "Whether it is the first choice of its type; the one that was it before is that no more."


@strawberry.input(description="A new customer, with a first name or a full one.")
class CustomerCreateInput:
    email: str = strawberry.field(
        description="Where receipts go: up to 254 characters. No other customer has it, whatever the case."
    )
    first_name: str | None = strawberry.field(default=None, description="Up to 255 characters.")
    last_name: str | None = strawberry.field(default=None, description="Up to 255 characters.")
    full_name: str | None = strawberry.field(default=None, description=FULL_NAME)
    status: CustomerStatus = CustomerStatus.ACTIVE
    country: str | None = strawberry.field(default=None, description=COUNTRY)
    city: str | None = strawberry.field(default=None, description="Town or city, up to 255 characters.")
    state: str | None = strawberry.field(default=None, description=STATE)
    postcode: str | None = strawberry.field(default=None, description="Postal code, up to 32 characters.")
    notes: str | None = strawberry.field(
        default=None, description="For the staff, up to 5000 characters; the customer does not see it."
    )


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class CustomerUpdateInput:
    id: strawberry.ID = identifies("Customer")
    expected_version: int | None = edited_version()
    email: strawberry.Maybe[str] = strawberry.field(
        default=None, description="Up to 254 characters. No other customer has it, whatever the case."
    )
    first_name: strawberry.Maybe[str]
    last_name: strawberry.Maybe[str | None]
    full_name: strawberry.Maybe[str] = strawberry.field(default=None, description=FULL_NAME)
    status: strawberry.Maybe[CustomerStatus]
    country: strawberry.Maybe[str | None] = strawberry.field(default=None, description=COUNTRY)
    city: strawberry.Maybe[str | None]
    state: strawberry.Maybe[str | None] = strawberry.field(default=None, description=STATE)
    postcode: strawberry.Maybe[str | None]
    notes: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="For the staff, up to 5000 characters; the customer does not see it."
    )


@strawberry.input(description="A new address of a customer. Which parts it needs hangs on its country.")
class CustomerAddressCreateInput:
    customer_id: strawberry.ID = identifies("Customer", description="Whose it is.")
    type: AddressType
    is_primary: bool = strawberry.field(default=False, description=f"{PRIMARY} The first of a type is it anyway.")
    label: str | None = strawberry.field(
        default=None, description="What the customer calls it (`Home`): up to 15 characters."
    )
    name: str | None = strawberry.field(default=None, description="Whom it is addressed to: up to 255 characters.")
    address1: str | None = strawberry.field(default=None, description="Street and number: up to 255 characters.")
    address2: str | None = strawberry.field(default=None, description="Floor, building: up to 255 characters.")
    city: str | None = strawberry.field(default=None, description="Town or city, up to 255 characters.")
    state: str | None = strawberry.field(default=None, description=STATE)
    postcode: str | None = strawberry.field(default=None, description=POSTCODE)
    country: str = strawberry.field(description=COUNTRY)
    phone: str | None = strawberry.field(default=None, description="Up to 45 characters.")
    email: str | None = strawberry.field(
        default=None, description="For mail about this address, where it is not the customer's own."
    )


@strawberry.input(
    description="What is named changes, null clears, what is absent stays. When a part of the place changes, the whole "
    "of it has to be an address of its country."
)
class CustomerAddressUpdateInput:
    id: strawberry.ID = identifies("CustomerAddress")
    expected_version: int | None = edited_version()
    customer_id: strawberry.ID | None = identifies(
        "Customer", description="Whose it is, where you want to be sure: another's is NOT_FOUND."
    )
    type: strawberry.Maybe[AddressType]
    is_primary: strawberry.Maybe[bool] = strawberry.field(default=None, description=PRIMARY)
    label: strawberry.Maybe[str | None] = strawberry.field(default=None, description="Up to 15 characters.")
    name: strawberry.Maybe[str | None]
    address1: strawberry.Maybe[str | None]
    address2: strawberry.Maybe[str | None]
    city: strawberry.Maybe[str | None]
    state: strawberry.Maybe[str | None] = strawberry.field(default=None, description=STATE)
    postcode: strawberry.Maybe[str | None] = strawberry.field(default=None, description=POSTCODE)
    country: strawberry.Maybe[str] = strawberry.field(default=None, description=COUNTRY)
    phone: strawberry.Maybe[str | None]
    email: strawberry.Maybe[str | None]


@strawberry.input(description="Which address goes. What orders were sent to stays as it was.")
class CustomerAddressDeleteInput:
    id: strawberry.ID = identifies("CustomerAddress")
    expected_version: int | None = seen_version()
