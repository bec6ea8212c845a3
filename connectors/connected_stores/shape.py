"""How a shop that is no FluentCart tells the rows that an import writes: each column by where it stands there, or by
what it is of every record of that shop. What can be read of a value is the importer's own: markup is cleaned, words are
the documented ones, and whatever else there is raises Unreadable."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from connectors.connected_stores.untold import UNTOLD
from connectors.importers.fluentcart.values import shown
from connectors.importers.mapping import Columns, Field, Mapped, Record, Unreadable
from db.commerce.currency import digits
from db.commerce.sums.exact import shifted
from db.store.row import MONEY

# What a JSON number carries exactly; and an identifier of a shop, which has no more digits.
MOST_MONEY: Final = 2**53 - 1
MOST_NUMBER: Final = 2**62
_DIGITS: Final = 40


class Shape:
    """One table as one kind of shop tells it: `columns`, by their places in a record. The others are what UNTOLD says.

    Every column that FluentCart tells (`Mapped.columns`) is in one of the two, or the program does not start."""

    def __init__(
        self,
        mapped: Mapped,
        columns: Mapping[str, Field],
        *,
        branch: Callable[[Any], Any],
    ) -> None:
        self.mapped = mapped
        self._columns = dict(columns)
        untold = UNTOLD[mapped.table.name]
        self._untold = {name: value for name, value in untold.items() if name not in columns}
        self._branch = branch
        differing = (columns.keys() | untold.keys()) ^ mapped.columns.keys()
        if differing:
            raise TypeError(f"the shape of {mapped.table.name} is not clear about {', '.join(sorted(differing))}")

    def read(self, record: Record, *, currency: str, **given: Any) -> Columns:
        """A row of that table, its amounts in minor units of this currency; `given` are columns that the record does
        not say. Raises Unreadable for the first field that cannot be read."""
        row: Columns = {**self._untold, **given}
        for name, field in self._columns.items():
            if name not in given:
                row[name] = field(record, self._branch)
        for name in self.mapped.columns:
            if self.mapped.table.c[name].type is MONEY and isinstance(row[name], Decimal):
                try:
                    row[name] = minor(row[name], currency)
                except Unreadable as unreadable:
                    raise Unreadable(unreadable.reason, self._columns[name].path) from None
        return row

    def money(self, field: Field, record: Record, currency: str) -> int:
        """An amount that stands beside those of the columns. Raises Unreadable."""
        try:
            return minor(field(record, self._branch), currency)
        except Unreadable as unreadable:
            raise Unreadable(unreadable.reason, field.path) from None


def number(value: Any) -> int:
    """An identifier of a shop: 17 or "17", and longer than those that are rows' own."""
    found = reference(value)
    if found is None:
        raise Unreadable("is missing")
    return found


def reference(value: Any) -> int | None:
    """An identifier or none: null, "", 0 and "0" mean none."""
    if value in (None, "", 0, "0") and not isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < MOST_NUMBER:
        raise Unreadable(f"{shown(value)} is no identifier")
    return value


def amount(default: Decimal | None = Decimal(0), *, negative: bool = True) -> Callable[[Any], Decimal | None]:
    """Money as a decimal: "19.99", "-5", 19.99; nothing and "" are the default. `Shape.read` makes it minor units."""

    def read(value: Any) -> Decimal | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return default
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Unreadable(f"{shown(value)} is no amount")
        try:
            written = str(value).strip()
            found = Decimal(written) if len(written) <= _DIGITS else Decimal("NaN")
        except (InvalidOperation, ValueError):
            found = Decimal("NaN")
        if not found.is_finite():
            raise Unreadable(f"{shown(value)} is no amount")
        if found < 0 and not negative:
            raise Unreadable(f"{shown(value)} is less than nothing")
        return found

    return read


def whole_amount(value: Any) -> Decimal:
    """An amount that must be there, and is not below zero."""
    found = amount(None, negative=False)(value)
    if found is None:
        raise Unreadable("is missing")
    return found


def minor(value: Decimal, currency: str) -> int:
    """Minor units by the currency's digits (1.5 in KWD is 1500, in JPY 2), halves away from zero."""
    if not -MOST_MONEY <= value <= MOST_MONEY:
        raise Unreadable(f"{shown(str(value))} is too large")
    found = int(shifted(value, digits(currency)).to_integral_value(ROUND_HALF_UP))
    if abs(found) > MOST_MONEY:
        raise Unreadable(f"{shown(str(value))} is too large")
    return found


def of_text(text: str) -> int:
    """What stands for the number of a record that has none there, a guest say: below zero, where no shop's numbers are,
    and the same for the same text."""
    return -1 - int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=7).digest())


def made_up(site: str, entity: str, identifier: int) -> str:
    """The uuid of a record that has none there, the same each time."""
    return str(uuid5(NAMESPACE_URL, f"{site}/{entity}/{identifier}"))
