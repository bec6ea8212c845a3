"""Who buys, and where it goes: what a checkout is told of a customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select

from db.commerce.address import AddressType
from db.commerce.customer import FOUND_BY, CustomerStatus, email_key, named_by
from db.store.locks import lock
from db.store.primary_keys import new_keys
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from resolvers.commerce import postal
from resolvers.commerce.cart.input import CheckoutAddressInput, CheckoutProcessInput
from resolvers.commerce.customer.address import ADDRESSES
from resolvers.commerce.customer.rules import country, mail_address
from resolvers.commerce.customer.writing import CUSTOMERS, check_taken_lock
from resolvers.editing import text
from resolvers.editing.updating import said

# Whoever is told need not be who has the address: not that there is an account, nor what the shop has done with it.
NOT_PLACED: Final = "The store cannot take this order here: please ask the store"
_PARTS: Final = ("name", "address1", "address2", "city", "state", "postcode", "country")


@dataclass(frozen=True, slots=True)
class Buyer:
    email: str
    billing: Mapping[str, Any]
    shipping: Mapping[str, Any] | None

    @property
    def goes_to(self) -> Mapping[str, Any]:
        return self.billing if self.shipping is None else self.shipping

    def addresses(self, *, sends: bool) -> list[dict[str, Any]]:
        """The columns of the order's addresses: one to be billed, and of what is sent one to send to."""
        found = [{**self.billing, "type": AddressType.BILLING}]
        if sends:
            found.append({**self.goes_to, "type": AddressType.SHIPPING})
        return found

    async def customer(self, unit: Unit) -> dict[str, Any]:
        """Whoever has the e-mail address, whatever its case, locked; else a new customer. What is known of them already
        stays. Refuses those to whom the shop sells nothing."""
        key = email_key(self.email)
        await lock(unit.connection, {check_taken_lock(key)})
        columns = CUSTOMERS.table.c
        same = select(CUSTOMERS.table).where(columns.email_key == key).order_by(columns.id).limit(1).with_for_update()
        found = (await unit.connection.execute(same)).mappings().one_or_none()
        if found is not None:
            if found["status"] is CustomerStatus.INACTIVE:
                unit.refuse(ErrorCode.BUSINESS_RULE, NOT_PLACED)
            return dict(found)
        first, last = named_by(self.billing["name"])
        (number,) = (await new_keys(unit.connection, {CUSTOMERS.table: 1}))[CUSTOMERS.table]
        place = {name: self.billing[name] for name in ("country", "city", "state", "postcode")}
        values = {"email": self.email, "first_name": first, "last_name": last, **place, "id": number}
        found_by = {name: made(values) for name, made in FOUND_BY.items()}
        return await CUSTOMERS.make(unit, {**values, **found_by, "uuid": uuid4().hex})


def buyer_of(unit: Unit, input: CheckoutProcessInput) -> Buyer:
    """Refuses, each in its place, what is no e-mail address, no name and no address of its country."""
    billing = address_of(unit.at("billing"), input.billing)
    shipping = None if input.shipping is None else address_of(unit.at("shipping"), input.shipping)
    return Buyer(mail_address(unit, input.email, required=True), billing, shipping)


def address_of(errors: Refuses, input: CheckoutAddressInput) -> dict[str, Any]:
    """The columns as they are stored."""
    values = {**dict.fromkeys(_PARTS, ""), **ADDRESSES.checked(errors, said(input))}
    values["country"] = country(values["country"])
    if not text.line(values["name"]):
        errors.refuse(ErrorCode.VALIDATION, "A name is required", "name")
    postal.check_postal(errors, values)
    return values
