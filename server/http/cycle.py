"""One request on a connection and its answer: uvicorn's, that also hands over a body that is here as a whole, and takes
an answer as a whole. ASGI says both in messages, and most of what a small answer costs would be saying so."""

import asyncio
import re
from collections.abc import Collection
from typing import ClassVar, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

# Under which the state of a request holds it.
CYCLE: Final = "cycle"
# No value of a header holds any of these, lines' ends above all; the ends of our own lines are looked at without them.
_UNSAFE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WITHOUT_BODY: Final = frozenset({204, 304})
_CLOSE: Final = b"connection: close\r\n"


def lines(headers: Collection[tuple[bytes, bytes]]) -> bytes:
    """As they are sent. Raises ValueError for what would be more than a value: names are ours."""
    if _UNSAFE.search(b"".join([value for _, value in headers])):
        raise ValueError("a header's value has characters that end it")
    return b"".join([b"%s: %s\r\n" % pair for pair in headers])


class Joined:
    """The transport as one answer has it: what is written first, its head, waits for what is written next, though no
    longer than the loop takes to turn. A write is a call of the system, the dearest thing that a small answer does."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._first: bytes | None = None
        self._turn: asyncio.Handle | None = None  # None before anything was written

    def write(self, data: bytes) -> None:
        if self._turn is None:
            self._first = data
            self._turn = self._loop.call_soon(self.flush)
        elif self._first is not None:
            first, self._first = self._first, None
            self._turn.cancel()
            self._transport.write(first + data)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        if self._first is not None:
            first, self._first = self._first, None
            self._transport.write(first)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class Cycle(RequestResponseCycle):
    _defaults: ClassVar[tuple[list[tuple[bytes, bytes]], bytes]] = [], b""  # the last ones, as they are sent

    async def send(self, message: ASGISendEvent) -> None:
        if not self.response_started:
            self.transport = Joined(self.transport)  # type: ignore[assignment]
        await super().send(message)

    def flush(self) -> None:
        """Sends what was written."""
        if isinstance(self.transport, Joined):
            self.transport.flush()

    def taken(self) -> bytes | None:
        """The body, if all of it is here; else it has to be received."""
        if self.more_body or self.disconnected or self.response_complete or self.waiting_for_100_continue:
            return None
        self.flow.resume_reading()
        self.message_event.clear()  # whoever receives now waits for the client to leave
        body, self.body = bytes(self.body), bytearray()
        return body

    async def answer(self, status: int, head: bytes, body: bytes) -> None:
        """In one write. `head` are lines of headers, with the body's length where there is one."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.response_started:
            raise RuntimeError("the answer has begun already")
        self.response_started = True
        self.waiting_for_100_continue = False
        if _CLOSE in head:
            self.keep_alive = False
        elif not self.keep_alive:
            head += _CLOSE
        headers, defaults = Cycle._defaults
        if headers is not self.default_headers:  # uvicorn makes them once in a second
            defaults = lines(self.default_headers)
            Cycle._defaults = self.default_headers, defaults
        if status in _WITHOUT_BODY or self.scope["method"] == "HEAD":
            body = b""
        self.transport.write(b"".join((STATUS_LINE[status], defaults, head, b"\r\n", body)))
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
