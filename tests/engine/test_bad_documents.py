"""Documents that cannot be run: told by a code and a place, quickly, and nothing runs."""

import time
from typing import Any

import pytest

from engine.document.bounds import Bounds
from engine.document.documents import ASKS, BYTES_OF_A_TOKEN, MOST_ERRORS
from engine.standard.execution import Executor, ExecutorSettings, Request
from schema.root import schema
from tests.engine.answers import EXECUTOR, Nowhere, clean, codes, refused
from tests.gateway import ADMIN

# Of a processor; each takes less than half of it.
SECONDS = 0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "# a comment",
        "{",
        "}",
        "query",
        "null",
        "[]",
        '"query"',
        "\0",
        "{ products",
        "{ products { nodes { id } }",
        "{ products { nodes { id } } } }",
        "{ products(first: ) { nodes { id } } }",
        "{ products() { nodes { id } } }",
        "{ products(first: 1.) { nodes { id } } }",
        "{ products(first: 01) { nodes { id } } }",
        "{ products(first: $) { nodes { id } } }",
        "{ products(first: 1 { nodes { id } } }",
        '{ product(by: {slug: "unterminated}) { id } }',
        '{ product(by: {slug: """unterminated}) { id } }',
        '{ product(by: {slug: "\\uD800"}) { id } }',
        '{ product(by: {slug: "\\x"}) { id } }',
        "{ products { nodes { ... on } } }",
        "{ ü }",
        "{ a: }",
        "{ 1 }",
        "query ($a) { __typename }",
        "query ($a: Int = $b) { __typename }",
        "fragment on on Product { id } { __typename }",
        "{ __typename } garbage",
    ],
)
async def test_what_is_no_document(text: str) -> None:
    (error,) = await refused(text)

    assert error["message"].startswith("Syntax Error")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["locations"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ prodcts { nodes { id } } }", "Did you mean 'products'"),
        ("{ products { nodes { colour } } }", "Cannot query field 'colour' on type 'Product'"),
        ("{ products(limit: 3) { nodes { id } } }", "Unknown argument 'limit'"),
        ("{ products(filter: {colour: {eq: 1}}) { nodes { id } } }", "not to include unknown field 'colour'"),
        ("{ products { nodes { id @loud } } }", "Unknown directive '@loud'"),
        ("{ products { nodes { id @skip } } }", "Argument '@skip(if:)' of type 'Boolean!' is required"),
        ("{ products { nodes { ...Missing } } }", "Unknown fragment 'Missing'"),
        ("{ products { nodes { ... on Book { id } } } }", "Unknown type 'Book'"),
        ("{ products { nodes { ... on Term { id } } } }", "can never be of type 'Term'"),
        ("query ($a: Book) { __typename }", "Unknown type 'Book'"),
        ("query ($a: Product) { __typename }", "cannot be non-input type 'Product'"),
        ("{ products(first: $n) { nodes { id } } }", "Variable '$n' is not defined"),
        ("query ($n: Int) { __typename }", "Variable '$n' is never used"),
        ("query ($n: Int, $n: Int) { products(first: $n) { nodes { id } } }", "only one variable named '$n'"),
        ("query ($n: String) { products(first: $n) { nodes { id } } }", "expecting type 'Int'"),
        ("query ($i: ID) { node(id: $i) { id } }", "expecting type 'ID!'"),
        ("{ products }", "must have a selection of subfields"),
        ("{ products { totalCount { id } } }", "must not have a selection"),
        ("{ node { id } }", "Argument 'Query.node(id:)' of type 'ID!' is required"),
        ("{ products { nodes { a: title a: slug } } }", "Fields 'a' conflict"),
        ("{ a: products(first: 1) { totalCount } a: products(first: 2) { totalCount } }", "Fields 'a' conflict"),
        ("fragment A on Product { id }", "Fragment 'A' is never used"),
        ("{ __typename } fragment A on Product { id }", "Fragment 'A' is never used"),
        ("{ ...A } fragment A on Query { ...A }", "Cannot spread fragment 'A' within itself"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "within itself via 'B'"),
        ("{ ...A } fragment A on Query { __typename } fragment A on Query { node }", "only one fragment named 'A'"),
        ("query A { __typename } query A { __typename }", "only one operation named 'A'"),
        ("{ __typename } { __typename }", "anonymous operation must be the only"),
        ("{ __typename } query A { __typename }", "anonymous operation must be the only"),
        ("type Book { title: String }", "definition is not executable"),
        ("{ __typename } extend type Product { colour: String }", "definition is not executable"),
        ("mutation { products { nodes { id } } }", "Cannot query field 'products' on type 'Mutation'"),
        ("{ variantUpdate(input: {}) { userErrors { code } } }", "Cannot query field 'variantUpdate' on type 'Query'"),
        ("subscription { products { nodes { id } } }", "Cannot query field 'products' on type 'Subscription'"),
        ("subscription { __typename }", "must not select an introspection top level field"),
    ],
)
async def test_what_the_schema_does_not_know(text: str, said: str) -> None:
    errors = await refused(text)

    assert any(said in error["message"] for error in errors), errors
    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}


TWO = "query One { __typename } query Two { it: __typename }"


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (TWO, None, "Say which operation to run with operationName: One, Two"),
        (TWO, "Three", "no operation named 'Three'; it has: One, Two"),
        (TWO, "one", "no operation named 'one'"),
        (TWO, "", "no operation named ''"),
        ("{ __typename }", "One", "it has: none with a name"),
        ("{ ...Part } fragment Part on Query { __typename }", "Part", "no operation named 'Part'"),
    ],
)
async def test_which_operation(text: str, name: str | None, said: str) -> None:
    (error,) = await refused(text, operation_name=name)

    assert said in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(("name", "data"), [("One", {"__typename": "Query"}), ("Two", {"it": "Query"})])
async def test_the_named_operation_runs(name: str, data: dict[str, str]) -> None:
    answer = await EXECUTOR.execute(Request(TWO, {}, name), ADMIN, Nowhere(), "test")

    assert (answer.executed, answer.body) == (True, {"data": data})


def chained(length: int, *, spreads: int) -> str:
    """Fragments that each spread the next one so many times: a thousand bytes that stand for 2^30 fields."""
    parts = " ".join(f"fragment f{n} on Query {{ {f'...f{n + 1} ' * spreads} }}" for n in range(length))
    return f"{{ ...f0 }} {parts} fragment f{length} on Query {{ __typename }}"


LARGE: dict[str, tuple[str, str | None]] = {
    "depth 50": ("{ products { nodes { " + "variants { product { " * 25 + "id" + " } }" * 25 + " } } }", "TOO_COMPLEX"),
    "depth 5000": ("{ a " * 5000 + "}" * 5000, "INPUT"),
    "depth of lists": ("{ node(id: " + "[" * 5000 + "]" * 5000 + ") { id } }", "INPUT"),
    "depth of objects": ("{ products(filter: " + "{not: " * 5000 + "{}" + "}" * 5000 + ") { totalCount } }", "INPUT"),
    "depth of types": ("query ($a: " + "[" * 5000 + "Int" + "]" * 5000 + ") { __typename }", "INPUT"),
    "depth of inline fragments": ("{ " + "... { " * 5000 + "__typename" + " }" * 5000 + " }", "INPUT"),
    "10 000 aliases": ("{ " + " ".join(f"a{n}: __typename" for n in range(10_000)) + " }", "TOO_COMPLEX"),
    "4000 aliases": ("{ " + " ".join(f"a{n}: __typename" for n in range(4000)) + " }", "TOO_COMPLEX"),
    "500 aliases": (
        "{ __schema { " + " ".join(f"a{n}: __typename" for n in range(500)) + " } }",
        None,
    ),
    "one field 14 000 times": ("{ " + "__typename " * 14_000 + "}", "TOO_COMPLEX"),
    "14 000 unknown fields": ("{ " + " ".join(f"a{n}" for n in range(14_000)) + " }", "TOO_COMPLEX"),
    "3900 unknown fields below": ("{ products { " + " ".join(f"a{n}" for n in range(3900)) + " } }", "INPUT"),
    "3900 times one field below": ("{ products { " + "totalCount " * 3900 + " } }", "TOO_COMPLEX"),
    "60 kB of comments": ("#\n" * 30_000 + "{ __typename }", None),
    "1000 directives": ("{ __typename " + "@skip(if: false) " * 1000 + "}", "TOO_COMPLEX"),
    "1000 unknown directives": ("{ __typename " + "@a " * 1000 + "}", "TOO_COMPLEX"),
    "1000 places with a directive": ("{ __schema { " + "__typename @skip(if: true) " * 1000 + "} }", "TOO_COMPLEX"),
    "one argument 1200 times": ("{ products(" + "first: 1 " * 1200 + ") { totalCount } }", "INPUT"),
    "1200 unknown fields of an input": (
        "{ products(filter: {" + " ".join(f"titl{n}: 1" for n in range(1200)) + "}) { totalCount } }",
        "INPUT",
    ),
    "3000 variables": ("query (" + " ".join(f"$a{n}: Int" for n in range(3000)) + ") { __typename }", "TOO_COMPLEX"),
    "1000 unused fragments": (
        "{ __typename } " + "".join(f"fragment f{n} on Query {{ node }} " for n in range(1000)),
        "TOO_COMPLEX",
    ),
    "1000 operations": (" ".join(f"query q{n} {{ __typename }}" for n in range(1000)), "TOO_COMPLEX"),
    "30 doubling fragments": (chained(30, spreads=2), "TOO_COMPLEX"),
    "30 fragments, 10 spreads each": (chained(30, spreads=10), "TOO_COMPLEX"),
    "10 doubling fragments": (chained(10, spreads=2), None),
    "1400 fragments": (chained(1400, spreads=1), "TOO_COMPLEX"),
    "a cycle of 100 fragments": (
        chained(100, spreads=1).replace("f100 on Query { __typename", "f100 on Query { ...f0"),
        "INPUT",
    ),
    "20 levels in a circle": (
        "{ products { nodes { " + "variants { product { " * 8 + "id" + " } }" * 8 + " } } }",
        "COMPLEX",
    ),
    "200 fragments that share their names": (
        "{ "
        + "".join(f"...f{n} " for n in range(120))
        + "} "
        + "".join(f"fragment f{n} on Query {{ {'__typename ' * 100} }} " for n in range(120)),
        "TOO_COMPLEX",
    ),
    "a comment of a megabyte": ("{ __typename } # " + "a" * 1_000_000, "TOO_COMPLEX"),
    "a string of a megabyte": ('{ node(id: "' + "a" * 1_000_000 + '") { id } }', "TOO_COMPLEX"),
    "a name of a megabyte": ("{ " + "a" * 1_000_000 + " }", "TOO_COMPLEX"),
}


@pytest.mark.parametrize(("text", "code"), LARGE.values(), ids=LARGE.keys())
async def test_large_documents_are_answered_at_once(text: str, code: str | None) -> None:
    started = time.process_time()
    answer = clean(await EXECUTOR.execute(Request(text, {}), ADMIN, Nowhere(), "test"))

    assert time.process_time() - started < SECONDS  # of work, whatever else the machine does
    assert answer.executed == (code is None)
    assert len(codes(answer)) <= MOST_ERRORS + 1
    assert all(found.endswith(code or "") for found in codes(answer))


@pytest.mark.parametrize("length", [10, 50, 100, 150, 198, 200, 250, 1400])
async def test_a_chain_of_fragments_runs_or_is_refused(length: int) -> None:
    """Whatever of parsing, validating and executing meets the end of Python's stack first."""
    answer = clean(await EXECUTOR.execute(Request(chained(length, spreads=1), {}), ADMIN, Nowhere(), "test"))

    assert answer.body == {"data": {"__typename": "Query"}} or codes(answer) == ["QUERY_TOO_COMPLEX"]


async def test_as_deep_as_allowed() -> None:
    """Twenty levels are enough for introspection; the twenty-first is too many, wherever it hides."""
    nest = "variants { product { " * 9
    allowed = f'query ($no: Boolean!) {{ node(id: "") @include(if: $no) {{ ... on Product {{ {nest} id {"}" * 20} }}'
    hidden = allowed.replace(" id }", " ...Deep }") + " fragment Deep on Product { ... { defaultVariant { id } } }"

    most = Bounds().depth

    answer = clean(await EXECUTOR.execute(Request(allowed, {"no": False}), ADMIN, Nowhere(), "test"))
    (error,) = await refused(hidden, {"no": False})

    assert answer.body == {"data": {}}
    assert error["message"] == f"The document has {most + 1} levels of fields; at most {most}"
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX"}


async def test_prepared_documents_are_kept_and_the_oldest_leave() -> None:
    executor = Executor(schema, ExecutorSettings(documents=4))
    one, *others = (f"{{ a{n}: __typename }}" for n in range(6))

    first = executor.document(one)
    for _ in range(ASKS):
        assert executor.document(one) is first  # used again: it stays
    once = [executor.document(other) for other in others]

    assert executor.document(one) is first
    assert executor.document(others[-1]) is once[-1]
    assert executor.document(others[0]) is not once[0]


def test_prepared_documents_take_so_much_memory_and_not_more() -> None:
    executor = Executor(schema, ExecutorSettings(document_bytes=1_000_000))
    ids = '"a" ' * 900
    large = [f"query q{n} {{ nodes(ids: [{ids}]) {{ id }} }}" for n in range(2)]  # 0.6 MB each
    first, last = executor.document(large[0]), executor.document(large[1])

    assert executor.document(large[1]) is last
    assert executor.document(large[0]) is not first


def test_tokens_of_a_prepared_document_hold_nothing_together() -> None:
    """graphql-core links them both ways, and garbage collection alone would find what has left."""
    document = Executor(schema).document("{ __typename }")

    assert document.ast.loc is not None
    assert document.ast.loc.start_token.next is None
    assert document.ast.loc.end_token.prev is None
    assert document.size > 5 * BYTES_OF_A_TOKEN


async def test_a_refused_document_is_not_kept() -> None:
    executor = Executor(schema)

    for _ in range(2):
        answer = await executor.execute(Request("{ colour }", {}), ADMIN, Nowhere(), "test")
        assert codes(answer) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("{ __typename }", None, "query"),
        ("mutation { __typename }", None, "mutation"),
        ("query A { __typename } mutation B { __typename }", "B", "mutation"),
        ("query A { __typename } mutation B { __typename }", None, None),
        ("{ colour }", None, None),
        ("{", None, None),
    ],
)
async def test_the_kind_of_an_operation(text: str, name: str | None, kind: Any) -> None:
    """The edge asks: only queries may come by GET."""
    assert (await EXECUTOR.intent(Request(text, {}, name))).kind == kind
