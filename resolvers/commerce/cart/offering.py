"""What carts are offered beside what is in them, and how it is taken."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, insert, literal, select, true

from db.catalog import visibility
from db.commerce.order_bump import Cart, OrderBumpStatus
from db.commerce.store import MONEY_FORMAT
from db.commerce.sums.plan import is_plan
from db.store.writing import bump_all
from engine.declared.mutation import mutation
from engine.declared.payload import Keys
from engine.standard.context import Context
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from engine.values.viewer import PUBLIC, Viewer
from resolvers.catalog.locking import PRODUCT, VARIANT
from resolvers.commerce.amounts import amounts
from resolvers.commerce.cart.bumps import BUMP, OFFER, beside, is_offered
from resolvers.commerce.cart.destination import told_destination
from resolvers.commerce.cart.finding import CART, ITEM, cart_to_change
from resolvers.commerce.cart.input import CartAddBumpInput
from resolvers.commerce.cart.reading import NEEDED, lines_of, offer_said, problem_of, shown
from resolvers.commerce.order.lines import MOST_LINES
from resolvers.commerce.rows import Rows, within

MOST_OFFERED: Final = 10
# Of so many that are ACTIVE, the first by priority, each is compared with the cart.
_MOST_COMPARED: Final = 200
LONGEST_HASH: Final = 100


async def offers(context: Context, keys: Sequence[int]) -> list[list[dict[str, Any]]]:
    """Of each cart what it is offered."""
    return [await _offers(context.rows, context.viewer, key) for key in keys]


async def _offers(rows: Rows, viewer: Viewer, cart: int) -> list[dict[str, Any]]:
    lines = await lines_of(rows, viewer, cart)
    in_it = {line["variant_id"] for line in lines}
    asked = _active(viewer, true()).order_by(BUMP.c.priority, BUMP.c.id).limit(_MOST_COMPARED)
    found = [row._asdict() for row in await rows(asked)] if lines else []
    free = [one for one in found if one["variant_id"] not in in_it and _can_be_had(one)]
    if not free:
        return []
    seen = await _seen(rows, lines, free)
    return [_said(one) for one in free if is_offered(one, seen)][:MOST_OFFERED]


@mutation(permission=PUBLIC, rest=None, held_by="token")
async def cart_add_bump(unit: Unit, input: CartAddBumpInput) -> Keys:
    """Put what a cart is offered (`Cart.bumps`) into it, one piece at the price of the offer. That holds while the bump
    is active and the rest of the cart meets its conditions; what is taken by an offer counts for none."""
    cart = await cart_to_change(unit, input.token)
    rows = within(unit)
    known = BUMP.c.hash == input.bump if len(input.bump) <= LONGEST_HASH and "\0" not in input.bump else None
    found = [] if known is None else await rows(_active(unit.viewer, known))
    if not found:
        unit.refuse(ErrorCode.NOT_FOUND, "There is no such offer: `Cart.bumps` has those that there are", "bump")
        unit.settle()
    offer = found[0]._asdict()
    lines = await lines_of(rows, unit.viewer, cart["id"])
    if any(line["variant_id"] == offer["variant_id"] for line in lines):
        unit.refuse(ErrorCode.BUSINESS_RULE, "The cart has what is offered already", "bump")
    elif len(lines) >= MOST_LINES:
        unit.refuse(ErrorCode.BUSINESS_RULE, f"A cart has at most {MOST_LINES} things", "bump")
    elif (problem := problem_of(offer)) is not None:
        unit.refuse(ErrorCode.CONFLICT, problem, "bump")
    elif is_plan(offer) or not is_offered(offer, await _seen(rows, lines, [offer])):
        unit.refuse(ErrorCode.BUSINESS_RULE, "It is not offered beside what the cart has now", "bump")
    unit.settle()
    values = {"cart_id": cart["id"], "variant_id": offer["variant_id"], "quantity": 1, "bump_id": offer["bump_id"]}
    await unit.connection.execute(insert(ITEM).values(values))
    await bump_all(unit.connection, CART, [cart["id"]])
    return {"cart": await shown(rows, unit.viewer, cart["id"], told_destination(unit, input))}


def _can_be_had(offer: Mapping[str, Any]) -> bool:
    return problem_of(offer) is None and not is_plan(offer)


def _said(offer: Mapping[str, Any]) -> dict[str, Any]:
    return offer_said(offer, offer["price"], amounts(offer["format"]))


async def _seen(rows: Rows, lines: Sequence[Mapping[str, Any]], offers: Sequence[Mapping[str, Any]]) -> Cart:
    others = [line for line in lines if line["taken_by"] is None and line["problem"] is None]
    return await beside(rows, others, (one["bump_conditions"] for one in offers), lines[0]["email"] if lines else None)


def _active(viewer: Viewer, which: ColumnElement[bool]) -> Select[Any]:
    """Those whose variants the viewer sees and may buy once, each as a line of one piece."""
    return (
        select(
            *NEEDED,
            VARIANT.c.id.label("variant_id"),
            true().label("visible"),
            literal(1).label("quantity"),
            BUMP.c.id.label("bump_id"),
            *OFFER,
            MONEY_FORMAT.label("format"),
        )
        .select_from(
            BUMP.join(VARIANT, VARIANT.c.id == BUMP.c.source_variant_id).join(
                PRODUCT, PRODUCT.c.id == VARIANT.c.product_id
            )
        )
        .where(which, BUMP.c.status == OrderBumpStatus.ACTIVE, visibility.variants(viewer))
    )
