"""Which shipping methods an address is offered, and what sending costs by them. Nothing is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, select

from db.catalog import visibility as catalog
from db.commerce import visibility
from db.commerce.money import MoneyFormat, money_format
from db.commerce.shipping_method import ShippingMethodRow
from db.commerce.store import MONEY_FORMAT
from db.commerce.sums.shipping_charge import Charge, Parcel, applies, charge
from db.store.row import table
from engine.standard.context import Context
from engine.values.errors import CodedError, ErrorCode
from engine.values.scalars import MOST_CENTS
from resolvers.commerce.order.lines import MOST_LINES, MOST_QUANTITY
from resolvers.commerce.postal import A_COUNTRY, is_country
from resolvers.commerce.shipping.input import ShippingItemInput
from resolvers.commerce.shipping.parcels import KEYS, SentLine, class_keys, classes, made, sent_variants
from resolvers.commerce.shipping.rules import LONGEST_STATE
from resolvers.commerce.shipping.zones import country_of
from resolvers.editing.locking import key_of

METHOD: Final = table(ShippingMethodRow)


@dataclass(frozen=True, slots=True)
class Offer:
    """A method by its key, and what it charges: None where nobody said for what."""

    method: int
    charge: Charge | None
    format: MoneyFormat


@dataclass(frozen=True, slots=True)
class ItemCharge:
    """What of a charge is one item's."""

    index: int
    variant: int
    quantity: int
    cents: int
    format: MoneyFormat


@dataclass(frozen=True, slots=True)
class Calculation:
    method: int
    total: int
    items: Sequence[ItemCharge]
    format: MoneyFormat


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent, and the shipping classes of it by their keys."""

    parcels: Sequence[Parcel]
    classes: Mapping[int, Mapping[str, Any]]

    def charge(self, method: Mapping[str, Any]) -> Charge:
        """Raises CodedError: VALIDATION for more than an amount can be."""
        found = charge(method, self.parcels, self.classes)
        if found.total > MOST_CENTS:
            raise CodedError(ErrorCode.VALIDATION, "So many pieces cost more than an amount can be")
        return found


async def sent_of(context: Context, lines: Sequence[SentLine], *visible: ColumnElement[bool]) -> Sent:
    """Lines of such variants; two statements, whatever their number."""
    keys = sorted({line.variant_id for line in lines})
    parcels = made(lines, await context.rows(sent_variants(context.dialect, *visible), {KEYS: keys}))
    of = class_keys(parcels)
    rows = await context.rows(classes(context.dialect), {KEYS: of}) if of else ()
    return Sent(parcels, {row.id: row._asdict() for row in rows})


async def offered(
    context: Context,
    country_code: str | None = None,
    timezone: str | None = None,
    state: str | None = None,
    items: Sequence[ShippingItemInput] | None = None,
) -> list[Offer]:
    """The methods of an address, the cheapest first; those that charge the same, and all where no items are named, by
    their position. Raises CodedError: VALIDATION, NOT_FOUND for a variant."""
    country = _country(country_code, timezone)
    if state is not None and len(state) > LONGEST_STATE:
        raise CodedError(ErrorCode.VALIDATION, f"A state has at most {LONGEST_STATE} characters")
    sent = None if items is None else await _sent(context, items)
    return await offers(context, country, state, None if sent is None else sent.charge)


async def offers(
    context: Context, country: str, state: str | None, charged: Callable[[Mapping[str, Any]], Charge] | None
) -> list[Offer]:
    """The methods of an address, the cheapest first. `charged`: what a method charges, None where that is not asked."""
    statement = select(METHOD, MONEY_FORMAT.label("format")).where(METHOD.c.enabled)
    rows = await context.rows(statement.order_by(METHOD.c.position, METHOD.c.id))
    methods = [(row._asdict(), money_format(row.format)) for row in rows]
    found = [
        Offer(method["id"], None if charged is None else charged(method), own)
        for method, own in methods
        if applies(method, country, state)
    ]
    return sorted(found, key=lambda offer: 0 if offer.charge is None else offer.charge.total)


async def calculated(context: Context, items: Sequence[ShippingItemInput], method_id: str) -> Calculation:
    """What one method charges for each item, wherever they are sent to. Raises CodedError: VALIDATION, NOT_FOUND for a
    method or a variant that is absent or hidden."""
    statement = select(METHOD, MONEY_FORMAT.label("format")).where(
        METHOD.c.id == bindparam("method"), visibility.shipping_methods(context.viewer)
    )
    rows = await context.rows(statement, {"method": key_of(method_id)})
    if not rows:
        raise CodedError(ErrorCode.NOT_FOUND, "No such shipping method")
    found, own = (await _sent(context, items)).charge(rows[0]._asdict()), money_format(rows[0].format)
    charges = [
        ItemCharge(index, key_of(item.variant_id), item.quantity, found.by_line[index], own)
        for index, item in enumerate(items)
    ]
    return Calculation(rows[0].id, found.total, charges, own)


def _country(code: str | None, timezone: str | None) -> str:
    """A time zone counts more than a code, as it does in the shops that this API was documented for."""
    if timezone is not None:
        country = country_of(timezone)
        if country is None:
            raise CodedError(ErrorCode.VALIDATION, "A time zone is of a country: `Europe/Paris`")
        return country
    if code is None:
        raise CodedError(ErrorCode.VALIDATION, "`countryCode` or `timezone` is required")
    country = code.strip().upper()
    if not is_country(country):
        raise CodedError(ErrorCode.VALIDATION, A_COUNTRY)
    return country


async def _sent(context: Context, items: Sequence[ShippingItemInput]) -> Sent:
    """Parcels by their places."""
    if not 1 <= len(items) <= MOST_LINES:
        raise CodedError(ErrorCode.VALIDATION, f"`items` takes 1 to {MOST_LINES} of them")
    lines = [SentLine(index, key_of(item.variant_id), item.quantity) for index, item in enumerate(items)]
    for line in lines:
        if not 1 <= line.quantity <= MOST_QUANTITY:
            raise CodedError(ErrorCode.VALIDATION, f"`items.{line.key}.quantity` is from 1 to {MOST_QUANTITY} pieces")
    sent = await sent_of(context, lines, catalog.variants(context.viewer))
    missing = {line.key for line in lines} - {parcel.key for parcel in sent.parcels}
    if missing:
        raise CodedError(ErrorCode.NOT_FOUND, f"`items.{min(missing)}.variantId`: no such variant")
    return sent
