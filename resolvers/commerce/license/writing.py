"""What is done to licences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, select

from db.catalog import visibility as catalog
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.commerce import visibility
from db.commerce.customer import CustomerRow
from db.commerce.events import (
    LICENSE_CREATED,
    LICENSE_EXPIRED,
    LICENSE_RENEWED,
    LICENSE_UPDATED,
)
from db.commerce.license import FOUND_BY, LASTING, LicenseRow, LicenseStatus, new_key, status_at
from db.commerce.order import OrderItemRow, OrderRow
from db.store.primary_keys import new_keys
from db.store.row import now, table
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.license.input import LicenseCreateInput, LicenseUpdateInput
from resolvers.editing.editable import Editable
from resolvers.editing.locking import key_of
from resolvers.editing.updating import named

LICENSES: Final = Editable(LicenseRow, visibility.licenses, LICENSE_CREATED, LICENSE_UPDATED)
PRODUCT, VARIANT, CUSTOMER = table(ProductRow), table(VariantRow), table(CustomerRow)
ORDER, ITEM = table(OrderRow), table(OrderItemRow)
# By hand. INACTIVE is what a shop says that sold it.
SET: Final = frozenset({LicenseStatus.ACTIVE, LicenseStatus.DISABLED, LicenseStatus.EXPIRED})


@mutation(permission="licenses/manage", rest="POST /licenses", emits=(LICENSE_CREATED,), audited=True)
async def license_create(unit: Unit, input: LicenseCreateInput) -> Keys:
    """Make a licence, with a key that nobody guesses. It is ACTIVE."""
    _check_limit(unit, input.limit)
    _check_date(unit, input.expires_at, now())
    values = await _belonging(unit, input)
    unit.settle()
    (key,) = (await new_keys(unit.connection, {LICENSES.table: 1}))[LICENSES.table]
    values |= {"activation_limit": input.limit, "expires_at": input.expires_at, "license_key": new_key(), "id": key}
    await LICENSES.make(unit, values | _found_by(values))
    return {"license": key}


@mutation(
    permission="licenses/manage",
    rest="PUT /licenses/{id}",
    emits=(LICENSE_UPDATED, LICENSE_RENEWED, LICENSE_EXPIRED),
    audited=True,
)
async def license_update(unit: Unit, input: LicenseUpdateInput) -> Keys:
    """Change the status, the limit, the date or the key of a licence. A later date puts one that is EXPIRED in force
    again; what is DISABLED or EXPIRED keeps its activations."""
    row = await LICENSES.load(unit, input.id, input.expected_version)
    values = _checked(unit, row, named(input, leave=("id", "expected_version")))
    if input.regenerate_key:
        values["license_key"] = new_key()
        values |= _found_by({**row, **values})
    changes = await LICENSES.change(unit, row, values)
    if "expires_at" in changes and _later(changes["expires_at"], row["expires_at"]):
        unit.emit(LICENSE_RENEWED(row, changes))
    if changes.get("status") is LicenseStatus.EXPIRED:
        unit.emit(LICENSE_EXPIRED(row, changes))
    return {"license": row["id"]}


def _found_by(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: made(row) for name, made in FOUND_BY.items()}


def _checked(unit: Unit, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. What the licence says already is not judged: a form sends all that it shows."""
    values = {("activation_limit" if name == "limit" else name): value for name, value in asked.items()}
    values = {name: value for name, value in values.items() if row[name] != value}
    at = now()
    if "activation_limit" in values:
        _check_limit(unit, values["activation_limit"], row["activation_count"])
    if "expires_at" in values:
        _check_date(unit, values["expires_at"], at)
        # Whatever word is stored: it may not have been put right yet.
        if status_at(row, at) is LicenseStatus.EXPIRED:
            values.setdefault("status", LicenseStatus.ACTIVE)
    if "status" in values:
        _check_status(unit, {**row, **values}, at)
    return values


def _check_limit(unit: Unit, limit: int, taken: int = 0) -> None:
    if limit < 0:
        unit.refuse(ErrorCode.VALIDATION, "Not below 0", "limit")
    elif 0 < limit < taken:
        message = f"{taken} of its places are taken; 0 is any number"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "limit")


def _check_date(unit: Unit, expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and expires_at <= at:
        message = "It ends in the future, or never (null); the status EXPIRED ends one now"
        unit.refuse(ErrorCode.VALIDATION, message, "expiresAt")


def _check_status(unit: Unit, result: Mapping[str, Any], at: datetime) -> None:
    if result["status"] not in SET:
        unit.refuse(ErrorCode.VALIDATION, f"{result['status'].name} is not set by hand", "status")
    elif result["status"] in LASTING and status_at(result, at) is LicenseStatus.EXPIRED:
        message = "Its date has come: expiresAt has to say a later one, or null"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "status")


def _later(new: datetime | None, old: datetime | None) -> bool:
    return old is not None and (new is None or new > old)


async def _belonging(unit: Unit, input: LicenseCreateInput) -> dict[str, Any]:
    """What it is for, whose it is and what it was sold with, by their columns; refuses what contradicts itself."""
    # In the order in which whoever writes an order holds them.
    order = await _named(unit, ORDER, input.order_id, visibility.orders(unit.viewer), "order", "orderId")
    seen = visibility.customers(unit.viewer)
    customer = await _named(unit, CUSTOMER, input.customer_id, seen, "customer", "customerId")
    if input.product_id is None and input.variant_id is not None:
        its = select(VARIANT.c.product_id).where(VARIANT.c.id == key_of(input.variant_id)).scalar_subquery()
        await unit.connection.execute(_held(PRODUCT, PRODUCT.c.id == its))
    product = await _named(unit, PRODUCT, input.product_id, catalog.products(unit.viewer), "product", "productId")
    variant = await _named(unit, VARIANT, input.variant_id, catalog.variants(unit.viewer), "variant", "variantId")
    if input.product_id is None and input.variant_id is None:
        unit.refuse(ErrorCode.VALIDATION, "A product or a variant is required", "productId")
    if product is not None and variant is not None and variant["product_id"] != product["id"]:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is no variant of this product", "variantId")
    if order is not None and customer is not None and order["customer_id"] != customer["id"]:
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is not this customer's order", "customerId")
    unit.settle()
    owner = customer["id"] if customer is not None else order["customer_id"] if order is not None else None
    values = {
        "product_id": variant["product_id"] if variant is not None else product and product["id"],
        "variant_id": variant and variant["id"],
        "order_id": order and order["id"],
        "customer_id": owner,
    }
    if order is not None:
        await _check_sold(unit, values)
    return values


async def _named(
    unit: Unit, of: Table, id: str | None, visible: ColumnElement[bool], what: str, path: str
) -> Mapping[str, Any] | None:
    """The row that an id names, held: who deletes it waits. None where none is named; refuses NOT_FOUND."""
    if id is None:
        return None
    found = (await unit.connection.execute(_held(of, of.c.id == key_of(id), visible))).mappings().one_or_none()
    if found is None:
        unit.refuse(ErrorCode.NOT_FOUND, f"No such {what}", path)
    return None if found is None else dict(found)


def _held(of: Table, *which: ColumnElement[bool]) -> Select[Any]:
    return select(of).where(*which).with_for_update(read=True, key_share=True)


async def _check_sold(unit: Unit, values: Mapping[str, Any]) -> None:
    of_variant = values["variant_id"] is not None
    column = ITEM.c.variant_id if of_variant else ITEM.c.product_id
    sought = values["variant_id"] if of_variant else values["product_id"]
    lines = select(ITEM.c.id).where(ITEM.c.order_id == values["order_id"], column == sought).limit(1)
    if (await unit.connection.execute(lines)).first() is None:
        message = f"No line of this order is of this {'variant' if of_variant else 'product'}"
        unit.refuse(ErrorCode.BUSINESS_RULE, message, "orderId")
