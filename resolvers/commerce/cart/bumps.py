"""Whether what a cart has of an order bump is still offered beside the rest of it, and for how much.

A line is a mapping of its variant's columns with `variant_id` and `quantity`; one that was taken by a bump has that
bump's columns besides, as `OFFER` reads them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from db.access.user import UserRow
from db.catalog.taxonomy import TermRow
from db.commerce.order_bump import Cart, ConditionField, OrderBumpRow, OrderBumpStatus, offered, offered_price
from db.commerce.sums.plan import due_now, is_plan
from db.store.row import table
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.cart.finding import ITEM
from resolvers.commerce.coupon.applying import category_links
from resolvers.commerce.order.lines import Choice
from resolvers.commerce.rows import Rows, within

BUMP: Final = table(OrderBumpRow)
TERM: Final = table(TermRow)
USER: Final = table(UserRow)
_READ: Final = (
    *("hash", "status", "source_variant_id", "title", "description", "call_to_action"),
    *("discount_type", "discount_amount", "display_conditions_if", "conditions"),
)
OFFER: Final = tuple(BUMP.c[name].label(f"bump_{name}") for name in _READ)
OVER: Final = "The offer that it was taken by is over: take it out, or say how many of it at its own price"

Line = Mapping[str, Any]


def price_of(line: Line, price: int) -> int:
    """What the one piece costs, of a variant that costs `price`."""
    return offered_price(price, line["bump_discount_type"], line["bump_discount_amount"])


def subtotal_of(line: Line) -> int:
    """What is due for a line now."""
    due, quantity = due_now(line, line["quantity"]), line["quantity"]
    cents: int = due.unit_price * quantity + due.setup_fee
    return cents


async def holding(rows: Rows, taken: Sequence[Line], others: Sequence[Line], email: str | None) -> set[Any]:
    """Of what was taken by bumps (each with an `item_id`) whose bump still holds. `others` are the lines of the cart
    that were not, as far as they can be bought; `email` is that of the person whose cart it is."""
    live = [line for line in taken if line["bump_status"] is OrderBumpStatus.ACTIVE]
    seen = await beside(rows, others, (line["bump_conditions"] for line in live), email)
    return {
        line["item_id"]
        for line in live
        if line["bump_source_variant_id"] == line["variant_id"]
        and line["quantity"] == 1
        and not is_plan(line)
        and is_offered(line, seen)
    }


def is_offered(offer: Line, seen: Cart) -> bool:
    """An empty cart is offered nothing: there is nothing that it could be beside."""
    return seen.quantity > 0 and offered(offer["bump_conditions"], seen, offer["bump_display_conditions_if"])


async def beside(rows: Rows, others: Sequence[Line], conditions: Iterable[Sequence[Line]], email: str | None) -> Cart:
    """A cart as conditions look at it: without what was taken by bumps, so that none keeps another, and itself none."""
    products = {line["product_id"] for line in others}
    asked = any(one["field"] == ConditionField.CATEGORY for each in conditions for one in each)
    return Cart(
        total=sum(subtotal_of(line) for line in others),
        quantity=sum(line["quantity"] for line in others),
        variant_ids=frozenset(line["variant_id"] for line in others),
        product_ids=frozenset(products),
        category_ids=await _categories(rows, products) if asked and products else frozenset(),
        email=email,
    )


async def _categories(rows: Rows, products: Collection[int]) -> frozenset[int]:
    """Those of the products, and all above them."""
    found = category_links(sorted(products)).with_only_columns(TERM.c.id, TERM.c.parent_id).cte(recursive=True)
    # Not UNION ALL: should a store hold a circle, this ends.
    found = found.union(select(TERM.c.id, TERM.c.parent_id).join(found, TERM.c.id == found.c.parent_id))
    return frozenset(row.id for row in await rows(select(found.c.id)))


async def owner(rows: Rows, cart: Mapping[str, Any]) -> str | None:
    """The e-mail address of the person whose cart it is."""
    if cart["user_id"] is None:
        return None
    found = await rows(select(USER.c.email).where(USER.c.id == cart["user_id"]))
    return found[0].email if found else None


async def lower(unit: Unit, cart: Mapping[str, Any], choices: Sequence[Choice]) -> None:
    """Give what was taken by bumps their prices. Refuses, each in its place, what is offered no more."""
    rows = within(unit)
    statement = select(ITEM.c.variant_id, ITEM.c.bump_id, *OFFER).outerjoin(BUMP, BUMP.c.id == ITEM.c.bump_id)
    asked = statement.where(ITEM.c.cart_id == cart["id"], ITEM.c.bump_id.is_not(None))
    offers = {row.variant_id: row._asdict() for row in await rows(asked)}
    if not offers:
        return
    lines = [{**choice.variant, "variant_id": choice.variant["id"], "quantity": choice.quantity} for choice in choices]
    taken = [
        {**line, **offers[line["variant_id"]], "item_id": line["variant_id"]}
        for line in lines
        if line["variant_id"] in offers
    ]
    others = [line for line in lines if line["variant_id"] not in offers]
    held = await holding(rows, taken, others, await owner(rows, cart))
    for choice in choices:
        offer = offers.get(choice.variant["id"])
        if offer is not None and choice.variant["id"] in held:
            choice.unit_price = price_of(offer, choice.variant["price"])
            choice.meta = {"order_bump_id": offer["bump_id"]}
        elif offer is not None:
            unit.refuse(ErrorCode.BUSINESS_RULE, OVER, *choice.place, "bump")
