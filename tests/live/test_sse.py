"""Subscriptions as Server-Sent Events, and what bounds both ways."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.live.talking import EVENTS, PRODUCT, changed, serving, stocked, talking, until_nobody_follows

TOKEN = "known-admin-token"


@pytest.fixture(scope="module")
def client(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    path = tmp_path_factory.mktemp("live") / "store.db"
    shutil.copyfile(sqlite_template, path)
    settings = Settings(
        database_url=sqlite_url(path),
        admin_token=SecretStr(TOKEN),
        live_connections=3,
        live_connections_of_caller=2,
        live_subscriptions=2,
        live_subscriptions_of_caller=3,
        live_alive_seconds=0.1,
    )
    with serving(settings) as asking:
        stocked(asking, TOKEN, "Tea")
        yield asking


@contextmanager
def streaming(client: httpx2.Client, query: str, token: str | None = None, **variables: Any) -> Iterator[Iterator[str]]:
    """The lines of a stream."""
    headers = {"Accept": "text/event-stream"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"query": query, "variables": variables}
    with client.stream("POST", "/graphql", json=body, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield answer.iter_lines()


def told(lines: Iterator[str]) -> tuple[str, Any]:
    """The next event, and its data."""
    for line in lines:
        if line.startswith("event: "):
            data = next(lines).removeprefix("data:").strip()
            return line.removeprefix("event: "), json.loads(data) if data else None
    raise AssertionError("the stream has ended")


def test_a_visitor_follows_a_product(client: httpx2.Client) -> None:
    with streaming(client, PRODUCT, id=1) as lines:
        kind, first = told(lines)
        changed(client, TOKEN, title="Green tea")
        _, second = told(lines)
        assert next(line for line in lines if line.startswith(":")) == ":"  # nothing happens, and it is kept open

    assert (kind, first["data"]["productChanged"]["product"]) == ("next", {"title": "Tea"})
    assert second["data"]["productChanged"]["product"] == {"title": "Green tea"}
    assert second["extensions"]["position"] == second["data"]["productChanged"]["position"]


def test_a_query_is_answered_once(client: httpx2.Client) -> None:
    with streaming(client, "{ __typename }") as lines:
        assert told(lines) == ("next", {"data": {"__typename": "Query"}})
        assert told(lines) == ("complete", None)


def test_what_is_refused_is_an_answer(client: httpx2.Client) -> None:
    with streaming(client, EVENTS) as lines:
        kind, said = told(lines)
        assert told(lines) == ("complete", None)

    assert (kind, said["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")


def test_by_a_url(client: httpx2.Client) -> None:
    """As a browser's EventSource asks."""
    accept = {"Accept": "text/event-stream"}
    query = {"query": "subscription { productChanged(by: { databaseId: 1 }) { gone } }"}
    with client.stream("GET", "/graphql", params=query, headers=accept) as answer:
        assert told(answer.iter_lines())[1]["data"] == {"productChanged": {"gone": False}}
    written = {"query": 'mutation { signIn(input: { login: "a", password: "b" }) { token } }'}
    with client.stream("GET", "/graphql", params=written, headers=accept) as answer:
        assert told(answer.iter_lines())[1]["errors"][0]["extensions"]["code"] in {"BAD_REQUEST", "BAD_USER_INPUT"}


def test_a_subscription_is_no_request(client: httpx2.Client) -> None:
    answer = client.post("/graphql", json={"query": PRODUCT, "variables": {"id": 1}}).json()

    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "text/event-stream" in answer["errors"][0]["message"]


# Bounds


def test_connections_have_a_bound_of_their_own(client: httpx2.Client) -> None:
    until_nobody_follows(client)
    with talking(client) as one, talking(client) as two:
        one.begin().subscribe(PRODUCT, id=1)
        two.begin().subscribe(PRODUCT, id=1)
        with talking(client) as three:
            three.say("connection_init")
            assert three.closed()[0] == 1013  # of this caller
        with talking(client) as three:
            three.begin(TOKEN).subscribe(PRODUCT, id=1)
            with pytest.raises(InvalidStatus) as refused, talking(client):
                pass
            assert refused.value.response.status_code == 503
            headers = {"Accept": "text/event-stream"}
            assert client.post("/graphql", json={"query": PRODUCT}, headers=headers).status_code == 503
            assert client.post("/graphql", json={"query": "{ __typename }"}).status_code == 200


def test_subscriptions_have_bounds(client: httpx2.Client) -> None:
    until_nobody_follows(client)
    with talking(client) as one, talking(client) as two:
        one.begin()
        two.begin()
        for number in ("1", "2"):
            one.subscribe(PRODUCT, number, id=1)
            one.next(number)
        one.subscribe(PRODUCT, "3", id=1)
        of_connection = one.hear()
        two.subscribe(PRODUCT, id=1)
        two.next()
        two.subscribe(PRODUCT, "2", id=1)
        of_caller = two.hear()

    for said in (of_connection, of_caller):
        assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")


def test_who_does_not_begin_and_who_follows_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    url = sqlite_url(tmp_path / "store.db")
    with serving(Settings(database_url=url, live_initialisation_seconds=0.2, live_idle_seconds=0.1)) as client:
        with talking(client) as talk:
            assert talk.closed() == (4408, "Connection initialisation timeout")
        for _ in range(100):  # on a busy machine the first tries may be late
            with suppress(ConnectionClosed), talking(client) as talk:
                assert talk.begin().closed() == (1000, "Nothing was followed for long")
                return
    raise AssertionError
