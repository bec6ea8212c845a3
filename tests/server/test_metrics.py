"""Metrics: what is counted, by whom it may be asked, and that several processes answer as one."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text

from db.store.database import Database
from server.metrics import Metrics
from server.settings.settings import Settings, Switch
from server.work import numbering
from tests import factories
from tests.databases import sqlite_url
from tests.server.running import SECONDS, running, serving, stocked

TITLES = "{ products { nodes { title } } }"


@pytest.fixture
def client(database_url: str) -> Iterator[httpx2.Client]:
    stocked(database_url)
    with running(Settings(database_url=database_url)) as client:
        yield client


def scraped(client: httpx2.Client, **headers: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = client.get("/metrics", headers=headers).raise_for_status()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return samples.get((f"storegraph_{name}", frozenset(labels.items())), 0.0)


def test_requests_operations_costs_and_errors_are_counted(client: httpx2.Client) -> None:
    for _ in range(2):
        client.post("/graphql", json={"query": f"query Named {TITLES}"})
    client.post("/graphql", json={"query": "{ prize }"})
    client.post("/graphql", json={"query": '{ suggestSku(title: "a") products { totalCount } }'})
    client.post("/graphql", content="{", headers={"Content-Type": "application/json"})
    client.get("/nowhere/7")
    client.delete("/graphql")

    seen = scraped(client)

    assert value(seen, "http_requests_total", method="POST", path="/graphql", status="200") == 4
    assert value(seen, "http_requests_total", method="POST", path="/graphql", status="400") == 1
    assert value(seen, "executions_total", kind="query", executor="plan") == 3
    assert value(seen, "executions_total", kind="query", executor="again") == 0
    assert value(seen, "http_requests_total", method="GET", path="other", status="404") == 1
    assert value(seen, "http_requests_total", method="other", path="/graphql", status="405") == 1
    assert value(seen, "operations_total", kind="query", outcome="ok") == 2
    assert value(seen, "operations_total", kind="query", outcome="partial") == 1
    assert value(seen, "operations_total", kind="none", outcome="refused") == 1
    assert value(seen, "operation_duration_seconds_count", kind="query") == 3
    assert value(seen, "operation_cost_count", kind="query") == 3
    assert value(seen, "operation_cost_sum", kind="query") > 3
    assert value(seen, "errors_total", code="BAD_USER_INPUT") == 1
    assert value(seen, "errors_total", code="UNAUTHENTICATED") == 1
    assert value(seen, "errors_total", code="BAD_REQUEST") == 2
    assert value(seen, "documents_total", source="text", client="") == 4


def test_the_state_of_the_process_and_its_database_is_told(client: httpx2.Client, database_url: str) -> None:
    client.post("/graphql", json={"query": TITLES})
    deadline = time.monotonic() + SECONDS
    while not value(seen := scraped(client), "event_loop_lag_seconds_count") and time.monotonic() < deadline:
        time.sleep(0.05)

    kind = database_url.partition(":")[0]
    assert value(seen, "event_loop_lag_seconds_count") > 0
    assert [dict(labels)["database"] for name, labels in seen if name == "storegraph_build_info"] == [kind]
    pool = "readers" if kind == "sqlite" else "all"
    assert value(seen, "database_connections", pool=pool, state="idle") >= 1
    assert value(seen, "database_connections", pool=pool, state="most") >= 5
    assert ("storegraph_outbox_waiting", frozenset()) in seen
    assert any(name == "process_resident_memory_bytes" for name, _ in seen)


def test_nothing_that_a_caller_writes_becomes_a_label(client: httpx2.Client) -> None:
    """Or a stranger could fill the memory of two systems."""
    for number in range(30):
        client.post("/graphql", json={"query": f"query Strange{number} {TITLES}", "operationName": f"Strange{number}"})
        client.post("/graphql", json={"documentId": f"strange{number}"})
        client.get(f"/strange{number}")
        client.request(("PUT", "PATCH", "DELETE", "TRACE")[number % 4], "/graphql")

    page = client.get("/metrics").text

    assert "trange" not in page.lower()
    assert len([line for line in page.splitlines() if line.startswith("storegraph_http_requests_total")]) < 10


def test_an_unknown_code_is_one_of_the_others() -> None:
    metrics = Metrics()
    for code in ("INTERNAL", "MADE_UP", None):
        metrics.refused(code)

    (family,) = [f for f in metrics.registry.collect() if f.name == "storegraph_errors"]
    assert {s.labels["code"]: s.value for s in family.samples} == {"INTERNAL": 1, "other": 2}


def test_openmetrics_is_spoken_too(client: httpx2.Client) -> None:
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_a_database_that_does_not_answer_hides_no_other_number(client: httpx2.Client, database_url: str) -> None:
    async def without_events() -> None:
        database = Database.open(database_url)
        async with database.write() as connection:
            await connection.execute(text("ALTER TABLE event RENAME TO elsewhere"))
            await connection.commit()
        await database.close()

    asyncio.run(without_events())

    seen = scraped(client)

    assert ("storegraph_outbox_waiting", frozenset()) not in seen
    assert any(name == "storegraph_build_info" for name, _ in seen)


def test_events_that_nobody_reads_stop_waiting(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "EVERY_SECONDS", 0.05)

    async def with_an_event() -> None:
        database = Database.open(database_url)
        async with database.write() as connection:
            for number in (1, 2):
                told = factories.event(number, "product.created", f"Product:{number}", position=None)
                await factories.insert_row(connection, told)
            await connection.commit()
        await database.close()

    with running(Settings(database_url=database_url)) as client:
        assert value(scraped(client), "outbox_waiting") == 0
        asyncio.run(with_an_event())
        deadline = time.monotonic() + SECONDS
        while value(scraped(client), "outbox_waiting") and time.monotonic() < deadline:
            time.sleep(0.05)

    async def places() -> list[int]:
        database = Database.open(database_url)
        async with database.read() as connection:
            found = [row[0] for row in await connection.execute(text("SELECT position FROM event ORDER BY id"))]
        await database.close()
        return found

    assert asyncio.run(places()) == [1, 2]


# Who may ask


@pytest.mark.parametrize(
    ("given", "serves"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "0.0.0.0", "demo": True}, False),
        ({"host": "0.0.0.0", "metrics_token": SecretStr("a-scraper-of-metrics")}, True),
        ({"host": "0.0.0.0", "metrics": Switch.ON}, True),
        ({"metrics": Switch.OFF, "metrics_token": SecretStr("a-scraper-of-metrics")}, False),
    ],
)
def test_they_are_served_where_no_stranger_asks(given: dict[str, Any], serves: bool) -> None:
    assert Settings(**given).serves_metrics is serves


def test_switched_off_there_is_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    with running(Settings(database_url=sqlite_url(tmp_path / "store.db"), metrics=Switch.OFF)) as client:
        assert client.get("/metrics").status_code == 404


def test_a_token_protects_them(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    settings = Settings(
        database_url=sqlite_url(tmp_path / "store.db"),
        metrics_token=SecretStr("a-scraper-of-metrics"),
        admin_token=SecretStr("known-admin-token"),
    )
    with running(settings) as client:
        for wrong in (
            b"",
            b"Bearer known-admin-token",
            b"Bearer \xe9",
            b"Basic a-scraper-of-metrics",
            b"a-scraper-of-metrics",
        ):
            refused = client.get("/metrics", headers={b"Authorization": wrong})
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
        assert scraped(client, Authorization="Bearer a-scraper-of-metrics")


# Several processes


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_several_processes_answer_as_one(database_url: str, tmp_path: Path) -> None:
    stocked(database_url)
    asked = 40
    with serving("--workers", "2", data_folder=tmp_path, DATABASE_URL=database_url) as command:
        base = re.sub(r"/graphql$", "", command.url())
        processes = set()
        for _ in range(asked):  # a connection each: either process may take it
            with httpx2.Client(base_url=base, timeout=SECONDS) as client:
                processes.add(client.post("/graphql", json={"query": TITLES}).status_code)
        totals = []
        for _ in range(6):
            with httpx2.Client(base_url=base, timeout=SECONDS) as client:
                totals.append(value(scraped(client), "operations_total", kind="query", outcome="ok"))

    assert processes == {200}
    assert totals == [asked] * 6
