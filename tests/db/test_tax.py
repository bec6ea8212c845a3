"""The sums of tax: measured figures of the documented system, what is not copied of it, and what always holds."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.commerce.order import TaxBehavior
from db.commerce.sums.tax import Place, TaxedLine, applying, class_of, matches, parts, sent_shares, taxes

EXCLUSIVE, INCLUSIVE, NONE = TaxBehavior.EXCLUSIVE, TaxBehavior.INCLUSIVE, TaxBehavior.NONE
AUSTIN = Place("US", "TX", "Austin", "73301")


def rate(points: int, **values: Any) -> dict[str, Any]:
    made = {"id": 1, "name": "Tax", "country": "US", "state": "", "city": "", "postcodes": [], "priority": 1}
    return {**made, "for_shipping": None, "compound": False, "rate": points, **values}


SALES = rate(82_500, id=1, state="TX", for_shipping=80_000)
LOCAL = rate(20_000, id=2, state="TX", compound=True, priority=2)
REDUCED = rate(50_000, id=3, for_shipping=50_000)


@pytest.mark.parametrize(
    ("base", "rates", "expected"),
    [
        (3000, [SALES, LOCAL], [248, 65]),  # 313 charged
        (1333, [SALES, LOCAL], [110, 29]),  # tax.ex.coupon: 139
        (2222, [REDUCED], [112]),
        (1999, [REDUCED], [100]),
        (9130, [], []),
        (10000, [SALES, LOCAL], [825, 217]),  # a subscription's bill: 1042
        (1500, [SALES, LOCAL], [124, 33]),  # its setup fee: 157
        (1000, [rate(200_000)], [200]),
        (297, [SALES, LOCAL], [25, 6]),  # 31 charged, of which the documented system shows 25 + 7
        (0, [SALES, LOCAL], [0, 0]),
        (-5, [SALES], [0]),
        (100, [rate(0)], [0]),
        (1, [rate(1)], [1]),  # always up
    ],
)
def test_on_top_as_measured(base: int, rates: Sequence[Mapping[str, Any]], expected: list[int]) -> None:
    assert parts(base, rates, EXCLUSIVE) == expected


@pytest.mark.parametrize(
    ("base", "rates", "expected"),
    [
        (3000, [SALES], [229]),  # one rate alone is as measured
        (900, [SALES], [69]),
        # Not copied: 229 + 64 shown, 292 charged, of which no net price makes 3000 again. It is 2717.02 here.
        (3000, [SALES, LOCAL], [225, 58]),
        (110, [rate(100_000), rate(100_000, id=2)], [10, 9]),  # of 91.67 each 9.17; not 10 and 10
        (200, [rate(1_000_000)], [100]),
    ],
)
def test_inside_of_prices(base: int, rates: Sequence[Mapping[str, Any]], expected: list[int]) -> None:
    assert parts(base, rates, INCLUSIVE) == expected


def test_shipping_is_taxed_once() -> None:
    """Two mugs, a vase and stickers, each with its own share of 18.33: 227 where it is counted twice, 130 else."""
    lines = [TaxedLine("mugs", 2000, 1178, [SALES, LOCAL]), TaxedLine("vase", 3333, 629, [REDUCED])]
    found = taxes([*lines, TaxedLine("stickers", 297, 26, [SALES, LOCAL])], EXCLUSIVE)
    assert (found.by_line, found.total) == ({"mugs": 209, "vase": 167, "stickers": 31}, 407)
    assert found.shipping == 130
    charged = [(each.rate["id"], each.amount, each.shipping_amount) for each in found.charged]
    assert charged == [(1, 190, 98), (3, 167, 32), (2, 50, 0)]


@pytest.mark.parametrize(
    ("values", "place", "expected"),
    [
        ({}, AUSTIN, True),
        ({"country": "DE"}, AUSTIN, False),
        ({"state": "TX"}, AUSTIN, True),
        ({"state": "CA"}, AUSTIN, False),
        ({"state": "TX"}, Place("US"), False),
        ({"city": "AUSTIN"}, AUSTIN, True),
        ({"city": "San Antonio"}, Place("US", "TX", " san  antonio "), True),
        ({"city": "Dallas"}, AUSTIN, False),
        ({"postcodes": ["73301"]}, AUSTIN, True),
        ({"postcodes": ["73302", "73300...73399"]}, AUSTIN, True),
        ({"postcodes": ["73302...73399"]}, AUSTIN, False),
        ({"postcodes": ["73301"]}, AUSTIN._replace(postcode="73301-0042"), True),
        ({"postcodes": ["73301"]}, AUSTIN._replace(postcode=""), False),
        ({"postcodes": ["1...99999"]}, AUSTIN, False),  # not as long
        ({"country": "GB", "postcodes": ["SW1A1AA"]}, Place("GB", postcode="sw1a 1aa"), True),
        ({"country": "PL", "postcodes": ["00001...00999"]}, Place("PL", postcode="00-950"), True),
    ],
)
def test_where_a_rate_applies(values: dict[str, Any], place: Place, expected: bool) -> None:
    assert matches(rate(1, **values), place) is expected


def test_rates_in_their_order() -> None:
    rates = [rate(1, id=3), rate(1, id=2, priority=0), rate(1, id=1), rate(1, id=9, country="DE")]
    assert [one["id"] for one in applying(rates, AUSTIN)] == [2, 1, 3]


def test_the_class_of_a_product() -> None:
    classes = [
        {"id": 1, "priority": 5, "categories": [7]},
        {"id": 2, "priority": 1, "categories": [7, 8]},
        {"id": 3, "priority": 1, "categories": [8]},
    ]
    assert [class_of(1, {7}, classes), class_of(None, {7}, classes), class_of(None, {8}, classes)] == [1, 2, 2]
    assert [class_of(None, {9}, classes), class_of(None, (), classes)] == [None] * 2


def test_shipping_by_the_first_weights_that_there_are() -> None:
    assert sent_shares(10, {1: 0}, {1: 1, 2: 3}) == {1: 3, 2: 7}
    assert sent_shares(10, {1: 0}, {1: 0}) == {}
    assert sent_shares(333, {1: 100, 2: 233}, {1: 1, 2: 1}) == {1: 100, 2: 233}


POINTS = st.integers(0, 1_000_000)
RATES = st.lists(st.tuples(POINTS, st.none() | POINTS, st.booleans()), max_size=4).map(
    lambda drawn: [
        rate(points, id=key, for_shipping=sending, compound=compound)
        for key, (points, sending, compound) in enumerate(drawn)
    ]
)
CENTS = st.integers(0, 10**12)
LINES = st.lists(st.tuples(CENTS, st.integers(0, 10**6), RATES), max_size=5).map(
    lambda drawn: [TaxedLine(key, *line) for key, line in enumerate(drawn)]
)
BEHAVIORS = st.sampled_from([EXCLUSIVE, INCLUSIVE])


@given(LINES, BEHAVIORS)
def test_parts_add_up(lines: list[TaxedLine], behavior: TaxBehavior) -> None:
    found = taxes(lines, behavior)
    assert sum(each.amount for each in found.charged) == found.total == sum(found.by_line.values())
    shipping = sum(sum(parts(line.shipping, line.rates, behavior, "for_shipping")) for line in lines)
    assert sum(each.shipping_amount for each in found.charged) == found.shipping == shipping
    assert all(each.amount >= 0 and each.shipping_amount >= 0 for each in found.charged)


@given(CENTS, RATES)
def test_what_is_inside_is_no_more_than_there_is(base: int, rates: list[dict[str, Any]]) -> None:
    inside = sum(parts(base, rates, INCLUSIVE))
    assert 0 <= inside <= base
    assert inside <= sum(parts(base, rates, EXCLUSIVE))


@given(CENTS, RATES)
def test_inside_and_on_top_agree(net: int, rates: list[dict[str, Any]]) -> None:
    """The tax inside of a price is that on the price without it: to the cent that each rounds up."""
    gross = net + sum(parts(net, rates, EXCLUSIVE))
    assert net - 1 <= gross - sum(parts(gross, rates, INCLUSIVE)) <= net + 1


@given(CENTS, CENTS, RATES, BEHAVIORS)
def test_more_costs_no_less(one: int, more: int, rates: list[dict[str, Any]], behavior: TaxBehavior) -> None:
    assert sum(parts(one, rates, behavior)) <= sum(parts(one + more, rates, behavior))


@given(CENTS, RATES)
def test_a_part_is_within_a_cent_of_its_own(base: int, rates: list[dict[str, Any]]) -> None:
    found, before = parts(base, rates, EXCLUSIVE), Fraction(0)
    for cents, one in zip(found, rates, strict=True):
        exact = (base + (before if one["compound"] else 0)) * Fraction(one["rate"], 1_000_000)
        assert abs(cents - exact) < 1
        before += exact
    assert sum(found) == ceil(before)


@given(CENTS, RATES, BEHAVIORS)
def test_nothing_of_nothing(base: int, rates: list[dict[str, Any]], behavior: TaxBehavior) -> None:
    assert parts(base, [{**one, "rate": 0} for one in rates], behavior) == [0] * len(rates)
    assert parts(base, rates, NONE) == [0] * len(rates)
    assert parts(0, rates, behavior) == [0] * len(rates)
