"""What is done to customers."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import select

from db.commerce import visibility
from db.commerce.customer import FOUND_BY, CustomerRow, named_by
from db.commerce.events import CUSTOMER_CREATED, CUSTOMER_DELETED, CUSTOMER_UPDATED
from db.store.locks import lock
from db.store.primary_keys import new_keys
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce import postal
from resolvers.commerce.customer.input import CustomerCreateInput, CustomerUpdateInput
from resolvers.commerce.customer.rules import country, mail_address
from resolvers.editing import text
from resolvers.editing.editable import Editable, Text
from resolvers.editing.updating import named, said

CUSTOMERS: Final = Editable(
    CustomerRow,
    visibility.customers,
    *(CUSTOMER_CREATED, CUSTOMER_UPDATED, CUSTOMER_DELETED),
    texts={
        "first_name": Text(255),
        "last_name": Text(255),
        "city": Text(255),
        "state": Text(45),
        "postcode": Text(32),
        "notes": Text(5000, text.lines),
    },
)
NAMES: Final = frozenset({"first_name", "last_name"})
LONGEST_FULL_NAME: Final = 511  # two names and what is between them


@mutation(permission="customers/manage", rest="POST /customers", emits=(CUSTOMER_CREATED,))
async def customer_create(unit: Unit, input: CustomerCreateInput) -> Keys:
    """Note down a customer, before they have bought anything. What they buy is counted by the shop."""
    values = await _checked(unit, {}, said(input))
    (key,) = (await new_keys(unit.connection, {CUSTOMERS.table: 1}))[CUSTOMERS.table]
    found_by = _found_by({**dict.fromkeys(NAMES, ""), **values, "id": key})
    await CUSTOMERS.make(unit, {**values, **found_by, "id": key, "uuid": uuid4().hex})
    return {"customer": key}


@mutation(permission="customers/manage", rest="PUT /customers/{id}", emits=(CUSTOMER_UPDATED,))
async def customer_update(unit: Unit, input: CustomerUpdateInput) -> Keys:
    """Change a customer. Their orders and the addresses on them stay as they were."""
    row = await CUSTOMERS.load(unit, input.id, input.expected_version)
    values = await _checked(unit, row, named(input, leave=("id", "expected_version")))
    await CUSTOMERS.change(unit, row, {**values, **_found_by({**row, **values})})
    return {"customer": row["id"]}


def _found_by(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: made(row) for name, made in FOUND_BY.items()}


async def _checked(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Of a customer who is there already (`row`), what an import brought is not judged
    unless it is to change: a form sends all that it shows."""
    asked = {name: value for name, value in asked.items() if name not in row or row[name] != value}
    if "full_name" in asked:
        full = text.line(asked.pop("full_name"))
        if asked.keys() & NAMES:
            unit.refuse(ErrorCode.VALIDATION, "Either the full name, or first and last name", "fullName")
        elif len(full) > LONGEST_FULL_NAME:
            unit.refuse(ErrorCode.VALIDATION, f"At most {LONGEST_FULL_NAME} characters", "fullName")
        elif not full:
            unit.refuse(ErrorCode.VALIDATION, "A name is required", "fullName")
        else:
            asked["first_name"], asked["last_name"] = named_by(full)
    elif not row or "first_name" in asked:
        asked.setdefault("first_name", "")
        if not text.line(asked["first_name"]):
            unit.refuse(ErrorCode.VALIDATION, "A first name is required", "firstName")
    values = CUSTOMERS.checked(unit, asked)
    if "email" in values:
        values["email"] = mail_address(unit, values["email"], required=True)
        await _check_taken(unit, row, values["email"])
    if "country" in values:
        values["country"] = country(values["country"])
        if values["country"] and not postal.is_country(values["country"]):
            unit.refuse(ErrorCode.VALIDATION, postal.A_COUNTRY, "country")
    return values


def check_taken_lock(key: str) -> str:
    """What whoever gives an e-mail address to a customer holds, so that no two get one."""
    return f"customer's e-mail address {key}"


async def _check_taken(unit: Unit, row: Mapping[str, Any], email: str) -> None:
    if not email:
        return
    key = FOUND_BY["email_key"]({"email": email})
    if key == row.get("email_key"):
        return  # it is theirs; and whoever buys by it holds the address before its customer
    # Addresses that differ by case alone are no two for the unique constraint.
    await lock(unit.connection, {check_taken_lock(key)})
    customers = CUSTOMERS.table.c
    same = select(customers.id).where(customers.email_key == key, customers.id != row.get("id", 0)).limit(1)
    if (await unit.connection.execute(same)).first() is not None:
        unit.refuse(ErrorCode.CONFLICT, "email is taken already", "email")
