"""How what is followed ends: the server says goodbye, a slow reader is sent away, a credential is none any more."""

import json
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pydantic import SecretStr

from server.settings.settings import Settings
from tests.databases import sqlite_url
from tests.live.talking import EVENTS, PRODUCT, asked, changed, serving, stocked, talking
from tests.live.test_sse import streaming, told
from tests.server import running
from tests.server.running import SECONDS

TOKEN: Final = "known-admin-token"
CONTENT: Final = "subscription { productChanged(by: { databaseId: 1 }) { product { content } } }"
HANDSHAKE: Final = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.fixture
def client(sqlite_template: Path, tmp_path: Path) -> Iterator[httpx2.Client]:
    shutil.copyfile(sqlite_template, tmp_path / "store.db")
    url = sqlite_url(tmp_path / "store.db")
    with serving(Settings(database_url=url, admin_token=SecretStr(TOKEN), live_unsent_bytes=2048)) as asking:
        stocked(asking, TOKEN, "Tea")
        yield asking


def test_a_server_that_ends_says_goodbye(tmp_path: Path) -> None:
    """A stream ends without `complete`, which would say that all was told."""
    with running.serving(data_folder=tmp_path, ADMIN_TOKEN=TOKEN) as command:
        with httpx2.Client(base_url=re.sub(r"/graphql$", "", command.url()), timeout=SECONDS) as client:
            stocked(client, TOKEN, "Tea")
            with talking(client) as talk, streaming(client, PRODUCT, id=1) as lines:
                talk.begin().subscribe(PRODUCT, id=1)
                talk.next()
                told(lines)
                command.process.send_signal(signal.SIGTERM)
                goodbye = talk.closed()
                rest = list(lines)
        ended = command.ended()[0]

    assert goodbye == (1012, "The server restarts: connect again")
    assert ": the server restarts" in rest
    assert "event: complete" not in rest
    assert ended == 0


def frame(**said: Any) -> bytes:
    """A masked text frame; the mask is zero."""
    data = json.dumps(said).encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


def by_socket(connection: socket.socket) -> None:
    connection.sendall(HANDSHAKE)
    while not connection.recv(4096).endswith(b"\r\n\r\n"):
        pass
    connection.sendall(frame(type="connection_init"))
    connection.sendall(frame(id="1", type="subscribe", payload={"query": CONTENT}))


def by_stream(connection: socket.socket) -> None:
    body = json.dumps({"query": CONTENT}).encode()
    head = (
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    connection.sendall(head + body)


@pytest.mark.parametrize("begin", [by_socket, by_stream])
def test_who_reads_nothing_is_sent_away(client: httpx2.Client, begin: Any) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(SECONDS)
        connection.connect((client.base_url.host, client.base_url.port))
        begin(connection)
        read = b""
        while b"productChanged" not in read:
            read += connection.recv(4096)
        until, number = time.monotonic() + SECONDS, 0
        while 'storegraph_live_ended_total{reason="slow"} 1.0' not in client.get("/metrics").text:
            assert time.monotonic() < until
            number += 1
            changed(client, TOKEN, content=f"<p>{number} {'x' * 200_000}</p>")


@pytest.mark.parametrize("kind", ["socket", "stream"])
def test_a_token_that_is_revoked_ends_both_kinds(client: httpx2.Client, kind: str) -> None:
    make = """mutation T($input: TokenCreateInput!) {
      tokenCreate(input: $input) { secret token { id } userErrors { message } } }"""
    made = asked(client, TOKEN, make, input={"name": "follower", "permissions": ["products/view"]})["tokenCreate"]
    revoke = "mutation R($input: TokenRevokeInput!) { tokenRevoke(input: $input) { userErrors { message } } }"
    if kind == "socket":
        with talking(client) as talk:
            talk.begin(made["secret"]).subscribe(EVENTS)
            asked(client, TOKEN, revoke, input={"id": made["token"]["id"]})
            assert talk.closed() == (4403, "The credential is none any more")
        return
    with streaming(client, PRODUCT, made["secret"], id=1) as lines:
        told(lines)
        asked(client, TOKEN, revoke, input={"id": made["token"]["id"]})
        _, said = told(lines)
        assert said["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert told(lines) == ("complete", None)
