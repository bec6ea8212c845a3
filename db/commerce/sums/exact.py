"""Decimals of amounts and shares: exact, whatever precision and rounding the thread that asks goes by. Pure."""

from decimal import Context, Decimal, InvalidOperation, Overflow
from fractions import Fraction
from typing import Final

# More digits than any amount has that is said or added up here, and no rounding that anybody could have set.
_EXACT: Final = Context(prec=1000, traps=[InvalidOperation, Overflow])


def shifted(number: Decimal | int, places: int) -> Decimal:
    """A number with its point moved so many places to the right: 1999 by -2 is 19.99."""
    return Decimal(number).scaleb(places, _EXACT)


def half_up(number: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    whole = (2 * abs(number.numerator) + number.denominator) // (2 * number.denominator)
    return whole if number >= 0 else -whole


def rounded(number: Fraction, places: int) -> Decimal:
    """With so many decimals; a half goes to the even one."""
    return shifted(round(number * 10**places), -places)


def points(percent: Decimal, places: int) -> int | None:
    """Of a percentage how many of its smallest shares it is, where it has so many decimals: 12.5 with two is 1250. None
    of what is below 0, above 100, or has more decimals than that, however small they are."""
    if not percent.is_finite() or not 0 <= percent <= 100:
        return None
    kept = percent.quantize(shifted(1, -places), context=_EXACT)
    return int(shifted(kept, places)) if kept == percent else None
