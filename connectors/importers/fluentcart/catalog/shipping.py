"""`GET /shipping/classes`."""

from typing import Any, Final

from connectors.importers.fluentcart.money import convert, currency_of
from connectors.importers.fluentcart.values import branch, cents, flag, key, moment, paragraphs, plain, word
from connectors.importers.mapping import Columns, Field, Mapped, Tells, Unreadable
from db.catalog.events import SHIPPING_CLASS_CREATED, SHIPPING_CLASS_DELETED, SHIPPING_CLASS_UPDATED
from db.catalog.shipping import ShippingClassRow, ShippingClassType

SHIPPING_CLASS: Final = Mapped(
    "shipping classes",
    ShippingClassRow,
    {
        "id": Field("id", key),
        "name": Field("name", plain()),
        "description": Field("description", paragraphs("")),
        # In the store's table units with two decimals; its answers are hundredths like all others.
        "cost": Field("cost", cents()),
        "per_item": Field("per_item", flag()),
        "type": Field("type", word(ShippingClassType, ShippingClassType.FIXED)),
        "created_at": Field("created_at", moment),
        "updated_at": Field("updated_at", moment),
    },
    branch=branch,
    tells=Tells(SHIPPING_CLASS_CREATED, SHIPPING_CLASS_UPDATED, SHIPPING_CLASS_DELETED),
)


def read_shipping_class(entry: Any) -> Columns:
    """Raises Unreadable."""
    record = branch(entry)
    row = SHIPPING_CLASS.read(record)
    if row["type"] is ShippingClassType.FIXED:
        convert(SHIPPING_CLASS, row, currency_of(record))
    if not row["name"].strip():
        raise Unreadable("is missing", "name")
    return row
