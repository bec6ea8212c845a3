"""What is done to order bumps."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import strawberry
from sqlalchemy import true

from db.commerce import visibility
from db.commerce.events import ORDER_BUMP_CREATED, ORDER_BUMP_DELETED, ORDER_BUMP_UPDATED
from db.commerce.order_bump import FOUND_BY, OrderBumpRow
from db.store.row import table
from engine.declared.input import identifies
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.bump import rules
from resolvers.commerce.bump.input import CONDITIONS, DISCOUNT, VARIANT, OrderBumpCreateInput
from resolvers.editing import text
from resolvers.editing.editable import Text
from resolvers.editing.locking import key_of
from resolvers.editing.position import next_position
from resolvers.editing.simple import SimpleNoun

BUMP: Final = table(OrderBumpRow)


async def _own(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if "title" in values:
        values |= {name: made(values) for name, made in FOUND_BY.items()}
    if "variant_id" in values:
        asked = values.pop("variant_id")
        # What it offers already is not judged again.
        if key_of(asked) != row.get("source_variant_id"):
            values["source_variant_id"] = await rules.offered(unit, asked)
    if "discount" in values:
        values |= rules.discount(unit, values.pop("discount"))
    if "conditions" in values:
        values["conditions"] = await rules.conditions(unit, values["conditions"] or [])
    if values.get("priority", 1) < 1:
        unit.refuse(ErrorCode.VALIDATION, "At least 1", "priority")
    if not row:
        values["hash"] = uuid4().hex
        if "priority" not in values:
            values["priority"] = await next_position(unit.connection, BUMP.c.priority, true())
    return values


ORDER_BUMPS: Final = SimpleNoun(
    OrderBumpRow,
    visibility.order_bumps,
    *(ORDER_BUMP_CREATED, ORDER_BUMP_UPDATED, ORDER_BUMP_DELETED),
    texts={
        "title": Text(194, required="A title is required"),
        "source_type": Text(50, required="It is never empty"),
        "description": Text(2000, text.lines),
        "call_to_action": Text(200),
    },
    permission="store/sensitive",
    rest={
        "create": "POST /order-bumps",
        "update": "PUT /order-bumps/{id}",
        "delete": "DELETE /order-bumps/{id}",
    },
    creates=OrderBumpCreateInput,
    cleared=("description", "call_to_action", "discount", "conditions"),
    otherwise={
        "variant_id": identifies("ProductVariant", description=VARIANT),
        "discount": strawberry.field(default=None, description=DISCOUNT),
        "conditions": strawberry.field(default=None, description=CONDITIONS),
        "priority": strawberry.field(
            default=None, description="Of several bumps the lowest comes first, from 1. Others keep theirs."
        ),
    },
    own=_own,
    gone="Carts that it was offered beside lose the offer; what was ordered stays.",
)
