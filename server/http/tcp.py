"""HTTP connections that wait for nobody: what uvicorn leaves unbounded is bounded here."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Final

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from server.http.cycle import CYCLE, Cycle
from server.http.refusal import Refusal

# In which all headers of a request have to arrive; a phone on a bad line takes one or two.
HEAD_SECONDS: Final = 10.0
# All headers of a request together. Proxies take 8 to 32 kB.
HEAD_BYTES: Final = 64 * 1024
# After so long without a byte taken an answer is given up.
READ_SECONDS: Final = 30.0
# What says the offer to go on in another protocol: headers, and options of `HttpProtocol`.
_OFFER: Final = frozenset({b"upgrade", b"http2-settings"})


class HttpProtocol(HttpToolsProtocol):
    """Refuses heads that are too long or come too slowly, gives up answers that nobody reads, and says in JSON what is
    wrong with what is no HTTP.

    `beside` says how many connections there are that do not count for the server's bound; `leaving` hears that the
    server ends."""

    beside: ClassVar[Callable[[], int]] = staticmethod(lambda: 0)
    leaving: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head: asyncio.TimerHandle | None = None  # runs while the rest of a request's head is expected
        self._head_bytes = 0
        self._in_head = True
        self._in_body = False
        self._stalled: asyncio.TimerHandle | None = None  # runs while nothing that was written is taken

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._moves()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            self._head_bytes += len(data)
        self._parse(data)
        # Of a head that came whole nothing is expected.
        if self._in_body or not (self._in_head or self._idle):
            return
        if self._head_bytes > HEAD_BYTES:
            self._refuse(431, f"The headers are longer than {HEAD_BYTES} bytes")
        elif self._head is None:
            self._expect_head()

    def _parse(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        except httptools.HttpParserUpgrade as stopped:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            elif self._offers_upgrade():
                self._stay(data[stopped.args[0] :])

    def _should_upgrade(self) -> bool:
        """A WebSocket begins with a GET and a key (RFC 6455 §4.1). What else offers one is a request like others: taken
        for a handshake, it would wait for one that never comes."""
        begins = self.parser.get_method() == b"GET" and any(name == b"sec-websocket-key" for name, _ in self.headers)
        return begins and super()._should_upgrade()

    def _offers_upgrade(self) -> bool:
        """Whether the request that is parsed offers to go on in another protocol (`Upgrade: h2c`). A tunnel (CONNECT)
        is no offer: after it nothing is HTTP."""
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _stay(self, rest: bytes) -> None:
        """Nobody has to take the offer (RFC 9110 §7.8). The parser takes what follows the headers for the other
        protocol, and the body with it: it is told the same request again, without the offer."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        for name, value in self.headers:
            options = [o for o in value.split(b",") if name != b"connection" or o.strip().lower() not in _OFFER]
            if name not in _OFFER:
                head.append(b"%s: %s\r\n" % (name, b",".join(options)))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._parse(b"".join((*head, b"\r\n", rest)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        if self._offers_upgrade():
            if self._should_upgrade():
                self._head_came()
                self._in_body = True  # what follows is no head that could be late
                super().on_headers_complete()
            return
        self._head_came()
        if self.config.limit_concurrency is not None:
            self.limit_concurrency = self.config.limit_concurrency + type(self).beside()
        self._in_head, self._in_body = False, True
        super().on_headers_complete()
        # It begins in the loop's next turn. uvicorn names its own class in a method that does much else.
        self.cycle.__class__ = Cycle
        self.scope["state"][CYCLE] = self.cycle

    def on_message_complete(self) -> None:
        if self._offers_upgrade():
            return
        self._in_body = False
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "This is no valid HTTP")

    def shutdown(self) -> None:
        type(self).leaving()
        super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._moves()
        self._stalled = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._moves()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """An answer that is still being read keeps its connection, one that is not does not."""
        left = self.transport.get_write_buffer_size()
        if left and not self.transport.is_closing():
            self._moves()
            self._stalled = self.loop.call_later(READ_SECONDS, self._read, left)
        else:
            super().timeout_keep_alive_handler()

    @property
    def _idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is None or cycle.response_complete

    def _read(self, before: int) -> None:
        self._stalled = None
        if 0 < before <= self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.timeout_keep_alive_handler()

    def _moves(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(HEAD_SECONDS, self._late)

    def _head_came(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _late(self) -> None:
        if not self._head_bytes:
            self.transport.close()  # opened and never used, as browsers do
        self._refuse(408, f"The headers did not arrive in {HEAD_SECONDS:g} s")

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        if isinstance(self.cycle, Cycle):
            self.cycle.flush()
        body = orjson.dumps(Refusal(status, message).body)
        head = (
            STATUS_LINE[status],
            b"content-type: application/json; charset=utf-8\r\n",
            b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body),
        )
        self.transport.write(b"".join((*head, body)))
        self.transport.close()
