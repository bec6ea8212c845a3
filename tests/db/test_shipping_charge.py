"""What sending costs: by hand, as it was measured in a shop, and for whatever goods there are."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.catalog.product import FulfillmentType
from db.catalog.shipping import ShippingClassType
from db.commerce.shipping_method import ShippingClassAggregation, ShippingMethodType
from db.commerce.sums.shipping_charge import Parcel, applies, charge, weight_in

PHYSICAL, DIGITAL = FulfillmentType.PHYSICAL, FulfillmentType.DIGITAL
CLASSES: dict[int, dict[str, Any]] = {
    1: {"type": ShippingClassType.FIXED, "cost": 500, "per_item": True},
    2: {"type": ShippingClassType.PERCENTAGE, "cost": 1000, "per_item": False},
}


def method(**values: Any) -> dict[str, Any]:
    return {
        "type": ShippingMethodType.PER_ORDER,
        "amount": 500,
        "weight_tiers": [],
        "countries": [],
        "states": [],
        "class_aggregation": ShippingClassAggregation.SUM_ALL,
        "free_from": None,
        "enabled": True,
        **values,
    }


def parcel(key: Any, price: int, quantity: int = 1, **values: Any) -> Parcel:
    made = {"discount": 0, "weight": Fraction(0), "fulfillment_type": PHYSICAL, "shipping_class_id": None, **values}
    return Parcel(key, price, quantity, **made)


GOODS = [
    parcel(1, 2000, 2, shipping_class_id=1, weight=Fraction("0.4")),
    parcel(2, 3333, 3, shipping_class_id=2, weight=Fraction("0.8")),
    parcel(3, 100),
    parcel(4, 1500, fulfillment_type=DIGITAL, shipping_class_id=1, weight=Fraction(9)),
]
TIERS = [{"min": 0, "max": 3.2, "cost": 300}, {"min": 3.2, "max": 5, "cost": 700}, {"min": 6, "max": None, "cost": 900}]


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ({}, 1833),
        ({"class_aggregation": ShippingClassAggregation.HIGHEST_CLASS}, 1500),
        # Measured: six pieces at 2.00, and the highest class.
        (
            {
                "type": ShippingMethodType.PER_ITEM,
                "amount": 200,
                "class_aggregation": ShippingClassAggregation.HIGHEST_CLASS,
            },
            2200,
        ),
        ({"type": ShippingMethodType.PER_PRICE, "amount": 1000}, 1410 + 1333),
        ({"type": ShippingMethodType.PER_WEIGHT, "weight_tiers": TIERS}, 300 + 1333),
        ({"type": ShippingMethodType.PER_WEIGHT, "weight_tiers": TIERS[1:]}, 700 + 1333),
        ({"type": ShippingMethodType.PER_WEIGHT, "weight_tiers": TIERS[2:]}, 1333),
        ({"amount": 1234}, 2567),
        ({"type": ShippingMethodType.FREE}, 0),
        ({"free_from": 14_099}, 0),
        ({"free_from": 14_100}, 1833),
    ],
)
def test_as_it_was_measured(values: dict[str, Any], total: int) -> None:
    """To the cent, where the shop went on with fractions."""
    found = charge(method(**values), GOODS, CLASSES)
    assert (found.total, sum(found.by_line.values()), found.by_line[4]) == (total, total, 0)


def test_a_discount_lowers_what_a_share_is_of() -> None:
    share = method(type=ShippingMethodType.PER_PRICE, amount=1000)
    assert charge(share, [parcel(1, 1000, 2, discount=500)], {}).total == 150
    assert charge(share, [parcel(1, 1000, discount=1500)], {}).total == 0
    assert charge(method(free_from=1501), [parcel(1, 1000, 2, discount=500)], {}).total == 500


def test_cents_that_no_share_makes_whole_are_the_first_lines() -> None:
    lines = [parcel(n, 100) for n in (3, 1, 2)]
    assert charge(method(amount=500), lines, {}).by_line == {3: 167, 1: 167, 2: 166}
    # What costs nothing has no share, unless nothing costs anything.
    assert charge(method(amount=501), [parcel(1, 0), parcel(2, 1), parcel(3, 1)], {}).by_line == {1: 0, 2: 251, 3: 250}
    assert charge(method(amount=500), [parcel(1, 0, 3), parcel(2, 0, 1)], {}).by_line == {1: 375, 2: 125}


def test_the_highest_class_is_that_of_all_its_lines() -> None:
    lines = [
        parcel(1, 2000, shipping_class_id=1),
        parcel(2, 8000, shipping_class_id=2),
        parcel(3, 1, shipping_class_id=1),
    ]
    highest = method(amount=0, class_aggregation=ShippingClassAggregation.HIGHEST_CLASS)
    assert charge(highest, lines, CLASSES).by_line == {1: 500, 2: 0, 3: 500}
    assert charge(highest, lines[:2], CLASSES).by_line == {1: 0, 2: 800}
    # A class that is gone charges nothing.
    assert charge(highest, lines, {}).total == 0


def test_nothing_is_charged_for_what_is_not_sent() -> None:
    assert charge(method(), [], {}) == (0, {})
    assert charge(method(), [parcel("file", 900, fulfillment_type=DIGITAL)], CLASSES) == (0, {"file": 0})


@pytest.mark.parametrize(
    ("values", "country", "state", "offered"),
    [
        ({}, "DE", None, True),
        ({"enabled": False}, "DE", None, False),
        ({"countries": ["DE", "AT"]}, "AT", "9", True),
        ({"countries": ["DE", "AT"]}, "FR", None, False),
        ({"countries": ["US"], "states": ["NY"]}, "US", " ny ", True),
        ({"countries": ["US"], "states": ["NY"]}, "US", "CA", False),
        ({"countries": ["US"], "states": ["NY"]}, "US", None, False),
        ({"countries": ["US"], "states": ["NY"]}, "DE", "NY", False),
        ({"countries": ["US"]}, "US", None, True),
    ],
)
def test_where_a_method_is_offered(values: dict[str, Any], country: str, state: str | None, offered: bool) -> None:
    assert applies(method(**values), country, state) is offered


def test_weights_of_other_units() -> None:
    assert weight_in("kg", 250, "g") == Fraction(1, 4)
    assert weight_in("kg", 1, "lb") == Fraction("0.45359237")
    assert weight_in("lbs", 0.45359237, " KG ") == 1
    assert weight_in("oz", 2, "lbs") == 32
    assert weight_in("kg", 3, "stone") == weight_in("kg", 3, None) == weight_in("stone", 3, "kg") == 3
    assert weight_in("kg", None, "g") == weight_in("kg", float("inf"), "g") == weight_in("kg", -1, "g") == 0


cents = st.integers(0, 100_000)
parcels = st.lists(
    st.builds(
        Parcel,
        key=st.integers(0, 10**6),
        unit_price=cents,
        quantity=st.integers(1, 50),
        discount=cents,
        weight=st.fractions(0, 100),
        fulfillment_type=st.sampled_from(FulfillmentType),
        shipping_class_id=st.none() | st.integers(1, 4),
    ),
    max_size=8,
    unique_by=lambda one: one.key,
)
classes = st.dictionaries(
    st.integers(1, 3),
    st.fixed_dictionaries(
        {"type": st.sampled_from(ShippingClassType), "cost": st.integers(0, 10_000), "per_item": st.booleans()}
    ),
)
methods = st.builds(
    method,
    type=st.sampled_from(ShippingMethodType),
    amount=st.integers(0, 10_000),
    weight_tiers=st.just(TIERS),
    class_aggregation=st.sampled_from(ShippingClassAggregation),
    free_from=st.none() | cents,
)


@given(methods, parcels, classes)
def test_lines_add_up(by: dict[str, Any], lines: list[Parcel], of: dict[int, dict[str, Any]]) -> None:
    found = charge(by, lines, of)
    assert found.by_line.keys() == {line.key for line in lines}
    assert sum(found.by_line.values()) == found.total
    assert all(share >= 0 for share in found.by_line.values())
    assert all(not found.by_line[line.key] for line in lines if line.fulfillment_type is DIGITAL)
    if by["type"] is ShippingMethodType.FREE:
        assert found.total == 0


@given(methods, parcels, classes)
def test_the_order_of_lines_changes_no_total(
    by: dict[str, Any], lines: list[Parcel], of: dict[int, dict[str, Any]]
) -> None:
    found, turned = charge(by, lines, of), charge(by, lines[::-1], of)
    assert found.total == turned.total
    # A cent here or there is all that it changes.
    assert all(abs(found.by_line[key] - turned.by_line[key]) <= 1 for key in found.by_line)


@given(methods, parcels, classes)
def test_one_class_alone_is_never_dearer_than_all(
    by: dict[str, Any], lines: list[Parcel], of: dict[int, dict[str, Any]]
) -> None:
    highest = by | {"class_aggregation": ShippingClassAggregation.HIGHEST_CLASS}
    everything = by | {"class_aggregation": ShippingClassAggregation.SUM_ALL}
    assert charge(highest, lines, of).total <= charge(everything, lines, of).total
