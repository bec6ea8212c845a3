"""Receivers that hang, flood, break off and lie: each is a failure with its reason, or an answer that says what is
missing. Where a client gives up by the clock, it does so soon, and what it waits for never comes."""

import asyncio
import gzip
import ssl
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from connectors.outbound.client import Outbound, Times
from connectors.outbound.message import MIB, Answer, Failure, Kind, Outcome, Request
from connectors.outbound.watching import MOST_INTERIM
from tests.connectors.outbound.receiver import LOOPBACK, Behaviour, Exchange, polite, receiving

HEAD = b"HTTP/1.1 200 OK\r\n"
# Compressed nothing, of which there can be any amount.
EMPTY_GZIP = b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff"
EMPTY_BLOCK = b"\0\0\0\xff\xff"


def after_request(data: bytes, then: Callable[[Exchange], Awaitable[None]] = Exchange.left) -> Behaviour:
    """Takes a request, sends these bytes, and then waits for the client to go, or does what is given."""

    async def behave(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(data)
        await then(exchange)

    return behave


async def ends(exchange: Exchange) -> None:
    """Closes in an orderly way."""


async def resets(exchange: Exchange) -> None:
    exchange.reset()


async def half_closes(exchange: Exchange) -> None:
    exchange.half_close()
    await exchange.left()


def endless(piece: bytes) -> Callable[[Exchange], Awaitable[None]]:
    async def send(exchange: Exchange) -> None:
        while True:
            await exchange.send(piece)

    return send


def dripping(piece: bytes) -> Callable[[Exchange], Awaitable[None]]:
    """Fast enough for whoever waits for the next byte only."""

    async def drip(exchange: Exchange) -> None:
        while True:
            await exchange.send(piece)
            await asyncio.sleep(0.01)

    return drip


async def failed(client: Outbound, behaviour: Behaviour, **options: object) -> Failure:
    """The failure, when the connection is closed at the receiver's end, too."""
    async with receiving(behaviour) as receiver:
        outcome = await client.send(Request("POST", receiver.url, body=b"{}", **options))  # type: ignore[arg-type]
        await receiver.ended.get()
    assert isinstance(outcome, Failure), outcome
    assert outcome.reason
    return outcome


@pytest.mark.parametrize(
    ("behaviour", "kind", "status"),
    [
        (after_request(b""), Kind.ANSWER_TIMEOUT, None),
        (after_request(b"", dripping(b"H")), Kind.PROTOCOL, None),
        (after_request(HEAD, dripping(b"X: y\r\n")), Kind.ANSWER_TIMEOUT, None),
        (after_request(HEAD + b"X: ", dripping(b"y")), Kind.ANSWER_TIMEOUT, None),
        (after_request(HEAD, half_closes), Kind.CLOSED, None),
        (after_request(HEAD + b"Content-Length: 9\r\n\r\nx"), Kind.BODY_TIMEOUT, 200),
        (after_request(HEAD + b"\r\n", dripping(b"x")), Kind.BODY_TIMEOUT, 200),
        (after_request(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", dripping(b"1\r\nx\r\n")), Kind.BODY_TIMEOUT, 200),
        (after_request(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", dripping(b"0")), Kind.BODY_TIMEOUT, 200),
        (after_request(HEAD + EMPTY_GZIP, dripping(EMPTY_BLOCK)), Kind.BODY_TIMEOUT, 200),
    ],
)
async def test_what_never_ends_ends_by_the_clock(
    hasty: Outbound, behaviour: Behaviour, kind: Kind, status: int | None
) -> None:
    failure = await failed(hasty, behaviour)

    assert (failure.kind, failure.status) == (kind, status)


@pytest.mark.parametrize(
    ("behaviour", "kind", "status"),
    [
        (after_request(b"", ends), Kind.CLOSED, None),
        (after_request(b"", half_closes), Kind.CLOSED, None),
        (after_request(HEAD, ends), Kind.CLOSED, None),
        (after_request(HEAD + b"Content-Length: 9\r\n\r\nx", ends), Kind.CLOSED, 200),
        (after_request(HEAD + b"Content-Length: 9\r\n\r\nx", half_closes), Kind.CLOSED, 200),
        (after_request(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", ends), Kind.CLOSED, 200),
        (after_request(b"", resets), Kind.RESET, None),
        (after_request(HEAD + b"Content-Length: 9\r\n\r\nx", resets), Kind.RESET, 200),
        (after_request(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", resets), Kind.RESET, 200),
    ],
)
async def test_what_breaks_off(client: Outbound, behaviour: Behaviour, kind: Kind, status: int | None) -> None:
    failure = await failed(client, behaviour)

    assert failure.kind is kind
    assert failure.status in (status, None)
    assert not failure.unsent


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 -1 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b": no name\r\n\r\n",
        HEAD + b"X: a\0b\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n",
        HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
        HEAD + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        HEAD + b"X" * 20_000 + b": y\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 20_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http(client: Outbound, answer: bytes) -> None:
    failure = await failed(client, after_request(answer))

    assert failure.kind is Kind.PROTOCOL
    assert failure.reason.isprintable()
    assert len(failure.reason) < 300


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_speaks_first_is_no_http(method: str, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """On the loop of a server it is here before the request is written, which then is not: no connection was reset."""

    async def greets(exchange: Exchange) -> None:
        await exchange.send(b"SSH-2.0-OpenSSH_9.9\r\n")
        await exchange.left()

    async def asked() -> Outcome:
        async with Outbound(LOOPBACK) as client, receiving(greets) as receiver:
            return await client.send(Request(method, receiver.url, body=b"{}" if method == "POST" else None))

    with asyncio.Runner(loop_factory=loop) as runner:
        for _ in range(5):
            failure = runner.run(asked())
            assert isinstance(failure, Failure)
            assert (failure.kind, failure.reason.split(":")[0]) == (Kind.PROTOCOL, "What answers does not speak HTTP")


async def test_heads_without_an_end_are_not_kept(client: Outbound) -> None:
    failure = await failed(client, after_request(HEAD + b"X: ", endless(b"y" * 65536)))
    assert failure.kind is Kind.PROTOCOL

    failure = await failed(client, after_request(HEAD, endless(b"X: y\r\n" * 1000)))
    assert failure.kind is Kind.PROTOCOL


async def test_announcements_without_an_end(client: Outbound) -> None:
    failure = await failed(client, after_request(b"", endless(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)))

    assert failure.kind is Kind.PROTOCOL


async def test_a_few_announcements_are_fine(client: Outbound) -> None:
    announced = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * MOST_INTERIM
    ok = HEAD + b"Content-Length: 2\r\n\r\nok"

    async def twice(exchange: Exchange) -> None:
        for _ in range(2):
            await exchange.read()
            await exchange.send(announced + ok)

    async with receiving(twice) as receiver:
        for _ in range(2):
            answer = await client.send(Request("GET", receiver.url))
            assert isinstance(answer, Answer)
            assert answer.body == b"ok"
        assert len(receiver.exchanges) == 1


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (EMPTY_GZIP, EMPTY_BLOCK * 10_000),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 4096),
        (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y" * 65536),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
async def test_bytes_that_become_no_body_have_an_end(client: Outbound, head: bytes, piece: bytes, whole: bool) -> None:
    async with receiving(after_request(HEAD + head, endless(piece))) as receiver:
        outcome = await client.send(Request("POST", receiver.url, body=b"{}", whole=whole))
        await receiver.ended.get()

    if isinstance(outcome, Answer):
        assert not whole
        assert len(outcome.body) < MIB // 2
        assert outcome.cut
    else:
        assert outcome.kind in (Kind.TOO_LARGE, Kind.PROTOCOL)


BODIES = {
    "1 GB by its length": (b"Content-Length: 1000000000", b"x" * 65536),
    "endless": (b"Connection: close", b"x" * 65536),
    "endless chunks": (b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "endless chunks of a few bytes": (b"Transfer-Encoding: chunked", b"8\r\nxxxxxxxx\r\n" * 4096),
    "one chunk without an end": (b"Transfer-Encoding: chunked\r\n\r\nffffffffff", b"x" * 65536),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("whole", [False, True])
async def test_what_is_too_long_is_cut_and_the_receiver_left(client: Outbound, body: str, whole: bool) -> None:
    header, piece = BODIES[body]
    # A header that ends the head by itself has its own.
    end = b"\r\n" if b"\r\n" in header else b"\r\n\r\n"
    async with receiving(after_request(HEAD + header + end, endless(piece))) as receiver:
        outcome = await client.send(Request("POST", receiver.url, body=b"{}", whole=whole))
        await receiver.ended.get()

    if whole:
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.status) == (Kind.TOO_LARGE, 200)
    else:
        assert isinstance(outcome, Answer)
        assert outcome.body == b"x" * MIB
        assert outcome.cut is not None
        assert str(MIB) in outcome.cut


def bomb(times: int) -> bytes:
    """Zeros in a thousandth of their space."""
    squeeze = zlib.compressobj(wbits=31)
    return b"".join(squeeze.compress(bytes(MIB)) for _ in range(times)) + squeeze.flush()


async def test_a_compressed_bomb_takes_no_more_than_what_is_kept(client: Outbound) -> None:
    squeezed = bomb(64)

    async def bombing(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(squeezed, b"Content-Encoding: gzip")
        await exchange.left()

    async with receiving(bombing) as receiver:
        tracemalloc.start()
        try:
            outcome = await client.send(Request("GET", receiver.url))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert isinstance(outcome, Answer)
    assert outcome.body == bytes(MIB)
    assert outcome.cut is not None
    assert most < 8 * MIB


async def test_a_whole_answer_is_never_a_part_of_a_bomb(client: Outbound) -> None:
    squeezed = bomb(2)

    async def bombing(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(squeezed, b"Content-Encoding: gzip")

    async with receiving(bombing) as receiver:
        outcome = await client.send(Request("GET", receiver.url, whole=True))

    assert isinstance(outcome, Failure)
    assert outcome.kind is Kind.TOO_LARGE


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", b"hello"),
        (b"gzip", gzip.compress(b"hello" * 1000, mtime=0)[:-9]),
        (b"deflate", b"hello"),
        (b"gzip, gzip", gzip.compress(gzip.compress(b"hello", mtime=0), mtime=0)),
        (b"br", b"\x0b\x02\x80hello\x03"),
        (b"zstd", b"hello"),
    ],
)
async def test_what_cannot_be_decompressed(client: Outbound, coding: bytes, body: bytes) -> None:
    """The receiver did answer: its status counts, and what is missing of the body is said."""

    async def answering(exchange: Exchange) -> None:
        while True:
            await exchange.read()
            await exchange.answer(body, b"Content-Encoding: " + coding)

    async with receiving(answering) as receiver:
        answer = await client.send(Request("GET", receiver.url))
        failure = await client.send(Request("GET", receiver.url, whole=True))

    assert isinstance(answer, Answer)
    assert answer.status == 200
    assert answer.cut
    assert isinstance(failure, Failure)
    assert failure.kind is Kind.PROTOCOL


async def test_an_answer_before_the_question_is_for_nobody_else(client: Outbound) -> None:
    """A second answer on a connection that is kept would be taken for that of the next request."""
    ok = HEAD + b"Content-Length: 2\r\n\r\n"

    async def splitting(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.send(ok + b"ok" + ok + b"no")
        await exchange.left()

    async with receiving(splitting) as receiver:
        first = await client.send(Request("GET", receiver.url))
        second = await client.send(Request("GET", receiver.url))

    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert (first.body, second.body) == (b"ok", b"ok")
    assert len(receiver.exchanges) == 2


async def test_a_caller_who_gives_up_closes_the_connection(client: Outbound) -> None:
    asked = asyncio.Event()

    async def hanging(exchange: Exchange) -> None:
        await exchange.read()
        asked.set()
        await exchange.left()

    async with receiving(hanging) as receiver:
        sending = asyncio.create_task(client.send(Request("GET", receiver.url)))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await receiver.ended.get()


async def test_a_request_has_a_deadline_of_its_own(client: Outbound) -> None:
    failure = await failed(client, after_request(b""), seconds=0.1)

    assert failure.kind is Kind.ANSWER_TIMEOUT
    assert "0.1 seconds" in failure.reason


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (after_request(b""), Kind.ANSWER_TIMEOUT),
        (after_request(HEAD + b"Content-Length: 9\r\n\r\nx"), Kind.BODY_TIMEOUT),
    ],
)
async def test_silence_has_a_deadline_of_its_own(trust: ssl.SSLContext, behaviour: Behaviour, kind: Kind) -> None:
    async with Outbound(LOOPBACK, Times(silence=0.5), tls=trust) as client:
        failure = await failed(client, behaviour)

    assert failure.kind is kind
    assert failure.reason.startswith("Nothing came")


async def test_a_receiver_that_hangs_holds_up_nobody_else(client: Outbound) -> None:
    async with receiving(after_request(b"")) as hanging, receiving(polite) as receiver:
        waiting = [asyncio.create_task(client.send(Request("GET", hanging.url))) for _ in range(50)]
        for _ in range(5):
            assert isinstance(await client.send(Request("GET", receiver.url)), Answer)
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("unasked", [HEAD + b"Content-Length: 2\r\n\r\nno", b"HTTP/1.1 100 Continue\r\n\r\n", b"no"])
async def test_an_answer_that_nobody_asked_for_is_no_answer(client: Outbound, unasked: bytes) -> None:
    """It comes while the connection waits for the next request."""
    taken, sent = asyncio.Event(), asyncio.Event()

    async def telling(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer()
        await taken.wait()
        if not sent.is_set():
            await exchange.send(unasked)
            sent.set()
        await exchange.left()

    async with receiving(telling) as receiver:
        first = await client.send(Request("GET", receiver.url))
        taken.set()
        await sent.wait()
        for _ in range(10):  # what came is read by the loop
            await asyncio.sleep(0)
        second = await client.send(Request("GET", receiver.url))

        assert isinstance(first, Answer)
        assert isinstance(second, Answer)
        assert second.body == b"ok"
        assert len(receiver.exchanges) == 2
