"""Which shipping methods an address is offered, and what sending costs by them. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select

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
    parcels, of = ([], {}) if items is None else await _sent(context, items)
    statement = select(METHOD, MONEY_FORMAT.label("format")).where(METHOD.c.enabled)
    rows = await context.rows(statement.order_by(METHOD.c.position, METHOD.c.id))
    offers = []
    for row in rows:
        method = row._asdict()
        if applies(method, country, state):
            said = None if items is None else _charge(method, parcels, of)
            offers.append(Offer(row.id, said, money_format(row.format)))
    return sorted(offers, key=lambda offer: 0 if offer.charge is None else offer.charge.total)


async def calculated(context: Context, items: Sequence[ShippingItemInput], method_id: str) -> Calculation:
    """What one method charges for each item, wherever they are sent to. Raises CodedError: VALIDATION, NOT_FOUND for a
    method or a variant that is absent or hidden."""
    statement = select(METHOD, MONEY_FORMAT.label("format")).where(
        METHOD.c.id == bindparam("method"), visibility.shipping_methods(context.viewer)
    )
    rows = await context.rows(statement, {"method": key_of(method_id)})
    if not rows:
        raise CodedError(ErrorCode.NOT_FOUND, "No such shipping method")
    parcels, of = await _sent(context, items)
    found, own = _charge(rows[0]._asdict(), parcels, of), money_format(rows[0].format)
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


async def _sent(
    context: Context, items: Sequence[ShippingItemInput]
) -> tuple[list[Parcel], Mapping[int, Mapping[str, Any]]]:
    """Parcels by their places, and their classes by key."""
    if not 1 <= len(items) <= MOST_LINES:
        raise CodedError(ErrorCode.VALIDATION, f"`items` takes 1 to {MOST_LINES} of them")
    lines = [SentLine(index, key_of(item.variant_id), item.quantity) for index, item in enumerate(items)]
    for line in lines:
        if not 1 <= line.quantity <= MOST_QUANTITY:
            raise CodedError(ErrorCode.VALIDATION, f"`items.{line.key}.quantity` is from 1 to {MOST_QUANTITY}")
    statement = sent_variants(context.dialect, catalog.variants(context.viewer))
    parcels = made(lines, await context.rows(statement, {KEYS: sorted({line.variant_id for line in lines})}))
    missing = {line.key for line in lines} - {parcel.key for parcel in parcels}
    if missing:
        raise CodedError(ErrorCode.NOT_FOUND, f"`items.{min(missing)}.variantId`: no such variant")
    keys = class_keys(parcels)
    rows = await context.rows(classes(context.dialect), {KEYS: keys}) if keys else ()
    return parcels, {row.id: row._asdict() for row in rows}


def _charge(method: Mapping[str, Any], parcels: Sequence[Parcel], of: Mapping[int, Mapping[str, Any]]) -> Charge:
    found = charge(method, parcels, of)
    if found.total > MOST_CENTS:
        raise CodedError(ErrorCode.VALIDATION, "So many pieces cost more than an amount can be")
    return found
