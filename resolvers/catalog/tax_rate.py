"""What is done to tax rates, and how they are listed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import strawberry
from sqlalchemy import delete, select

from db.catalog import visibility
from db.catalog.events import TAX_RATE_CREATED, TAX_RATE_DELETED, TAX_RATE_UPDATED
from db.catalog.tax import TaxClassRow
from db.catalog.tax_rate import DECIMALS, RANGE, TaxRateRow
from db.commerce.sums.exact import points
from db.commerce.sums.tax import plain_postcode
from db.store.row import table
from engine.declared.filter_input import filter_input
from engine.declared.input import identifies, lookup_input
from engine.declared.listing import Listing
from engine.declared.sorting import sortable
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.filtering import filters
from engine.values.naming import camel
from engine.values.operators import IntOperators, TextOperators
from engine.values.ordering import SortDirection
from resolvers.commerce.postal import A_COUNTRY, is_country
from resolvers.editing import text
from resolvers.editing.editable import Text
from resolvers.editing.locking import key_of
from resolvers.editing.simple import SimpleNoun

CLASS: Final = table(TaxClassRow)
RATE: Final = table(TaxRateRow)
MOST_POSTCODES: Final = 200
LONGEST_POSTCODE: Final = 32

TaxRateBy: Final = lookup_input("TaxRate", TaxRateRow.id)

OF_CLASS: Final = "The tax class whose products it is for."
PERCENT: Final = "Percent of the price: from 0 to 100, with four decimals at most."
FOR_SHIPPING: Final = "Percent of what sending costs, as `rate`; null or absent: that is not taxed by it."
STATE: Final = "The only state where it applies, by the shop's code, whatever its case; empty: all of them."
CITY: Final = "The only town or city where it applies, whatever its case; empty: all of them."
POSTCODES: Final = (
    f"The only postal codes where it applies, each a code, or a range of digits as `73300{RANGE}73399`; spaces, dashes "
    f"and case do not count, and of a US code its first five digits do. At most {MOST_POSTCODES}; null or an empty "
    "list: all of them."
)


@strawberry.input(description="A new tax rate.")
class TaxRateCreateInput:
    tax_class_id: strawberry.ID = identifies("TaxClass", description=OF_CLASS)
    name: str = strawberry.field(description="What customers read: 1 to 192 characters.")
    country: str = strawberry.field(description="Where it applies: two letters (ISO 3166-1), whatever their case.")
    state: str | None = strawberry.field(default=None, description=STATE)
    city: str | None = strawberry.field(default=None, description=CITY)
    postcodes: strawberry.Maybe[list[str] | None] = strawberry.field(default=None, description=POSTCODES)
    rate: Decimal = strawberry.field(description=PERCENT)
    for_shipping: Decimal | None = strawberry.field(default=None, description=FOR_SHIPPING)
    compound: bool = strawberry.field(
        default=False, description="Whether it is on the price together with the taxes before it."
    )
    priority: int = strawberry.field(
        default=1, description="Of several rates that apply, the lowest is reckoned first. Not below 0."
    )


async def _own(unit: Unit, row: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    if "tax_class_id" in values:
        values["tax_class_id"] = await _class(unit, values["tax_class_id"])
    if "country" in values:
        values["country"] = values["country"][:3].strip().upper()
        if not is_country(values["country"]):
            unit.refuse(ErrorCode.VALIDATION, A_COUNTRY, "country")
    if "postcodes" in values:
        values["postcodes"] = _postcodes(unit, values["postcodes"] or ())
    for name in ("rate", "for_shipping"):
        if values.get(name) is not None:
            values[name] = _points(unit, name, values[name])
    return values


async def _class(unit: Unit, id: str) -> int:
    """Its key, locked: who deletes it waits, and takes the rate along."""
    key = key_of(id)
    held = select(CLASS.c.id).where(CLASS.c.id == key).with_for_update(read=True, key_share=True)
    if (await unit.connection.execute(held)).scalar() is None:
        unit.refuse(ErrorCode.NOT_FOUND, "No such tax class", "taxClassId")
    return key


def _points(errors: Refuses, name: str, percent: Decimal) -> int:
    """Exactly: what is no whole number of them is refused."""
    found = points(percent, DECIMALS)
    if found is not None:
        return found
    errors.refuse(ErrorCode.VALIDATION, "From 0 to 100, with four decimals at most", camel(name))
    return 0


def _postcodes(errors: Refuses, asked: Sequence[str]) -> list[str]:
    if len(asked) > MOST_POSTCODES:
        errors.refuse(ErrorCode.VALIDATION, f"At most {MOST_POSTCODES} of them", "postcodes")
        return []
    found = []
    for index, each in enumerate(asked):
        first, is_range, last = each[: 2 * LONGEST_POSTCODE + len(RANGE) + 1].partition(RANGE)
        ends = [plain_postcode(text.line(end)) for end in ((first, last) if is_range else (first,))]
        if not all(0 < len(end) <= LONGEST_POSTCODE for end in ends):
            message = f"A postal code has 1 to {LONGEST_POSTCODE} characters"
            errors.refuse(ErrorCode.VALIDATION, message, "postcodes", str(index))
        elif is_range and not _is_range(*ends):
            message = f"A range is of digits, as many in both, the lower first: 73300{RANGE}73399"
            errors.refuse(ErrorCode.VALIDATION, message, "postcodes", str(index))
        found.append(RANGE.join(ends))
    return list(dict.fromkeys(found))


def _is_range(first: str, last: str) -> bool:
    digits = all(end.isascii() and end.isdecimal() for end in (first, last))
    return digits and len(first) == len(last) and first <= last


TAX_RATES: Final = SimpleNoun(
    TaxRateRow,
    visibility.staff,
    *(TAX_RATE_CREATED, TAX_RATE_UPDATED, TAX_RATE_DELETED),
    texts={
        "name": Text(192, required="A name is required"),
        "state": Text(100, lambda state: text.line(state).upper()),
        "city": Text(100),
    },
    not_negative=("priority",),
    permission="store/sensitive",
    creates=TaxRateCreateInput,
    cleared=("state", "city", "for_shipping"),
    otherwise={
        "tax_class_id": identifies("TaxClass", description=OF_CLASS),
        "state": strawberry.field(default=None, description=STATE),
        "city": strawberry.field(default=None, description=CITY),
        "postcodes": strawberry.field(default=None, description=POSTCODES),
        "rate": strawberry.field(default=None, description=PERCENT),
        "for_shipping": strawberry.field(default=None, description=FOR_SHIPPING),
    },
    own=_own,
    gone="Orders keep what they were taxed by.",
)


async def remove_rates(unit: Unit, tax_class: Mapping[str, Any]) -> None:
    """The rates of a class that goes (it is locked)."""
    held = select(RATE).where(RATE.c.tax_class_id == tax_class["id"]).order_by(RATE.c.id).with_for_update()
    rows = [dict(row) for row in (await unit.connection.execute(held)).mappings()]
    for row in rows:
        unit.emit(TAX_RATE_DELETED(row))
    if rows:
        await unit.connection.execute(delete(RATE).where(RATE.c.tax_class_id == tax_class["id"]))


@filter_input()
class TaxRateFilter:
    database_id: IntOperators | None = filters(TaxRateRow.id)
    tax_class_database_id: IntOperators | None = filters(
        TaxRateRow.tax_class_id, description="By the `databaseId` of its class."
    )
    country: TextOperators | None = filters(TaxRateRow.country, description="Two capital letters (ISO 3166-1).")
    state: TextOperators | None = filters(TaxRateRow.state, description="The code in capitals; empty: any state.")


LISTED: Final = Listing(
    sorting=sortable(
        "TaxRate",
        description="What tax rates can be sorted by.",
        default=("ID", SortDirection.ASC),
        ID=TaxRateRow.id,
        COUNTRY=TaxRateRow.country,
        PRIORITY=TaxRateRow.priority,
    ),
    filter=TaxRateFilter,
)
