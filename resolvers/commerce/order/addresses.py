"""Addresses of orders: what a customer's were when it was taken."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import delete, insert, select

from db.commerce.address import AddressRow, AddressType
from db.commerce.customer import CustomerAddressRow
from db.commerce.order import OrderAddressRow
from db.store.row import table
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.editing.locking import key_of

_OF_CUSTOMER: Final = table(CustomerAddressRow)
_OF_ORDER: Final = table(OrderAddressRow)
# What an order keeps of one: not its key, nor what says whose it is.
_COPIED: Final = frozenset(AddressRow.model_fields) - {"version", "created_at", "updated_at", "extra"}
FIELDS: Final = {AddressType.BILLING: "billing_address_id", AddressType.SHIPPING: "shipping_address_id"}
_NAMES: Final = {AddressType.BILLING: "billingAddressId", AddressType.SHIPPING: "shippingAddressId"}


async def copied(unit: Unit, customer: int, asked: Mapping[AddressType, str | None]) -> list[dict[str, Any]]:
    """Columns of the addresses that an order gets: of each type the customer's own one that is named, whatever it is
    for there; where None is, their primary one of that type, if there is one. Refuses NOT_FOUND for another's."""
    columns = _OF_CUSTOMER.c
    keys = {kind: key_of(one) for kind, one in asked.items() if one is not None}
    of_them = select(_OF_CUSTOMER).where(columns.customer_id == customer)
    rows = [dict(row) for row in (await unit.connection.execute(of_them.order_by(columns.id))).mappings()]
    by_key, found = {row["id"]: row for row in rows}, []
    for kind in asked:
        row = by_key.get(keys[kind]) if kind in keys else _primary(rows, kind)
        if row is not None:
            found.append({name: row[name] for name in sorted(_COPIED)} | {"type": kind})
        elif kind in keys:
            unit.refuse(ErrorCode.NOT_FOUND, "No such address of this customer", _NAMES[kind])
    return found


def _primary(rows: list[dict[str, Any]], kind: AddressType) -> dict[str, Any] | None:
    return next((row for row in rows if row["is_primary"] and row["type"] is kind), None)


async def addresses_of(unit: Unit, order: int | None) -> list[dict[str, Any]]:
    """Columns of the addresses that an order has, for another one."""
    if order is None:
        return []
    columns = _OF_ORDER.c
    rows = await unit.connection.execute(select(_OF_ORDER).where(columns.order_id == order).order_by(columns.id))
    return [{name: row[name] for name in sorted(_COPIED)} for row in rows.mappings()]


async def write_addresses(unit: Unit, order: int, addresses: list[dict[str, Any]]) -> None:
    for address in addresses:
        await unit.connection.execute(
            insert(_OF_ORDER).values(**OrderAddressRow(**address, order_id=order).model_dump(exclude={"id"}))
        )


async def remove_addresses(unit: Unit, order: int, kinds: list[AddressType]) -> None:
    columns = _OF_ORDER.c
    await unit.connection.execute(delete(_OF_ORDER).where(columns.order_id == order, columns.type.in_(kinds)))
