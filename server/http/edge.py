"""What every request passes through, whoever answers it: its id, its line in the access log, its count, the headers of
every answer, the leave for pages of other origins, and an answer to what nobody expected.

One layer and not one for each of these: at GraphQL's endpoint each would cost as much as it does."""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from server.files.uploads import PREFLIGHT_HEADERS
from server.http.call import Call
from server.http.cycle import lines
from server.http.refusal import internal
from server.http.reply import Reply
from server.limits.limits import HEADERS
from server.logs import ACCESS
from server.metrics import Metrics
from server.settings.settings import Settings

log = structlog.get_logger("storegraph.server")

# Answers a request; None when its client has left.
Endpoint = Callable[[Call], Awaitable[Reply | None]]
Pair = tuple[bytes, bytes]

LOCALHOST: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_LONGEST_PATH: Final = 200
# Whoever reads a link to a download may use it. However a path is spelled that leads there, or nearly: with doubled
# slashes, one at its end, a prefix before it.
_DOWNLOADS: Final = re.compile(r"downloads\W+\w", re.IGNORECASE)
# A client's own names; the rest of a longer one tells nothing.
_LONGEST_NAME: Final = 100
# What nginx calls a request whose client left before the answer.
_CLIENT_LEFT: Final = 499
# On every answer that does not say otherwise itself. GraphiQL's page has a policy of its own.
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # Data is no page: should a browser show it as one, it may load nothing and be framed by nobody.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


_OURS: Final = lines(_SECURITY)
# Answers that say one of these themselves are told by `Edge.headers`.
_OF_OURS: Final = frozenset({b"access-control-allow-methods", *(name for name, _ in _SECURITY)})


class Edge:
    """The ASGI application in front of all others: each of `endpoints` has its path for itself, `others` the rest."""

    def __init__(
        self, settings: Settings, metrics: Metrics, endpoints: Mapping[str, Endpoint], others: ASGIApp
    ) -> None:
        self._metrics = metrics
        self._endpoints = endpoints
        self._others = others
        # Asked for its judgement alone.
        self._cors = CORSMiddleware(
            others,
            allow_origins=settings.cors_origins,
            allow_origin_regex=LOCALHOST if settings.demo else None,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-API-Key", "X-Request-ID", *PREFLIGHT_HEADERS),
            expose_headers=("X-Request-ID", "Retry-After", *HEADERS),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        began = time.perf_counter()
        call = Call(scope, receive)
        scope.setdefault("state", {})["call"] = call
        bind_contextvars(request_id=call.id)
        sent = _Sent(self, call, send)
        try:
            await self._answered(call, sent)
        finally:
            _write_down(call, sent, time.perf_counter() - began)

    async def _answered(self, call: Call, sent: "_Sent") -> None:
        try:
            endpoint = self._endpoints.get(call.path)
            if call.method == "OPTIONS" and call.header(b"access-control-request-method") and call.header(b"origin"):
                await sent.reply(Reply.of(self._cors.preflight_response(call.headers)))
            elif endpoint is None:
                await self._others(call.scope, call.receive, sent.send)
            else:
                reply = await endpoint(call)
                if reply is not None:
                    await sent.reply(reply)
        except Exception:
            log.exception("unexpected failure")
            if sent.status != _CLIENT_LEFT:  # the status is out; breaking the connection is all that is left
                raise
            await sent.reply(internal(call.id).reply())

    def count(self, call: Call, status: int) -> None:
        self._metrics.asked(call.method, call.path, status)

    def head(self, call: Call, own: Mapping[bytes, bytes]) -> bytes:
        """`headers` as they are sent. Raises ValueError for a value that would end its line."""
        if call.header(b"origin") is not None or not own.keys().isdisjoint(_OF_OURS):
            return lines(self.headers(call, own.items()))
        varies = own.get(b"vary")
        said = {**own, b"vary": b"Origin" if varies is None else b"%s, Origin" % varies}
        return b"%s%sx-request-id: %s\r\n" % (lines(said.items()), _OURS, call.id.encode())

    def headers(self, call: Call, own: Iterable[Pair]) -> list[Pair]:
        """Those of an answer, with what every answer says."""
        names = dict(headers := list(own))
        headers += [pair for pair in _SECURITY if pair[0] not in names]
        headers.append((b"x-request-id", call.id.encode()))
        if b"access-control-allow-methods" in names:  # a preflight's: it says all of that itself
            return headers
        origin = call.header(b"origin")
        if origin is not None:
            headers += [(name.lower().encode(), text.encode()) for name, text in self._cors.simple_headers.items()]
            if not self._cors.allow_all_origins and self._cors.is_allowed_origin(origin):
                headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        varies = [text for name, text in headers if name == b"vary"]
        if varies:
            headers = [pair for pair in headers if pair[0] != b"vary"]
        headers.append((b"vary", b", ".join([*varies, b"Origin"])))
        return headers


class _Sent:
    """What was sent of one answer."""

    __slots__ = ("_call", "_edge", "_send", "size", "status")

    def __init__(self, edge: Edge, call: Call, send: Send) -> None:
        self._edge, self._call, self._send = edge, call, send
        self.status, self.size = _CLIENT_LEFT, 0

    async def reply(self, reply: Reply) -> None:
        """Sends all of it."""
        headers = reply.headers
        if reply.stream is not None:
            await self.send({"type": "http.response.start", "status": reply.status, "headers": headers.items()})
            await reply.stream(self.send)
            return
        if reply.status not in {204, 304}:
            headers[b"content-length"] = b"%d" % len(reply.body)
        cycle = self._call.cycle
        if cycle is not None:
            head = self._edge.head(self._call, headers)
            self.status, self.size = reply.status, len(reply.body)
            self._edge.count(self._call, reply.status)
            await cycle.answer(reply.status, head, reply.body)
            return
        await self._begin({"type": "http.response.start", "status": reply.status}, headers.items())
        self.size = len(reply.body)
        await self._send({"type": "http.response.body", "body": reply.body})

    async def send(self, message: Message) -> None:
        """In place of the server's own `send`."""
        if message["type"] == "http.response.start":
            await self._begin({**message}, message["headers"])
        else:
            self.size += len(message.get("body", b""))
            await self._send(message)

    async def _begin(self, message: Message, own: Iterable[Pair]) -> None:
        self.status = message["status"]
        self._edge.count(self._call, self.status)
        message["headers"] = self._edge.headers(self._call, own)
        await self._send(message)


def _write_down(call: Call, sent: _Sent, seconds: float) -> None:
    """The line in the access log. No query string and no header is logged: both may carry secrets."""
    line = {
        "event": "request",
        "request_id": call.id,
        "method": call.method,
        "path": call.shown or _shown(call),
        "status": sent.status,
        "milliseconds": round(seconds * 1000, 2),
        "bytes": sent.size,
    }
    if call.address is not None:
        line["client"] = call.address
    if call.viewer.id is not None:
        line["viewer"] = call.viewer.id
    if call.operation:
        line["operation"] = call.operation[:_LONGEST_NAME]
    ACCESS.write(line, urgent=sent.status >= 500)


def _shown(call: Call) -> str:
    """The path as sent, percent-encoded: a decoded one may hold line ends."""
    path = call.scope["path"]
    if _DOWNLOADS.search(path):
        return "/downloads/***"
    raw: bytes = call.scope.get("raw_path") or path.encode("ascii", "backslashreplace")
    return raw[:_LONGEST_PATH].decode("ascii", "backslashreplace")
