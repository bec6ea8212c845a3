"""Customers and addresses of shops that are no FluentCart. They tell the same of people, under other names, and an
address is no record of its own there but a part of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.connected_stores.shape import made_up
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER, Customer
from connectors.importers.fluentcart.commerce.order import ORDER_ADDRESS
from connectors.importers.fluentcart.values import plain
from connectors.importers.mapping import Columns, Record
from db.commerce.address import AddressType

# Theirs by the importer's.
Names = Mapping[str, str]


def read_customer(
    told: Record, identifier: int, addresses: Sequence[tuple[AddressType, Record]], site: str, names: Names
) -> Customer:
    """`told` has `email`, `first_name`, `last_name`, `created_at`, `updated_at`. What they bought is counted when they
    are written. Raises Unreadable."""
    record = {name: told.get(name) for name in ("first_name", "last_name", "created_at", "updated_at")}
    record["updated_at"] = record["updated_at"] or record["created_at"]
    record["email"] = _written(told.get("email"))
    named = [(kind, _renamed(one, names)) for kind, one in addresses]
    home = next((one for _, one in named if one["country"]), {})
    record |= {name: home.get(name) for name in ("country", "city", "state", "postcode")}
    given = {"id": identifier, "uuid": made_up(site, "customers", identifier)}
    customer = Customer(CUSTOMER.read(record, given=given), counted=True)
    for kind, one in named:
        if _says(one):
            given = {"id": one_of_two(identifier, kind), "customer_id": identifier, "type": kind, "is_primary": True}
            stamps = {name: customer.row[name] for name in ("created_at", "updated_at")}
            row = ADDRESS.read(one, given=given | stamps)
            customer.addresses[row["id"]] = row
    customer.listed = set(customer.addresses)
    return customer


def read_order_address(told: Record, kind: AddressType, order: Columns, names: Names) -> Columns | None:
    """None where it says nothing. Raises Unreadable."""
    one = _renamed(told, names)
    if not _says(one):
        return None
    stamps = {name: order[name] for name in ("created_at", "updated_at")}
    given = {"id": one_of_two(order["id"], kind), "order_id": order["id"], "type": kind}
    return ORDER_ADDRESS.read(one, given=given | stamps)


def one_of_two(identifier: int, kind: AddressType) -> int:
    """The number of an address, which has none there, of an order or a customer who has."""
    return identifier * 2 + (kind is AddressType.SHIPPING)


def _renamed(told: Record, names: Names) -> dict[str, Any]:
    read = plain("")
    parts = [read(told.get(part)) for part in ("first_name", "last_name")]
    found: dict[str, Any] = {ours: told.get(theirs) for ours, theirs in names.items()}
    name = " ".join(part for part in parts if part)
    return {**found, "name": name, "phone": told.get("phone"), "email": _written(told.get("email"))}


def _written(email: Any) -> Any:
    """As whoever has it is looked up by it."""
    return email.strip().lower() if isinstance(email, str) else email


def _says(address: Record) -> bool:
    told = (value for name, value in address.items() if name not in ("phone", "email"))
    return any(isinstance(value, str) and value.strip() for value in told)
