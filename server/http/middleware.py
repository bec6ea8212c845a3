"""What every request passes through, from the outside in: its id and its line in the access log, then the last resort
for failures, then the headers of every answer."""

import re
import secrets
import time
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from server.http.refusal import internal
from server.logs import ACCESS

log = structlog.get_logger("storegraph.server")

# What proxies and tracers send: UUIDs, ULIDs, trace ids, `Root=1-…`. Nothing that could forge a line or a header.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
_LONGEST_PATH: Final = 200
# Whoever reads a link to a download may use it. However a path is spelled that leads there, or nearly: with doubled
# slashes, one at its end, a prefix before it.
_DOWNLOADS: Final = re.compile(r"downloads\W+\w", re.IGNORECASE)
# A client's own names; the rest of a longer one tells nothing.
_LONGEST_NAME: Final = 100
# What nginx calls a request whose client left before the answer.
_CLIENT_LEFT: Final = 499


class RequestLog:
    """Gives the request an id (the caller's, when it is well-formed), binds it to every log line, echoes it in the
    answer and writes the access log. No query string and no header is logged: both may carry secrets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        status, size = _CLIENT_LEFT, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            client = scope.get("client")
            line = {
                "event": "request",
                "method": scope["method"],
                # A route whose paths are secrets may say what to write instead.
                "path": state.get("path") or _shown(scope),
                "status": status,
                "milliseconds": round((time.perf_counter() - start) * 1000, 2),
                "bytes": size,
                "client": client[0] if client else None,
                "viewer": state.get("viewer"),
                "operation": (state.get("operation") or "")[:_LONGEST_NAME] or None,
            }
            ACCESS.write({k: v for k, v in line.items() if v is not None}, urgent=status >= 500)


def _shown(scope: Scope) -> str:
    """The path as sent, percent-encoded: a decoded one may hold line ends."""
    if _DOWNLOADS.search(scope["path"]):
        return "/downloads/***"
    raw: bytes = scope.get("raw_path") or scope["path"].encode("ascii", "backslashreplace")
    return raw[:_LONGEST_PATH].decode("ascii", "backslashreplace")


class LastResort:
    """Answers 500 for what nobody expected: the cause goes into the log, the caller gets the id to find it by."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("unexpected failure")
            if started:  # the status is out; breaking the connection is all that is left
                raise
            await internal(scope["state"]["request_id"]).response()(scope, receive, send)


class SecurityHeaders:
    """On every answer that does not say otherwise itself. GraphiQL's page has a policy of its own."""

    _HEADERS: Final = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        # Data is no page: should a browser show it as one, it may load nothing and be framed by nobody.
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
