"""Apollo Client and urql ask by hash and by id: what the gateway answers is what their protocols wait for."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from db.store.database import Database
from server.graphql import manifest
from server.graphql.executor import executor
from server.graphql.manifest import Entry
from server.settings.settings import AcceptedDocuments, Settings
from tests.clients.shop import TOKEN, Shop
from tests.clients.workspace import Workspace
from tests.recorded import Imported
from tests.server.running import running

GET_HASH, POST_BOTH, POST_DOCUMENT = ["GET", "hash"], ["POST", "hash+document"], ["POST", "document"]
UNKNOWN = 400  # an error of the request: clients ask for application/graphql-response+json


@contextmanager
def shop(url: str, **given: Any) -> Iterator[Shop]:
    with running(Settings(database_url=url, admin_token=SecretStr(TOKEN), **given)) as gateway:
        yield Shop(gateway)


@pytest.fixture
def store(imported_on_sqlite: Imported) -> Iterator[str]:
    with imported_on_sqlite.copy() as url:
        yield url


def walked(workspace: Workspace, shop: Shop, **given: str) -> dict[str, Any]:
    # urql takes a document that is nothing but an id in production only.
    environment = shop.environment(NODE_ENV="production", **given)
    found: dict[str, Any] = json.loads(workspace.node("web/persisted/walk.mjs", **environment))
    return found


def registered(url: str, texts: dict[str, str]) -> None:
    async def work() -> None:
        database = Database.open(url)
        entries = [Entry(*item) for item in texts.items()]
        await manifest.register(database, "shop", entries, executor(Settings(database_url=url)))
        await database.close()

    asyncio.run(work())


def test_apollo_sends_a_document_once(workspace: Workspace, store: str) -> None:
    with shop(store) as gateway:
        saw = walked(workspace, gateway)
        again = walked(workspace, gateway)
        titles = gateway.titles(2)

    assert saw["answers"] == again["answers"] == [titles[:1], titles, titles[:1]]
    assert saw["sent"] == [[*GET_HASH, UNKNOWN], [*POST_BOTH, 200], [*GET_HASH, 200], [*GET_HASH, 200]]
    assert again["sent"] == [[*GET_HASH, 200]] * 3


def test_apollo_goes_on_without_hashes_where_there_is_no_room(workspace: Workspace, store: str) -> None:
    with shop(store, persisted_query_bytes=0) as gateway:
        saw = walked(workspace, gateway)
        titles = gateway.titles(2)

    assert saw["answers"] == [titles[:1], titles, titles[:1]]
    assert saw["sent"] == [[*GET_HASH, UNKNOWN], *[[*POST_DOCUMENT, 200]] * 3]


def test_registered_documents_are_all_that_runs(workspace: Workspace, store: str) -> None:
    with shop(store) as gateway:
        texts = walked(workspace, gateway)["texts"]
        titles = gateway.titles(2)
    with shop(store, accepted_documents=AcceptedDocuments.TRUSTED) as gateway:
        refused = walked(workspace, gateway)
        registered(store, texts)
        (document_id,) = texts
        saw = walked(workspace, gateway, STOREGRAPH_DOCUMENT=document_id)

    assert refused["sent"] == [[*GET_HASH, UNKNOWN]] * 3  # no client sends the document after it
    assert all("No document is registered" in answer for answer in refused["answers"])
    assert saw["sent"] == [*[[*GET_HASH, 200]] * 3, ["POST", "id", 200]]
    assert saw["answers"] == [titles[:1], titles, titles[:1], titles[:1]]
