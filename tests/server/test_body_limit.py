"""A body over the limit is refused while it comes, whatever its headers say; spoken in bytes, as a client may lie."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from tests.patience import PATIENCE

LIMIT = 1024 * 1024
CHUNK = b"a" * 65536


@contextmanager
def connected(client: httpx2.Client, *headers: str) -> Iterator[socket.socket]:
    url = httpx2.URL(str(client.base_url))
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as connection:
        head = ("POST /graphql HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers)
        connection.sendall("\r\n".join((*head, "", "")).encode())
        yield connection


def answered(connection: socket.socket) -> tuple[int, dict[str, object]]:
    """Status and body of the answer, read as it comes: the server may well be waiting for more."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, body = received.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length is not None
    while len(body) < int(length[1]):
        body += connection.recv(65536)
    return int(head.split()[1]), json.loads(body)


def refused(connection: socket.socket) -> None:
    status, body = answered(connection)
    assert status == 413
    assert "longer than 1048576 bytes" in json.dumps(body)
    assert "BAD_REQUEST" in json.dumps(body)


def padded(size: int) -> bytes:
    """A good request of that many bytes."""
    empty = b'{"query": "{ __typename }", "x": ""}'
    return empty.replace(b'""', b'"' + b"a" * (size - len(empty)) + b'"')


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (LIMIT * 3, 413)])
def test_the_limit_is_the_last_byte_that_is_read(client: httpx2.Client, size: int, status: int) -> None:
    answer = client.post("/graphql", content=padded(size), headers={"Content-Type": "application/json"})
    assert answer.status_code == status


def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_read(client: httpx2.Client) -> None:
    with connected(client, f"Content-Length: {10**12}") as connection:
        refused(connection)


def test_whoever_waits_to_be_told_to_send_is_told_not_to(client: httpx2.Client) -> None:
    with connected(client, f"Content-Length: {LIMIT + 1}", "Expect: 100-continue") as connection:
        refused(connection)


def test_a_body_without_a_length_is_counted(client: httpx2.Client) -> None:
    with connected(client, "Transfer-Encoding: chunked") as connection:
        for _ in range(LIMIT // len(CHUNK) + 1):
            connection.sendall(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
        refused(connection)  # though the last chunk was never sent


def test_a_shorter_body_than_declared_is_waited_for_and_given_up(client: httpx2.Client) -> None:
    with connected(client, "Content-Length: 100") as connection:
        connection.sendall(b'{"query": "{ __typename }"}')
    assert client.get("/health").status_code == 200


def test_a_longer_body_than_declared_ends_where_it_said(client: httpx2.Client) -> None:
    body = b'{"query": "{ __typename }"}'
    with connected(client, f"Content-Length: {len(body)}") as connection:
        connection.sendall(body)
        assert answered(connection) == (200, {"data": {"__typename": "Query"}})
        connection.sendall(b"surplus\r\n\r\n")  # is taken for a request, and is none
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(("length", "status"), [(33_000, 414), (100_000, 400), (10_000_000, 400)])
def test_a_long_url_is_refused(client: httpx2.Client, length: int, status: int) -> None:
    url = httpx2.URL(str(client.base_url))
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /graphql?query=" + b"a" * length + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 %d " % status)
