"""Amounts as the store writes them: minor units, a currency, and where its sign and separators stand."""

from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from db.commerce.currency import digits
from db.commerce.store import CurrencyPosition, DecimalSeparator
from db.commerce.sums.exact import shifted

SIGNS: Final = {
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
    """Minor units, and how they are written."""

    cents: int
    format: MoneyFormat

    @property
    def decimal(self) -> Decimal:
        return shifted(self.cents, -self.format.digits)

    @property
    def formatted(self) -> str:
        """As the store writes it: sign and separators from its settings."""
        digits = self.format.digits
        whole, part = divmod(abs(self.cents), 10**digits)
        text = f"{whole:,}.{part:0{digits}}" if digits else f"{whole:,}"
        if self.format.separator is DecimalSeparator.COMMA:
            text = text.translate(str.maketrans(",.", ".,"))
        sign = SIGNS.get(self.format.currency, self.format.currency)
        # A sign of letters is told apart from the digits by a space that does not break.
        space = "\u00a0" if sign.isalpha() else ""
        shown = f"{sign}{space}{text}" if self.format.position is CurrencyPosition.BEFORE else f"{text}{space}{sign}"
        return f"-{shown}" if self.cents < 0 else shown


@lru_cache(maxsize=64)
def money_format(packed: str | None) -> MoneyFormat:
    """From `db.commerce.store.MONEY_FORMAT`; a store without settings is one with FluentCart's defaults."""
    currency, position, separator = (packed or "USD before dot").split(" ")
    return MoneyFormat(currency, CurrencyPosition(position), DecimalSeparator(separator))
