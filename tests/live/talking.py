"""Clients that say each frame themselves, and a server that takes them."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import httpx2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from engine.values.identity import encode
from server.commands.serving import sockets
from server.http.tcp import HttpProtocol
from server.settings.settings import Settings
from tests.server.running import SECONDS, running

PRODUCT: Final = """
subscription Product($id: Int!, $after: Int) {
  productChanged(by: { databaseId: $id }, after: $after) { position gone product { title } }
}
"""
EVENTS: Final = """
subscription Events($types: [String!], $after: Int) { events(types: $types, after: $after) { position name } }
"""


@contextmanager
def serving(settings: Settings) -> Iterator[httpx2.Client]:
    """As `storegraph serve` serves, in a thread."""
    with running(
        settings, http=HttpProtocol, limit_concurrency=settings.max_connections, **sockets(settings)
    ) as client:
        yield client


class Talk:
    """One WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, kind: str, **more: Any) -> None:
        self.connection.send(json.dumps({"type": kind, **more}))

    def hear(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.connection.recv(SECONDS))
        return said

    def begin(self, token: str | None = None) -> "Talk":
        payload = {"Authorization": f"Bearer {token}"} if token else {}
        self.say("connection_init", payload=payload)
        assert self.hear() == {"type": "connection_ack"}
        return self

    def subscribe(self, query: str, under: str = "1", **variables: Any) -> None:
        self.say("subscribe", id=under, payload={"query": query, "variables": variables})

    def next(self, under: str = "1") -> Any:
        """The data of the next answer, which has no errors."""
        said = self.hear()
        assert (said["type"], said["id"]) == ("next", under), said
        assert "errors" not in said["payload"], said
        return said["payload"]["data"]

    def closed(self) -> tuple[int, str]:
        """Code and reason, once the server has closed it; what it said before is passed over."""
        with suppress(ConnectionClosed):
            for _ in self.connection:
                pass
        close = self.connection.protocol.close_rcvd
        assert close is not None
        return close.code, close.reason


@contextmanager
def talking(client: httpx2.Client, **options: Any) -> Iterator[Talk]:
    url = str(client.base_url.join("/graphql")).replace("http", "ws", 1)
    given: dict[str, Any] = {
        "subprotocols": ["graphql-transport-ws"],
        "open_timeout": SECONDS,
        "compression": "deflate",
    } | options
    with connect(url, **given) as connection:
        yield Talk(connection)


CREATE: Final = "mutation C($input: ProductCreateInput!) { productCreate(input: $input) { userErrors { message } } }"
UPDATE: Final = "mutation U($input: ProductUpdateInput!) { productUpdate(input: $input) { userErrors { message } } }"


def asked(client: httpx2.Client, token: str, document: str, **variables: Any) -> dict[str, Any]:
    """The data of an answer without errors, those of users among them."""
    body = {"query": document, "variables": variables}
    answer = client.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"}).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    assert all(field.get("userErrors", []) == [] for field in data.values() if isinstance(field, dict)), data
    return data


def stocked(client: httpx2.Client, token: str, *titles: str) -> None:
    """Published products, with ids from 1 on in an empty store."""
    for number, title in enumerate(titles, 1):
        asked(client, token, CREATE, input={"title": title, "fulfillmentType": "PHYSICAL"})
        changed(client, token, id=number, status="PUBLISH")


def changed(client: httpx2.Client, token: str, id: int = 1, **values: Any) -> None:
    """Gives a product other values."""
    asked(client, token, UPDATE, input={"id": encode("Product", id), **values})


def head(client: httpx2.Client, token: str) -> int:
    """The last position. Who follows from there is told all that comes, whenever they have begun."""
    position: int = asked(client, token, "{ changes { position } }")["changes"]["position"]
    return position


def until_nobody_follows(client: httpx2.Client) -> None:
    """A server learns a little later than its clients that they have gone."""
    until = time.monotonic() + SECONDS
    while re.search(r"^storegraph_live_connections\{.*\} [1-9]", client.get("/metrics").text, re.MULTILINE):
        assert time.monotonic() < until
