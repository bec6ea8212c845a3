"""What coupons take off: never more than there is, to the cent, whatever the order of what they take it from."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.commerce.coupon import CouponRow, CouponStatus, CouponType, matches, status_at
from db.commerce.sums.discount import Asked, DiscountedLine, alone, by_line, discounts, eligible, manual, refused

NOW: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
ADA: Final = Asked(NOW, 1, "ada@example.org", 0)
FIXED, PERCENTAGE = CouponType.FIXED, CouponType.PERCENTAGE
BUY_X_GET_Y = CouponType.BUY_X_GET_Y


def coupon(id: int = 1, type: CouponType = FIXED, **values: Any) -> dict[str, Any]:
    return CouponRow(id=id, title="Spring", code=f"C{id}", type=type, **values).model_dump()


def line(key: int, unit_price: int, quantity: int = 1, variant: int | None = None, *categories: int) -> DiscountedLine:
    variant = key if variant is None else variant
    return DiscountedLine(key, variant, variant, frozenset(categories), quantity, unit_price, unit_price * quantity)


def taken(one: dict[str, Any], *lines: DiscountedLine) -> dict[Any, int]:
    return discounts([one], lines)[one["id"]]


@st.composite
def lines_(draw: st.DrawFn) -> list[DiscountedLine]:
    keys = draw(st.lists(st.integers(0, 50), max_size=6, unique=True))
    return [
        line(
            key,
            draw(st.integers(0, 10_000)),
            draw(st.integers(1, 5)),
            draw(st.integers(1, 4)),
            *draw(st.frozensets(st.integers(1, 3), max_size=2)),
        )
        for key in keys
    ]


@st.composite
def coupons_(draw: st.DrawFn) -> list[dict[str, Any]]:
    keys = st.lists(st.integers(1, 4), max_size=2)
    terms = st.lists(st.integers(1, 3), max_size=1)
    return [
        coupon(
            key,
            type_ := draw(st.sampled_from(CouponType)),
            amount=draw(st.integers(0, 10_000 if type_ is PERCENTAGE else 30_000)),
            priority=draw(st.integers(0, 2)),
            max_discount=draw(st.none() | st.integers(0, 5_000)),
            included_variants=draw(keys),
            excluded_variants=draw(keys),
            included_categories=draw(terms),
            excluded_categories=draw(terms),
            buy_variants=draw(keys),
            get_variants=draw(keys),
            buy_quantity=draw(st.integers(1, 3)),
            get_quantity=draw(st.integers(1, 3)),
        )
        for key in draw(st.lists(st.integers(1, 9), max_size=4, unique=True))
    ]


@given(coupons_(), lines_())
def test_no_line_loses_more_than_it_is(coupons: list[dict[str, Any]], lines: list[DiscountedLine]) -> None:
    found = discounts(coupons, lines)
    assert found.keys() == {one["id"] for one in coupons}
    assert all(cents > 0 for each in found.values() for cents in each.values())
    subtotals = {one.key: one.subtotal for one in lines}
    assert all(cents <= subtotals[key] for key, cents in by_line(found).items())
    by_key = {one["id"]: one for one in coupons}
    for key, each in found.items():
        assert all(eligible(by_key[key], one) for one in lines if one.key in each)
        most = by_key[key]["max_discount"]
        assert by_key[key]["type"] is FIXED or most is None or sum(each.values()) <= most


@given(coupons_(), lines_(), st.randoms(use_true_random=False))
def test_order_changes_nothing(coupons: list[dict[str, Any]], lines: list[DiscountedLine], chance: Any) -> None:
    found = discounts(coupons, lines)
    chance.shuffle(coupons)
    chance.shuffle(lines)
    again = discounts(coupons, lines)
    assert found == again
    assert list(found) == list(again)


@given(lines_(), st.integers(0, 100_000))
def test_a_fixed_amount_is_taken_to_the_cent(lines: list[DiscountedLine], amount: int) -> None:
    one = coupon(amount=amount, excluded_variants=[1])
    rest = sum(each.subtotal for each in lines if each.variant_id != 1)
    assert sum(taken(one, *lines).values()) == min(amount, rest)


@given(coupons_(), lines_(), st.sampled_from([FIXED, PERCENTAGE]), st.integers(0, 10_000))
def test_by_hand_of_what_coupons_leave(
    coupons: list[dict[str, Any]], lines: list[DiscountedLine], kind: CouponType, value: int
) -> None:
    so_far = by_line(discounts(coupons, lines))
    found = manual(lines, kind, value, so_far)
    rests = {each.key: each.subtotal - so_far.get(each.key, 0) for each in lines}
    assert all(0 < cents <= rests[key] for key, cents in found.items())
    if kind is FIXED:
        assert sum(found.values()) == min(value, sum(rests.values()))


def test_shares_and_spreads() -> None:
    two = line(1, 2000), line(2, 1999)
    assert taken(coupon(type=PERCENTAGE, amount=3333), *two) == {1: 667, 2: 666}
    assert taken(coupon(amount=101), *two) == {1: 51, 2: 50}
    assert taken(coupon(amount=5000), *two) == {1: 2000, 2: 1999}
    assert taken(coupon(amount=500), line(1, 297), line(2, 1000)) == {1: 115, 2: 385}
    assert taken(coupon(type=PERCENTAGE, amount=5000, max_discount=301), *two) == {1: 151, 2: 150}
    assert taken(coupon(type=CouponType.FREE_SHIPPING), *two) == {}


def test_the_next_takes_of_what_is_left() -> None:
    tenth, five = coupon(1, PERCENTAGE, amount=1000, priority=2), coupon(2, amount=500, priority=2)
    two = line(1, 2000), line(2, 1999)
    assert discounts([five, tenth], two) == {1: {1: 200, 2: 200}, 2: {1: 251, 2: 249}}
    first = five | {"priority": 1}
    assert list(discounts([tenth, first], two)) == [2, 1]


@pytest.mark.parametrize(
    ("quantity", "free"),
    [(1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (1_000_000_000, 333_333_333)],
)
def test_two_bought_one_free(quantity: int, free: int) -> None:
    found = taken(coupon(type=BUY_X_GET_Y, buy_quantity=2), line(1, 100, quantity))
    assert found == ({1: 100 * free} if free else {})


def test_the_cheapest_are_free() -> None:
    one = coupon(type=BUY_X_GET_Y, buy_variants=[1], get_variants=[2, 3], buy_quantity=1, get_quantity=2)
    assert taken(one, line(1, 900), line(2, 500, 3), line(3, 300)) == {2: 500, 3: 300}
    assert taken(one, line(1, 900, 2), line(2, 500, 3), line(3, 300)) == {2: 1500, 3: 300}
    assert taken(one, line(2, 500), line(3, 300)) == {}
    # What the first coupon left of three pieces is 1000: two of them are 666.
    half = coupon(2, amount=500, included_variants=[2])
    assert discounts([half | {"priority": 0}, one | {"priority": 1}], [line(1, 900), line(2, 500, 3)])[1] == {2: 666}


def test_whom_a_coupon_is_meant_for() -> None:
    only = coupon(included_categories=[7])
    assert eligible(only, line(1, 100, 1, 1, 7, 8))
    assert not eligible(only, line(1, 100))
    assert not eligible(coupon(included_variants=[1], excluded_variants=[1]), line(1, 100))
    assert not eligible(coupon(included_variants=[1], excluded_categories=[8]), line(1, 100, 1, 1, 8))
    assert not eligible(coupon(included_variants=[1], included_categories=[7]), line(1, 100))


@pytest.mark.parametrize(
    ("values", "asked", "said"),
    [
        ({}, {}, None),
        ({"status": CouponStatus.DISABLED}, {}, "disabled"),
        ({"status": CouponStatus.EXPIRED}, {}, "expired"),
        ({"status": CouponStatus.SCHEDULED}, {}, None),
        ({"status": CouponStatus.SCHEDULED, "start_at": NOW - DAY}, {}, None),
        ({"start_at": NOW + DAY}, {}, "not valid yet"),
        ({"start_at": NOW - DAY, "end_at": NOW}, {}, "expired"),
        ({"max_uses": 2, "use_count": 1}, {}, None),
        ({"max_uses": 2, "use_count": 2}, {}, "used as often"),
        ({"max_per_customer": 1}, {}, None),
        ({"max_per_customer": 1}, {"uses_by_customer": 1}, "they may"),
        ({"max_per_customer": 1}, {"customer_id": None, "email": ""}, "needs a customer"),
        ({"max_per_customer": 1}, {"customer_id": None}, None),
        ({"email_restrictions": ["*@example.org"]}, {}, None),
        ({"email_restrictions": ["*@example.com", "otto@*"]}, {}, "e-mail"),
        ({"email_restrictions": ["*"]}, {"email": ""}, "e-mail"),
        ({"min_purchase": 1000}, {}, None),
        ({"min_purchase": 1001}, {}, "too small"),
        ({"max_purchase": 1000}, {}, None),
        ({"max_purchase": 999}, {}, "too large"),
        ({"excluded_variants": [1]}, {}, "eligible"),
        ({"type": BUY_X_GET_Y}, {}, "more pieces"),
    ],
)
def test_why_one_does_not_apply(values: dict[str, Any], asked: dict[str, Any], said: str | None) -> None:
    sentence = refused(coupon() | values, [line(1, 1000)], ADA._replace(**asked), 1000)
    assert sentence is None if said is None else said in (sentence or "")


def test_which_go_with_no_other() -> None:
    one, other = coupon(1, stackable=True), coupon(2)
    assert alone([other]) == []
    assert alone([one, other]) == [2]
    assert alone([one, one | {"id": 3}]) == []


def test_dates_decide_but_over_a_hand() -> None:
    for status in (CouponStatus.ACTIVE, CouponStatus.SCHEDULED):
        assert status_at(status, None, None, NOW) is CouponStatus.ACTIVE
        assert status_at(status, NOW + DAY, None, NOW) is CouponStatus.SCHEDULED
        assert status_at(status, NOW - DAY, NOW, NOW) is CouponStatus.EXPIRED
    assert status_at(CouponStatus.EXPIRED, NOW - DAY, NOW + DAY, NOW) is CouponStatus.EXPIRED
    assert status_at(CouponStatus.DISABLED, NOW + DAY, None, NOW) is CouponStatus.DISABLED


@pytest.mark.parametrize(
    ("pattern", "email", "expected"),
    [
        ("Ada@Example.org", "ada@example.ORG", True),
        ("ada@example.org", "ada@example.org.uk", False),
        ("*@example.org", "ada@example.org", True),
        ("*", "", True),
        ("a*a@*", "a@example.org", False),
        ("a*a@*", "aa@example.org", True),
        ("*a*a*b", "a" * 5000, False),
        ("[a]*", "ada@example.org", False),
    ],
)
def test_patterns_of_addresses(pattern: str, email: str, expected: bool) -> None:
    assert matches(pattern, email) is expected
