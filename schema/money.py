"""Money as callers read it. Amounts are stored in minor units of the store's one currency."""

from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, cast

import strawberry

from db.commerce.currency import digits
from db.commerce.store import MONEY_FORMAT, CurrencyPosition, DecimalSeparator
from engine.declared.declaration import computed, derived
from engine.values.columns import expression
from engine.values.scalars import Cents, CurrencyCode

SIGNS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "CNY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "BRL": "R$",
    "AUD": "$",
    "CAD": "$",
    "NZD": "$",
    "MXN": "$",
    "CHF": "CHF",
    "PLN": "zł",
    "TRY": "₺",
    "UAH": "₴",
    "ILS": "₪",
    "NGN": "₦",
    "PHP": "₱",
    "THB": "฿",
    "VND": "₫",
}


class MoneyFormat(NamedTuple):
    currency: str
    position: CurrencyPosition
    separator: DecimalSeparator

    @property
    def digits(self) -> int:
        return digits(self.currency)


class Amount(NamedTuple):
    """What a `Money` is read from."""

    cents: int
    format: MoneyFormat

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.cents).scaleb(-self.format.digits)

    @property
    def formatted(self) -> str:
        """As the store writes it: sign and separators from its settings."""
        text = f"{abs(self.decimal):,.{self.format.digits}f}"
        if self.format.separator is DecimalSeparator.COMMA:
            text = text.translate(str.maketrans(",.", ".,"))
        sign = SIGNS.get(self.format.currency, self.format.currency)
        # A sign of letters is told apart from the digits by a space that does not break.
        space = "\u00a0" if sign.isalpha() else ""
        shown = f"{sign}{space}{text}" if self.format.position is CurrencyPosition.BEFORE else f"{text}{space}{sign}"
        return f"-{shown}" if self.cents < 0 else shown


@strawberry.type(description="An amount of the store's currency.")
class Money:
    cents: Cents = derived(lambda m: Cents(m.cents), description="In minor units: 1999 for $19.99.")
    amount: Decimal = derived(lambda m: m.decimal, description='In major units, exact: "19.99".')
    currency: CurrencyCode = derived(
        lambda m: CurrencyCode(m.format.currency),
        description="The store's, or of amounts of an order the one that it was made in.",
    )
    formatted: str = derived(lambda m: m.formatted, description="For people, as the store writes it: $19.99.")
    row: strawberry.Private[Any]


@lru_cache(maxsize=64)
def money_format(packed: str | None) -> MoneyFormat:
    """From `MONEY_FORMAT`; a store without settings is one with FluentCart's defaults."""
    currency, position, separator = (packed or "USD before dot").split(" ")
    return MoneyFormat(currency, CurrencyPosition(position), DecimalSeparator(separator))


def amount(row: Amount) -> Money:
    """What a client reads of an amount."""
    one = object.__new__(Money)
    one.row = row
    return one


def _some(cents: int, packed: str | None) -> Money:
    return amount(Amount(cents, money_format(packed)))


def _maybe(cents: int | None, packed: str | None) -> Money | None:
    return None if cents is None else _some(cents, packed)


_FORMAT = expression(cast(Any, MONEY_FORMAT), "money_format")


def money(cents: int, *, description: str | None = None) -> Money:
    """A leaf over a column of cents."""
    return computed(_some, cents, _FORMAT, description=description)


def maybe_money(cents: int | None, *, permission: str | None = None, description: str | None = None) -> Money | None:
    """A leaf over a column of cents that may be null, or may not be shown."""
    return computed(_maybe, cents, _FORMAT, permission=permission, description=description)


def _ordered(cents: int, currency: str, packed: str | None) -> Money:
    return amount(Amount(cents, money_format(packed)._replace(currency=currency)))


def order_money(cents: int, currency: str, *, description: str | None = None) -> Money:
    """A leaf over a column of cents in a currency of its own: an order keeps the one it was made in."""
    return computed(_ordered, cents, currency, _FORMAT, description=description)


def maybe_order_money(cents: int, currency: str, *, permission: str, description: str | None = None) -> Money | None:
    """The same, where not everyone who sees the order may see it."""
    return computed(_ordered, cents, currency, _FORMAT, permission=permission, description=description)
