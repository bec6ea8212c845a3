"""What is in a cart, taxed as its order is (`resolvers.commerce.order.reckoning`), but for the shipping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.commerce.order import TaxBehavior
from db.commerce.sums.plan import due_now
from db.commerce.sums.tax import TaxedLine, Taxes, taxes
from resolvers.commerce.amounts import Amounts
from resolvers.commerce.rows import Rows
from resolvers.commerce.tax.rates import rates_of, terms_of


@dataclass(frozen=True, slots=True)
class CartTaxes:
    """`found` is None with taxes off, and while nobody has said for which address; `by_item` is by keys of things."""

    behavior: TaxBehavior
    found: Taxes | None = None
    by_item: Mapping[int, int] = field(default_factory=dict)

    @property
    def on_top(self) -> int:
        """What comes on top of the prices."""
        return self.found.total if self.found is not None and self.behavior is TaxBehavior.EXCLUSIVE else 0

    def said(self, cents: Amounts) -> list[dict[str, Any]] | None:
        """As `schema.commerce.cart.charged_tax.ChargedTax` has them."""
        if self.found is None:
            return None
        return [
            {"name": each.rate["name"], "points": each.rate["rate"], "amount": cents(each.amount)}
            for each in self.found.charged
        ]


async def taxes_of(
    rows: Rows,
    lines: Sequence[Mapping[str, Any]],
    off: Mapping[Any, int],
    settings: Mapping[str, Any],
    to: Mapping[str, Any] | None,
) -> CartTaxes:
    """Of lines that can be bought and what coupons take off them, by the columns of an address; a setup fee is a line
    of its own."""
    terms = terms_of(settings)
    if not terms.enabled:
        return CartTaxes(TaxBehavior.NONE)
    place = terms.place(to, None)
    if place is None:
        return CartTaxes(terms.behavior)
    rates = await rates_of(rows, place, {line["product_id"] for line in lines})
    taxed = [one for line in lines for one in _taxed(line, off.get(line["item_id"], 0), rates)]
    found = taxes(taxed, terms.behavior)
    by_item: dict[int, int] = {}
    for (item, _), amount in found.by_line.items():
        by_item[item] = by_item.get(item, 0) + amount
    return CartTaxes(terms.behavior, found, by_item)


def _taxed(line: Mapping[str, Any], off: int, rates: Mapping[int, Any]) -> list[TaxedLine]:
    """Coupons take from the fee where nothing else is due."""
    due, own, key = due_now(line, line["quantity"]), rates.get(line["product_id"], ()), line["item_id"]
    price = due.unit_price * line["quantity"]
    found = [TaxedLine((key, "price"), price - (off if price else 0), 0, own)]
    if due.setup_fee:
        found.append(TaxedLine((key, "fee"), due.setup_fee - (0 if price else off), 0, own))
    return found
