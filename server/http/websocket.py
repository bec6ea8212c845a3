"""WebSocket connections: what uvicorn leaves out of its own."""

import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from server.graphql.websocket import DROP, GOODBYE, RESTART, SAY

# A client that was told why it is dropped gets so long to read it.
_LEAVING_SECONDS: Final = 10.0
# A whole message of text, in the first byte of its frame (RFC 6455 §5.2); a server masks nothing.
_TEXT: Final = 0x81
_QUIET: Final = logging.getLogger("storegraph.websocket")
_QUIET.setLevel(logging.WARNING)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Writes at once what many are told, says goodbye with a reason, drops who does not read, and writes no query
    strings to the log: they may hold secrets."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = self.conn.logger = _QUIET

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            cast(dict[str, Any], self.scope["extensions"]).update({DROP: self.drop, SAY: self.say})

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.drop(RESTART, GOODBYE)
        else:
            super().shutdown()

    def say(self, parts: Sequence[bytes]) -> bool:
        """Writes a text message now, without a turn of the loop and without websockets' own frame: many are told the
        same. False where it would have to wait, or nobody is there any more."""
        if self.close_sent or self.disconnected or not self.writable.is_set() or self.conn.state is not State.OPEN:
            return False
        size = sum(map(len, parts))
        if size < 126:
            head = bytes((_TEXT, size))
        elif size < 65_536:
            head = b"%c\x7e%b" % (_TEXT, size.to_bytes(2, "big"))
        else:
            head = b"%c\x7f%b" % (_TEXT, size.to_bytes(8, "big"))
        self.transport.write(b"".join((head, *parts)))
        return True

    def drop(self, code: int, reason: str) -> None:
        """Closes at once, whatever else waits to be sent; the reason stands behind what was handed over already."""
        if self.close_sent or self.disconnected:
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.writable.set()
        self.close_timer = self.loop.call_later(_LEAVING_SECONDS, self.transport.abort)
        self.transport.close()
