"""Money. The store tells hundredths in every currency, ¥1,000 as 100000; minor units of the currency are stored."""

from collections.abc import Collection
from typing import Any, Final

from connectors.importers.mapping import Columns, Mapped, Record, Unreadable
from db.commerce.currency import is_code, whole_from_hundredths
from db.store.row import MONEY

# What the prices of a record are in that does not name its currency: put there where the record is listed.
STORE_CURRENCY: Final = "store_currency"
DEFAULT: Final = "USD"  # FluentCart's, before anybody has chosen one
MOST: Final = 2**53 - 1


def currency_code(value: Any) -> str | None:
    """A currency's code; None for what is none."""
    written = value.strip().upper() if isinstance(value, str) else ""
    return written if is_code(written) else None


def currency_of(record: Record) -> str:
    """The currency of the store that the record is from."""
    return str(record.get(STORE_CURRENCY) or DEFAULT)


def convert(mapped: Mapped, row: Columns, currency: str, *, but: Collection[str] = ()) -> None:
    """All amounts of a row that were read, but those in these columns. Raises Unreadable for one that is too large."""
    for name, field in mapped.columns.items():
        if mapped.table.c[name].type is MONEY and name not in but and row[name] is not None:
            row[name] = whole_from_hundredths(row[name], currency)
            if abs(row[name]) > MOST:
                raise Unreadable(f"{row[name]} is not between -{MOST} and {MOST}", field.path)
