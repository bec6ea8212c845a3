"""Connections of aiohttp that count what none of its bounds sees, and remember how they ended."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError

from connectors.outbound.message import MIB

# Of one answer: lines of its head, and bytes of each.
MOST_HEADERS: Final = 100
LONGEST_LINE: Final = 8190
# "Processing" and hints that may come before an answer. Some send two or three.
MOST_INTERIM: Final = 10
# Bytes of one answer beside its body, and those that carry a byte of it. In chunks of one byte it takes six, and a
# second of the processor for a mebibyte; servers send chunks of hundreds.
_BESIDE: Final = MIB // 2
_CARRIAGE: Final = 2


class Watched(ResponseHandler):
    """What comes when nobody has asked ends them. `flooded`: left because bytes came that become neither a head nor a
    body, such as answers announced without end and comments on chunks. `reset`: the other side did not end it in an
    orderly way. `garbled`: why what came is no HTTP, where something was wrong with it."""

    flooded = False
    reset = False
    garbled: str | None = None
    _left = _BESIDE
    _answers = 0
    _answered = False

    def expect(self, longest: int) -> None:
        """There is a head: a body of so many bytes may follow."""
        self._left += longest * _CARRIAGE

    def set_response_params(self, **parameters: Any) -> None:
        """Called for each request on the connection."""
        self._left = _BESIDE
        self._answers = 0
        self._answered = False
        super().set_response_params(**parameters)

    def data_received(self, data: bytes) -> None:
        if data and self._answered and (self._payload is None or self._payload.is_eof()):
            # The next request on this connection would take it for its own answer.
            self._abort()
            return
        self._left -= len(data)
        if self._left < 0:
            self._leave("it sends more than any answer takes")
        else:
            super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        self._answers += 1
        if self._answers > MOST_INTERIM and data[0].code < 200:
            self._leave("it announces answers without end")
        else:
            self._answered = data[0].code >= 200
            super().feed_data(data, size)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.reset = isinstance(exc, ConnectionError)
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *of: Any) -> None:
        if isinstance(exc, HttpProcessingError):
            self.garbled = exc.message
        super().set_exception(exc, *of)

    def _leave(self, why: str) -> None:
        if not self.flooded:
            self.flooded = True
            self.set_exception(HttpProcessingError(code=0, message=why))
            self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


# Told by the connector what the request under way, in the same task, goes by.
CONNECTED: Final[ContextVar[Callable[[Watched], None]]] = ContextVar("connected")


class Connector(aiohttp.TCPConnector):
    """Makes such connections."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(Watched, loop=self._loop)  # type: ignore[assignment]  # a narrower one

    async def connect(self, *given: Any, **named: Any) -> Connection:
        connection = await super().connect(*given, **named)
        if isinstance(connection.protocol, Watched):
            CONNECTED.get()(connection.protocol)
        return connection
