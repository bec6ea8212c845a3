"""Currencies: how many digits an amount has after the point (ISO 4217), and amounts of sources that do not go by it."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from db.commerce.sums.exact import shifted

_CODE: Final = re.compile("[A-Z]{3}", re.ASCII)

# Where they are not two.
MINOR_DIGITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def digits(currency: str) -> int:
    return MINOR_DIGITS.get(currency, 2)


def from_hundredths(amount: Decimal | int, currency: str) -> Decimal:
    """Minor units of an amount that is told in hundredths whatever the currency: ¥1,000 as 100000 is 1000, and KD 1 as
    100 is 1000. Exact: it may have a fraction."""
    return shifted(amount, digits(currency) - 2)


def whole_from_hundredths(amount: int, currency: str) -> int:
    """`from_hundredths`, what is less than a minor unit rounded, halves away from zero."""
    return int(from_hundredths(amount, currency).to_integral_value(ROUND_HALF_UP))


def map_from_hundredths(amounts: Any) -> Any:
    """A map of amounts by their currencies in minor units of each; whatever else there is stays as it is."""
    if not isinstance(amounts, dict):
        return amounts
    return {name: _one_of_a_map(amount, name) for name, amount in amounts.items()}


def _one_of_a_map(amount: Any, currency: str) -> Any:
    if digits(currency) == 2 or isinstance(amount, bool) or not isinstance(amount, int | float):
        return amount
    exact = from_hundredths(Decimal(repr(amount)), currency)
    return int(exact) if exact == exact.to_integral_value() else float(exact)
