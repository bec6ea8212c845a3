"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): one endpoint, POST and GET."""

from collections.abc import Callable
from typing import Any, Final

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from engine.context import Database
from engine.execution import Executor, Request
from server import body, parameters
from server.authentication import Authentication
from server.negotiation import GRAPHQL, HTML, JSON, negotiated
from server.refusal import Refusal

log = structlog.get_logger("storegraph.server")

_METHODS: Final = "GET, HEAD, POST"
# An Accept header that goes on longer than this is not a browser's.
_MAX_ACCEPT: Final = 1000
# Proxies take 8 to 16 kB; from 64 kB on uvicorn's parser gives up, with a 400 of its own.
_MAX_QUERY_STRING: Final = 32 * 1024
_VARY: Final = "Accept, Authorization"


class GraphQLEndpoint:
    """The ASGI application at /graphql. `page` makes GraphiQL's page, None where it is switched off."""

    def __init__(
        self,
        executor: Executor,
        database: Database,
        authentication: Authentication,
        *,
        max_body_bytes: int,
        page: Callable[[], Response] | None,
    ) -> None:
        self._executor = executor
        self._database = database
        self._authentication = authentication
        self._max_body_bytes = max_body_bytes
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        media_type = JSON
        try:
            method = _method(scope)
            media_type = self._media_type(scope, method, headers)
            if media_type == HTML and self._page is not None:
                response = self._page()
            else:
                response = await self._answered(scope, receive, method, headers, media_type)
        except Refusal as refusal:
            if refusal.status >= 500:
                log.error("refused", status=refusal.status, reason=refusal.message, exc_info=refusal)
            response = refusal.response(GRAPHQL if media_type == GRAPHQL else JSON)
        except ClientDisconnect:
            return
        response.headers["Vary"] = _VARY
        # An answer to a GET may be kept by the caller's own cache, if it asks whether it still holds.
        kept = "private, no-cache" if scope["method"] in {"GET", "HEAD"} else "no-store"
        response.headers.setdefault("Cache-Control", kept)
        await response(scope, receive, send)

    def _media_type(self, scope: Scope, method: str, headers: Headers) -> str:
        page = self._page is not None and method == "GET" and not _has_query(scope)
        media_type = negotiated(", ".join(headers.getlist("accept"))[:_MAX_ACCEPT], page=page)
        if media_type is None:
            raise Refusal(406, f"This endpoint answers with {GRAPHQL} or {JSON}: accept one of them")
        return media_type

    async def _answered(
        self, scope: Scope, receive: Receive, method: str, headers: Headers, media_type: str
    ) -> Response:
        state: dict[str, Any] = scope["state"]
        viewer = await self._authentication.viewer(headers.getlist("authorization"))
        state["viewer"] = viewer.id
        request = await self._request(scope, receive, method, headers)
        state["operation"] = request.operation_name
        if method == "GET" and self._executor.operation_kind(request) not in {"query", None}:
            raise Refusal(405, "Only queries may be asked by GET: send this with POST", headers={"Allow": "POST"})
        answer = await self._executor.execute(request, viewer, self._database, state["request_id"])
        # The specification: JSON keeps 200 for everything well-formed, because of clients that take any other status
        # for a failure of the transport; the newer type says by the status whether anything was executed.
        status = 200 if answer.executed or media_type == JSON else 400
        return Response(orjson.dumps(answer.body), status, media_type=f"{media_type}; charset=utf-8")

    async def _request(self, scope: Scope, receive: Receive, method: str, headers: Headers) -> Request:
        if method == "GET":
            query_string: bytes = scope["query_string"]
            if len(query_string) > _MAX_QUERY_STRING:
                raise Refusal(414, f"The URL is longer than {_MAX_QUERY_STRING} bytes: send the document with POST")
            return parameters.asked(query_string)
        body.check_content_type(headers.get("content-type"))
        body.check_encoding(headers.get("content-encoding"))
        return parameters.posted(await body.read(receive, headers.get("content-length"), self._max_body_bytes))


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    if method == "HEAD":
        return "GET"
    if method not in {"GET", "POST"}:
        raise Refusal(405, "Ask with POST, or a query with GET", headers={"Allow": _METHODS})
    return method


def _has_query(scope: Scope) -> bool:
    query_string: bytes = scope["query_string"]
    return any(field.partition(b"=")[0] == b"query" for field in query_string.split(b"&"))
