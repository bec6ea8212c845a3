"""Values that make no sense: every argument is looked at before anything runs, and what is wrong is told at once."""

import base64
from typing import Any

import orjson
import pytest

from engine.declared.lookup import MOST_NODES
from engine.document.bounds import MOST_CHARACTERS
from engine.standard.execution import Request
from engine.values import identity
from engine.values.filtering import MOST_PARTS
from engine.values.operators import MOST_VALUES
from tests.engine.answers import EXECUTOR, Nowhere, clean, refused
from tests.gateway import ADMIN

LIST = """
query ($first: Int, $after: String, $last: Int, $before: String, $page: Int, $sort: [ProductSort!],
       $filter: ProductFilter, $search: String) {
  products(first: $first, after: $after, last: $last, before: $before, page: $page, sort: $sort, filter: $filter,
           search: $search) { nodes { id } }
}
"""


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


PLACE = cursor("ID-", 5)


async def told(document: str, said: str, variables: dict[str, Any] | None = None) -> None:
    """Nothing ran, and one of the sentences says this."""
    errors = await refused(document, variables)
    assert any(said in error["message"] for error in errors), errors
    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}


# Windows of a list


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"first": 0}, "`first` is from 1 to 100"),
        ({"first": 101}, "`first` is from 1 to 100"),
        ({"first": -1}, "`first` is from 1 to 100"),
        ({"last": 0}, "`last` is from 1 to 100"),
        ({"last": 101}, "`last` is from 1 to 100"),
        ({"first": 1, "last": 1}, "not both"),
        ({"after": PLACE, "before": PLACE}, "not both"),
        ({"first": 1, "before": PLACE}, "use `after` with `first`"),
        ({"last": 1, "after": PLACE}, "use `before` with `last`"),
        ({"page": 1, "after": PLACE}, "`page` counts from the start"),
        ({"page": 1, "before": PLACE}, "`page` counts from the start"),
        ({"page": 1, "last": 1}, "`page` goes with `first`"),
        ({"page": 0}, "`page` is from 1 to 1000"),
        ({"page": -1}, "`page` is from 1 to 1000"),
        ({"page": 1001}, "beyond that use `after`"),
        ({"first": 2**31}, "Int cannot represent"),
        ({"after": ""}, "The cursor is broken"),
        ({"after": "no cursor"}, "The cursor is broken"),
        ({"before": "A" * 100_000}, "The cursor is broken"),
        ({"after": cursor("TITLE+,id+", "a", 1)}, "another sort"),
        ({"after": cursor("ID+", 5)}, "another sort"),
        ({"after": cursor("ID-", "5")}, "The cursor is broken"),
        ({"after": cursor("ID-", None)}, "The cursor is broken"),
        ({"after": cursor("ID-", True)}, "The cursor is broken"),
        ({"after": cursor("ID-", 2**63)}, "The cursor is broken"),
        ({"after": base64.urlsafe_b64encode(b'["ID-",' + b"9" * 5000 + b"]").decode()}, "The cursor is broken"),
        ({"after": cursor("ID-", 5, 5)}, "The cursor is broken"),
        ({"after": cursor("TITLE+,id+", "a\0", 1), "sort": [{"field": "TITLE"}]}, "The cursor is broken"),
        ({"after": cursor("STATUS+,id+", "sold", 1), "sort": [{"field": "STATUS"}]}, "The cursor is broken"),
        ({"after": cursor("PUBLISHED_AT+,id+", "now", 1), "sort": [{"field": "PUBLISHED_AT"}]}, "The cursor is broken"),
        ({"sort": [{"field": f} for f in ("ID", "TITLE", "SLUG", "STATUS")]}, "at most 3 fields"),
        ({"sort": [{"field": "TITLE"}, {"field": "TITLE", "direction": "DESC"}]}, "names a field twice"),
        ({"search": "a" * 201}, "`search` has up to 200"),
        ({"search": "a\0b"}, "`search`"),
        ({"filter": {"databaseId": {"in": list(range(MOST_VALUES + 1))}}}, "at most 100 values"),
        ({"filter": {"and": [{"databaseId": {"gt": 1}}] * (MOST_PARTS // 2 + 1)}}, "at most 100 parts"),
        ({"filter": {"or": [{}] * (MOST_PARTS + 1)}}, "at most 100 parts"),
        ({"filter": {"slug": {"eq": "a\0b"}}}, "NUL"),
        ({"filter": {"title": {"in": ["a", "\0"]}}}, "NUL"),
    ],
)
async def test_a_list_that_contradicts_itself(window: dict[str, Any], said: str) -> None:
    await told(LIST, said, window)


@pytest.mark.parametrize(
    "selection",
    [
        "{ products { nodes { terms { products(first: 0) { totalCount } } } } }",
        """{ ...A } fragment A on Query { products { nodes { ...B } } }
           fragment B on Node { ... on Product { terms { products(first: 0) { totalCount } } } }""",
        "{ nodes(ids: []) { ... on Term { products(first: 0) { totalCount } } } }",
        "{ products { edges { node { terms { few: products { totalCount } products(first: 0) { totalCount } } } } } }",
        "query ($n: Int = 0) { products { nodes { terms { products(first: $n) { totalCount } } } } }",
        "{ products { totalCount } taxonomies { terms { products(first: 0) { totalCount } } } }",
    ],
)
async def test_an_argument_is_looked_at_wherever_it_stands(selection: str) -> None:
    """Below a list that may be empty, in fragments, on interfaces: before the first statement."""
    await told(selection, "`first` is from 1 to 100")


@pytest.mark.parametrize("left_out", ["@skip(if: $yes)", "@include(if: $no)"])
async def test_what_is_left_out_is_not_looked_at(left_out: str) -> None:
    document = f"""query ($yes: Boolean = true, $no: Boolean = false) {{
        __typename a: products(first: 0) {left_out} {{ totalCount }}
        ... {left_out} {{ b: products(first: 0) {{ totalCount }} }} ...Part {left_out}
        d: __typename @skip(if: $no) @include(if: $yes)
    }} fragment Part on Query {{ c: products(first: 0) {{ totalCount }} }}"""

    answer = clean(await EXECUTOR.execute(Request(document, {}), ADMIN, Nowhere(), "test"))

    assert answer.body == {"data": {"__typename": "Query", "d": "Query"}}


async def test_all_that_is_wrong_is_told_at_once() -> None:
    errors = await refused('{ products(first: 0) { totalCount(upTo: -1) } node(id: "x") { id } }')

    assert sorted(error["message"].split()[0] for error in errors) == ["'x'", "`first`", "`upTo`"]
    assert [error["locations"][0]["line"] for error in errors] == [1, 1, 1]


async def test_no_more_is_told_than_helps() -> None:
    errors = await refused("{" + " ".join(f"a{n}: products(first: 0) {{ totalCount }}" for n in range(50)) + "}")

    assert len(errors) == 20


# Identifiers and lookups


def no_id(text: str) -> tuple[str, str]:
    return text, "is not an id"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        no_id(""),
        no_id("Product:1"),
        no_id("UHJvZHVjdDox="),
        no_id("UHJvZHVjdDox\n"),
        no_id("\0"),
        no_id("A" * MOST_CHARACTERS),
        ("A" * 1_000_000, f"holds a text of 1000000 characters; at most {MOST_CHARACTERS}"),
    ],
    ids=["empty", "in clear", "padded", "newline", "NUL", "long", "a megabyte"],
)
async def test_a_broken_id(text: str, said: str) -> None:
    await told("query ($id: ID!) { node(id: $id) { id } }", said, {"id": text})
    await told("query ($id: ID!) { nodes(ids: [$id]) { id } }", said, {"id": text})
    await told("query ($id: ID!) { product(by: {id: $id}) { id } }", said, {"id": text})
    await told("mutation ($id: ID!) { variantUpdate(input: {id: $id}) { events { name } } }", said, {"id": text})


async def test_an_id_of_another_type() -> None:
    variables = {"id": identity.encode("Term", 1)}

    await told("query ($id: ID!) { product(by: {id: $id}) { id } }", "of a Term, not of a Product", variables)
    await told(
        "mutation ($id: ID!) { variantUpdate(input: {id: $id}) { events { name } } }",
        "of a Term, not of a ProductVariant",
        variables,
    )


async def test_more_nodes_than_a_page() -> None:
    ids = [identity.encode("Product", n) for n in range(MOST_NODES + 1)]

    await told("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "at most 100 ids", {"ids": ids})


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({}, "exactly one field"),
        ({"databaseId": 1, "slug": "a"}, "exactly one field"),
        ({"id": None}, "must be non-null"),
        ({"databaseId": None}, "must be non-null"),
        ({"slug": None}, "must be non-null"),
        ({"databaseId": 1, "slug": None}, "exactly one field"),
        ({"databaseId": 2**31}, "Int cannot represent"),
        ({"databaseId": -(2**31) - 1}, "Int cannot represent"),
        ({"databaseId": 10**400}, "Int cannot represent"),
        ({"colour": "red"}, "unknown field 'colour'"),
        (None, "not to be None"),
        ([], "ProductBy"),
        ("id", "ProductBy"),
        (1, "ProductBy"),
    ],
)
async def test_one_key_finds_a_product(by: Any, said: str) -> None:
    await told("query ($by: ProductBy!) { product(by: $by) { id } }", said, {"by": by})


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("{}", "exactly one field"),
        ('{databaseId: 1, slug: "a"}', "exactly one field"),
        ("{id: null}", "must be non-null"),
        ("{slug: $absent}", "OneOf"),
        ("{databaseId: 2147483648}", "non 32-bit"),
        ("null", "not to be None"),
    ],
)
async def test_one_key_in_the_document(by: str, said: str) -> None:
    declared = "query ($absent: String) " if "$" in by else ""
    await told(f"{declared}{{ product(by: {by}) {{ id }} }}", said)


# Variables of every type

UPDATE = "mutation ($input: VariantUpdateInput!) { variantUpdate(input: $input) { userErrors { code } } }"
VARIANT = identity.encode("ProductVariant", 1)
HUGE = 10**400


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("position", ["1", 1.5, True, [], {}, 2**31, -(2**31) - 1, None, float("inf"), float("nan"), HUGE]),
        ("price", ["1", 1.5, 1.0, True, [1], {}, 2**53, -(2**53), float("nan"), HUGE]),
        ("weight", ["1", True, [], {}, float("inf"), float("-inf"), float("nan"), HUGE]),
        ("title", [1, 1.5, True, [], {}, None]),
        ("status", ["active", "Active", "", 1, True, [], {}, None, "ACTIVE "]),
        ("downloadable", ["true", "yes", 1, 0, [], {}, None]),
        ("interval", ["monthly", 1, [], {}]),
        ("media", ["", 1, [1], [None], [{}], [{"attachmentId": 1}], [{"attachmentId": 1, "url": 1}], {"url": "a"}]),
        ("expectedVersion", ["1", 1.5, True, 2**31]),
        ("id", [None, 1.5, True, [], {}]),
        ("colour", ["red"]),
    ],
)
async def test_a_variable_of_another_type(field: str, values: list[Any]) -> None:
    for value in values:
        errors = await refused(UPDATE, {"input": {"id": VARIANT} | {field: value}})

        assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}, value
        assert all(len(error["message"]) < 1000 for error in errors), value


@pytest.mark.parametrize(
    "literal",
    [
        "position: 1.0",
        "position: 9999999999",
        f"position: {'9' * 5000}",
        "price: 9007199254740992",
        f"price: {'9' * 5000}",
        "price: 19.99",
        "weight: 1e400",
        "weight: -1e400",
        f"weight: {'9' * 5000}",
        'weight: "1"',
        "status: active",
        'status: "ACTIVE"',
        "downloadable: 1",
        "title: 5",
        "title: A",
        "title: null",
        "media: [null]",
        "media: 5",
        "id: 5.5",
        "price: 1, price: 2",
    ],
)
async def test_a_literal_of_another_type(literal: str) -> None:
    wanted = "" if literal.startswith("id") else f'id: "{VARIANT}", '
    errors = await refused(f"mutation {{ variantUpdate(input: {{{wanted}{literal}}}) {{ userErrors {{ code }} }} }}")

    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
    assert all(len(error["message"]) < 1000 for error in errors)


async def test_null_is_told_where_a_field_may_only_be_left_out() -> None:
    """In the contract's words, not in Python's."""
    said = "`input.status` may be left out, but is never null"

    await told(UPDATE, said, {"input": {"id": VARIANT, "status": None}})
    await told(UPDATE, said, {"input": {"id": VARIANT, "status": None, "title": "A"}})
    await told(
        UPDATE.replace("input: $input", "input: {id: $input, status: $status}").replace(
            "VariantUpdateInput!", "ID!, $status: VariantStatus"
        ),
        said,
        {"input": VARIANT, "status": None},
    )


@pytest.mark.parametrize("value", ["2026-11-20", "yesterday", 1795218515, True, [], {}, "2026-13-01T00:00:00Z"])
async def test_a_moment_of_another_type(value: Any) -> None:
    await told(LIST, "DateTime", {"filter": {"publishedAt": {"gt": value}}})


@pytest.mark.parametrize("variables", [{}, {"id": None}])
async def test_a_variable_that_is_missing(variables: dict[str, Any]) -> None:
    await told("query ($id: ID!) { node(id: $id) { id } }", "$id", variables)


@pytest.mark.parametrize("depth", [13, 60, 120, 180, 240, 300, 450, 600, 750, 900])
@pytest.mark.parametrize("by", ["not", "and"])
async def test_variables_nested_without_end(by: str, depth: int) -> None:
    """Whoever gives up first: what coerces them, what looks into them, or the filter."""
    filter_: dict[str, Any] = {}
    for _ in range(depth):  # the edge's parser stops at about a thousand
        filter_ = {by: [filter_] if by == "and" else filter_}

    answer = await EXECUTOR.execute(Request(LIST, {"filter": filter_}), ADMIN, Nowhere(), "test")

    (error,) = clean(answer).body["errors"]
    assert not answer.executed
    assert "nested too deeply" in error["message"] or "nests at most 12 levels" in error["message"]


async def test_a_variable_that_nobody_asked_for_is_ignored() -> None:
    request = Request("{ __typename }", {"first": object(), "": None})

    assert clean(await EXECUTOR.execute(request, ADMIN, Nowhere(), "test")).executed


# Idempotency keys


@pytest.mark.parametrize("key", ["", "a" * 256, "a\0b", "a\nb", "\x7f"], ids=repr)
async def test_an_idempotency_key_is_a_short_line(key: str) -> None:
    await told(
        "mutation ($input: VariantUpdateInput!, $key: String) { variantUpdate(input: $input, idempotencyKey: $key) "
        "{ userErrors { code } } }",
        "`idempotencyKey` has 1 to 255 characters",
        {"input": {"id": VARIANT}, "key": key},
    )
