"""A receiver on loopback that does what a test tells it, down to the bytes, and remembers what reached it."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from connectors.outbound.reach import Reach

# What lets a client ask the receivers of a test.
LOOPBACK: Final = Reach([ip_network("127.0.0.0/8")])


class Exchange:
    """One connection. `received` is what `read` has taken, a request each."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.received: list[bytes] = []

    async def read(self) -> bytes:
        """The next request, head and body. Raises IncompleteReadError when there is none."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self.received.append(head + await self._reader.readexactly(length))
        return self.received[-1]

    async def take(self, count: int) -> bytes:
        """So many bytes, whatever they are."""
        return await self._reader.readexactly(count)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes = b"ok", *headers: bytes, status: bytes = b"200 OK") -> None:
        lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
        await self.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    async def left(self) -> None:
        """Returns when the other side has closed the connection."""
        with suppress(OSError):
            while await self._reader.read(65536):
                pass

    def half_close(self) -> None:
        self._writer.write_eof()

    def reset(self) -> None:
        """Closes as a process that was killed does: what was not read is lost, and the other side told so."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class Receiver:
    host: str
    port: int
    exchanges: list[Exchange] = field(default_factory=list)
    ended: asyncio.Queue[None] = field(default_factory=asyncio.Queue)  # an entry for each exchange that is over

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def requests(self) -> list[bytes]:
        return [request for exchange in self.exchanges for request in exchange.received]


async def polite(exchange: Exchange) -> None:
    """Answers `ok` to everything."""
    while True:
        await exchange.read()
        await exchange.answer()


@asynccontextmanager
async def receiving(
    behaviour: Behaviour = polite, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    tasks: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(reader, writer)
        receiver.exchanges.append(exchange)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            # The other side may leave whenever it likes.
            with suppress(OSError, asyncio.IncompleteReadError):
                await behaviour(exchange)
        except asyncio.CancelledError:
            pass  # the test is over; a cancelled handler would be reported as an error
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            receiver.ended.put_nowait(None)
            tasks.discard(task)

    server = await asyncio.start_server(converse, host, port, ssl=tls)
    receiver = Receiver(host, server.sockets[0].getsockname()[1])
    try:
        yield receiver
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
