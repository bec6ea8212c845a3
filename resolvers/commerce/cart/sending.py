"""How what is in a cart can be sent, and what its checkout charges for that (`resolvers.commerce.cart.checkout`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from db.catalog.bundle import BundleItemRow
from db.commerce.sums.plan import due_now
from db.commerce.sums.shipping_charge import Charge
from db.store.row import table
from engine.standard.context import Context
from resolvers.commerce.cart.destination import asked_destination
from resolvers.commerce.cart.finding import CART
from resolvers.commerce.cart.input import CartAddressInput
from resolvers.commerce.cart.reading import Lowered, lowered
from resolvers.commerce.rows import Rows
from resolvers.commerce.shipping.parcels import SentLine
from resolvers.commerce.shipping.quoting import Offer, offers, sent_of

_BUNDLE: Final = table(BundleItemRow)
_NOTHING: Final = Charge(0, {})


async def ways_to_send(context: Context, keys: Sequence[int], address: CartAddressInput) -> list[list[Offer]]:
    """Of each cart the methods that an address is offered, the cheapest first; none where nothing of it is sent. Raises
    CodedError: VALIDATION for what is no address."""
    to = asked_destination(address) or {}
    found = await context.rows(select(CART.c.id, CART.c.coupon_codes).where(CART.c.id.in_(sorted(set(keys)))))
    codes = {row.id: row.coupon_codes for row in found}
    return [await _ways(context, key, codes.get(key, ()), to) for key in keys]


async def _ways(context: Context, cart: int, codes: Sequence[str], to: Mapping[str, Any]) -> list[Offer]:
    held = await lowered(context.rows, context.viewer, cart, codes)
    if not any(line["sent"] for line in held.sold):
        return []
    if held.ships_free:
        return await offers(context, to["country"], to["state"], lambda _: _NOTHING)
    sent = await sent_of(context, await _lines(context.rows, held))
    return await offers(context, to["country"], to["state"], sent.charge)


async def _lines(rows: Rows, held: Lowered) -> list[SentLine]:
    """As the order has them, behind each bundle its parts, which cost nothing by themselves. What coupons take off a
    trial they take off its setup fee, and nobody sends that."""
    asked = select(_BUNDLE.c.variant_id, _BUNDLE.c.child_id).order_by(_BUNDLE.c.variant_id, _BUNDLE.c.position)
    parts: dict[int, list[int]] = {}
    for row in await rows(asked.where(_BUNDLE.c.variant_id.in_([line["variant_id"] for line in held.sold]))):
        parts.setdefault(row.variant_id, []).append(row.child_id)
    found = []
    for line in held.sold:
        key, variant, quantity = line["item_id"], line["variant_id"], line["quantity"]
        price = due_now(line, quantity).unit_price
        found.append(SentLine((key, variant), variant, quantity, price, held.off.get(key, 0) if price else 0))
        found += [SentLine((key, part), part, quantity, 0) for part in parts.get(variant, ())]
    return found
