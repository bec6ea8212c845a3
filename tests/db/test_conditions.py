"""Conditions of feeds: each operator with values as forms and orders have them, and the tags that hang on them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.commerce.order import OrderStatus
from db.events import KINDS
from db.integration.conditions import (
    DESCRIPTIONS,
    MOST_CONDITIONS,
    OPERATORS,
    condition_holds,
    found,
    holds,
    routed,
    validate,
    validate_list,
)
from db.integration.trigger import OF_EVENT, TRIGGERS, Match, matched
from engine.values.errors import Errors

DATA = {
    "id": 7,
    "status": OrderStatus.ON_HOLD,
    "note": "",
    "total_amount": 4163,
    "rate": Decimal("1.5"),
    "parent_id": None,
    "paid": True,
    "tags": ["a", "b", 3],
    "none": [],
    "customer": {"email": "Ada@example.com", "tags": []},
    "order_items": [{"product_id": 4, "title": "Shirt"}, {"product_id": 5, "title": "Mug"}],
}


@pytest.mark.parametrize(
    ("actual", "operator", "wanted", "result"),
    [
        # Numbers and texts.
        (7, "=", 7, True),
        (7, "=", "7", True),
        (7, "=", " 7.0 ", True),
        ("07", "=", 7, True),
        ("1e2", "=", 100, True),
        (Decimal("1.50"), "=", "1.5", True),
        (7, "=", "seven", False),
        ("a", "=", "a", True),
        ("a", "=", "A", False),
        ("nan", "=", "nan", True),
        ("inf", "=", "inf", True),
        ("9" * 50, "=", "9" * 50 + ".0", False),
        (OrderStatus.ON_HOLD, "=", "on-hold", True),
        (datetime(2026, 11, 2, tzinfo=UTC), "=", "2026-11-02T00:00:00Z", True),
        # Nothing.
        (None, "=", None, True),
        (None, "=", "", True),
        (None, "=", 0, False),
        (None, "=", "0", False),
        ("", "=", None, True),
        ([], "=", "", True),
        (None, "=", [], True),
        (0, "=", "", False),
        (None, "!=", "a", True),
        # Truths.
        (True, "=", True, True),
        (True, "=", "yes", True),
        (True, "=", "true", True),
        (True, "=", 1, True),
        (True, "=", "no", False),
        (True, "=", "banana", False),
        (False, "=", "banana", False),
        (False, "=", "no", True),
        (False, "=", 0, True),
        (False, "=", None, True),
        ("yes", "=", True, True),
        # Lists.
        (["a", "b"], "=", "b", True),
        (["a", "b"], "!=", "b", False),
        (["a", "b"], "!=", "c", True),
        ([1, 2], "=", "2", True),
        ("a", "=", ["b", "a"], True),
        ("c", "=", ["b", "a"], False),
        (["a"], "=", ["c", "a"], True),
        ([None], "=", "", True),
        # Above and below.
        (5, ">", 4, True),
        (5, ">", "5", False),
        ("10", ">", "9", True),
        (5, ">=", "5.0", True),
        (5, "<=", 4, False),
        (5, "<", 5.5, True),
        (-5, "<", "-4", True),
        ("b", ">", "a", True),
        ("2026-11-02T00:00:00Z", "<", "2026-12", True),
        (datetime(2026, 11, 2, tzinfo=UTC), ">", "2026-11-01", True),
        ("b", ">", 1, False),
        ("b", "<", 1, False),
        (None, "<", 5, False),
        (None, ">=", 0, False),
        (5, ">", None, False),
        (True, ">", 0, False),
        ([5], ">", 4, False),
        ({}, "<=", 4, False),
        # Parts.
        ("linen shirt", "startsWith", "linen", True),
        ("linen shirt", "startsWith", "shirt", False),
        ("linen shirt", "endsWith", "shirt", True),
        ("linen shirt", "contains", "en s", True),
        ("linen shirt", "doNotContains", "wool", True),
        ("linen shirt", "doNotContains", "linen", False),
        (1042, "startsWith", 10, True),
        (1042, "endsWith", "42", True),
        (True, "contains", "ye", True),
        ("a", "contains", "", False),
        ("a", "doNotContains", "", True),
        ("a", "startsWith", None, False),
        (None, "contains", "a", False),
        (None, "doNotContains", "a", True),
        (["a", "bc"], "contains", "bc", True),
        (["a", "bc"], "contains", "b", False),
        (["a"], "doNotContains", "b", True),
        ([3], "contains", "3", True),
        ([], "contains", "a", False),
        (["ab"], "startsWith", "a", False),
        ({"a": 1}, "contains", "a", False),
        # Lengths.
        (["a", "b"], "length_equal", 2, True),
        (["a", "b"], "length_equal", "2.0", True),
        ("abc", "length_less_than", 4, True),
        ("abc", "length_less_than", "3", False),
        ("abc", "length_greater_than", 2, True),
        (1042, "length_equal", 4, True),
        (None, "length_equal", 0, True),
        ("", "length_greater_than", "0", False),
        ([], "length_less_than", 1, True),
        ("abc", "length_equal", "three", False),
        ("abc", "length_equal", None, False),
        ("abc", "length_less_than", True, False),
    ],
)
def test_operators(actual: Any, operator: str, wanted: Any, result: bool) -> None:
    condition = {"field": "it", "operator": operator, "value": wanted}
    assert condition_holds(condition, {"it": actual}) is result


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 7),
        ("customer.email", "Ada@example.com"),
        ("customer.email.more", None),
        ("customer.nothing", None),
        ("nothing.more", None),
        ("order_items.1.title", "Mug"),
        ("order_items.2.title", None),
        ("order_items." + "9" * 5000, None),
        ("order_items.*.product_id", [4, 5]),
        ("order_items.product_id", [4, 5]),
        ("order_items.nothing", []),
        ("tags.0", "a"),
        ("tags.x", []),
        ("", None),
        (".", None),
    ],
)
def test_paths(field: str, value: Any) -> None:
    assert found(DATA, field) == value


TRUE = {"field": "id", "operator": "=", "value": "7"}
FALSE = {"field": "customer.email", "operator": "startsWith", "value": "ada"}


@pytest.mark.parametrize(
    ("conditionals", "result"),
    [
        (None, True),
        ({}, True),
        ([], True),
        ("yes", True),
        ({"status": False, "type": "all", "conditions": [FALSE]}, True),
        ({"status": "no", "conditions": [FALSE]}, True),
        ({"conditions": [FALSE]}, True),
        ({"status": True, "type": "all", "conditions": [TRUE, TRUE]}, True),
        ({"status": True, "type": "all", "conditions": [TRUE, FALSE]}, False),
        ({"status": "yes", "conditions": [TRUE, FALSE]}, False),
        ({"status": 1, "type": "any", "conditions": [FALSE, TRUE]}, True),
        ({"status": True, "type": "any", "conditions": [FALSE]}, False),
        ({"status": True, "type": "all", "conditions": []}, True),
        ({"status": True, "type": "any", "conditions": []}, False),
        ({"status": True, "conditions": [{**TRUE, "field": ""}]}, False),
        ({"status": True, "conditions": [{**TRUE, "field": None}]}, False),
        ({"status": True, "conditions": [{**TRUE, "operator": "like"}]}, False),
        ({"status": True, "conditions": [{**TRUE, "operator": []}]}, False),
        ({"status": True, "conditions": ["x"]}, False),
        ({"status": True, "conditions": "x"}, True),
    ],
)
def test_all_any_and_off(conditionals: Any, result: bool) -> None:
    assert holds(conditionals, DATA) is result


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("9" * 400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@example(False, "=", {"": -(2**63) - 1})
@example({"a": 2**64}, "in", {"a": 2**64})
@given(ODD, st.sampled_from(list(OPERATORS)), ODD)
def test_every_value_has_an_answer(actual: Any, operator: str, wanted: Any) -> None:
    condition = {"field": "it", "operator": operator, "value": wanted}
    assert condition_holds(condition, {"it": actual}) in (True, False)
    opposite = {"=": "!=", "contains": "doNotContains"}.get(operator)
    if opposite:
        assert condition_holds(condition, {"it": actual}) != condition_holds(
            {**condition, "operator": opposite}, {"it": actual}
        )


@given(ODD)
def test_whatever_is_stored_has_an_answer(conditionals: Any) -> None:
    assert holds(conditionals, DATA) in (True, False)
    assert holds({"status": True, "conditions": conditionals}, DATA) in (True, False)
    validate(conditionals, Errors())


def said(conditionals: Any) -> list[tuple[str, ...]]:
    errors = Errors("conditionals")
    validate(conditionals, errors)
    return [tuple(one.field or ()) for one in errors.found]


@pytest.mark.parametrize(
    ("conditionals", "paths"),
    [
        (None, []),
        ({"status": False, "type": "all", "conditions": []}, []),
        ({"status": True, "type": "any", "conditions": [TRUE, FALSE, {**TRUE, "value": [1, "a", None]}]}, []),
        ({"status": True, "conditions": [{"field": "a", "operator": "length_equal", "value": "2"}]}, []),
        ([], [()]),
        (
            {"status": "maybe", "type": "some", "conditions": {}, "else": 1},
            [("else",), ("status",), ("type",), ("conditions",)],
        ),
        ({"status": True, "conditions": [TRUE] * (MOST_CONDITIONS + 1)}, [("conditions",)]),
        ({"status": True, "conditions": ["x"]}, [("conditions", "0")]),
        (
            {"status": True, "conditions": [TRUE, {}, {"field": "x" * 200, "operator": "like"}]},
            [
                *(("conditions", "1", "field"), ("conditions", "1", "operator")),
                *(("conditions", "2", "field"), ("conditions", "2", "operator")),
            ],
        ),
        ({"status": True, "conditions": [{**TRUE, "value": {}}]}, [("conditions", "0", "value")]),
        ({"status": True, "conditions": [{**TRUE, "value": [[1]]}]}, [("conditions", "0", "value")]),
        ({"status": True, "conditions": [{**TRUE, "value": "x" * 1001}]}, [("conditions", "0", "value")]),
        ({"status": True, "conditions": [{**TRUE, "value": [1] * 101}]}, [("conditions", "0", "value")]),
        (
            {"status": True, "conditions": [{"field": "a", "operator": "length_equal", "value": "two"}]},
            [("conditions", "0", "value")],
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_path(conditionals: Any, paths: list[tuple[str, ...]]) -> None:
    assert said(conditionals) == [("conditionals", *path) for path in paths]


def test_routers_are_refused_alike() -> None:
    errors = Errors("settings", "tag_routers")
    validate_list([{**TRUE, "input_value": "a"}, {"field": "a", "operator": "?"}], errors)
    assert [one.field for one in errors.found] == [["settings", "tag_routers", "1", "operator"]]


@pytest.mark.parametrize(
    ("settings", "tags"),
    [
        ({}, []),
        ({"tag_ids": [1, "2", 1]}, [1, "2"]),
        ({"tag_ids": "vip", "tag_ids_selection_type": "simple"}, ["vip"]),
        ({"tag_ids": [1], "tag_ids_selection_type": "routing"}, []),
        (
            {
                "tag_ids_selection_type": "routing",
                "tag_ids": [9],
                "tag_routers": [
                    {**TRUE, "input_value": 1},
                    {**FALSE, "input_value": 2},
                    {**TRUE, "input_value": [3, 1, "", None]},
                    "x",
                    {**TRUE},
                ],
            },
            [1, 3],
        ),
    ],
)
def test_tags_are_routed(settings: dict[str, Any], tags: list[Any]) -> None:
    assert routed(settings, DATA) == tags


def test_every_operator_is_described() -> None:
    assert list(DESCRIPTIONS) == list(OPERATORS)


def test_the_ten_triggers() -> None:
    assert len(TRIGGERS) == len(OF_EVENT) == 10
    assert OF_EVENT.keys() < KINDS.keys()
    assert {one.name for one in TRIGGERS.values() if one.revokes} == {
        "order_status_changed_to_canceled",
        "order_fully_refunded",
        "subscription_expired_validity",
    }


@pytest.mark.parametrize(
    ("name", "chosen", "watches", "match"),
    [
        ("order_paid_done", ["order_paid_done"], False, Match(revoking=False)),
        ("order_paid_done", [], True, None),
        ("order_fully_refunded", [], True, Match(revoking=True)),
        ("order_fully_refunded", ["order_fully_refunded"], True, Match(revoking=True)),
        ("order_fully_refunded", ["order_fully_refunded"], False, Match(revoking=False)),
        ("order_fully_refunded", ["order_paid_done", None, 3], False, None),
    ],
)
def test_which_feeds_run(name: str, chosen: list[Any], watches: bool, match: Match | None) -> None:
    assert matched(TRIGGERS[name], chosen, watches_revocations=watches) == match
