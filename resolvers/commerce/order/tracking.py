"""Where an order's parcel is, as somebody here says it."""

from typing import Any, Final

import strawberry

from db.commerce.events import ORDER_TRACKING_UPDATED, ORDER_UPDATED
from db.integration.tracking import set_here
from engine.declared.input import identifies
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.scalars import URL
from resolvers.commerce.order.writing import ORDER
from resolvers.editing import text
from resolvers.editing.editable import edited_version
from resolvers.editing.updating import differences

LONGEST_URL: Final = 2000


@strawberry.input(description="An order's parcel: all of it, in place of what was known.")
class OrderTrackingSetInput:
    id: strawberry.ID = identifies("Order", description="Whose parcel it is.")
    expected_version: int | None = edited_version()
    number: str = strawberry.field(description="By which the carrier knows the parcel: 1 to 100 characters.")
    carrier: str | None = strawberry.field(
        default=None, description="Who carries it, up to 100 characters: `DHL`. Null: it is not said."
    )
    url: URL | None = strawberry.field(
        default=None, description="Where the customer follows it: http or https, up to 2000 characters. Null: nowhere."
    )


@mutation(permission="orders/manage", rest=None, emits=(ORDER_UPDATED, ORDER_TRACKING_UPDATED), audited=True)
async def order_tracking_set(unit: Unit, input: OrderTrackingSetInput) -> Keys:
    """Say by what carrier and number an order's parcel can be followed. The shop that the order came from is told of
    it, where its connection is set to `pushTracking`; `Order.tracking` says whether it was. The same once more is no
    change, and is told again where it was not told yet."""
    row = await ORDER.load(unit, input.id, input.expected_version)
    values = _checked(unit, input)
    unit.settle()
    former = row["tracking_number"]
    if differences(row, values):
        changes = await ORDER.change(unit, row, values)
        unit.emit(ORDER_TRACKING_UPDATED(row, changes))
        await set_here(unit.connection, row["id"], former, caller=unit.viewer.id)
    elif row["tracking_problem"] is not None:
        await set_here(unit.connection, row["id"], None, caller=unit.viewer.id)
    return {"order": row["id"]}


def _checked(unit: Unit, input: OrderTrackingSetInput) -> dict[str, Any]:
    url = (input.url or "").strip() or None
    if url is not None and not (text.is_web_address(url) and len(url) <= LONGEST_URL):
        message = f"It begins with http:// or https:// and has up to {LONGEST_URL} characters"
        unit.refuse(ErrorCode.VALIDATION, message, "url")
    found = ORDER.checked(unit, {"number": input.number, "carrier": input.carrier})
    return {f"tracking_{name}": value for name, value in {**found, "url": url}.items()}
