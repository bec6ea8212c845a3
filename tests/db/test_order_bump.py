"""When an order bump is offered, and for how much: the rules alone, without a database."""

from typing import Any, Final

import pytest

from db.commerce.order_bump import (
    FIELDS,
    Cart,
    ConditionField,
    ConditionOperator,
    OrderBumpDiscountType,
    OrderBumpMatch,
    offered,
    offered_price,
)

FIXED, PERCENTAGE = OrderBumpDiscountType.FIXED, OrderBumpDiscountType.PERCENTAGE
CART: Final = Cart(
    total=5000,
    quantity=3,
    variant_ids=frozenset({11, 12}),
    product_ids=frozenset({1, 2}),
    category_ids=frozenset({7}),
    email="Ada@Example.org",
)


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, FIELDS[ConditionField(field)].value: value}


@pytest.mark.parametrize(
    ("price", "kind", "value", "expected"),
    [
        (1999, None, None, 1999),
        (1999, FIXED, 0, 1999),
        (1999, FIXED, 500, 1499),
        (1999, FIXED, 2500, 0),
        (1999, PERCENTAGE, 0, 1999),
        (1999, PERCENTAGE, 10_000, 0),
        (1999, PERCENTAGE, 5000, 1000),  # 999.5
        (1, PERCENTAGE, 5000, 1),  # 0.5
        (1, PERCENTAGE, 5001, 0),  # 0.4999
        (1999, PERCENTAGE, 1250, 1749),  # 1749.125
        (0, PERCENTAGE, 1250, 0),
        (2**53 - 1, PERCENTAGE, 1, 9006298534815517),  # no float is exact here
    ],
)
def test_what_it_costs(price: int, kind: OrderBumpDiscountType | None, value: int | None, expected: int) -> None:
    assert offered_price(price, kind, value) == expected


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("total", "at_least", 5000, True),
        ("total", "at_least", 5001, False),
        ("total", "at_most", 5000, True),
        ("total", "at_most", 4999, False),
        ("quantity", "at_least", 3, True),
        ("quantity", "at_most", 2, False),
        ("variant", "any_of", [12, 99], True),
        ("variant", "any_of", [99], False),
        ("variant", "all_of", [11, 12], True),
        ("variant", "all_of", [11, 99], False),
        ("product", "none_of", [3], True),
        ("product", "none_of", [2, 3], False),
        ("category", "any_of", [7], True),
        ("category", "none_of", [7], False),
        ("email", "equals", "ada@example.ORG ", True),
        ("email", "equals", "ada@example.com", False),
        ("email", "not_equals", "otto@example.org", True),
        ("email", "not_equals", "ADA@example.org", False),
        ("email", "contains", "@example.org", True),
        ("email", "contains", "@example.com", False),
        ("email", "not_contains", "@example.com", True),
        ("email", "not_contains", "@EXAMPLE.org", False),
    ],
)
def test_conditions(field: str, operator: str, value: Any, expected: bool) -> None:
    assert offered([condition(field, operator, value)], CART) is expected


@pytest.mark.parametrize("operator", ["equals", "not_equals", "contains", "not_contains"])
def test_nobody_knows_the_address(operator: str) -> None:
    assert not offered([condition("email", operator, "ada@example.org")], Cart(total=5000))


@pytest.mark.parametrize(
    ("totals", "match", "expected"),
    [
        ([], OrderBumpMatch.ALL, True),
        ([], OrderBumpMatch.ANY, True),
        ([4000, 5000], OrderBumpMatch.ALL, True),
        ([4000, 6000], OrderBumpMatch.ALL, False),
        ([4000, 6000], OrderBumpMatch.ANY, True),
        ([6000, 7000], OrderBumpMatch.ANY, False),
    ],
)
def test_how_many_are_met(totals: list[int], match: OrderBumpMatch, expected: bool) -> None:
    assert offered([condition("total", "at_least", total) for total in totals], CART, match) is expected


def test_each_operator_is_of_some_field() -> None:
    assert FIELDS.keys() == set(ConditionField)
    assert {operator for looked in FIELDS.values() for operator in looked.operators} == set(ConditionOperator)
