"""Decimals of amounts and shares, as fractions and integers say them, whatever the context of the thread that asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.connected_stores.shape import MOST_MONEY, minor
from db.commerce.counted.bought import Bought
from db.commerce.currency import digits, from_hundredths, whole_from_hundredths
from db.commerce.money import Amount, money_format
from db.commerce.sums.exact import half_up, points, rounded, shifted
from resolvers.commerce.report.reporting import each, percent

AMOUNTS = st.integers(-(10**40), 10**40)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "CLF"])
# What nobody here would set, and a library may.
CONTEXTS = st.builds(
    Context, prec=st.integers(1, 60), rounding=st.sampled_from([ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN])
)
# As inputs take them: thirty digits before the point and after it.
WRITTEN = st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", fullmatch=True)


@contextmanager
def within(context: Context) -> Iterator[None]:
    with localcontext(context):
        yield


@given(AMOUNTS, st.integers(-30, 30), CONTEXTS)
def test_a_point_moves(number: int, places: int, context: Context) -> None:
    with within(context):
        found = shifted(number, places)
    assert Fraction(found) == number * Fraction(10) ** places


@given(AMOUNTS, CURRENCIES, CONTEXTS)
def test_an_amount_is_said_to_the_last_unit(cents: int, currency: str, context: Context) -> None:
    amount = Amount(cents, money_format(f"{currency} before dot"))
    with within(context):
        decimal, formatted = amount.decimal, amount.formatted
        hundredths, whole = from_hundredths(cents, currency), whole_from_hundredths(cents, currency)
    assert Fraction(decimal) == Fraction(cents, 10 ** digits(currency))
    assert int("".join(each for each in formatted if each.isdecimal())) == abs(cents)
    assert formatted.startswith("-") == (cents < 0)
    assert Fraction(hundredths) == Fraction(cents * 10 ** digits(currency), 100)
    assert whole == half_up(Fraction(hundredths))


def test_how_amounts_are_written() -> None:
    written = [(1234567, "USD"), (-5, "USD"), (1234567, "JPY"), (1234567, "KWD"), (0, "JPY")]
    said = [Amount(cents, money_format(f"{currency} before dot")).formatted for cents, currency in written]
    assert said == ["$12,345.67", "-$0.05", "¥1,234,567", "KWD\u00a01,234.567", "¥0"]


@given(WRITTEN, st.sampled_from([2, 4]), CONTEXTS)
@example("10.000000000000000000000000000001", 2, Context(prec=28))
@example("99.999999999999999999999999999999", 2, Context(prec=28))
@example("12.5", 2, Context(prec=1))
@example("100", 4, Context(prec=28))
def test_a_percentage_is_whole_shares_or_none(text: str, places: int, context: Context) -> None:
    exact = Fraction(text) * 10**places
    whole = exact.denominator == 1 and 0 <= exact <= 100 * 10**places
    with within(context):
        found = points(Decimal(text), places)
    assert found == (int(exact) if whole else None)


def test_what_is_no_percentage() -> None:
    for text in ("NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999"):
        assert points(Decimal(text), 2) is None, text


@given(st.integers(0, 10**40), st.integers(1, 10**6), CONTEXTS)
def test_what_customers_bought_on_the_average(spent: int, count: int, context: Context) -> None:
    with within(context):
        columns = Bought(count, {"USD": spent}).columns("USD")
        average = columns["average_order_value"]
        assert each(spent, count) == half_up(Fraction(spent, count))
    assert average.as_tuple().exponent == -2
    assert abs(Fraction(average) - Fraction(spent, count)) <= Fraction(1, 200)
    assert rounded(Fraction(1, 8), 2) == Decimal("0.12")


@given(st.integers(0, 10**18), st.integers(1, 10**18), CONTEXTS)
def test_growth_has_two_decimals(current: int, previous: int, context: Context) -> None:
    with within(context):
        grown = percent(current, previous)
    assert grown == half_up(Fraction(current - previous, previous) * 10_000) / 100


@given(
    st.integers(-MOST_MONEY // 10_000, MOST_MONEY // 10_000), st.text("0123456789", min_size=1), CURRENCIES, CONTEXTS
)
@example(0, "00" + "4" + "9" * 40, "USD", Context(prec=28))
def test_amounts_of_other_shops(whole: int, part: str, currency: str, context: Context) -> None:
    text = f"{whole}.{part}"
    with within(context):
        found = minor(Decimal(text), currency)
    assert found == half_up(Fraction(text) * 10 ** digits(currency))
