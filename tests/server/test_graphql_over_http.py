"""GraphQL over HTTP: methods, media types, statuses, and every malformed request."""

import json
from typing import Any

import httpx2
import pytest

from tests.server.running import GRAPHQL, JSON

TYPENAME = "{ __typename }"
MUTATION = "mutation { variantUpdate(input: {}) { __typename } }"
UNPARSABLE = "{"
INVALID = "{ unknownField }"
NULLED = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": None}}
AMBIGUOUS = "query A { __typename } query B { __typename }"


def post(client: httpx2.Client, body: Any, accept: str | None = None, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": JSON} | ({"Accept": accept} if accept else {}) | headers
    return client.post("/graphql", content=content, headers=given)


def the_error(answer: httpx2.Response, status: int, code: str) -> str:
    """The message of an answer that is one error in GraphQL's shape."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"errors"}, body
    (error,) = body["errors"]
    assert error["extensions"]["code"] == code, error
    message: str = error["message"]
    assert message
    return message


# Good requests


@pytest.mark.parametrize("accept", [None, "*/*", JSON, GRAPHQL, f"{GRAPHQL}, {JSON};q=0.9"])
def test_a_query_is_answered(client: httpx2.Client, accept: str | None) -> None:
    answer = post(client, {"query": TYPENAME}, accept)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"__typename": "Query"}}
    kind = GRAPHQL if accept and GRAPHQL in accept else JSON
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept" in answer.headers["Vary"]
    assert "Authorization" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in answer.headers or "storegraph" not in answer.headers["Server"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_json_in_utf8_is_accepted_however_it_is_spelt(client: httpx2.Client, content_type: str) -> None:
    body = {"query": "query ($first: Int!) { products(first: $first) { nodes { title } } }", "variables": {"first": 2}}
    answer = post(client, body, **{"Content-Type": content_type})
    assert {node["title"] for node in answer.json()["data"]["products"]["nodes"]} == {"Tea", "Cup"}


def test_nulls_and_unknown_members_are_as_if_left_out(client: httpx2.Client) -> None:
    for name in (None, ""):
        body = {"query": TYPENAME, "variables": None, "operationName": name, "extensions": None, "id": 7}
        assert post(client, body).json() == {"data": {"__typename": "Query"}}


def test_the_operation_is_chosen_by_name(client: httpx2.Client) -> None:
    answer = post(client, {"query": AMBIGUOUS, "operationName": "B"}, GRAPHQL)
    assert answer.status_code == 200


def test_a_query_by_get_is_answered(client: httpx2.Client) -> None:
    parameters = {
        "query": "query ($first: Int!) { products(first: $first) { totalCount } }",
        "variables": '{"first": 1}',
        "operationName": "",
        "extensions": "{}",
        "utm_source": "letter",
    }
    answer = client.get("/graphql", params=parameters, headers={"Accept": GRAPHQL})
    assert answer.json() == {"data": {"products": {"totalCount": 2}}}
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_head_has_the_headers_of_get(client: httpx2.Client) -> None:
    answer = client.head("/graphql", params={"query": TYPENAME})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(JSON)
    assert not answer.content


# Requests that are well-formed and cannot be executed


@pytest.mark.parametrize(
    "body",
    [
        {"query": UNPARSABLE},
        {"query": INVALID},
        {"query": ""},
        {"query": "query Q($first: Int) { __typename }", "variables": {"first": "one"}},
        {"query": AMBIGUOUS},
        {"query": TYPENAME, "operationName": "Missing"},
        {"query": "subscription { __typename }"},
        NULLED,
    ],
)
def test_the_status_of_what_cannot_be_executed_depends_on_the_media_type(
    client: httpx2.Client, body: dict[str, Any]
) -> None:
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        answer = post(client, body, accept)
        assert answer.status_code == status, answer.text
        assert set(answer.json()) == {"errors"}
        for error in answer.json()["errors"]:
            assert error["extensions"]["code"] in {"BAD_USER_INPUT", "BAD_REQUEST"}
            assert "object at 0x" not in error["message"]


def test_an_executed_request_is_200_even_with_errors(client: httpx2.Client) -> None:
    answer = post(client, {"query": "{ products(first: 1) { nodes { commentStatus } } }"}, GRAPHQL)
    assert answer.status_code == 200
    assert "data" in answer.json()
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


# Malformed bodies: 400 whatever is accepted


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b"null", "must be a JSON object"),
        (b'"{ __typename }"', "not a string"),
        (b"17", "not a number"),
        (b"true", "not a boolean"),
        (b'[{"query": "{ __typename }"}]', "Batches are not served"),
        (b"[]", "Batches are not served"),
        (b"{ __typename }", "no valid JSON"),
        (b'{"query": "{ __typename }"', "no valid JSON"),
        (b'{"query": "{ __typename }"} {}', "no valid JSON"),
        (b'{"query": "\xff\xfe"}', "no valid JSON"),
        (b'{"query": "\xed\xa0\x80"}', "no valid JSON"),
        (b'{"query": "\\ud800"}', "no valid JSON"),
        (b'{"query": "\\u0000\x00"}', "no valid JSON"),
        (b'\xef\xbb\xbf{"query": "{ __typename }"}', "no valid JSON"),
        (b'{"query": "{ __typename }", "variables": {"a": NaN}}', "no valid JSON"),
        (b'{"query": "{ __typename }", "variables": {"a": Infinity}}', "no valid JSON"),
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5000 + b"}}", "no valid JSON"),
        (b'{"query": "{ __typename }", "variables": {"a": 1e999}}', "no valid JSON"),
        (b"[" * 100_000, "more than 40000 values"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "more than 40000 values"),
        (b"[" * 30_000, "no valid JSON"),
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 1000 + b"]" * 1000 + b"}}", "nested too deep"),
        (b'{"query": "{ __typename }", "x": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", "nested too deep"),
        (b"{}", "query is missing"),
        (b'{"qeury": "{ __typename }"}', "query is missing"),
        (b'{"query": null}', "query is missing"),
        (b'{"query": 7}', "query must be a string"),
        (b'{"query": {"a": 1}}', "query must be a string"),
        (b'{"query": ["{ __typename }"]}', "query must be a string"),
        (b'{"query": false}', "query must be a string"),
        (b'{"query": "{ __typename }", "operationName": 7}', "operationName must be a string"),
        (b'{"query": "{ __typename }", "operationName": {}}', "operationName must be a string"),
        (b'{"query": "{ __typename }", "variables": []}', "variables must be an object"),
        (b'{"query": "{ __typename }", "variables": "{}"}', "variables must be an object"),
        (b'{"query": "{ __typename }", "variables": 0}', "variables must be an object"),
        (b'{"query": "{ __typename }", "extensions": "x"}', "extensions must be an object"),
        (b'{"query": "{ __typename }", "extensions": [1]}', "extensions must be an object"),
    ],
    ids=lambda value: repr(value[:45]) if isinstance(value, bytes) else None,
)
def test_a_malformed_body(client: httpx2.Client, body: bytes, says: str, accept: str) -> None:
    answer = post(client, body, accept)
    assert says in the_error(answer, 400, "BAD_REQUEST")
    assert answer.headers["Content-Type"].startswith(accept)
    assert len(answer.content) < 1000  # nothing of the body is repeated


def test_many_brackets_that_are_not_deep_are_fine(client: httpx2.Client) -> None:
    body = {"query": TYPENAME, "variables": {"a": [[[]] for _ in range(10_000)]}}
    assert post(client, body, GRAPHQL).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/jsonx",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=x",
        "application/json; charset=utf-16",
        "text/json",
    ],
)
def test_another_content_type_is_415(client: httpx2.Client, content_type: str | None) -> None:
    """Those that need no preflight are the ones that matter: any page could send them in a visitor's name."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post("/graphql", content=json.dumps({"query": TYPENAME}).encode(), headers=headers)
    assert "application/json" in the_error(answer, 415, "BAD_REQUEST")


def test_a_form_of_another_page_is_refused(client: httpx2.Client) -> None:
    """A browser sends it without asking first, in the name of whoever looks at that page."""
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/graphql", content=json.dumps({"query": TYPENAME}).encode(), headers=headers)
    assert "GraphQL-Require-Preflight" in the_error(answer, 400, "BAD_REQUEST")


def test_a_compressed_body_is_415(client: httpx2.Client) -> None:
    answer = post(client, {"query": TYPENAME}, **{"Content-Encoding": "gzip"})
    assert "uncompressed" in the_error(answer, 415, "BAD_REQUEST")


# Accept


@pytest.mark.parametrize("accept", ["text/plain", "text/html", "application/xml;q=1", f"{JSON};q=0"])
def test_nothing_acceptable_is_406(client: httpx2.Client, accept: str) -> None:
    answer = post(client, {"query": TYPENAME}, accept)
    assert GRAPHQL in the_error(answer, 406, "BAD_REQUEST")


# Methods


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
def test_other_methods_are_405(client: httpx2.Client, method: str) -> None:
    answer = client.request(method, "/graphql", json={"query": TYPENAME})
    assert "POST" in the_error(answer, 405, "BAD_REQUEST")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("accept", [JSON, GRAPHQL, "*/*"])
def test_a_mutation_by_get_is_405(client: httpx2.Client, accept: str) -> None:
    mutation = 'mutation { variantUpdate(input: {id: "x"}) { __typename } }'
    for document in ("mutation { __typename }", mutation, f"query A {TYPENAME} mutation B {{ __typename }}"):
        parameters = {"query": document} | ({"operationName": "B"} if "B" in document else {})
        answer = client.get("/graphql", params=parameters, headers={"Accept": accept})
        assert "POST" in the_error(answer, 405, "BAD_REQUEST")
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("query_string", "says"),
    [
        ("", "query is missing"),
        ("x=1", "query is missing"),
        ("query=%7B__typename%7D&variables=[1]", "variables must be an object"),
        ("query=%7B__typename%7D&variables={", "variables is no valid JSON"),
        ("query=%7B__typename%7D&extensions=7", "extensions must be an object"),
        ("query=%7B__typename%7D&query=%7B__typename%7D", "Send query once"),
        ("query=%ff%fe", "Percent-encode"),
        ("&".join(f"a{n}=1" for n in range(51)), "more than 50 fields"),
        ("query=%7B__typename%7D&variables=%7B%22a%22:" + "[" * 100 + "]" * 100 + "%7D", "nested too deep"),
    ],
)
def test_a_malformed_get_is_400(client: httpx2.Client, query_string: str, says: str) -> None:
    answer = client.get(f"/graphql?{query_string}", headers={"Accept": GRAPHQL})
    assert says in the_error(answer, 400, "BAD_REQUEST")


def test_an_unparsable_query_by_get_is_explained(client: httpx2.Client) -> None:
    answer = client.get("/graphql", params={"query": UNPARSABLE}, headers={"Accept": GRAPHQL})
    assert answer.status_code == 400
    assert "Syntax Error" in answer.json()["errors"][0]["message"]


# The page and the other paths


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_a_browser_gets_the_page(client: httpx2.Client) -> None:
    answer = client.get("/graphql", headers={"Accept": BROWSER})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "script-src 'nonce-" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "known-admin-token" not in answer.text  # only the demo gives its token away


def test_a_browser_that_asks_gets_data(client: httpx2.Client) -> None:
    answer = client.get("/graphql", params={"query": TYPENAME}, headers={"Accept": BROWSER})
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_the_start_page_leads_to_graphql(client: httpx2.Client) -> None:
    answer = client.get("/")
    assert answer.headers["Location"] == "/graphql"


def test_the_schema_is_served(client: httpx2.Client) -> None:
    answer = client.get("/schema.graphql")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "type Product implements Node" in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/graphql/x", "/%0aforged"])
def test_another_path_is_404(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    assert "/graphql" in the_error(answer, 404, "NOT_FOUND")


def test_a_page_of_another_origin_gets_no_leave(client: httpx2.Client) -> None:
    answer = post(client, {"query": TYPENAME}, Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in answer.headers
