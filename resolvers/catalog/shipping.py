"""What is done to shipping classes."""

from collections.abc import Mapping
from typing import Any, Final

import strawberry

from db.catalog import visibility
from db.catalog.events import SHIPPING_CLASS_CREATED, SHIPPING_CLASS_DELETED, SHIPPING_CLASS_UPDATED
from db.catalog.shipping import ShippingClassRow, ShippingClassType
from db.commerce.sums.share import WHOLE
from engine.declared.input import lookup_input
from engine.unit.unit import Refuses
from engine.values.errors import ErrorCode
from engine.values.scalars import Cents
from resolvers.commerce import enums as _registered  # noqa: F401  the annotations below need the enums
from resolvers.editing import text
from resolvers.editing.editable import Text
from resolvers.editing.simple import SimpleNoun

COST: Final = "FIXED: minor units of the currency; PERCENTAGE: hundredths of a percent, up to 10000."


ShippingClassBy: Final = lookup_input("ShippingClass", ShippingClassRow.id)


@strawberry.input(description="A new shipping class.")
class ShippingClassCreateInput:
    name: str
    type: ShippingClassType
    cost: Cents = strawberry.field(description=COST)
    per_item: bool = strawberry.field(default=False, description="Charged for each item, not once a line.")
    description: str = ""


async def _own(errors: Refuses, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What a percentage may be holds for the row with the new values."""
    result = {**row, **values}
    if result["type"] is ShippingClassType.PERCENTAGE and result["cost"] > WHOLE:
        errors.refuse(ErrorCode.VALIDATION, f"A percentage is at most 100 ({WHOLE} hundredths)", "cost")
    return values


SHIPPING_CLASSES: Final = SimpleNoun(
    ShippingClassRow,
    visibility.staff,
    *(SHIPPING_CLASS_CREATED, SHIPPING_CLASS_UPDATED, SHIPPING_CLASS_DELETED),
    texts={"name": Text(192, required="A name is required"), "description": Text(500, text.lines)},
    not_negative=("cost",),
    permission="store/settings",
    creates=ShippingClassCreateInput,
    cleared=("description",),
    otherwise={"cost": strawberry.field(default=None, description=COST)},
    own=_own,
    gone="Its products and variants have none afterwards, without a new version and without events of their own.",
)
