"""How much the values of a request are, known before they are coerced."""

from typing import Any

import pytest

from engine.document.bounds import MOST_CHARACTERS, MOST_ITEMS, MOST_VALUES
from engine.document.weights import MOST
from engine.standard.execution import Executor, ExecutorSettings, Request
from schema.root import schema
from tests.engine.answers import EXECUTOR, Nowhere, codes
from tests.gateway import ADMIN

FILTERED = "query ($f: ProductFilter) { products(filter: $f) { totalCount } }"
FIELDS = len(schema.core.type_map["ProductFilter"].fields)  # type: ignore[attr-defined]


def weight(text: str, variables: dict[str, Any] | None = None) -> int:
    document = EXECUTOR.document(text)
    (operation,) = document.operations.values()
    return document.weight(operation, variables or {})


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ products { totalCount } }", None, 0),
        ("{ products(first: 1) { totalCount } }", None, 2),
        ("query ($n: Int) { products(first: $n) { totalCount } }", {"n": 1}, 2 + 2),
        # Once coerced, twice converted.
        ("query ($n: Int) { a: products(first: $n) { totalCount } b: products(first: $n) { id } }", {"n": 1}, 4 + 3),
        (FILTERED, {}, 2),
        (FILTERED, {"f": {}}, 2 + 2 * (1 + FIELDS)),
        (FILTERED, {"f": {"or": [{}, {}]}}, 2 + 2 * (1 + FIELDS + 1 + 2 * (1 + FIELDS))),
        ("query ($f: ProductFilter = {}) { products(filter: $f) { totalCount } }", {}, 2 + 2 * (1 + FIELDS)),
        ("{ products(filter: {or: [{}]}) { totalCount } }", None, 2 * (1 + FIELDS + 1 + 1 + FIELDS)),
        # One that stands for a list of it.
        ("{ products(filter: {or: {}}) { totalCount } }", None, 2 * (1 + FIELDS + 1 + FIELDS)),
    ],
)
def test_what_values_weigh(text: str, variables: dict[str, Any] | None, expected: int) -> None:
    text = text.replace("{ id } }", "{ totalCount } }")

    assert weight(text, variables) == expected


def test_a_fragment_weighs_once() -> None:
    spread = "{ ...f ...f ...g } fragment g on Query { ...f } fragment f on Query { products(first: 1) { totalCount } }"

    assert weight(spread) == 2


async def refused(text: str, variables: dict[str, Any], executor: Executor = EXECUTOR) -> str:
    answer = await executor.execute(Request(text, variables), ADMIN, Nowhere(), "test")
    assert codes(answer) == ["BAD_USER_INPUT"]
    message: str = answer.body["errors"][0]["message"]
    return message


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (FILTERED, {"f": {"or": [{"or": [{}] * 90}] * 90}}),
        (
            "query ($f: ProductFilter) { "
            + "".join(f"a{n}: products(filter: $f) {{ totalCount }} " for n in range(50))
            # As many parts as a filter may have, asked fifty times with a few things more.
            + "}",
            {"f": {"or": [{"title": {"in": ["a"] * 100}}] * 99}},
        ),
    ],
    ids=["many values", "one value, often"],
)
async def test_too_many(text: str, variables: dict[str, Any]) -> None:
    assert f"weigh more than {MOST}" in await refused(text, variables)


async def test_what_is_not_asked_for_weighs_nothing() -> None:
    answer = await EXECUTOR.execute(Request("{ __typename }", {"f": [{}] * 100_000}), ADMIN, Nowhere(), "test")

    assert answer.executed


async def test_values_beyond_counting() -> None:
    many = await refused(
        "query ($a: JSON, $b: JSON) { products(filter: $a, sort: $b) { totalCount } }".replace(
            "JSON", "ProductFilter", 1
        ).replace("JSON", "[ProductSort!]"),
        {"a": {"or": [{"title": {"in": ["a"] * 1000}}] * 40}, "b": []},
    )

    assert f"more than {MOST_VALUES} values" in many


@pytest.mark.parametrize(
    ("literal", "said"),
    [
        (f"[{'1 ' * (MOST_ITEMS + 1)}]", f"a list of {MOST_ITEMS + 1} items; at most {MOST_ITEMS}"),
        (f'["{"a" * (MOST_CHARACTERS + 1)}"]', f"a text of {MOST_CHARACTERS + 1} characters"),
    ],
)
async def test_literals_are_as_long_as_variables(literal: str, said: str) -> None:
    from engine.document.bounds import Bounds

    executor = Executor(schema, ExecutorSettings(bounds=Bounds(characters=2**20)))

    assert said in await refused(f"{{ nodes(ids: {literal}) {{ id }} }}", {}, executor)
    assert said in await refused(f"query ($i: [ID!]! = {literal}) {{ nodes(ids: $i) {{ id }} }}", {}, executor)


async def test_the_largest_change_is_taken() -> None:
    """Ten products of a hundred variants, each with all of its fields."""
    fields = schema.core.type_map["ProductVariantCreateInput"].fields  # type: ignore[attr-defined]
    variant = dict.fromkeys(fields)
    item = {"title": "a", "fulfillmentType": "DIGITAL", "variants": [variant] * 100}
    text = "mutation ($i: ProductBulkCreateInput!) { productBulkCreate(input: $i) { results { index } } }"

    assert weight(text, {"i": {"products": [item] * 10}}) < MOST
