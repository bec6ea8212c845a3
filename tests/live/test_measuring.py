"""What /metrics says of those who follow, and that what they ask beside counts."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus

from server.graphql.following import Asking
from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.live.talking import EVENTS, PRODUCT, changed, head, serving, stocked, talking, until_nobody_follows
from tests.live.test_sse import streaming, told
from tests.server.running import SECONDS

TOKEN = "known-admin-token"


@pytest.fixture
def client(sqlite_template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """With settings by the test's parameter."""
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    given = {"admin_token": SecretStr(TOKEN), "live_connections": 2} | getattr(request, "param", {})
    with serving(Settings(database_url=sqlite_url(tmp_path / "store.db"), **given)) as asking:
        stocked(asking, TOKEN, "Tea")
        yield asking


def scraped(client: httpx2.Client) -> dict[tuple[str, ...], float]:
    """By name and value of the label; what is 0 is left out."""
    families = text_string_to_metric_families(client.get("/metrics").raise_for_status().text)
    return {
        (sample.name.removeprefix("storegraph_live_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("storegraph_live_") and sample.value
    }


def test_who_follows_and_what_they_are_told_is_counted(client: httpx2.Client) -> None:
    assert scraped(client) == {}
    with talking(client) as talk, streaming(client, PRODUCT, id=1) as lines:
        talk.begin(TOKEN).subscribe(PRODUCT, id=1)
        talk.next()
        talk.subscribe(EVENTS, "2", types=["product.updated"], after=head(client, TOKEN))
        told(lines)
        changed(client, TOKEN, title="Green tea")
        told(lines)
        assert {talk.hear()["id"] for _ in range(2)} == {"1", "2"}
        with pytest.raises(InvalidStatus), talking(client):
            pass
        seen = scraped(client)
        talk.say("no such thing")
        talk.closed()
    until_nobody_follows(client)
    after = scraped(client)

    assert seen["connections", "websocket"] == seen["connections", "sse"] == 1
    assert (seen["subscriptions", "productChanged"], seen["subscriptions", "events"]) == (2, 1)
    assert (seen["told_total", "productChanged"], seen["told_total", "events"]) == (4, 1)
    assert {labels: value for labels, value in seen.items() if labels[0] == "ended_total"} == {
        ("ended_total", "full"): 1
    }
    assert seen["lag_seconds_count",] >= 1
    assert ("waiting",) not in seen
    assert after["ended_total", "protocol"] == 1
    assert ("connections", "websocket") not in after
    assert ("subscriptions", "events") not in after


def test_pages_of_other_origins_and_bad_credentials_are_counted(client: httpx2.Client) -> None:
    with pytest.raises(InvalidStatus), talking(client, origin="https://evil.example"):
        pass
    with talking(client) as talk:
        talk.say("connection_init", payload={"Authorization": "Bearer no-such"})
        talk.closed()

    assert scraped(client) == {("ended_total", "origin"): 1, ("ended_total", "credential"): 1}


@pytest.mark.parametrize("client", [{"concurrent": 1}], indirect=True)
def test_what_a_stream_asks_once_is_a_request_under_way(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asking.ask
    wait: asyncio.Event = asyncio.Event()

    async def later(self: Asking, *given: Any, **named: Any) -> None:
        await asyncio.wait_for(wait.wait(), SECONDS)
        await asked(self, *given, **named)

    monkeypatch.setattr(Asking, "ask", later)
    query = {"query": "{ __typename }"}
    with streaming(client, query["query"]) as lines:
        refused = client.post("/graphql", json=query)
        wait._loop.call_soon_threadsafe(wait.set)  # type: ignore[attr-defined]
        answer = told(lines)
    again = client.post("/graphql", json=query)

    assert (refused.status_code, again.status_code) == (429, 200)
    assert answer == ("next", {"data": {"__typename": "Query"}})


def test_a_stream_is_not_asked_for_by_head(client: httpx2.Client) -> None:
    query = {"query": "subscription { productChanged(by: { databaseId: 1 }) { gone } }"}
    answer = client.head("/graphql", params=query, headers={"Accept": "text/event-stream"})

    assert answer.status_code == 405
    assert scraped(client) == {}
