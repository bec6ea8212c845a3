"""What is done to the addresses of customers. Whoever changes one holds its customer, who has a new version then."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from db.commerce import visibility
from db.commerce.customer import CustomerAddressRow
from db.commerce.events import (
    CUSTOMER_ADDRESS_CREATED,
    CUSTOMER_ADDRESS_DELETED,
    CUSTOMER_ADDRESS_UPDATED,
    CUSTOMER_UPDATED,
)
from db.store.writing import bump_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce import postal
from resolvers.commerce.customer.input import (
    CustomerAddressCreateInput,
    CustomerAddressDeleteInput,
    CustomerAddressUpdateInput,
)
from resolvers.commerce.customer.rules import country, mail_address
from resolvers.commerce.customer.writing import CUSTOMERS
from resolvers.editing.editable import Editable, Text
from resolvers.editing.locking import key_of, not_found
from resolvers.editing.updating import differences, named, said

ADDRESSES: Final = Editable(
    CustomerAddressRow,
    visibility.customer_addresses,
    *(CUSTOMER_ADDRESS_CREATED, CUSTOMER_ADDRESS_UPDATED, CUSTOMER_ADDRESS_DELETED),
    texts={
        "label": Text(15),
        "phone": Text(45),
        "state": Text(45),
        "postcode": Text(32),
        **{name: Text(255) for name in ("name", "address1", "address2", "city")},
    },
)
MOST: Final = 100  # of one customer
_NEW: Final = object()


@mutation(
    permission="customers/manage",
    rest=None,
    emits=(CUSTOMER_ADDRESS_CREATED, CUSTOMER_ADDRESS_UPDATED, CUSTOMER_UPDATED),
)
async def customer_address_create(unit: Unit, input: CustomerAddressCreateInput) -> Keys:
    """Give a customer one more address."""
    customer = await CUSTOMERS.load(unit, input.customer_id, path="customerId")
    asked = said(input)
    del asked["customer_id"]
    values = _checked(unit, {}, asked)
    others = await _others(unit, customer["id"])
    if len(others) >= MOST:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"A customer has at most {MOST} addresses", "customerId")
    unit.settle()
    first = all(other["type"] is not values["type"] for other in others)
    if first or values["is_primary"]:
        await _retire(unit, others, values["type"])
    made = await ADDRESSES.make(
        unit, {**values, "customer_id": customer["id"], "is_primary": first or values["is_primary"]}
    )
    await _touch(unit, customer)
    return {"customer_address": made["id"], "customer": customer["id"]}


@mutation(
    permission="customers/manage",
    rest="PUT /customers/{id}/address",
    emits=(CUSTOMER_ADDRESS_UPDATED, CUSTOMER_UPDATED),
)
async def customer_address_update(unit: Unit, input: CustomerAddressUpdateInput) -> Keys:
    """Change an address of a customer. What was ordered to it stays as it was."""
    customer, row = await _held(unit, input.id, input.expected_version)
    if input.customer_id is not None and key_of(input.customer_id) != customer["id"]:
        not_found(unit, "address of this customer", "id")
    values = _checked(unit, row, named(input, leave=("id", "expected_version", "customer_id")))
    unit.settle()
    if differences(row, values):
        result = {**row, **values}
        if result["is_primary"]:
            others = await _others(unit, customer["id"])
            await _retire(unit, [other for other in others if other["id"] != row["id"]], result["type"])
        await ADDRESSES.change(unit, row, values)
        await _touch(unit, customer)
    return {"customer_address": row["id"], "customer": customer["id"]}


@mutation(permission="customers/manage", rest=None, emits=(CUSTOMER_ADDRESS_DELETED, CUSTOMER_UPDATED))
async def customer_address_delete(unit: Unit, input: CustomerAddressDeleteInput) -> Keys:
    """Take an address from a customer. After the primary one of a type none is that, until somebody says which."""
    customer, row = await _held(unit, input.id, input.expected_version)
    await ADDRESSES.remove(unit, row)
    await _touch(unit, customer)
    return {"deleted_id": row["id"], "customer": customer["id"]}


async def _held(unit: Unit, id: str, expected_version: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its customer, and the address of a global id: locked, in this order."""
    columns = ADDRESSES.table.c
    owner = select(columns.customer_id).where(columns.id == key_of(id)).scalar_subquery()
    customers = CUSTOMERS.table
    held = select(customers).where(customers.c.id == owner, visibility.customers(unit.viewer)).with_for_update()
    found = (await unit.connection.execute(held)).mappings().one_or_none()
    row = await ADDRESSES.load(unit, id, expected_version)
    return dict(found) if found is not None else not_found(unit, "customer address", "id"), row


async def _others(unit: Unit, customer: int) -> list[dict[str, Any]]:
    columns = ADDRESSES.table.c
    statement = select(ADDRESSES.table).where(columns.customer_id == customer).order_by(columns.id).with_for_update()
    return [dict(row) for row in (await unit.connection.execute(statement)).mappings()]


async def _retire(unit: Unit, others: list[dict[str, Any]], type_: Any) -> None:
    """Before another one becomes primary: no two may be, not even for a statement."""
    for other in others:
        if other["type"] is type_ and other["is_primary"]:
            await ADDRESSES.change(unit, other, {"is_primary": False})


async def _touch(unit: Unit, customer: Mapping[str, Any]) -> None:
    await bump_all(unit.connection, CUSTOMERS.table, [customer["id"]])
    unit.emit(CUSTOMER_UPDATED(customer, {}, ("addresses",)))


def _checked(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Where an import brought what is no whole address, the rest of it may change."""
    values = ADDRESSES.checked(unit, {name: value for name, value in asked.items() if row.get(name, _NEW) != value})
    if "email" in values:
        values["email"] = mail_address(unit, values["email"])
    if "country" in values:
        values["country"] = country(values["country"])
    if not row or not postal.PLACE.isdisjoint(values):
        postal.check_postal(unit, {**dict.fromkeys(postal.PLACE, ""), **row, **values})
    return values
