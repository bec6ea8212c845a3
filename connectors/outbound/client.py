"""The only HTTP client of the project: whatever asks the outside, of an address that somebody gave, asks through it.

An address is checked and the connection made to that very address, so that a name which leads elsewhere the next time
changes nothing; certificate, SNI and Host are the name's. No redirect is followed, no cookie kept, and nothing is read
from proxy variables or `.netrc`. What a receiver sends is bounded in time and size.

`SSL_CERT_FILE` and `SSL_CERT_DIR` are OpenSSL's own, for a certificate authority of one's own.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from socket import socket
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from connectors.outbound import headers
from connectors.outbound.body import Unreadable, decoding
from connectors.outbound.failing import Stage, told
from connectors.outbound.message import Answer, Failure, Kind, Outcome, Request, received
from connectors.outbound.reach import PUBLIC, Reach, read_address
from connectors.outbound.resolving import RefusedAddress, Resolve, Resolver, by_the_system
from connectors.outbound.url import BadUrl, Url, parsed
from connectors.outbound.watching import CONNECTED, LONGEST_LINE, MOST_HEADERS, Connector

# Node and uvicorn close a connection that nobody used for 5 seconds; a request that is sent just then is lost.
KEPT_SECONDS: Final = 4.0
# How long a name leads where it led; the addresses were checked.
REMEMBERED_SECONDS: Final = 10
# What is read of a body before it is looked at.
_BUFFER: Final = 64 * 1024
_FLOOD: Final = "The answer goes on and becomes no longer: the rest was not read"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. `connect`: until there is a connection, with the name looked up and TLS agreed; `total`: from the call
    to the last byte; `silence`: from one byte of an answer to the next, as long as the whole where it is None."""

    connect: float = 5.0
    total: float = 30.0
    silence: float | None = None


@cache
def _authorities() -> ssl.SSLContext:
    """The system's, for all clients of a process: reading them takes 35 ms."""
    return ssl.create_default_context()


class Outbound:
    """Use as `async with`, one for all that a process asks: connections are kept by host and port.

    `reach`    the addresses that may be asked
    `resolve`  instead of the system's resolver
    `tls`      whom to trust instead of the system's authorities

    Requests are not counted or queued here: who asks caps what is under way.
    """

    def __init__(
        self,
        reach: Reach = PUBLIC,
        times: Times = Times(),
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.reach = reach
        self._times = times
        self._resolver = Resolver(reach, resolve or by_the_system)
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = Connector(
            resolver=self._resolver,
            socket_factory=self._socket,
            ssl=self._tls or _authorities(),
            limit=0,
            ttl_dns_cache=REMEMBERED_SECONDS,
            keepalive_timeout=KEPT_SECONDS,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._times.connect, sock_read=self._times.silence),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            read_bufsize=_BUFFER,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()
        self._session = None

    async def send(self, request: Request) -> Outcome:
        """What the receiver answers, or why there is no answer; nothing that a receiver does is raised. Cancelling it
        closes the connection."""
        begun = monotonic()
        try:
            url = parsed(request.url)
        except BadUrl as bad:
            return Failure(Kind.URL, str(bad), monotonic() - begun)
        if (why := headers.refusal(request)) is not None:
            return Failure(Kind.HEADER, why, monotonic() - begun)
        # A connector looks up names, and takes an address as it is.
        if url.address is not None and (why := self.reach.refusal(url.address)) is not None:
            return Failure(Kind.ADDRESS, f"The host is not asked: {why}", monotonic() - begun)
        seconds = self._times.total if request.seconds is None else min(request.seconds, self._times.total)
        stage = Stage(url.host, seconds, self._times.connect)
        connected = CONNECTED.set(stage.connected)
        try:
            async with asyncio.timeout(seconds):
                return await self._asked(request, url, stage, begun)
        except (aiohttp.ClientError, ssl.SSLError, OSError) as error:  # TimeoutError is one
            stage.looking_up = url.host in self._resolver.pending
            kind, reason = told(error, stage)
            return Failure(kind, reason, monotonic() - begun, stage.status)
        finally:
            CONNECTED.reset(connected)

    async def _asked(self, request: Request, url: Url, stage: Stage, begun: float) -> Outcome:
        assert self._session is not None, "use the client as `async with`"
        async with self._session.request(
            request.method,
            URL(str(url), encoded=True),  # the very bytes: a query may be signed
            headers=headers.sent(request, url),
            data=request.body,
            allow_redirects=False,
        ) as response:
            stage.status = response.status
            if stage.watched is not None:
                stage.watched.expect(request.longest)
            if response.status < 200:
                response.close()
                return Failure(
                    Kind.PROTOCOL, "What answers wants to speak another protocol", monotonic() - begun, response.status
                )
            body, cut, kind = await _read(response, request, stage)
            if cut is not None:
                response.close()  # the rest is not waited for
                if request.whole:
                    return Failure(kind, cut, monotonic() - begun, response.status)
            return Answer(response.status, tuple(received(response.raw_headers)), body, cut, monotonic() - begun)

    def _socket(self, info: Any) -> socket:
        """The last look, at what is connected to."""
        family, kind, protocol, _, address = info
        if (why := self.reach.refusal(read_address(str(address[0])))) is not None:
            raise RefusedAddress(why)
        return socket(family, kind, protocol)


async def _read(response: aiohttp.ClientResponse, request: Request, stage: Stage) -> tuple[bytes, str | None, Kind]:
    """The body as far as it is wanted and can be read, and why no further."""
    body = bytearray()
    try:
        # The head of an answer to HEAD tells of a body that does not come.
        decoder = decoding("" if request.method == "HEAD" else response.headers.get("Content-Encoding", ""))
    except Unreadable as unreadable:
        return b"", str(unreadable), Kind.PROTOCOL
    try:
        async for piece in response.content.iter_any():
            body += decoder.pieces(piece, request.longest + 1 - len(body))
            if len(body) > request.longest:
                cut = f"The answer is longer than {request.longest} bytes: the rest was not read"
                return bytes(body[: request.longest]), cut, Kind.TOO_LARGE
    except Unreadable as unreadable:
        return bytes(body), str(unreadable), Kind.PROTOCOL
    except aiohttp.ClientPayloadError:
        if not stage.flooded:
            raise
    if stage.flooded:
        return bytes(body), _FLOOD, Kind.TOO_LARGE
    if not decoder.whole():
        return bytes(body), "The compressed body has no end", Kind.PROTOCOL
    return bytes(body), None, Kind.PROTOCOL
