"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): one endpoint, POST and GET."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from db.access.viewer import Viewer
from engine.document.request import Answer, Request, RequestErrors
from engine.standard.execution import Executor
from engine.unit.database import Database
from engine.values.errors import ErrorCode, Unavailable
from server.access.admission import admitted
from server.access.authentication import Authentication
from server.files.uploads import Uploads, check_admission
from server.graphql import parameters
from server.graphql.documents import KnownDocuments
from server.http import body, caching
from server.http.multipart import is_multipart
from server.http.negotiation import GRAPHQL, HTML, JSON, negotiated
from server.http.refusal import Refusal, noted
from server.limits.limits import Limits, Turn
from server.metrics import Metrics

_METHODS: Final = "GET, HEAD, POST"
# An Accept header that goes on longer than this is not a browser's.
_MAX_ACCEPT: Final = 1000
# Proxies take 8 to 16 kB; from 64 kB on uvicorn's parser gives up, with a 400 of its own.
_MAX_QUERY_STRING: Final = 32 * 1024
# Any of these parameters says what to answer.
_DOCUMENT: Final = frozenset({b"query", b"documentId", b"extensions"})
_VARY: Final = "Accept, Authorization, X-API-Key"


class GraphQLEndpoint:
    """The ASGI application at /graphql. `page` makes GraphiQL's page for a request with such headers, None where it is
    switched off."""

    def __init__(
        self,
        executor: Executor,
        database: Database,
        authentication: Authentication,
        documents: KnownDocuments,
        metrics: Metrics,
        limits: Limits,
        *,
        max_body_bytes: int,
        body_seconds: float,
        public_cache_seconds: int,
        uploads: Uploads,
        page: Callable[[Headers], Response] | None,
    ) -> None:
        self._executor = executor
        self._database = database
        self._authentication = authentication
        self._documents = documents
        self._metrics = metrics
        self._public = caching.public(public_cache_seconds)
        self._limits = limits
        self._max_body_bytes = max_body_bytes
        self._body_seconds = body_seconds
        self._uploads = uploads
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        page = self._page is not None and scope["method"] == "GET" and not _has_query(scope)
        wanted = negotiated(", ".join(headers.getlist("accept"))[:_MAX_ACCEPT], page=page)
        turn = self._limits.turn()
        try:
            if wanted == HTML and self._page is not None:
                response = self._page(headers)
            else:
                viewer = await admitted(self._authentication, turn, scope)
                method = _method(scope)
                if wanted is None:
                    raise Refusal(406, f"This endpoint answers with {GRAPHQL} or {JSON}: accept one of them")
                response = await self._answered(scope, receive, method, headers, wanted, viewer, turn)
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            self._metrics.refused(refusal.code.value)
            noted(refusal, error)
            response = refusal.response(GRAPHQL if wanted == GRAPHQL else JSON)
        except ClientDisconnect:
            return
        finally:
            turn.end()
        response.headers.update(turn.headers)
        response.headers["Vary"] = _VARY
        # An answer to a GET may be kept by the caller's own cache, if it asks whether it still holds.
        kept = caching.PRIVATE if scope["method"] in {"GET", "HEAD"} else "no-store"
        response.headers.setdefault("Cache-Control", kept)
        await response(scope, receive, send)

    async def _answered(
        self,
        scope: Scope,
        receive: Receive,
        method: str,
        headers: Headers,
        media_type: str,
        viewer: Viewer,
        turn: Turn,
    ) -> Response:
        if method == "POST" and is_multipart(headers.get("content-type")):
            body.check_encoding(headers.get("content-encoding"))
            async with self._uploads.request(receive, headers, partial(self._take_files, viewer)) as request:
                return await self._answer(scope, request, method, headers, media_type, viewer, turn)
        request = await self._request(scope, receive, method, headers)
        return await self._answer(scope, request, method, headers, media_type, viewer, turn)

    async def _take_files(self, viewer: Viewer, asked: Request) -> None:
        """Raises Refusal for a request whose files are not to be taken."""
        try:
            meant = await self._documents.meant(asked)
        except RequestErrors as refused:
            error = refused.errors[0]
            raise Refusal(400, error["message"], code=ErrorCode(error["extensions"]["code"])) from None
        await check_admission(self._executor, viewer, meant.request)

    async def _answer(
        self,
        scope: Scope,
        request: Request,
        method: str,
        headers: Headers,
        media_type: str,
        viewer: Viewer,
        turn: Turn,
    ) -> Response:
        state: dict[str, Any] = scope["state"]
        state["operation"] = request.operation_name
        started = time.perf_counter()
        kind, answer = await self._executed(request, viewer, method, turn, state["request_id"])
        self._metrics.answered(kind, time.perf_counter() - started, answer.body, executed=answer.executed)
        if answer.retry_after is not None:
            turn.headers["Retry-After"] = str(answer.retry_after)
            return _written(answer.body, 503, media_type)
        # The specification: JSON keeps 200 for everything well-formed, because of clients that take any other status
        # for a failure of the transport; the newer type says by the status whether anything was executed.
        status = 200 if answer.executed or media_type == JSON else 400
        response = _written(answer.body, status, media_type)
        if method == "POST" or "errors" in answer.body:
            return response
        # What a stranger sees, anyone may see; whoever shows a credential may see more.
        response.headers["Cache-Control"] = self._public if viewer.id is None else caching.PRIVATE
        return caching.unless_known(caching.tagged(response), headers)

    async def _executed(
        self, asked: Request, viewer: Viewer, method: str, turn: Turn, request_id: str
    ) -> tuple[str | None, Answer]:
        """The answer, and the kind of its operation: None when the request does not get as far as having one."""
        try:
            meant = await self._documents.meant(asked)
        except RequestErrors as refused:
            return None, Answer({"errors": refused.errors}, executed=False)
        self._metrics.document(meant.source, meant.client)
        intent = await self._executor.intent(meant.request, viewer, turn.allowance)
        if method == "GET" and intent.kind not in {"query", None}:
            raise Refusal(405, "Only queries may be asked by GET: send this with POST", headers={"Allow": "POST"})
        await turn.changes(intent.rates)
        return intent.kind, await self._executor.execute(
            meant.request, viewer, self._database, request_id, turn.allowance
        )

    async def _body(self, receive: Receive, content_length: str | None) -> bytes:
        try:
            async with asyncio.timeout(self._body_seconds):
                return await body.read(receive, content_length, self._max_body_bytes)
        except TimeoutError:
            raise Refusal(
                408, f"The body did not arrive in {self._body_seconds:g} s", headers={"Connection": "close"}
            ) from None

    async def _request(self, scope: Scope, receive: Receive, method: str, headers: Headers) -> Request:
        if method == "GET":
            query_string: bytes = scope["query_string"]
            if len(query_string) > _MAX_QUERY_STRING:
                raise Refusal(414, f"The URL is longer than {_MAX_QUERY_STRING} bytes: send the document with POST")
            return parameters.asked(query_string)
        body.check_content_type(headers.get("content-type"))
        body.check_encoding(headers.get("content-encoding"))
        return parameters.posted(await self._body(receive, headers.get("content-length")))


def _written(answer: dict[str, Any], status: int, media_type: str) -> Response:
    return Response(orjson.dumps(answer), status, media_type=f"{media_type}; charset=utf-8")


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    if method == "HEAD":
        return "GET"
    if method not in {"GET", "POST"}:
        raise Refusal(405, "Ask with POST, or a query with GET", headers={"Allow": _METHODS})
    return method


def _has_query(scope: Scope) -> bool:
    query_string: bytes = scope["query_string"]
    return any(field.partition(b"=")[0] in _DOCUMENT for field in query_string.split(b"&"))
