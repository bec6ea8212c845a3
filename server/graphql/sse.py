"""GraphQL as Server-Sent Events: the distinct connections mode of graphql-sse
(https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), one document a request."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson
from starlette.types import Send

from engine.values.errors import ErrorCode
from server.graphql.following import Asking
from server.graphql.parameters import Asked
from server.http.call import Call
from server.http.refusal import Refusal
from server.http.reply import Reply
from server.live.caller import Caller
from server.live.measuring import Protocol, Reason
from server.live.outgoing import Outgoing

# Before a client that was cut off comes back.
RETRY_MILLISECONDS: Final = 1000
_HEADERS: Final = {
    b"content-type": b"text/event-stream; charset=utf-8",
    b"cache-control": b"no-store",
    b"x-accel-buffering": b"no",  # nginx would hand over what came when its buffer is full
}
_TOO_SLOW: Final = {
    "message": "Too slow: too much waits to be sent. Come back with `after`",
    "extensions": {"code": ErrorCode.RATE_LIMITED.value, "retryAfter": 1},
}


class EventStreams:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def reply(self, call: Call, asked: Asked) -> Reply:
        """The answer to a request that was admitted. Raises Refusal(503) for one connection more than there may be,
        429 for one more than its caller may have, 405 for who wants no body."""
        live = self._asking.live
        if call.method == "HEAD":
            raise Refusal(405, "A stream has no end that a HEAD could tell of", headers={"Allow": "GET, POST"})
        if live.connections >= live.settings.live_connections or live.leaving.is_set():
            live.measured.ended(Reason.FULL)
            raise Refusal(503, "Too many connections: try again later", headers={"Retry-After": "1"})
        key, most = live.held.key(call.viewer), live.settings.live_connections_of_caller
        if not live.held.take(key, 0, most):
            live.measured.ended(Reason.CALLER)
            raise Refusal(
                429,
                f"You have {most} connections: close some",
                code=ErrorCode.RATE_LIMITED,
                headers={"Retry-After": "1"},
                retryAfter=1,
            )

        async def stream(send: Send) -> None:
            try:
                with live.connected(Protocol.SSE):
                    await _Stream(self._asking, call, send).run(asked)
            finally:
                call.turn.end()
                live.held.give_back(key, 0)

        return Reply(200, dict(_HEADERS), stream=stream)


class _Stream:
    """One answer that goes on; a sink too."""

    def __init__(self, asking: Asking, call: Call, send: Send) -> None:
        self._asking = asking
        self._live = asking.live
        self._call = call
        self._send = send
        self._outgoing = Outgoing(send, self._live.settings.live_unsent_bytes, self._overflowed)
        self._over = asyncio.Event()
        self._failed = False
        self._quiet = True

    async def run(self, asked: Asked) -> None:
        call = self._call
        caller = Caller(
            self._live.authentication,
            call.header_values(b"authorization"),
            call.header_values(b"x-api-key"),
            call.address,
            call.viewer,
        )
        caller.lost = self._lost
        if not caller.anonymous:
            self._live.callers.add(caller)
        self._live.sockets.add(self._leave)
        reading = call.method != "POST"
        # What is sent at once tells proxies and clients that the stream is open.
        self._put(b"retry: %d\n:\n\n" % RETRY_MILLISECONDS)
        tasks = [
            asyncio.create_task(
                self._asking.ask(asked, caller, call.turn, self, call.id, reading=reading), name="subscription"
            ),
            asyncio.create_task(self._gone(), name="client's end"),
            asyncio.create_task(self._alive(), name="keeping alive"),
        ]
        try:
            await self._over.wait()
        finally:
            self._live.sockets.discard(self._leave)
            self._live.callers.discard(caller)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._outgoing.empty()
        self._outgoing.stop()
        if self._failed:
            await self._send({"type": "http.response.body", "body": _event([_TOO_SLOW]), "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def next(self, body: bytes) -> None:
        if not self._over.is_set():
            self._put(b"event: next\ndata: %b\n\n" % body)

    def failed(self, errors: Sequence[dict[str, Any]]) -> None:
        if not self._over.is_set():
            self._put(_event(errors))
            self.completed()

    def completed(self) -> None:
        if not self._over.is_set():
            self._put(b"event: complete\ndata:\n\n")
            self._over.set()

    async def room(self) -> None:
        await self._outgoing.room()

    def _put(self, data: bytes) -> None:
        self._quiet = False
        self._outgoing.put({"type": "http.response.body", "body": data, "more_body": True}, len(data))

    async def _alive(self) -> None:
        while True:
            await asyncio.sleep(self._live.settings.live_alive_seconds)
            if self._quiet:
                self._put(b":\n\n")
            self._quiet = True

    async def _gone(self) -> None:
        while (await self._call.receive())["type"] != "http.disconnect":
            pass
        self._outgoing.stop()
        self._over.set()

    def _lost(self) -> None:
        self._live.measured.ended(Reason.CREDENTIAL)
        message = "The credential is none any more"
        self.failed([{"message": message, "extensions": {"code": ErrorCode.UNAUTHENTICATED.value}}])

    def _leave(self) -> None:
        """Without `complete`, which would say that all was told: the client comes back."""
        self._live.measured.ended(Reason.RESTART)
        self._put(b": the server restarts\n\n")
        self._over.set()

    def _overflowed(self) -> None:
        self._live.measured.ended(Reason.SLOW)
        self._outgoing.stop()
        self._failed = True
        self._over.set()


def _event(errors: Sequence[dict[str, Any]]) -> bytes:
    return b"event: next\ndata: %b\n\n" % orjson.dumps({"errors": list(errors)})
