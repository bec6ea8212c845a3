"""What a stranger may send. Everything is answered, with a code where it is refused; nobody else waits for it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from tests.databases import PostgresDatabases, migrated_sqlite, sqlite_url
from tests.engine.shelves import catalogue, stored
from tests.gateway import opened
from tests.server.assault import Target, refused
from tests.server.running import serving
from tests.server.sent import BODIES, DOCUMENTS, VARIABLES
from tests.server.sent_texts import TEXTS

TOKEN = "a-token-for-tests-only"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server over 300 products with ten variants each."""
    folder = tmp_path_factory.mktemp("hostile")
    if request.param == "sqlite":
        url = sqlite_url(migrated_sqlite(folder / "store.db"))
    else:
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.create(migrated=True)

    async def fill() -> None:
        async with opened(url) as gateway:
            await stored(gateway, catalogue(300, variants=10))

    asyncio.run(fill())
    environment: dict[str, Any] = {"DATABASE_URL": url, "ADMIN_TOKEN": TOKEN}
    environment |= {"RATES": "off", "BODY_SECONDS": "1", "LOG_FORMAT": "json"}
    with serving(data_folder=folder, **environment) as command:
        target = Target(command.url().removesuffix("/graphql") + "/graphql", command.process.pid, TOKEN)
        assert command.process.stderr is not None
        threading.Thread(target=command.process.stderr.read, daemon=True).start()  # or the pipe fills up
        target.ask("{ products { nodes { id } } }")
        target.before = target.memory
        yield target
        request.config.get_terminal_writer().write(target.report(request.param))
    if request.param == "postgresql":
        request.getfixturevalue("postgres_databases").drop(url)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(target: Target, name: str) -> None:
    text, codes = DOCUMENTS[name]

    with target.cheaply(name) if codes else target.watched(name):
        answer = target.ask(text)

    if codes:
        refused(answer, *({"INPUT": "BAD_USER_INPUT", "COMPLEX": "QUERY_TOO_COMPLEX"}[c] for c in codes.split()))
    else:
        assert "errors" not in answer.json()


MOST_LEAVES = "{ products(first: 100) { nodes { " + " ".join(f"a{n}: title" for n in range(490)) + " } } }"
MOST_VALUES = (
    "{ products(first: 100) { nodes { " + " ".join(f"a{n}: minPrice {{ formatted }}" for n in range(240)) + " } } }"
)
MOST_ROWS = "{ products(first: 100) { nodes { variants { " + " ".join(f"a{n}: title" for n in range(45)) + " } } } }"
MOST_LOADS = "{ products(first: 100) { nodes { " + " ".join(f"a{n}: gallery {{ id }}" for n in range(24)) + " } } }"


@pytest.mark.parametrize(
    "text", [MOST_LEAVES, MOST_VALUES, MOST_ROWS, MOST_LOADS], ids=["leaves", "values", "rows", "loads"]
)
def test_the_largest_answers(target: Target, text: str) -> None:
    """What just costs less than may be asked holds up nobody either."""
    with target.watched(f"the largest answer: {text[:60]}"):
        answer = target.ask(text, extensions={"cost": True})

    assert 45_000 < answer.json()["extensions"]["cost"]["requested"] <= 50_000
    assert len(answer.json()["data"]["products"]["nodes"]) == 100


def test_many_at_once(target: Target) -> None:
    answers = []
    with target.watched("12 large answers at once"):
        threads = [threading.Thread(target=lambda: answers.append(target.ask(MOST_ROWS))) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for answer in answers:  # what does not get its turn in time may be asked again
        assert answer.status_code == 200 or answer.headers["Retry-After"] == "1"
    assert len(answers) == 12


@pytest.mark.parametrize("name", VARIABLES)
def test_variables(target: Target, name: str) -> None:
    text, value, code = VARIABLES[name]
    if name == "60 levels":
        deep: dict[str, Any] = {}
        for _ in range(value):
            deep = {"not": deep}
        value = deep

    with target.cheaply(f"variables: {name}"):
        answer = target.ask(text, variables={"v": value})

    if code == "VALIDATION":  # each item's own
        results = answer.json()["data"]["productBulkCreate"]["results"]
        errors = [error for result in results for error in result["userErrors"]]
        assert {result["index"] for result in results if result["userErrors"]} == set(range(10))
        assert {error["code"] for error in errors} == {code}
    else:
        errors = list(refused(answer, code, "BAD_REQUEST"))
    for error in errors:
        assert "sys." not in error["message"]
        assert len(error["message"]) < 1000


@pytest.mark.parametrize("name", BODIES)
def test_bodies(target: Target, name: str) -> None:
    body, headers, status = BODIES[name]

    with target.cheaply(f"body: {name}"):
        answer = target.send(body, headers)

    assert answer.status_code == status
    assert len(answer.content) < 64 * 1024


@pytest.mark.parametrize("name", TEXTS)
def test_texts(target: Target, name: str) -> None:
    text, value = TEXTS[name]
    body = json.dumps({"query": text, "variables": {"v": value}}, ensure_ascii=False).encode()
    with target.cheaply(f"texts: {name}"):
        answer = target.send(body)

    assert answer.status_code in (200, 400), answer.text[:500]
    assert "INTERNAL" not in answer.text
    assert "was not done in" not in answer.text


def test_an_address_as_long_as_one_may_be(target: Target) -> None:
    """Nobody has to sign in to ask so."""
    filter_ = json.dumps({"f": {"or": [{"or": [{}] * 55}] * 55}}, separators=(",", ":"))
    query = "query($f:ProductFilter){products(filter:$f){totalCount}}"
    with target.cheaply("a filter in the address"), httpx2.Client(timeout=60) as client:
        answer = client.get(target.url, params={"query": query, "variables": filter_})

    refused(answer, "BAD_USER_INPUT")


def test_an_idempotency_key_of_anything(target: Target) -> None:
    text = (
        'mutation ($k: String) { variantUpdate(idempotencyKey: $k, input: {id: "UHJvZHVjdFZhcmlhbnQ6MQ"}) '
        "{ userErrors { code } } }"
    )
    for key in ("\0", "", "a" * 256, "a\nb", "\u2028", "\x7f"):
        refused(target.ask(text, variables={"k": key}), "BAD_USER_INPUT")


# What is no HTTP, or comes too slowly


def received(connection: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def request(*headers: str, body: bytes = b"") -> bytes:
    head = (
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        "Connection: close",
        *headers,
    )
    return "\r\n".join((*head, "", "")).encode("latin-1") + body


HEADS: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"\0\1\2\3" * 100 + b"\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, 400),
    "two lengths": (request("Content-Length: 5", "Content-Length: 6", body=b"{}{}{}"), 400),
    "a length and chunks": (request("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "a length below 0": (request("Content-Length: -1"), 400),
    "a header that injects": (b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a\rb: c\r\n\r\n", 400),
    "NUL in a header": (b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \0\r\n\r\n", 400),
    "a megabyte of headers": (request(*(f"X-{n}: {'a' * 1000}" for n in range(1000))), 431),
    "a header of a megabyte": (request("X-A: " + "a" * 1_000_000), 431),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(target: Target, name: str) -> None:
    sent, status = HEADS[name]

    with target.watched(f"head: {name}"), target.connected() as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it answers before it has read everything
            connection.sendall(sent)
        answer = received(connection)

    if answer:  # the system may drop it with what was not read
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    else:
        assert status == 431


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.0"])
@pytest.mark.parametrize("apart", [False, True])
def test_an_offer_of_another_protocol_is_not_taken_and_loses_nothing(target: Target, offer: str, apart: bool) -> None:
    """The body, and a request right behind it, are read as they would be without the offer."""
    query = json.dumps({"query": "{ __typename }"}).encode()
    offering = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    first = request(f"Content-Length: {len(query)}", *offering).replace(b"Connection: close\r\n", b"")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(query), query)
    second = request("Transfer-Encoding: chunked", f"Upgrade: {offer}").replace(b"close", b"close, upgrade")

    with target.connected() as connection:
        for part in (first, query, second, chunks) if apart else (first + query + second + chunks,):
            connection.sendall(part)
            time.sleep(0.02 if apart else 0)
        answer = received(connection)

    assert answer.count(b"HTTP/1.1 200 OK") == 2, answer
    assert answer.count(b'{"data":{"__typename":"Query"}}') == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer " + "a" * 60_000),
        ("Authorization", "Bearer \xff\xfe"),
        ("Authorization", "Basic AAAA"),
        ("X-Request-ID", "a" * 60_000),
        ("Accept", "a/b," * 15_000),
        ("Content-Type", "application/json; " + "charset=a;" * 5000),
        ("Origin", "\xff" * 1000),
    ],
)
def test_header_values(target: Target, name: str, value: str) -> None:
    body = b'{"query": "{ __typename }"}'
    with target.watched(f"header: {name}"), target.connected() as connection:
        connection.sendall(request(f"{name}: {value}", f"Content-Length: {len(body)}", body=body))
        answer = received(connection)

    assert 200 <= int(answer.split()[1]) < 500
    assert value[:200].encode("latin-1") not in answer


def test_a_body_that_does_not_come(target: Target) -> None:
    with target.watched("a body that does not come"), target.connected() as connection:
        connection.sendall(request("Content-Length: 100", body=b'{"query": '))
        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive in 1 s" in answer


def test_a_body_that_comes_in_drops(target: Target) -> None:
    with target.watched("a body in drops"), target.connected() as connection:
        connection.sendall(request("Content-Length: 1000"))
        ended = b""
        connection.settimeout(0.1)
        deadline = time.monotonic() + 20
        while not ended and time.monotonic() < deadline:
            connection.sendall(b" ")
            try:
                ended = connection.recv(65536)
            except TimeoutError:
                continue

    assert ended.startswith(b"HTTP/1.1 408 ")


def test_heads_that_do_not_come(target: Target) -> None:
    """Whoever opens connections and says little is hung up on, all of them."""
    with target.watched("100 slow heads"):
        connections = [socket.create_connection(target.address, timeout=60) for _ in range(100)]
        try:
            for connection in connections[:50]:
                connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: ")
            answers = [received(connection) for connection in connections]
        finally:
            for connection in connections:
                connection.close()

    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers[:50])
    assert not any(answers[50:])


def served_again(target: Target) -> None:
    """What was begun is still worked on; then everybody is served as before."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = target.ask("{ products { totalCount } }")
        if answer.status_code == 200:
            assert answer.json() == {"data": {"products": {"totalCount": 300}}}
            return
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) == 1
    raise AssertionError("not served again")


def test_answers_that_nobody_reads(target: Target) -> None:
    body = json.dumps({"query": MOST_ROWS}).encode()
    with target.watched("20 answers that nobody reads"):
        connections = []
        for _ in range(20):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect(target.address)
            connection.sendall(request(f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(body)}", body=body))
            connections.append(connection)
        assert target.ask("{ products { totalCount } }").status_code in {200, 503}  # 503: in a few seconds again
        for connection in connections:
            connection.close()
    served_again(target)


def test_clients_that_leave(target: Target) -> None:
    body = json.dumps({"query": MOST_ROWS}).encode()
    with target.watched("20 clients that leave"):
        for _ in range(20):
            with target.connected() as connection:
                connection.sendall(request(f"Authorization: Bearer {TOKEN}", f"Content-Length: {len(body)}", body=body))
        served_again(target)


def test_different_documents_do_not_pile_up(target: Target) -> None:
    """Prepared documents are kept within a bound of memory; each of these takes megabytes."""
    fields = " ".join(f"a{n}: description" for n in range(490))
    with target.watched("20 different large documents"):
        for n in range(20):
            assert target.ask(f"query q{n} {{ __schema {{ {fields} }} }}").status_code == 200


def test_a_server_after_all_that_is_as_good_as_before(target: Target) -> None:
    assert target.ask("{ products { totalCount } }").json() == {"data": {"products": {"totalCount": 300}}}
