"""What does one POST cost its sender, by the client it is sent with? Processor time, not the clock.

    python bench/clients.py [--loop uvloop] [--rounds 9]

A receiver in a process of its own answers at once. The senders have turns (A B C A B C …), each of as many POSTs of a
kilobyte, on connections that are kept or new for each; the processor time of this process is counted, and the median of
the rounds printed, the least and greatest beside it. Results: docs/adr/0037-one-outbound-client.md.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from ipaddress import ip_network
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp
import httpcore2
import httpx2

from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Request
from connectors.outbound.reach import Reach, read_address
from connectors.outbound.resolving import by_the_system

REACH: Final = Reach([ip_network("127.0.0.0/8"), ip_network("::1")])
BODY: Final = b'{"event":"product.updated","data":"' + b"x" * 960 + b'"}'
HEADERS: Final = {
    "Content-Type": "application/json",
    "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "webhook-timestamp": "1674087231",
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
}
POSTS: Final = 200  # in a turn
AT_ONCE: Final = 20
Send = Callable[[str], Awaitable[None]]


class _Answering(asyncio.Protocol):
    """Answers every POST of this length; closes after the answer where its path says so."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if end and len(body) >= len(BODY):
            self._buffer = b""
            close = b"/new" in head[:200]
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
                + (b"Connection: close\r\n\r\nok" if close else b"\r\nok")
            )
            if close:
                self._transport.close()


def receive(tell: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class _Pinning(httpcore2.AsyncNetworkBackend):
    """httpx2 with the same promise: the address is checked and connected to."""

    def __init__(self) -> None:
        self._inner = httpcore2.AnyIOBackend()
        self._known: dict[str, str] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (as httpcore2 names it)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        if host not in self._known:
            found = await by_the_system(host)
            self._known[host] = next(a for a in found if REACH.refusal(read_address(a)) is None)
        return await self._inner.connect_tcp(self._known[host], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def senders(stack: AsyncExitStack) -> dict[str, Send]:
    ours = await stack.enter_async_context(Outbound(REACH))
    bare_aiohttp = await stack.enter_async_context(aiohttp.ClientSession())
    bare_httpx2 = await stack.enter_async_context(httpx2.AsyncClient())
    transport = httpx2.AsyncHTTPTransport()
    transport._pool._network_backend = _Pinning()
    pinned_httpx2 = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, trust_env=False))
    pairs = list(HEADERS.items())

    async def by_ours(url: str) -> None:
        assert isinstance(await ours.send(Request("POST", url, pairs, BODY)), Answer)

    async def by_aiohttp(url: str) -> None:
        async with bare_aiohttp.post(url, data=BODY, headers=HEADERS) as response:
            await response.read()

    async def by_httpx2(url: str) -> None:
        (await bare_httpx2.post(url, content=BODY, headers=HEADERS)).raise_for_status()

    async def by_pinned_httpx2(url: str) -> None:
        (await pinned_httpx2.post(url, content=BODY, headers=HEADERS)).raise_for_status()

    return {
        "connectors/outbound": by_ours,
        "aiohttp, nothing checked": by_aiohttp,
        "httpx2, nothing checked": by_httpx2,
        "httpx2, address checked": by_pinned_httpx2,
        "a socket, nothing parsed": by_hand(),
    }


def by_hand() -> Send:
    """What any client has to do at least: bytes out, bytes in. A connection is kept by whoever is done with it."""
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    kept: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(url: str) -> None:
        host, _, path = url.removeprefix("http://").partition("/")
        new = path == "new"
        name, _, port = host.partition(":")
        reader, writer = kept.pop() if kept and not new else await asyncio.open_connection(name, int(port))
        written = f"POST /{path} HTTP/1.1\r\nHost: {host}\r\n{head}Content-Length: {len(BODY)}\r\n\r\n"
        writer.write(written.encode() + BODY)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        if new:
            writer.close()
        else:
            kept.append((reader, writer))

    return send


async def turn(send: Send, url: str) -> float:
    """Microseconds of the processor for one POST."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with turns:
            await send(url)

    began = time.process_time()
    await asyncio.gather(*(one() for _ in range(POSTS)))
    return (time.process_time() - began) / POSTS * 1e6


async def measure(port: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        sends = await senders(stack)
        for what, path in (("kept connections", "kept"), ("a new connection each", "new")):
            url = f"http://localhost:{port}/{path}"
            taken: dict[str, list[float]] = {name: [] for name in sends}
            for number in range(rounds + 1):
                for name, send in sends.items():
                    microseconds = await turn(send, url)
                    if number:  # the first warms up
                        taken[name].append(microseconds)
            print(f"\n{what}, {AT_ONCE} at once: microseconds of the processor for a POST")
            for name, each in taken.items():
                print(f"  {name:28} {statistics.median(each):7.0f}  ({min(each):.0f} to {max(each):.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="uvloop")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=receive, args=(theirs,), daemon=True)
    receiver.start()
    try:
        measuring = measure(ours.recv(), given.rounds)
        if given.loop == "uvloop":
            import uvloop

            uvloop.run(measuring)
        else:
            asyncio.run(measuring)
    finally:
        receiver.terminate()


if __name__ == "__main__":
    main()
