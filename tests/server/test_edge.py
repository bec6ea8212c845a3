"""What every request gets: an id, a line, headers, and an answer whatever happens."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from server.http import edge
from server.http.call import Call
from server.http.edge import Edge, Endpoint
from server.http.reply import Reply
from server.metrics import Metrics
from server.settings.settings import Settings
from tests.server.running import running


class Lines(list[dict[str, Any]]):
    def write(self, event: dict[str, Any], *, urgent: bool) -> None:
        self.append({**event, "urgent": urgent})


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    written = Lines()
    monkeypatch.setattr(edge, "ACCESS", written)
    return written


async def named(call: Call) -> Reply:
    call.operation = "a" * 100_000
    return Reply(200)


async def never(*_: Any) -> Any:
    raise AssertionError("nobody is there")


async def left(call: Call) -> None:
    """Its client has."""


@pytest.fixture
def client(lines: Lines) -> Iterator[TestClient]:
    """Behind the edge a page and a failure of Starlette's, and endpoints."""

    async def fine(_request: Request) -> Response:
        return PlainTextResponse("fine", headers={"Referrer-Policy": "origin"})

    async def failing(_request: Request) -> Response:
        await asyncio.sleep(0)
        raise RuntimeError("Bearer hunter2")

    async def breaking(_call: Call) -> Reply:
        await asyncio.sleep(0)
        raise RuntimeError("Bearer hunter2")

    others = ExceptionMiddleware(Router([Route("/fine", fine), Route("/failing", failing)]))
    endpoints: dict[str, Endpoint] = {"/named": named, "/breaking": breaking}
    with TestClient(Edge(Settings(), Metrics(), endpoints, others)) as testing:
        yield testing


@pytest.mark.parametrize(
    "given", ["abc", "0b2f4c9e-6d1f-4a86-9a3e-1c2d3e4f5a6b", "Root=1-67891233-abcdef012345678912345678"]
)
def test_a_well_formed_request_id_is_kept(client: TestClient, given: str) -> None:
    assert client.get("/fine", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "two words", "a" * 129, "{}", "a;b", "a\tb"])
def test_another_is_replaced(client: TestClient, given: str) -> None:
    made = client.get("/fine", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made != given
    assert len(made) == 32


def test_each_request_is_a_line_without_secrets(client: TestClient, lines: Lines) -> None:
    client.get("/fine%0aforged?token=hunter2", headers={"Authorization": "Bearer hunter2"})
    client.get("/fine", headers={"X-Request-ID": "r-1"})
    missing, fine = lines
    assert fine["status"] == 200
    assert fine["bytes"] == 4
    assert fine["method"] == "GET"
    assert fine["request_id"] == "r-1"
    assert fine["milliseconds"] >= 0
    assert not fine["urgent"]
    assert missing["path"] == "/fine%0aforged"
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        *("/downloads/T", "/downloads/T/", "/downloads//T", "/x//downloads/T", "/shop/downloads/T", "/Downloads/T"),
        *("/%64ownloads/T", "/downloads%2FT", "/downloads/.T", "/graphql/downloads/T?x=1", "/downloads%252FT"),
    ],
)
def test_a_link_to_a_download_is_not_written_however_it_is_asked_for(
    client: TestClient, lines: Lines, method: str, path: str
) -> None:
    token = "eJxVjk1OxDAMhe8S7dqkTtM26WIWSIxYIHEAFFI3cQ"
    client.request(method, path.replace("T", token))
    assert [line["path"] for line in lines] == ["/downloads/***"]


def test_a_name_of_the_callers_own_is_cut(client: TestClient, lines: Lines) -> None:
    client.get("/named")
    assert lines[0]["operation"] == "a" * 100


async def test_a_client_that_left_is_a_line_and_no_answer(lines: Lines) -> None:
    scope = {"type": "http", "method": "POST", "path": "/left", "headers": [], "query_string": b""}
    await Edge(Settings(), Metrics(), {"/left": left}, never)(scope, never, never)
    assert lines[0]["status"] == 499


@pytest.mark.parametrize("path", ["/failing", "/breaking"])
def test_the_unexpected_is_500_with_an_id_and_no_internals(client: TestClient, lines: Lines, path: str) -> None:
    answer = client.get(path, headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "r-1"}
    assert "hunter2" not in answer.text
    assert lines[0]["status"] == 500
    assert lines[0]["urgent"]


def test_an_answer_that_breaks_off_is_no_other_answer(lines: Lines) -> None:
    """Its status is out."""

    async def half(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="middle"):
        TestClient(Edge(Settings(), Metrics(), {}, half)).get("/")
    assert lines[0]["status"] == 200


@pytest.mark.parametrize("path", ["/fine", "/named"])
def test_every_answer_has_an_id_and_depends_on_the_origin(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"X-Request-ID": "r-1"})
    assert answer.headers["X-Request-ID"] == "r-1"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_prefix_that_a_proxy_took_off_is_no_part_of_the_path(lines: Lines) -> None:
    with TestClient(Edge(Settings(), Metrics(), {"/named": named}, Router()), root_path="/shop") as testing:
        assert testing.get("/named").status_code == 200
        assert testing.get("/elsewhere").status_code == 404


def test_security_headers_are_defaults(client: TestClient) -> None:
    answer = client.get("/fine")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


# CORS, through the whole application


def preflight(client: httpx2.Client, origin: str) -> httpx2.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.options("/graphql", headers=headers)


def test_the_origins_of_the_settings_may_ask(database_url: str) -> None:
    with running(Settings(database_url=database_url, cors_origins=("https://shop.example",))) as client:
        allowed = preflight(client, "https://shop.example")
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Access-Control-Allow-Credentials" not in allowed.headers
        for origin in ("https://shop.example.evil.example", "http://shop.example", "http://localhost:3000", "null"):
            assert preflight(client, origin).status_code == 400, origin
        answer = client.post(
            "/graphql", json={"query": "{"}, headers={"Origin": "https://shop.example", "Authorization": "Bearer x"}
        )
        assert answer.status_code == 401
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", [None, b"https://shop.example"])
@pytest.mark.parametrize(
    "own",
    [
        {},
        {b"content-type": b"application/json", b"etag": b'"a"', b"x-ratelimit-limit": b"5"},
        {b"vary": b"Accept"},
        {b"referrer-policy": b"origin", b"content-security-policy": b"default-src 'self'"},
        {b"access-control-allow-methods": b"GET, POST", b"vary": b"Origin"},
    ],
)
def test_an_answer_in_one_piece_has_the_headers_of_any(own: dict[bytes, bytes], origin: bytes | None) -> None:
    asked = [] if origin is None else [(b"origin", origin)]
    call = Call({"type": "http", "method": "GET", "path": "/", "headers": asked, "state": {}}, never)
    here = Edge(Settings(cors_origins=("https://shop.example",)), Metrics(), {}, Router())

    said = here.head(call, own)

    assert sorted(said.splitlines()) == sorted(b": ".join(pair) for pair in here.headers(call, own.items()))


def test_no_header_ends_its_line() -> None:
    call = Call({"type": "http", "method": "GET", "path": "/", "headers": [], "state": {}}, never)
    with pytest.raises(ValueError, match="end it"):
        Edge(Settings(), Metrics(), {}, Router()).head(call, {b"location": b"/\r\nSet-Cookie: a=b"})
