"""GET answers in caches: who may keep what, for how long, and what is said to who has it already."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.server.running import GRAPHQL, running, stocked

TOKEN = {"Authorization": "Bearer known-admin-token"}
TITLES = {"query": "{ products { nodes { title } } }"}


def served(sqlite_template: Path, folder: Path, seconds: int) -> Iterator[httpx2.Client]:
    path = folder / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    stocked(sqlite_url(path))
    settings = Settings(
        database_url=sqlite_url(path), admin_token=SecretStr("known-admin-token"), public_cache_seconds=seconds
    )
    with running(settings) as client:
        yield client


@pytest.fixture(scope="module")
def client(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    yield from served(sqlite_template, tmp_path_factory.mktemp("public"), 60)


def test_what_anyone_may_see_anyones_cache_may_keep(client: httpx2.Client) -> None:
    response = client.get("/graphql", params=TITLES)

    assert response.headers["cache-control"] == "public, max-age=60"
    # And gives it to nobody who shows a credential.
    assert {"Accept", "Authorization", "X-API-Key"} <= set(response.headers["vary"].split(", "))


def test_what_a_caller_sees_only_its_own_cache_keeps(client: httpx2.Client) -> None:
    assert client.get("/graphql", params=TITLES, headers=TOKEN).headers["cache-control"] == "private, no-cache"


def test_without_the_setting_no_shared_cache_keeps_anything(sqlite_template: Path, tmp_path: Path) -> None:
    for client in served(sqlite_template, tmp_path, 0):
        assert client.get("/graphql", params=TITLES).headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "query", ["{ prize }", '{ suggestSku(title: "a") }', '{ products { totalCount } suggestSku(title: "a") }']
)
def test_an_answer_with_errors_is_not_kept_for_others(client: httpx2.Client, query: str) -> None:
    response = client.get("/graphql", params={"query": query})

    assert response.headers["cache-control"] == "private, no-cache"
    assert "etag" not in response.headers


def test_an_answer_to_a_post_is_never_kept(client: httpx2.Client) -> None:
    response = client.post("/graphql", json=TITLES)

    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


def test_who_has_the_answer_is_told_so(client: httpx2.Client) -> None:
    first = client.get("/graphql", params=TITLES)
    tag = first.headers["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/graphql", params=TITLES, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert again.headers["vary"] == first.headers["vary"]
        assert "content-type" not in again.headers


def test_whoever_has_another_answer_gets_this_one(client: httpx2.Client) -> None:
    first = client.get("/graphql", params=TITLES)
    tag = first.headers["etag"]
    others = (
        client.get("/graphql", params=TITLES, headers=TOKEN | {"If-None-Match": tag}),  # sees the draft too
        client.get("/graphql", params={"query": "{ products { totalCount } }"}, headers={"If-None-Match": tag}),
        client.get("/graphql", params=TITLES, headers={"If-None-Match": tag, "Accept": GRAPHQL}),
        client.get("/graphql", params=TITLES, headers={"If-None-Match": '"other", nonsense'}),
    )

    assert [other.status_code for other in others] == [200] * 4
    assert others[3].content == first.content
    assert client.head("/graphql", params=TITLES, headers={"If-None-Match": tag}).status_code == 304
