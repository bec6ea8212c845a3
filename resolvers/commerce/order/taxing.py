"""What orders are taxed by: new ones by the rates of today, those that are changed by the rates that they keep."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select

from db.commerce.address import AddressType
from db.commerce.order import LineType, OrderAddressRow, OrderTaxRow, TaxBehavior
from db.commerce.sums.tax import Place, Rate, Taxes
from db.store.row import table
from db.store.writing import add_values
from engine.unit.unit import Unit
from engine.values.errors import ErrorCode
from resolvers.commerce.order.writing import STORE
from resolvers.commerce.rows import within
from resolvers.commerce.tax.rates import Terms, rates_of, terms_of

ADDRESS: Final = table(OrderAddressRow)
TAX: Final = table(OrderTaxRow)
ELSEWHERE: Final = "Its tax was worked out elsewhere: its lines, discounts and shipping stay"
_KEPT: Final = ("name", "rate", "for_shipping", "compound", "priority")

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taxing:
    """By what lines are taxed: the rates of each, by its place. `sent` is what of the shipping is each line's, by their
    places too, where the shipping method said so."""

    behavior: TaxBehavior
    rates: Sequence[Sequence[Rate]]
    sent: Mapping[int, int] | None = None


async def taxing(
    unit: Unit, settings: Mapping[str, Any], lines: Sequence[Line], addresses: Collection[Mapping[str, Any]]
) -> Taxing | None:
    """By what a new order is taxed; None where the store has taxes off. Of two addresses of one type the first
    counts."""
    terms = terms_of(settings)
    if not terms.enabled:
        return None
    found = await rates_of(within(unit), _place(terms, addresses), _products(lines))
    return Taxing(terms.behavior, [_taxed(line, found.get(line["product_id"], ())) for line in lines])


@dataclass(frozen=True, slots=True)
class Again:
    """How an order that is there is taxed when it changes. `here`: it was taxed by rates of this store, which it keeps;
    `moved`: it is taxed elsewhere from now on."""

    terms: Terms
    here: bool
    place: Place | None
    moved: bool

    async def taxing(self, unit: Unit, order: Mapping[str, Any], lines: Sequence[Line]) -> Taxing | None:
        """By what it is taxed then. A line keeps its rates, as they were; those of a new line are today's, or the
        order's own where it has them already. One that has moved is taxed by the rates of its new place in the same
        way; one that was taxed elsewhere is taxed anew where the store taxes at all. Refuses that where it does not."""
        fees = any(line["payment_type"] is LineType.FEE for line in lines)
        unknown = order["tax_behavior"] is TaxBehavior.NONE or not self.terms.enabled or fees
        if not self.here and unknown:
            unit.refuse(ErrorCode.BUSINESS_RULE, ELSEWHERE, "id")
            return None
        kept = await kept_rates(unit, order["id"])
        anew = [line for line in lines if self._anew(line)]
        found = await rates_of(within(unit), self.place, _products(anew))

        def rates(line: Line) -> Sequence[Rate]:
            if self._anew(line):
                return [kept.get(rate["id"], rate) for rate in found.get(line["product_id"], ())]
            return [kept[key] for key in line["tax_rate_ids"] if key in kept]

        return Taxing(order["tax_behavior"], [_taxed(line, rates(line)) for line in lines])

    def _anew(self, line: Line) -> bool:
        """What is of no product any more has no class to find rates by."""
        return line["tax_rate_ids"] is None or (self.moved and line["product_id"] is not None)


async def taxing_again(
    unit: Unit, order: Mapping[str, Any], held: Collection[Line], addresses: dict[AddressType, Any]
) -> Again | None:
    """How an order with these lines, which is locked, is taxed once it has these addresses in place of its own of those
    types (None for none); None of one without tax, which stays so."""
    here = any(line["tax_rate_ids"] is not None for line in held)
    if not here and not (order["tax_total"] or order["shipping_tax"]):
        return None
    settings = (await unit.connection.execute(select(STORE.c.settings).where(STORE.c.id == 1))).scalar() or {}
    statement = select(ADDRESS).where(ADDRESS.c.order_id == order["id"]).order_by(ADDRESS.c.id.desc())
    before = {row["type"]: dict(row) for row in (await unit.connection.execute(statement)).mappings()}
    terms = terms_of(settings)
    was, place = (
        terms.place(of.get(AddressType.BILLING), of.get(AddressType.SHIPPING)) for of in (before, before | addresses)
    )
    return Again(terms, here, place, moved=here and was != place)


async def write_taxes(unit: Unit, order: int, taxes: Taxes | None, *, new: bool = False) -> None:
    """Let an order have what it was taxed by, in place of what it has unless it is `new`."""
    if taxes is None:
        return
    if not new:
        await unit.connection.execute(delete(TAX).where(TAX.c.order_id == order))
    rows = [
        {
            "order_id": order,
            "tax_rate_id": each.rate["id"],
            **{name: each.rate[name] for name in _KEPT},
            "amount": each.amount,
            "shipping_amount": each.shipping_amount,
        }
        for each in taxes.charged
    ]
    await add_values(unit.connection, TAX, rows)


async def kept_rates(unit: Unit, order: int) -> dict[int, Rate]:
    """The rates that an order keeps, by their keys."""
    found = (await unit.connection.execute(select(TAX).where(TAX.c.order_id == order))).mappings()
    return {row["tax_rate_id"]: {"id": row["tax_rate_id"], **{name: row[name] for name in _KEPT}} for row in found}


def _taxed(line: Line, rates: Sequence[Rate]) -> Sequence[Rate]:
    """Fees are the shop's that the order came from, and nobody has said by what they are taxed."""
    return () if line["payment_type"] is LineType.FEE else rates


def _products(lines: Collection[Line]) -> set[int]:
    return {line["product_id"] for line in lines} - {None}


def _place(terms: Terms, addresses: Collection[Mapping[str, Any]]) -> Place | None:
    billing, shipping = (
        next((one for one in addresses if one["type"] is kind), None)
        for kind in (AddressType.BILLING, AddressType.SHIPPING)
    )
    return terms.place(billing, shipping)
