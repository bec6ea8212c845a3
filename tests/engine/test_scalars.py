"""The contract's scalars: what goes in comes out, and nothing else goes in."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from graphql import GraphQLScalarType, parse_value
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.values.scalars import MOST_CENTS, SCALARS, moment, rendered
from schema.root import schema


def scalar(name: str) -> GraphQLScalarType:
    """As graphql-core runs it; one that no field uses yet as Strawberry defines it."""
    known = schema.core.type_map.get(name)
    if known is None:
        (definition,) = (d for d in SCALARS.values() if d.name == name)
        known = GraphQLScalarType(name, parse_value=definition.parse_value, serialize=definition.serialize)
    assert isinstance(known, GraphQLScalarType)
    return known


CENTS, MOMENT, DECIMAL = scalar("Cents"), scalar("DateTime"), scalar("Decimal")
CURRENCY, URL, HTML, JSON = scalar("CurrencyCode"), scalar("URL"), scalar("HTML"), scalar("JSON")


def refuses(scalar: GraphQLScalarType, value: Any) -> None:
    """With a sentence of ours, fit to be shown."""
    with pytest.raises(ValueError, match=r"^[A-Za-z]") as refused:
        scalar.parse_value(value)
    assert "object at 0x" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(definition.name for definition in SCALARS.values()))
def test_every_scalar_says_what_specifies_it(name: str) -> None:
    (definition,) = (d for d in SCALARS.values() if d.name == name)

    assert definition.description
    assert (definition.specified_by_url or "").startswith("https://")


# Cents


@given(st.integers(-MOST_CENTS, MOST_CENTS))
def test_cents_are_integers(cents: int) -> None:
    assert CENTS.serialize(CENTS.parse_value(cents)) == cents
    assert CENTS.parse_literal(parse_value(str(cents))) == cents


@given(st.integers(min_value=MOST_CENTS + 1) | st.integers(max_value=-MOST_CENTS - 1))
def test_cents_end_where_doubles_lose_units(cents: int) -> None:
    refuses(CENTS, cents)


@pytest.mark.parametrize("value", [True, False, 1.0, 0.5, "1999", "", None, [], {}, [1999], float("nan"), Decimal(1)])
def test_nothing_else_is_cents(value: Any) -> None:
    refuses(CENTS, value)


@pytest.mark.parametrize("text", ["9" * 5000, "-" + "9" * 5000, "1.5", "1e3", '"1999"', "true", "[1]", "{a: 1}", "A"])
def test_nothing_else_is_cents_in_a_document(text: str) -> None:
    """Five thousand digits are more than Python turns into an integer."""
    with pytest.raises(ValueError, match="Cents"):
        CENTS.parse_literal(parse_value(text))


# DateTime


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_comes_back(value: datetime) -> None:
    assert moment(rendered(value)) == value
    assert rendered(value).endswith("Z")


@given(st.datetimes(), st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_an_offset_is_the_same_moment(naive: datetime, minutes: int) -> None:
    value = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        assume(False)

    assert moment(value.isoformat()) == utc


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-20T23:48:35Z", "2026-11-20T23:48:35Z"),
        ("2026-11-20t23:48:35z", "2026-11-20T23:48:35Z"),
        ("2026-11-20 23:48:35+00:00", "2026-11-20T23:48:35Z"),
        ("2026-11-20T23:48:35-00:00", "2026-11-20T23:48:35Z"),
        ("2026-11-21T00:48:35+01:00", "2026-11-20T23:48:35Z"),
        ("2026-11-20T23:48:35.5Z", "2026-11-20T23:48:35.500000Z"),
        ("2026-11-20T23:48:35.000000Z", "2026-11-20T23:48:35Z"),
        ("2026-11-20T23:48:35.123456789Z", "2026-11-20T23:48:35.123456Z"),  # the databases keep microseconds
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ],
)
def test_a_moment_is_shown_in_utc(text: str, shown: str) -> None:
    assert MOMENT.serialize(MOMENT.parse_value(text)) == shown


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026-11-20",
        "2026-11-20T23:48:35",  # whose afternoon?
        "2026-11-20T23:48Z",
        "2026-11-20T23:48:35.Z",
        "2026-11-20T23:48:35+0100",
        "2026-11-20T23:48:35+01",
        "2026-11-20T23:48:35+24:00",
        "2026-11-20T23:48:35+01:60",
        "2026-11-20T24:00:00Z",
        "2026-11-20T23:60:00Z",
        "2026-11-20T23:48:60Z",  # a leap second: no column holds it
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2026-11-20T23:48:35Z",
        "0001-01-01T00:00:00+00:01",  # before the first moment
        "9999-12-31T23:59:59-00:01",  # after the last
        "2026-11-20T23:48:35Z\n",
        " 2026-11-20T23:48:35Z",
        "٢٠٢٦-11-20T23:48:35Z",
        "2026-11-20T23:48:35Z; DROP TABLE product",
        "2026-W47-5T23:48:35Z",
        1795218515,
        1795218515.5,
        True,
        None,
        [],
        {},
        ["2026-11-20T23:48:35Z"],
    ],
)
def test_nothing_else_is_a_moment(value: Any) -> None:
    refuses(MOMENT, value)


@given(st.text() | st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z"))
def test_garbage_is_a_moment_or_refused(text: str) -> None:
    try:
        found = moment(text)
    except ValueError:
        return
    assert found.utcoffset() == timedelta(0)
    assert moment(rendered(found)) == found


# Decimal


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20))
def test_a_decimal_comes_back_exactly(value: Decimal) -> None:
    text = f"{value:f}"

    assert DECIMAL.parse_value(text) == value
    assert DECIMAL.serialize(DECIMAL.parse_value(text)) == text


@given(st.integers(-MOST_CENTS, MOST_CENTS), st.integers(0, 3))
def test_a_decimal_is_shown_in_digits(cents: int, digits: int) -> None:
    """`1E+2` is a Decimal to Python and nothing to a client."""
    shown = DECIMAL.serialize(Decimal(cents).scaleb(-digits))

    assert "E" not in shown
    assert Decimal(shown) * 10**digits == cents


NO_DECIMALS = ["", ".5", "5.", "1e3", "1E+2", "NaN", "Infinity", "+1", "1,000", "1_000", " 1", "1\n", "--1", "0x1", "١"]


@pytest.mark.parametrize("value", [*NO_DECIMALS, "9" * 31, "0." + "9" * 31, 19.99, 1999, True, None, [], {}])
def test_nothing_else_is_a_decimal(value: Any) -> None:
    refuses(DECIMAL, value)


# Texts


@pytest.mark.parametrize("value", ["USD", "EUR", "XXX"])
def test_a_currency_is_three_capitals(value: str) -> None:
    assert CURRENCY.serialize(CURRENCY.parse_value(value)) == value


@pytest.mark.parametrize("value", ["", "usd", "US", "USDX", "US1", "ÜSD", "USD\n", " USD", "$", 840, None, [], True])
def test_nothing_else_is_a_currency(value: Any) -> None:
    refuses(CURRENCY, value)


@pytest.mark.parametrize("scalar", [URL, HTML], ids=str)
@pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}, ["https://example.com"]])
def test_only_a_text_is_a_text(scalar: GraphQLScalarType, value: Any) -> None:
    refuses(scalar, value)


# JSON

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(VALUES)
def test_any_json_is_json(value: Any) -> None:
    shown = orjson.dumps(JSON.serialize(JSON.parse_value(value)))

    assert orjson.loads(shown) == value


@pytest.mark.parametrize("value", [2**64, object(), {1, 2}, {"a": object()}, "\ud800"])
def test_what_could_not_be_written_later_is_refused_now(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        JSON.parse_value(value)
