"""Trusted documents and automatic persisted queries, over HTTP, on both databases."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from db.access.audit import AuditRow
from db.store.database import Database
from server.graphql import documents, manifest
from server.graphql.documents import Persisted
from server.graphql.executor import executor
from server.graphql.manifest import Entry, Registration
from server.settings.mistake import Mistake
from server.settings.settings import AcceptedDocuments, Settings
from tests.databases import sqlite_url
from tests.server.running import GRAPHQL, JSON, running, stocked

ADMIN_TOKEN = SecretStr("known-admin-token")
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN.get_secret_value()}"}
TITLES = "query Titles { products { nodes { title } } }"
TWO = "query One { __typename } query Two { products { totalCount } }"
CHANGE = 'mutation Change { variantUpdate(input: { id: "UHJvZHVjdFZhcmlhbnQ6MQ" }) { userErrors { code } } }'
CUPS = {"data": {"products": {"nodes": [{"title": "Cup"}, {"title": "Tea"}]}}}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hashed(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}


def registered(url: str, client: str, texts: dict[str, str]) -> Registration:
    async def work() -> Registration:
        database = Database.open(url)
        try:
            entries = [Entry(*item) for item in texts.items()]
            return await manifest.register(database, client, entries, executor(Settings(database_url=url)))
        finally:
            await database.close()

    return asyncio.run(work())


def served(url: str, **given: Any) -> Any:
    return running(Settings(database_url=url, admin_token=ADMIN_TOKEN, work=False, **given))


@pytest.fixture
def stocked_url(database_url: str) -> str:
    stocked(database_url)
    registered(
        database_url, "shop", {"titles": TITLES, "two": TWO, "change": CHANGE, f"sha256:{sha256(TITLES)}": TITLES}
    )
    return database_url


@pytest.fixture
def client(stocked_url: str) -> Iterator[httpx2.Client]:
    with served(stocked_url) as client:
        yield client


@pytest.fixture
def trusting(stocked_url: str) -> Iterator[httpx2.Client]:
    with served(stocked_url, accepted_documents=AcceptedDocuments.TRUSTED) as client:
        yield client


def errors(response: httpx2.Response) -> list[tuple[str, str]]:
    return [(e["extensions"]["code"], e["message"]) for e in response.json()["errors"]]


# By id


@pytest.mark.parametrize("document_id", ["titles", sha256(TITLES), f"sha256:{sha256(TITLES)}"])
def test_a_registered_document_is_asked_by_its_id(client: httpx2.Client, document_id: str) -> None:
    assert client.post("/graphql", json={"documentId": document_id}).json() == CUPS
    assert client.get("/graphql", params={"documentId": document_id}).json() == CUPS
    as_apollo = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": document_id}}}
    assert client.post("/graphql", json=as_apollo).json() == CUPS
    assert client.get("/graphql", params={"extensions": json.dumps(as_apollo["extensions"])}).json() == CUPS


def test_its_operations_are_chosen_and_variables_given_as_ever(client: httpx2.Client) -> None:
    two = client.post("/graphql", json={"documentId": "two", "operationName": "Two"})
    none = client.post("/graphql", json={"documentId": "two"})

    assert two.json() == {"data": {"products": {"totalCount": 2}}}
    assert errors(none)[0][0] == "BAD_USER_INPUT"


def test_a_mutation_is_not_asked_by_get(client: httpx2.Client) -> None:
    assert client.get("/graphql", params={"documentId": "change"}).status_code == 405
    assert errors(client.post("/graphql", json={"documentId": "change"}))[0][0] == "UNAUTHENTICATED"


@pytest.mark.parametrize("document_id", ["nobody's", "", "a" * 5000, "\0", "sha256:", "' OR 1=1 --", "\ud7ff"])
def test_an_id_that_nobody_registered_is_one_error(client: httpx2.Client, document_id: str) -> None:
    response = client.post("/graphql", json={"documentId": document_id}, headers={"Accept": GRAPHQL})

    assert response.status_code == 400
    ((code, message),) = errors(response)
    assert code == "PERSISTED_QUERY_NOT_FOUND"
    assert len(message) < 200


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 1},
        {"documentId": "titles", "query": "{ __typename }"},
        {"documentId": "titles", "extensions": hashed(TITLES)},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": "a"}},
        {"extensions": {}},
    ],
)
def test_requests_that_make_no_sense_are_told_why(client: httpx2.Client, body: dict[str, Any]) -> None:
    response = client.post("/graphql", json=body)

    assert response.status_code == 400
    assert errors(response)[0][0] == "BAD_REQUEST"


def test_a_browser_that_asks_for_a_document_gets_no_page(client: httpx2.Client) -> None:
    response = client.get("/graphql", params={"documentId": "titles"}, headers={"Accept": "text/html,*/*;q=0.8"})

    assert response.json() == CUPS


# Only trusted ones


def test_where_only_trusted_documents_count_no_other_runs(trusting: httpx2.Client) -> None:
    """Whoever asks, and however they say it."""
    assert trusting.post("/graphql", json={"documentId": "titles"}).json() == CUPS
    assert trusting.post("/graphql", json={"extensions": hashed(TITLES), "query": TITLES}).json() == CUPS
    for body in (
        {"query": "{ __typename }"},
        {"query": TITLES},
        {"extensions": hashed("{ __typename }")},
        {"extensions": hashed("{ __typename }"), "query": "{ __typename }"},
        {"extensions": hashed(TITLES), "query": "{ __typename }"},
    ):
        for headers in ({}, ADMIN):
            assert errors(trusting.post("/graphql", json=body, headers=headers))[0][0] == "UNTRUSTED_DOCUMENT"
    assert errors(trusting.get("/graphql", params={"query": TITLES}))[0][0] == "UNTRUSTED_DOCUMENT"


# Sent before


def test_a_query_is_sent_once_and_then_named(client: httpx2.Client) -> None:
    query = "{ products(first: 1) { nodes { title } } }"
    unknown = client.post("/graphql", json={"extensions": hashed(query)})
    sent = client.post("/graphql", json={"extensions": hashed(query), "query": query})
    named = client.get("/graphql", params={"extensions": json.dumps(hashed(query))})

    assert unknown.status_code == 200
    assert errors(unknown) == [("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")]
    assert sent.json() == named.json() == {"data": {"products": {"nodes": [{"title": "Cup"}]}}}


def test_a_hash_of_something_else_keeps_nothing(client: httpx2.Client) -> None:
    wrong = client.post("/graphql", json={"extensions": hashed("{ a }"), "query": "{ __typename }"})

    assert errors(wrong)[0][0] == "BAD_USER_INPUT"
    assert errors(client.post("/graphql", json={"extensions": hashed("{ a }")}))[0][1] == "PersistedQueryNotFound"


@pytest.mark.parametrize("query", ["{ prize }", "{", "{ __typename } fragment F on Product { id }"])
def test_what_cannot_run_is_not_kept(client: httpx2.Client, query: str) -> None:
    assert errors(client.post("/graphql", json={"extensions": hashed(query), "query": query}))[0][0] == "BAD_USER_INPUT"
    assert errors(client.post("/graphql", json={"extensions": hashed(query)}))[0][1] == "PersistedQueryNotFound"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_clients_are_told_when_there_is_no_room(stocked_url: str) -> None:
    query = "{ __typename }"
    with served(stocked_url, persisted_query_bytes=0) as client:
        assert errors(client.post("/graphql", json={"extensions": hashed(query)})) == [
            ("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        ]
        assert client.post("/graphql", json={"extensions": hashed(query), "query": query}).json()["data"]


def test_the_room_for_them_is_bounded() -> None:
    store = Persisted(3000)
    for number in range(1000):
        store.keep(str(number), "é" * 350)  # 700 bytes each, and the entry's own
    store.keep("too long", "x" * 3000)

    kept = [number for number in range(1000) if store.find(str(number))]
    assert kept == [997, 998, 999]
    assert store.find("too long") is None
    store.find("997")
    store.keep("1000", "é" * 350)
    assert store.find("997")
    assert store.find("998") is None


# Use


def test_use_is_counted_and_reported(
    stocked_url: str, monkeypatch: pytest.MonkeyPatch, storegraph_here: Callable[..., tuple[int, str, str]]
) -> None:
    monkeypatch.setattr(documents, "NOTED_SECONDS", 0.05)
    registered(stocked_url, "app", {"titles": TITLES})
    report = """query Report($client: String) {
      trustedDocuments(filter: { client: { eq: $client } }) {
        nodes { documentId operation client uses lastUsedAt deprecations problems }
      }
    }"""
    with served(stocked_url) as client:
        for _ in range(3):
            assert client.get("/graphql", params={"documentId": "titles"}).json() == CUPS
        deadline = time.monotonic() + 30
        while True:
            asked = {"query": report, "variables": {"client": "shop"}}
            nodes = client.post("/graphql", json=asked, headers=ADMIN).json()["data"]["trustedDocuments"]["nodes"]
            if nodes[0]["uses"] == 3 or time.monotonic() > deadline:
                break
        assert client.get("/graphql", params={"documentId": "two", "operationName": "Two"}).json()
        stranger = client.post("/graphql", json={"query": report})

    most, *others = nodes
    assert most.pop("lastUsedAt") > "2020"
    assert most == {
        "documentId": "titles",
        "operation": "Titles",
        "client": "shop",
        "uses": 3,
        "deprecations": [],
        "problems": [],
    }
    assert [(n["uses"], n["lastUsedAt"]) for n in others] == [(0, None)] * 3
    assert errors(stranger)[0][0] == "UNAUTHENTICATED"

    code, out, _ = storegraph_here("documents", "report", DATABASE_URL=stocked_url)
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert ["app", "titles", "Titles", "3"] in [row[:4] for row in rows]
    # What was used just before the end was written down with the end.
    assert ["shop", "two", "One, Two", "1"] in [row[:4] for row in rows]
    code, out, _ = storegraph_here("documents", "report", "--client", "app", DATABASE_URL=stocked_url)
    assert "titles" in out
    assert "shop" not in out


# Registration


def test_all_that_is_wrong_with_a_manifest_is_listed_and_nothing_kept(stocked_url: str) -> None:
    with pytest.raises(Mistake) as wrong:
        registered(
            stocked_url,
            "app",
            {
                "good": "{ __typename }",
                "prize": "{ products { nodes { prize cost } } }",
                "broken": "{",
                "no id": "{ __typename }",
                "titles": "{ __typename }",
                f"sha256:{sha256('a')}": "{ __typename }",
                "fragment": "fragment F on Product { id }",
                "": "{ __typename }",
            },
        )

    *_, listed = str(wrong.value).partition("\n")
    said = [line.strip() for line in listed.splitlines()]
    assert [line.split(":")[0] for line in said] == [
        "prize",
        "prize",
        "broken",
        "'no id' is no id",
        "sha256",
        "fragment",
        "'' is no id",
        "titles",
    ], said
    assert "line 1, column" in said[0]
    assert registered(stocked_url, "app", {"good": "{ __typename }"}) == Registration(1, 0)


def test_a_manifest_is_registered_again_without_harm(stocked_url: str) -> None:
    """With a document more: what the release before asks stays."""
    assert registered(stocked_url, "shop", {"titles": TITLES, "new": "{ __typename }"}) == Registration(1, 1)
    assert registered(stocked_url, "app", {"titles": TITLES}) == Registration(1, 0)

    async def audited() -> list[Any]:
        database = Database.open(stocked_url)
        async with database.read() as connection:
            statement = select(col(AuditRow.action), col(AuditRow.actor), col(AuditRow.after))
            found = (await connection.execute(statement.order_by(col(AuditRow.id)))).all()
        await database.close()
        return [tuple(row) for row in found]

    assert asyncio.run(audited())[1:] == [
        ("documentsRegister", "system", {"client": "shop", "documents": 1}),
        ("documentsRegister", "system", {"client": "app", "documents": 1}),
    ]


@pytest.mark.parametrize("client", ["", "a" * 101, "a\nb", "<b>"])
def test_a_client_has_a_name_that_can_be_shown(stocked_url: str, client: str) -> None:
    with pytest.raises(Mistake, match="--client"):
        registered(stocked_url, client, {"good": "{ __typename }"})


@pytest.mark.parametrize(
    "content",
    [
        {"a1": TITLES},
        {
            "format": "apollo-persisted-query-manifest",
            "version": 1,
            "operations": [{"id": "a1", "name": "Titles", "type": "query", "body": TITLES}],
        },
    ],
    ids=["codegen or relay", "apollo"],
)
def test_the_manifests_of_the_usual_tools_are_read(content: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(content))

    assert manifest.read(tmp_path / "manifest.json") == [Entry("a1", TITLES)]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "1", '{"a": 1}', '{"format": "other"}', '["a"]', "null"])
def test_what_is_no_manifest_is_refused_in_one_line(
    content: str, tmp_path: Path, storegraph_here: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "manifest.json").write_text(content)

    code, out, said = storegraph_here("documents", "register", str(tmp_path / "manifest.json"), "--client", "shop")

    assert (code, out, said.count("\n")) == (2, "", 1) or "mistakes" in said
    assert "Traceback" not in said


def test_the_command_registers(
    tmp_path: Path, sqlite_template: Path, storegraph_here: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"titles": TITLES}))
    command = ("documents", "register", str(tmp_path / "manifest.json"), "--client", "shop")

    assert storegraph_here(*command)[:2] == (0, "New of shop: 1 document; 0 were registered already.\n")
    with served(sqlite_url(tmp_path / "store.db")) as client:
        response = client.post("/graphql", json={"documentId": "titles"}, headers={"Accept": JSON})
    assert response.json() == {"data": {"products": {"nodes": []}}}
