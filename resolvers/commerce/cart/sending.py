"""How what is in a cart can be sent, and what its checkout charges for that (`resolvers.commerce.cart.checkout`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from db.commerce.sums.plan import due_now
from db.commerce.sums.shipping_charge import Charge
from engine.standard.context import Context
from resolvers.commerce.cart.destination import asked_destination
from resolvers.commerce.cart.finding import codes_of
from resolvers.commerce.cart.input import CartAddressInput
from resolvers.commerce.cart.reading import Lowered, lowered
from resolvers.commerce.order.lines import parts_of
from resolvers.commerce.rows import Rows
from resolvers.commerce.shipping.parcels import SentLine
from resolvers.commerce.shipping.quoting import Offer, offers, sent_of

_NOTHING: Final = Charge(0, {})


async def ways_to_send(context: Context, keys: Sequence[int], address: CartAddressInput) -> list[list[Offer]]:
    """Of each cart the methods that an address is offered, the cheapest first; none where nothing of it is sent. Raises
    CodedError: VALIDATION for what is no address."""
    to = asked_destination(address) or {}
    codes = await codes_of(context.rows, keys)
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
    parts = await parts_of(rows, {line["variant_id"] for line in held.sold})
    found = []
    for line in held.sold:
        key, variant, quantity = line["item_id"], line["variant_id"], line["quantity"]
        price = due_now(line, quantity).unit_price
        found.append(SentLine((key, variant), variant, quantity, price, held.off.get(key, 0) if price else 0))
        found += [SentLine((key, part), part, quantity, 0) for part in parts.get(variant, ())]
    return found
