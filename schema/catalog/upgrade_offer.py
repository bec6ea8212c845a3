"""Offers to the owner of an order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.commerce.money import Amount, money_format
from engine.declared.declaration import derived, related
from engine.standard.context import Context
from engine.values.scalars import URL
from resolvers.catalog.upgrade_path.offer import Offer, upgrade_offers
from schema.money import Money, amount

if TYPE_CHECKING:
    from schema.catalog.upgrade_path import UpgradePath
    from schema.catalog.variant import ProductVariant


def _money(cents: int, offer: Offer) -> Money:
    return amount(Amount(cents, money_format(offer.money_format)._replace(currency=offer.currency)))


def _summary(offer: Offer) -> str:
    first = _money(offer.cost, offer).row.formatted
    if offer.interval is None:
        return f"{first} one-time"
    return f"{first} first {offer.interval}, then {_money(offer.price, offer).row.formatted}/{offer.interval}"


@strawberry.type(description="What an upgrade would cost the owner of an order.")
class UpgradeOffer:
    title: str = derived(lambda o: o.title, description="The target's.")
    price: Money = derived(lambda o: _money(o.price, o), description="The target's, without its setup fee.")
    original_price: Money = derived(lambda o: _money(o.original_price, o), description="With the setup fee.")
    discount_amount: Money = derived(
        lambda o: _money(o.discount_amount, o), description="What the path takes off the target's price."
    )
    prorate_credit: Money = derived(lambda o: _money(o.prorate_credit, o), description="For what is left unused.")
    setup_fee: Money = derived(
        lambda o: _money(o.setup_fee, o), description="The target's setup fee; 0 when it has none."
    )
    setup_fee_label: str | None = derived(
        lambda o: o.setup_fee_label, description="What the target's setup fee is called; null when it has none."
    )
    cost: Money = derived(lambda o: _money(o.cost, o), description="To be paid now; never below 0.")
    payment_summary: str = derived(_summary, description="For people: $10.00 first monthly, then $20.00/monthly.")
    upgrade_url: URL | None = derived(
        lambda o: None if o.upgrade_url is None else URL(o.upgrade_url),
        description="Where the owner accepts the offer in the shop; null when the shop has no address "
        "(`StoreSettings.url`).",
    )
    to_variant: Annotated["ProductVariant", strawberry.lazy("schema.catalog.variant")] | None = related(
        VariantRow.id, to="variant", description="What the owner would have instead."
    )
    path: Annotated["UpgradePath", strawberry.lazy("schema.catalog.upgrade_path")] | None = related(
        UpgradePathRow.id, to="path", description="The path that makes the offer; null without products/view."
    )
    row: strawberry.Private[Any]


def _shown(offer: Offer) -> UpgradeOffer:
    one = object.__new__(UpgradeOffer)
    one.row = offer
    return one


async def offers(context: Context, keys: Sequence[int], order_hash: str) -> list[list[UpgradeOffer] | None]:
    found = await upgrade_offers(context, keys, order_hash)
    return [None if some is None else [_shown(o) for o in some] for some in found]
