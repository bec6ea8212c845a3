"""The conformance audits of GraphQL over HTTP, as the npm package graphql-http 1.23 asks them (`serverAudits`), by its
identifiers. The package itself, against a server that runs:

    npm install graphql-http graphql
    node -e 'import("graphql-http").then(({auditServer}) => auditServer({url: process.argv[1]})).then(console.table)' \\
      http://127.0.0.1:8000/graphql
"""

from typing import Any, Final

import httpx2
import pytest

from tests.server.running import GRAPHQL, JSON

TYPENAME: Final = "{ __typename }"
GOOD: Final = {"query": TYPENAME}
TYPE_QUERY: Final = "query Type($name: String!) { __type(name: $name) { name } }"
TYPE: Final = {"query": TYPE_QUERY, "variables": {"name": "sometype"}}
UNCOERCED: Final = {"query": "query CoerceFailure($id: ID!){ __typename }", "variables": {"id": None}}
NO_FIELD: Final = {"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}
INVALID: Final = ({"obj": "ect"}, 0, False, ["array"])

# identifier, body, Accept (None: not sent), status
POSTS: Final[list[tuple[str, Any, str | None, int]]] = [
    ("22EB", GOOD, GRAPHQL, 200),
    ("4655", GOOD, JSON, 200),
    ("47DE", GOOD, "*/*", 200),
    ("80D8", GOOD, None, 200),
    ("2C94", GOOD, None, 200),
    ("BF61", {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'}, None, 200),
    ("423L", {"notquery": TYPENAME}, GRAPHQL, 400),
    *((f"LKJ{n}", {"query": invalid}, None, 400) for n, invalid in enumerate(INVALID)),
    ("34A2", GOOD, GRAPHQL, 200),
    ("13EE", GOOD, JSON, 200),
    *((f"6C0{n}", GOOD | {"operationName": invalid}, None, 400) for n, invalid in enumerate(INVALID)),
    ("8161", {"operationName": "Query", "query": "query Query { __typename }"}, GRAPHQL, 200),
    ("B8B3", {"operationName": "Query", "query": "query Query { __typename }"}, JSON, 200),
    *(
        (f"{identifier}{n}", GOOD | {parameter: None}, accept, 200)
        for n, parameter in enumerate(("variables", "operationName", "extensions"))
        for identifier, accept in (("94B", GRAPHQL), ("022", JSON))
    ),
    *((f"476{n}", GOOD | {"variables": v}, None, 400) for n, v in enumerate(("string", 0, False, ["array"]))),
    ("2EA1", TYPE, GRAPHQL, 200),
    ("28B9", TYPE, JSON, 200),
    *((f"58B{n}", GOOD | {"extensions": v}, None, 400) for n, v in enumerate(("string", 0, False, ["array"]))),
    ("428F", GOOD | {"extensions": {"some": "value"}}, GRAPHQL, 200),
    ("1B7A", GOOD | {"extensions": {"some": "value"}}, JSON, 200),
    ("BCF8", b'{ "not a JSON', JSON, 400),
    ("B7N8", b'{ "not a JSON', GRAPHQL, 400),
    ("3E3A", {"qeury": TYPENAME}, None, 400),
    ("572B", {"query": "{"}, JSON, 200),
    ("FDE2", NO_FIELD, JSON, 200),
    ("7B9B", UNCOERCED, JSON, 200),
    ("556A", {"query": "{"}, GRAPHQL, 400),
    ("74FF", NO_FIELD, GRAPHQL, 400),
    ("86EE", UNCOERCED, GRAPHQL, 400),
]
# identifier, parameters, Accept, status
GETS: Final[list[tuple[str, dict[str, str], str, int]]] = [
    ("5A70", {"query": TYPENAME}, "*/*", 200),
    ("9C48", {"query": "mutation { __typename }"}, GRAPHQL, 405),
    ("D6D5", {"query": TYPE_QUERY, "variables": '{"name":"sometype"}'}, GRAPHQL, 200),
    ("6A70", {"query": TYPE_QUERY, "variables": '{"name":"sometype"}'}, JSON, 200),
]


@pytest.mark.parametrize(("identifier", "body", "accept", "status"), POSTS, ids=[post[0] for post in POSTS])
def test_post(client: httpx2.Client, identifier: str, body: Any, accept: str | None, status: int) -> None:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    request = client.build_request("POST", "/graphql", headers={"Content-Type": JSON}, **content)
    del request.headers["Accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    answer = client.send(request)
    assert answer.status_code == status, answer.text
    expected = GRAPHQL if accept == GRAPHQL else JSON
    assert answer.headers["Content-Type"] == f"{expected}; charset=utf-8"
    assert ("errors" in answer.json()) == (status != 200 or identifier in {"572B", "FDE2", "7B9B"})
    assert ("data" in answer.json()) != ("errors" in answer.json())


@pytest.mark.parametrize(("identifier", "parameters", "accept", "status"), GETS, ids=[get[0] for get in GETS])
def test_get(client: httpx2.Client, identifier: str, parameters: dict[str, str], accept: str, status: int) -> None:
    answer = client.get("/graphql", params=parameters, headers={"Accept": accept})
    assert answer.status_code == status, identifier


def test_9abe_a_post_without_a_content_type(client: httpx2.Client) -> None:
    assert client.post("/graphql", content=b'{"query": "{ __typename }"}').status_code == 415


def test_a5bf_a_post_without_a_body(client: httpx2.Client) -> None:
    assert client.post("/graphql", headers={"Content-Type": JSON}).status_code == 400
