"""What every request gets: an id, a line, headers, and an answer whatever happens."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from server.http import middleware
from server.http.middleware import LastResort, RequestLog, SecurityHeaders
from server.settings.settings import Settings
from tests.server.running import running


class Lines(list[dict[str, Any]]):
    def write(self, event: dict[str, Any], *, urgent: bool) -> None:
        self.append({**event, "urgent": urgent})


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    written = Lines()
    monkeypatch.setattr(middleware, "ACCESS", written)
    return written


@pytest.fixture
def client(lines: Lines) -> Iterator[TestClient]:
    async def fine(_request: Request) -> Response:
        return PlainTextResponse("fine", headers={"Referrer-Policy": "origin"})

    async def failing(_request: Request) -> Response:
        await asyncio.sleep(0)
        raise RuntimeError("Bearer hunter2")

    app = Starlette(
        routes=[Route("/fine", fine), Route("/failing", failing)],
        middleware=[Middleware(RequestLog), Middleware(LastResort), Middleware(SecurityHeaders)],
    )
    with TestClient(app) as testing:
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


def test_a_name_of_the_callers_own_is_cut(lines: Lines) -> None:
    async def named(request: Request) -> Response:
        request.state.operation = "a" * 100_000
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/named", named)], middleware=[Middleware(RequestLog)])
    with TestClient(app) as testing:
        testing.get("/named")
    assert lines[0]["operation"] == "a" * 100


def test_the_unexpected_is_500_with_an_id_and_no_internals(client: TestClient, lines: Lines) -> None:
    answer = client.get("/failing", headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "r-1"}
    assert "hunter2" not in answer.text
    assert lines[0]["status"] == 500
    assert lines[0]["urgent"]


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
