"""A way out for a client of somebody else's making, which looks up names and follows redirects by itself: a proxy on
the loopback that leads to addresses that may be asked and nowhere else (docs/adr/0063-stores-set-at-run-time.md).

TLS passes through it unread (`CONNECT`). What is asked without TLS gets a connection for each request, so that no
second one goes where the first was led.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from connectors.outbound.reach import PUBLIC, Reach
from connectors.outbound.resolving import Resolve, Resolver, by_the_system

CONNECT_SECONDS: Final = 5.0
# A head is sent at once by whoever is next door.
_HEAD_SECONDS: Final = 5.0
_LONGEST_HEAD: Final = 64 * 1024
_PIECE: Final = 64 * 1024
# For as long as this nothing passes in either direction: whoever asked has given up by then.
_SILENT_SECONDS: Final = 120.0
_PORTS: Final = {"http": 80, "https": 443}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Door:
    """`url` opens it at its first use, for the process that asks; whoever does not have that URL does not get through.
    `close` it in the end."""

    def __init__(self, reach: Reach = PUBLIC, *, resolve: Resolve | None = None) -> None:
        self.reach = reach
        self._resolver = Resolver(reach, resolve or by_the_system)
        self._token = secrets.token_urlsafe(24)
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._passing: set[asyncio.Task[None]] = set()

    async def url(self) -> str:
        """What a client takes as its proxy."""
        async with self._opening:
            if self._server is None:
                self._server = await asyncio.start_server(self._entered, "127.0.0.1", 0, limit=_LONGEST_HEAD)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://door:{self._token}@127.0.0.1:{port}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in tuple(self._passing):
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def _entered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._let_through(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _let_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._led(reader, writer)
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError):
            pass  # one of the two is gone, or what is said is no HTTP
        finally:
            writer.close()

    async def _led(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        fields = {line.partition(":")[0].strip().lower(): line.partition(":")[2].strip() for line in lines if line}
        if not self._is_ours(fields.get("proxy-authorization", "")):
            await _answered(writer, 407, "Proxy Authentication Required")
            return
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        port = parts.port or _PORTS.get(parts.scheme)
        if not parts.hostname or port is None or (not tunnel and parts.scheme != "http"):
            await _answered(writer, 400, "Bad Request")
            return
        try:
            outer_reader, outer_writer = await self._connected(parts.hostname, port)
        except OSError:  # TimeoutError and RefusedAddress are among them
            await _answered(writer, 502, "Bad Gateway")
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                kept = [line for line in lines if line and not line.lower().startswith(("proxy-", "connection:"))]
                outer_writer.write(
                    "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1")
                )
            await _joined((reader, writer), (outer_reader, outer_writer))
        finally:
            outer_writer.close()

    def _is_ours(self, given: str) -> bool:
        expected = "Basic " + base64.b64encode(f"door:{self._token}".encode()).decode()
        return secrets.compare_digest(given.encode(), expected.encode())

    async def _connected(self, host: str, port: int) -> Streams:
        """To the first of the host's addresses that may be asked and answers. Raises OSError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            failed: OSError = OSError("no address")
            for found in await self._resolver.resolve(host, port):
                try:
                    return await asyncio.open_connection(found["host"], port)
                except OSError as error:
                    failed = error
            raise failed


async def _joined(inner: Streams, outer: Streams) -> None:
    """Until both sides have said all they had to say, one is gone, or neither says anything any more."""
    clock = asyncio.get_running_loop().time
    last = clock()

    def heard() -> None:
        nonlocal last
        last = clock()

    ways = {
        asyncio.create_task(_passed(inner[0], outer[1], heard)),
        asyncio.create_task(_passed(outer[0], inner[1], heard)),
    }
    left = ways
    try:
        while left and clock() - last < _SILENT_SECONDS:
            done, left = await asyncio.wait(left, timeout=_SILENT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if any(way.exception() is not None for way in done):
                break
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Callable[[], None]) -> None:
    while piece := await reader.read(_PIECE):
        heard()
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _answered(writer: asyncio.StreamWriter, status: int, words: str) -> None:
    writer.write(f"HTTP/1.1 {status} {words}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
