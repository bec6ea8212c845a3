"""What is done to shipping classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry

from db.catalog import visibility
from db.catalog.events import SHIPPING_CLASS_CREATED, SHIPPING_CLASS_DELETED, SHIPPING_CLASS_UPDATED
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from engine.declared.input import finds, identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing import text
from resolvers.editing.editable import Editable, Text, edited_version, seen_version
from resolvers.editing.updating import named

SHIPPING_CLASSES: Final = Editable(
    ShippingClassRow,
    visibility.shipping_classes,
    SHIPPING_CLASS_CREATED,
    SHIPPING_CLASS_UPDATED,
    SHIPPING_CLASS_DELETED,
    texts={"name": Text(192, required="A name is required"), "description": Text(500, text.lines)},
    not_negative=("cost",),
)
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
    expected_version: int | None = edited_version()
    name: strawberry.Maybe[str]
    type: strawberry.Maybe[ShippingClassType]
    cost: strawberry.Maybe[Cents] = strawberry.field(default=None, description=COST)
    per_item: strawberry.Maybe[bool]
    description: strawberry.Maybe[str | None]


@strawberry.input(description="Which shipping class goes.")
class ShippingClassDeleteInput:
    id: strawberry.ID = identifies("ShippingClass")
    expected_version: int | None = seen_version()


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
    return {"shipping_class": (await SHIPPING_CLASSES.make(unit, _checked(unit, {}, asked)))["id"]}


@mutation(permission="store/settings", rest=None, emits=(SHIPPING_CLASS_UPDATED,))
async def shipping_class_update(unit: Unit, input: ShippingClassUpdateInput) -> Keys:
    """Change a shipping class."""
    row = await SHIPPING_CLASSES.load(unit, input.id, input.expected_version)
    await SHIPPING_CLASSES.change(unit, row, _checked(unit, row, named(input, leave=("id", "expected_version"))))
    return {"shipping_class": row["id"]}


@mutation(permission="store/settings", rest=None, emits=(SHIPPING_CLASS_DELETED,))
async def shipping_class_delete(unit: Unit, input: ShippingClassDeleteInput) -> Keys:
    """Delete a shipping class. Its products and variants have none afterwards, without a new version and without events
    of their own."""
    row = await SHIPPING_CLASSES.load(unit, input.id, input.expected_version)
    await SHIPPING_CLASSES.remove(unit, row)
    return {"deleted_id": row["id"]}


def _checked(errors: Refuses, row: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. What a percentage may be holds for the row with them."""
    values = SHIPPING_CLASSES.checked(errors, asked)
    result = {**row, **values}
    if result["type"] is ShippingClassType.PERCENTAGE and result["cost"] > WHOLE:
        errors.refuse(ErrorCode.VALIDATION, f"A percentage is at most 100 ({WHOLE} hundredths)", "cost")
    return values
