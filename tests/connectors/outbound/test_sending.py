"""What a receiver gets, to the byte, and what is made of its answer."""

import gzip
import zlib

import pytest

from connectors.outbound import headers
from connectors.outbound.client import Outbound
from connectors.outbound.message import MIB, Answer, Failure, Kind, Request
from connectors.outbound.url import checked_url, parsed
from tests.connectors.outbound.receiver import LOOPBACK, Exchange, receiving


def of(outcome: Answer | Failure) -> Answer:
    assert isinstance(outcome, Answer), outcome
    return outcome


@pytest.mark.parametrize("method", headers.METHODS)
@pytest.mark.parametrize("body", [None, b"", b'{"a":1}'])
async def test_a_dry_run_shows_what_is_sent(client: Outbound, method: str, body: bytes | None) -> None:
    async with receiving(lambda exchange: head_or_body(exchange, method)) as receiver:
        request = Request(
            method, f"{receiver.url}/in?a=1", [("X-One", "1"), ("x-two", "zwei ü"), ("Accept", "a/b")], body
        )
        answer = of(await client.send(request))

    url = checked_url(request.url, LOOPBACK)
    shown = f"{method} {url.target} HTTP/1.1\r\n"
    shown += "".join(f"{name}: {value}\r\n" for name, value in headers.sent(request, url))
    assert receiver.requests == [f"{shown}\r\n".encode() + (body or b"")]
    assert answer.status == 200


async def head_or_body(exchange: Exchange, method: str) -> None:
    await exchange.read()
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if method == "HEAD" else b"ok"))


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("", "/"),
        ("?", "/"),
        ("/a/../b//c/./", "/a/../b//c/./"),
        ("/a%2fb%2F%c3%bc", "/a%2fb%2F%c3%bc"),
        ("/ü x", "/%C3%BC%20x"),
        ("?q=a+b%20c&&q=&ü", "/?q=a+b%20c&&q=&%C3%BC"),
        ("/{x}|'\"<>[]^`~!*()", "/{x}|'\"<>[]^`~!*()"),
        ("/%", "/%"),
    ],
)
async def test_path_and_query_are_sent_as_they_are_signed(client: Outbound, written: str, sent: str) -> None:
    async with receiving() as receiver:
        of(await client.send(Request("GET", receiver.url + written)))

    assert parsed(receiver.url + written).target == sent
    assert receiver.requests[0].startswith(f"GET {sent} HTTP/1.1\r\n".encode())


async def test_an_answer_is_told_as_it_came(client: Outbound) -> None:
    async def answering(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(b"a\0b\xff", b"Retry-After: 7", b"X: \xff\xc3\xbc", b"X: 2", status=b"429 No")

    async with receiving(answering) as receiver:
        answer = of(await client.send(Request("POST", receiver.url, body=b"{}")))

    assert (answer.status, answer.body, answer.cut) == (429, b"a\0b\xff", None)
    assert answer.header("retry-after") == "7"
    assert answer.headers[-2:] == (("x", "\ufffdü"), ("x", "2"))
    assert answer.excerpt() == "a\ufffdb\ufffd"
    assert answer.excerpt(1) == "a"


async def test_connections_are_kept_for_the_next_request(client: Outbound) -> None:
    async with receiving() as receiver:
        for _ in range(5):
            of(await client.send(Request("POST", receiver.url, body=b"{}")))

        assert len(receiver.exchanges) == 1
        assert len(receiver.requests) == 5


@pytest.mark.parametrize("status", [b"301 M", b"302 F", b"303 S", b"307 T", b"308 P"])
async def test_redirects_are_answers(client: Outbound, status: bytes) -> None:
    async def leading(exchange: Exchange) -> None:
        while True:
            await exchange.read()
            await exchange.answer(b"", b"Location: /elsewhere", status=status)

    async with receiving(leading) as receiver:
        answer = of(await client.send(Request("GET", receiver.url)))

    assert answer.status == int(status[:3])
    assert len(receiver.requests) == 1


async def test_cookies_are_nobodys(client: Outbound) -> None:
    async def giving(exchange: Exchange) -> None:
        while True:
            await exchange.read()
            await exchange.answer(b"", b"Set-Cookie: session=1; Path=/")

    async with receiving(giving) as receiver:
        for _ in range(2):
            of(await client.send(Request("GET", receiver.url)))

    assert b"ookie" not in b"".join(receiver.requests)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_nothing_is_read_from_the_surroundings(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(netrc.parent))
    async with receiving() as proxy, receiving() as receiver:
        monkeypatch.setenv(name, proxy.url)
        async with Outbound(LOOPBACK) as client:
            of(await client.send(Request("GET", receiver.url)))

        assert proxy.exchanges == []
        assert b"uthorization" not in receiver.requests[0]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(b"hello", mtime=0)),
        (b"x-gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0)),
        (b"GZIP", gzip.compress(b"hello", mtime=0) + b"\0\0\0"),
        (b"deflate", zlib.compress(b"hello")),
        (b"deflate", zlib.compress(b"hello", wbits=-15)),
        (b"identity", b"hello"),
    ],
)
async def test_compressed_answers_are_read(client: Outbound, coding: bytes, body: bytes) -> None:
    async def compressing(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(body, b"Content-Encoding: " + coding)

    async with receiving(compressing) as receiver:
        answer = of(await client.send(Request("GET", receiver.url)))

    assert (answer.body, answer.cut) == (b"hello", None)


@pytest.mark.parametrize("length", [0, 1, 65536, MIB - 1, MIB])
@pytest.mark.parametrize("compressed", [False, True])
async def test_an_answer_of_a_mebibyte_is_whole(client: Outbound, length: int, compressed: bool) -> None:
    async def answering(exchange: Exchange) -> None:
        await exchange.read()
        body = b"x" * length
        if compressed:
            await exchange.answer(gzip.compress(body), b"Content-Encoding: gzip")
        else:
            await exchange.answer(body)

    async with receiving(answering) as receiver:
        answer = of(await client.send(Request("GET", receiver.url, whole=True)))

    assert (len(answer.body), answer.cut) == (length, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\0"),
        ("X", "\ud800"),
        ("X", " a"),
        ("X", "x" * 5000),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("Ü", "a"),
        ("Host", "other.example"),
        ("content-length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Expect", "100-continue"),
    ],
)
async def test_headers_that_would_say_something_else_are_not_sent(client: Outbound, name: str, value: str) -> None:
    async with receiving() as receiver:
        failure = await client.send(Request("GET", receiver.url, [(name, value)]))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.HEADER
    assert failure.lasting
    assert failure.unsent
    assert receiver.exchanges == []


@pytest.mark.parametrize("method", ["get", "TRACE", "CONNECT", "GET /x", "A\r\nB", ""])
async def test_unknown_methods_are_not_sent(client: Outbound, method: str) -> None:
    failure = await client.send(Request(method, "http://127.0.0.1:1"))

    assert isinstance(failure, Failure)
    assert failure.kind is Kind.HEADER
