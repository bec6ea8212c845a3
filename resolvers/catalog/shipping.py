"""What is done to shipping classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry
from sqlalchemy import delete

from db.catalog import visibility
from db.catalog.events import SHIPPING_CLASS_CREATED, SHIPPING_CLASS_DELETED, SHIPPING_CLASS_UPDATED
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from db.store.row import table
from db.store.writing import add, edit
from engine.declared.input import finds, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.updating import differences, named, refuse_outdated

SHIPPING_CLASS = table(ShippingClassRow)
LONGEST: Final = {"name": 192, "description": 500}
WHOLE: Final = 10_000  # hundredths of a percent
COST: Final = "FIXED: minor units of the currency; PERCENTAGE: hundredths of a percent, up to 10000."


@strawberry.input(one_of=True, description="Exactly one of these.")
class ShippingClassBy:
    id: strawberry.Maybe[strawberry.ID] = finds(ShippingClassRow.id, identifies="ShippingClass")
    database_id: strawberry.Maybe[int] = finds(ShippingClassRow.id, description="The store's own number.")


@strawberry.input(description="A new shipping class.")
class ShippingClassCreateInput:
    name: str
    type: ShippingClassType
    cost: Cents = strawberry.field(description=COST)
    per_item: bool = strawberry.field(default=False, description="Charged for each item, not once a line.")
    description: str = ""


@strawberry.input(description="What is named changes, null clears, what is absent stays.")
class ShippingClassUpdateInput:
    id: strawberry.ID = identifies("ShippingClass")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you edited; a newer one makes a CONFLICT and nothing is written."
    )
    name: strawberry.Maybe[str]
    type: strawberry.Maybe[ShippingClassType]
    cost: strawberry.Maybe[Cents] = strawberry.field(default=None, description=COST)
    per_item: strawberry.Maybe[bool]
    description: strawberry.Maybe[str | None]


@strawberry.input(description="Which shipping class goes.")
class ShippingClassDeleteInput:
    id: strawberry.ID = identifies("ShippingClass")
    expected_version: int | None = strawberry.field(
        default=None, description="The version you saw; a newer one makes a CONFLICT and nothing is deleted."
    )


@mutation(permission="store/settings", rest=None, emits=(SHIPPING_CLASS_CREATED,))
async def shipping_class_create(unit: Unit, input: ShippingClassCreateInput) -> Keys:
    """Make a shipping class."""
    asked = {
        "name": input.name,
        "type": input.type,
        "cost": int(input.cost),
        "per_item": input.per_item,
        "description": input.description,
    }
    values = _checked(unit, {}, asked)
    unit.settle()
    row = ShippingClassRow(**values)
    key = await add(unit.connection, row)
    unit.emit(SHIPPING_CLASS_CREATED({**row.model_dump(), "id": key}))
    return {"shipping_class": key}


@mutation(permission="store/settings", rest=None, emits=(SHIPPING_CLASS_UPDATED,))
async def shipping_class_update(unit: Unit, input: ShippingClassUpdateInput) -> Keys:
    """Change a shipping class."""
    row = await _shipping_class(unit, input.id, input.expected_version)
    values = _checked(unit, row, named(input, leave=("id", "expected_version")))
    unit.settle()
    changes = differences(row, values)
    if changes:
        await edit(unit.connection, SHIPPING_CLASS, row["id"], row["version"], changes)
        unit.emit(SHIPPING_CLASS_UPDATED(row, changes))
    return {"shipping_class": row["id"]}


@mutation(permission="store/settings", rest=None, emits=(SHIPPING_CLASS_DELETED,))
async def shipping_class_delete(unit: Unit, input: ShippingClassDeleteInput) -> Keys:
    """Delete a shipping class. Its products and variants have none afterwards, without a new version and without events
    of their own."""
    row = await _shipping_class(unit, input.id, input.expected_version)
    await unit.connection.execute(delete(SHIPPING_CLASS).where(SHIPPING_CLASS.c.id == row["id"]))
    unit.emit(SHIPPING_CLASS_DELETED(row))
    return {"deleted_id": row["id"]}


async def _shipping_class(unit: Unit, id: str, expected_version: int | None) -> dict[str, Any]:
    key = key_of(id)
    found = await locked(unit, SHIPPING_CLASS, [key], visibility.shipping_classes(unit.viewer))
    row = found.get(key) or not_found(unit, "shipping class", "id")
    await refuse_outdated(unit, f"ShippingClass:{key}", expected_version, row["version"])
    return row


def _checked(errors: Refuses, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. The rules hold for the row with them."""
    values = dict(asked)
    if "name" in values:
        values["name"] = text.line(values["name"])
        if not values["name"]:
            errors.refuse(ErrorCode.VALIDATION, "A name is required", "name")
    if "description" in values:
        values["description"] = text.lines(values["description"] or "")
    for name, most in LONGEST.items():
        if len(values.get(name, "")) > most:
            errors.refuse(ErrorCode.VALIDATION, f"At most {most} characters", name)
    result = {**row, **values}
    if result["cost"] < 0:
        errors.refuse(ErrorCode.VALIDATION, "Not below 0", "cost")
    if result["type"] is ShippingClassType.PERCENTAGE and result["cost"] > WHOLE:
        errors.refuse(ErrorCode.VALIDATION, f"A percentage is at most 100 ({WHOLE} hundredths)", "cost")
    return values
