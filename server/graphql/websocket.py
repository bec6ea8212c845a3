"""GraphQL over WebSocket: the protocol graphql-transport-ws
(https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), with its frames and close codes."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from engine.values.errors import Unavailable
from server.graphql import parameters
from server.graphql.following import Asking
from server.http.refusal import Refusal
from server.limits.limits import Turn
from server.live.caller import Caller
from server.live.measuring import Protocol, Reason
from server.live.outgoing import Outgoing

log = structlog.get_logger("storegraph.live")

SUBPROTOCOL: Final = "graphql-transport-ws"
# Where the server's WebSocket (server/http/websocket.py) keeps functions: one closes it beside what waits to be sent,
# the other writes a text at once.
DROP: Final = "storegraph.drop"
SAY: Final = "storegraph.say"

BAD_REQUEST: Final = 4400
UNAUTHORIZED: Final = 4401
FORBIDDEN: Final = 4403
NOT_ACCEPTABLE: Final = 4406
INITIALISATION_TIMEOUT: Final = 4408
SUBSCRIBER_EXISTS: Final = 4409
TOO_MANY: Final = 4429
GOING_AWAY: Final = 1001
RESTART: Final = 1012
TRY_AGAIN_LATER: Final = 1013
GOODBYE: Final = "The server restarts: connect again"
# A close frame holds 125 bytes, two of them for the code.
_LONGEST_REASON: Final = 123
_LONGEST_ID: Final = 200
# Of what asks for nothing, and so is charged to nobody; a token of an issuer has some thousands.
_LONGEST_OTHERS: Final = 16_384


class Closed(Exception):
    """`why` is for the metrics: a code alone does not always say it."""

    def __init__(self, code: int, reason: str, why: Reason = Reason.PROTOCOL) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.why = why


class WebSockets:
    """An ASGI application: each call is one connection."""

    def __init__(self, asking: Asking, allowed: Callable[[str | None, str | None], bool]) -> None:
        self._asking = asking
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        headers = Headers(scope=scope)
        live = self._asking.live
        ended = live.measured.ended
        if not self._allowed(headers.get("origin"), headers.get("host")):
            ended(Reason.ORIGIN)
            await _refused(send, 403, "Pages of this origin may not ask here")
        elif live.connections >= live.settings.live_connections or live.leaving.is_set():
            ended(Reason.FULL)
            await _refused(send, 503, "Too many connections: try again later")
        elif SUBPROTOCOL not in scope["subprotocols"]:
            ended(Reason.PROTOCOL)
            await send({"type": "websocket.accept"})
            await _closed(send, NOT_ACCEPTABLE, "Subprotocol not acceptable")
        else:
            await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            with live.connected(Protocol.WEBSOCKET):
                await _Socket(self._asking, scope, headers, receive, send).run()


class _Socket:
    def __init__(self, asking: Asking, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        self._asking = asking
        self._live = asking.live
        self._settings = asking.live.settings
        self._scope = scope
        self._headers = headers
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        now = scope.get("extensions", {}).get(SAY)
        self._outgoing = Outgoing(send, self._settings.live_unsent_bytes, self._overflowed, now)
        self._asked_for: dict[str, _Answers] = {}
        self._caller: Caller | None = None
        self._acknowledged = False
        self._held: Any = None
        self._second, self._messages = 0, 0
        self._timer: asyncio.TimerHandle | None = None
        self._closing: Closed | None = None

    async def run(self) -> None:
        self._wait(
            self._settings.live_initialisation_seconds,
            INITIALISATION_TIMEOUT,
            "Connection initialisation timeout",
            Reason.INITIALISATION,
        )
        self._live.sockets.add(self.leave)
        try:
            while self._closing is None:
                message = await self._receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._read(message)
        except Closed as closed:
            self._close(closed.code, closed.reason, closed.why)
        except Exception as error:
            log.error("unexpected failure", exc_info=error)
            self._close(4500, "Internal server error", Reason.FAULT)
        finally:
            self._live.sockets.discard(self.leave)
            await self._ended()

    def leave(self) -> None:
        """The server ends: the client is to come back, to another process or a little later."""
        self._close(RESTART, GOODBYE, Reason.RESTART)

    # What the client says

    async def _read(self, message: Mapping[str, Any]) -> None:
        text = message.get("text")
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        if self._messages > self._settings.live_messages:
            raise Closed(TOO_MANY, f"More than {self._settings.live_messages} messages a second", Reason.MESSAGES)
        said = _decoded(text)
        if not isinstance(said, dict) or not isinstance(said.get("type"), str):
            raise Closed(BAD_REQUEST, "A message is a JSON object with a type")
        kind, payload = said["type"], said.get("payload")
        if kind != "subscribe" and len(text or "") > _LONGEST_OTHERS:
            raise Closed(BAD_REQUEST, f"Only subscribe has more than {_LONGEST_OTHERS} characters")
        if kind in {"ping", "pong", "connection_init"} and not (payload is None or isinstance(payload, dict)):
            raise Closed(BAD_REQUEST, f"The payload of {kind} is an object")
        if kind == "connection_init":
            await self._initialised(payload or {})
        elif kind == "ping":
            self._say({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
        elif kind == "subscribe":
            self._subscribed(_id(said), payload)
        elif kind == "complete":
            sink = self._asked_for.pop(_id(said), None)
            if sink is not None:
                sink.cancel()
                self._idle()
        elif kind != "pong":
            raise Closed(BAD_REQUEST, "Invalid message type")

    async def _initialised(self, payload: Mapping[str, Any]) -> None:
        if self._caller is not None:
            raise Closed(TOO_MANY, "Too many initialisation requests")
        authorization = [*self._headers.getlist("authorization"), *_given(payload, "authorization")]
        api_keys = [*self._headers.getlist("x-api-key"), *_given(payload, "x-api-key")]
        client = self._scope.get("client")
        address = client[0] if client else None
        self._caller = caller = Caller(self._live.authentication, authorization, api_keys, address)
        turn = self._live.limits.turn()
        try:
            await caller.admit(turn)
        except Refusal as refusal:
            known = refusal.status != 401
            raise Closed(
                TOO_MANY if known else FORBIDDEN, refusal.message, Reason.BUDGET if known else Reason.CREDENTIAL
            ) from None
        except Unavailable as error:
            raise Closed(TRY_AGAIN_LATER, error.message, Reason.UNAVAILABLE) from None
        finally:
            turn.end()
        key, most = self._live.held.key(caller.viewer), self._settings.live_connections_of_caller
        if not self._live.held.take(key, 0, most):
            raise Closed(TRY_AGAIN_LATER, f"You have {most} connections: close some", Reason.CALLER)
        self._held = key
        self._acknowledged = True
        if not caller.anonymous:
            caller.lost = self._lost
            self._live.callers.add(caller)
        self._say({"type": "connection_ack"})
        self._idle()

    def _subscribed(self, id_: str, payload: Any) -> None:
        if not self._acknowledged:
            raise Closed(UNAUTHORIZED, "Unauthorized")
        if id_ in self._asked_for:
            raise Closed(SUBSCRIBER_EXISTS, f"Subscriber for {id_} already exists")
        sink = _Answers(self, id_)
        if len(self._asked_for) >= self._settings.live_subscriptions:
            message = f"At most {self._settings.live_subscriptions} at a time on one connection: complete some"
            sink.failed([{"message": message, "extensions": {"code": "RATE_LIMITED", "retryAfter": 1}}])
            return
        self._stop_waiting()
        self._asked_for[id_] = sink
        sink.task = self._loop.create_task(self._asked(payload, sink), name="subscription")

    async def _asked(self, payload: Any, sink: "_Answers") -> None:
        assert self._caller is not None
        turn: Turn = self._live.limits.turn()
        try:
            asked = parameters.subscribed(payload)
            await turn.begin(self._caller.viewer)
        except Refusal as refusal:
            sink.failed(refusal.body["errors"])
            return
        await self._asking.ask(asked, self._caller, turn, sink, secrets.token_hex(16))

    # What is said to it

    def _say(self, message: Mapping[str, Any]) -> None:
        self.say(orjson.dumps(message))

    def say(self, *parts: bytes) -> None:
        """The parts of one text."""
        self._outgoing.say(parts)

    async def room(self) -> None:
        await self._outgoing.room()

    def over(self, id_: str, sink: "_Answers") -> None:
        """What was asked under this id has ended; a client may use it again at once."""
        if self._asked_for.get(id_) is sink:
            del self._asked_for[id_]
        if sink.task is not asyncio.current_task():
            sink.cancel()
        self._idle()

    # Its end

    def _wait(self, seconds: float, code: int, reason: str, why: Reason) -> None:
        self._stop_waiting()
        self._timer = self._loop.call_later(seconds, self._close, code, reason, why)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _idle(self) -> None:
        if not self._asked_for and self._acknowledged and self._closing is None:
            self._wait(self._settings.live_idle_seconds, 1000, "Nothing was followed for long", Reason.IDLE)

    def _lost(self) -> None:
        self._close(FORBIDDEN, "The credential is none any more", Reason.CREDENTIAL)

    def _overflowed(self) -> None:
        """What waits is never read: the reason is put in its place."""
        self._close(TRY_AGAIN_LATER, "Too slow: too much waits to be sent", Reason.SLOW)

    def _close(self, code: int, reason: str, why: Reason) -> None:
        if self._closing is not None:
            return
        self._closing = Closed(code, reason, why)
        self._live.measured.ended(why)
        self._stop_waiting()
        for sink in self._asked_for.values():
            sink.cancel()
        drop = self._scope.get("extensions", {}).get(DROP)
        if self._outgoing.over and drop is not None:
            self._outgoing.stop()
            drop(code, _shortened(reason))
        else:
            self._outgoing.put({"type": "websocket.close", "code": code, "reason": _shortened(reason)}, len(reason))

    async def _ended(self) -> None:
        self._stop_waiting()
        for sink in self._asked_for.values():
            sink.cancel()
        tasks = (sink.task for sink in self._asked_for.values() if sink.task is not None)
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._closing is not None:
            await self._outgoing.empty()
        self._outgoing.stop()
        if self._held is not None:
            self._live.held.give_back(self._held, 0)
        if self._caller is not None:
            self._live.callers.discard(self._caller)


class _Answers:
    """To what was asked under one id."""

    def __init__(self, socket: _Socket, id_: str) -> None:
        self._socket = socket
        self._id = id_
        self._begins = b'{"id":%b,"type":' % orjson.dumps(id_)
        self._next = self._begins + b'"next","payload":'
        self._over = False
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Nothing more is wanted."""
        self._over = True
        if self.task is not None:
            self.task.cancel()

    def next(self, body: bytes) -> None:
        if not self._over:
            self._socket.say(self._next, body, b"}")

    def failed(self, errors: Sequence[dict[str, Any]]) -> None:
        self._end(b'"error","payload":', orjson.dumps(list(errors)), b"}")

    def completed(self) -> None:
        self._end(b'"complete"}')

    async def room(self) -> None:
        await self._socket.room()

    def _end(self, *parts: bytes) -> None:
        if not self._over:
            self._over = True
            self._socket.say(self._begins, *parts)
            self._socket.over(self._id, self)


def _decoded(text: str | None) -> Any:
    """What a message says; None for one that is no JSON. Raises Closed for one that takes too long to be read."""
    try:
        if text is not None and len(text) > _LONGEST_OTHERS:
            parameters.readable(text.encode())
        return orjson.loads(text) if text is not None else None
    except Refusal as refusal:
        raise Closed(BAD_REQUEST, refusal.message) from None
    except ValueError:  # orjson's own, and halves of a character
        return None


def _id(said: Mapping[str, Any]) -> str:
    found = said.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_ID:
        raise Closed(BAD_REQUEST, f"The id is a text of 1 to {_LONGEST_ID} characters")
    return found


def _given(payload: Mapping[str, Any], name: str) -> list[str]:
    """A header in the payload of `connection_init`, or in its `headers`, whatever its case."""
    inner = payload.get("headers")
    places = (payload, inner) if isinstance(inner, dict) else (payload,)
    return [value for place in places for key, value in place.items() if key.lower() == name and isinstance(value, str)]


def _shortened(reason: str) -> str:
    return reason.encode()[:_LONGEST_REASON].decode(errors="ignore")


async def _refused(send: Send, status: int, message: str) -> None:
    body = orjson.dumps(Refusal(status, message).body)
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def _closed(send: Send, code: int, reason: str) -> None:
    await send({"type": "websocket.close", "code": code, "reason": reason})
