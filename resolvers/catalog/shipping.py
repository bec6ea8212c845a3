"""What is done to shipping classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry

from db.catalog import visibility
from db.catalog.events import SHIPPING_CLASS_CREATED, SHIPPING_CLASS_DELETED, SHIPPING_CLASS_UPDATED
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from engine.declared.input import finds, identifies
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing import text
from resolvers.editing.editable import Text, edited_version
from resolvers.editing.simple import SimpleNoun

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


async def _own(errors: Refuses, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What a percentage may be holds for the row with the new values."""
    result = {**row, **values}
    if result["type"] is ShippingClassType.PERCENTAGE and result["cost"] > WHOLE:
        errors.refuse(ErrorCode.VALIDATION, f"A percentage is at most 100 ({WHOLE} hundredths)", "cost")
    return values


SHIPPING_CLASSES: Final = SimpleNoun(
    ShippingClassRow,
    visibility.shipping_classes,
    SHIPPING_CLASS_CREATED,
    SHIPPING_CLASS_UPDATED,
    SHIPPING_CLASS_DELETED,
    texts={"name": Text(192, required="A name is required"), "description": Text(500, text.lines)},
    not_negative=("cost",),
    permission="store/settings",
    creates=ShippingClassCreateInput,
    updates=ShippingClassUpdateInput,
    own=_own,
    gone="Its products and variants have none afterwards, without a new version and without events of their own.",
)
