"""GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): one endpoint, POST and GET."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import orjson
from starlette.requests import ClientDisconnect

from engine.document.request import Answer, Request, RequestErrors
from engine.standard.execution import Executor
from engine.unit.database import Database
from engine.values.errors import ErrorCode, Unavailable
from server.access.admission import admit
from server.access.authentication import Authentication
from server.files.uploads import Uploads, check_admission
from server.graphql import parameters
from server.graphql.documents import KnownDocuments
from server.graphql.sse import EventStreams
from server.http import body, caching
from server.http.call import Call
from server.http.multipart import is_multipart
from server.http.negotiation import EVENTS, GRAPHQL, HTML, JSON, negotiated
from server.http.refusal import Refusal, noted
from server.http.reply import Reply
from server.limits.limits import Limits
from server.metrics import Metrics
from server.settings.settings import Settings

_METHODS: Final = ("GET", "HEAD", "POST")
_READING: Final = frozenset({"GET", "HEAD"})
# An Accept header that goes on longer than this is not a browser's.
_MAX_ACCEPT: Final = 1000
# Proxies take 8 to 16 kB; from 64 kB on uvicorn's parser gives up, with a 400 of its own.
_MAX_QUERY_STRING: Final = 32 * 1024
# Any of these parameters says what to answer.
_DOCUMENT: Final = frozenset({b"query", b"documentId", b"extensions"})
_VARY: Final = b"Accept, Authorization, X-API-Key"
_CONTENT_TYPES: Final = {of: f"{of}; charset=utf-8".encode() for of in (GRAPHQL, JSON)}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoint is made of, beside its settings."""

    executor: Executor
    database: Database
    authentication: Authentication
    documents: KnownDocuments
    metrics: Metrics
    limits: Limits
    uploads: Uploads
    streams: EventStreams | None = None  # where subscriptions are served


class GraphQLEndpoint:
    """The endpoint at /graphql. `page` makes GraphiQL's page for a request, None where it is switched off."""

    def __init__(self, parts: Parts, settings: Settings, page: Callable[[Call], Reply] | None) -> None:
        self._executor = parts.executor
        self._database = parts.database
        self._authentication = parts.authentication
        self._documents = parts.documents
        self._metrics = parts.metrics
        self._limits = parts.limits
        self._uploads = parts.uploads
        self._streams = parts.streams
        self._settings = settings
        self._public = caching.public(settings.public_cache_seconds)
        self._page = page

    async def __call__(self, call: Call) -> Reply | None:
        wanted = self._negotiated(call)
        call.turn = self._limits.turn()
        reply: Reply | None = None
        try:
            if wanted == HTML and self._page is not None:
                reply = self._page(call)
            else:
                await admit(call, self._authentication)
                if call.method not in _METHODS:
                    raise Refusal(405, "Ask with POST, or a query with GET", headers={"Allow": ", ".join(_METHODS)})
                if wanted is None:
                    raise Refusal(406, f"This endpoint answers with {GRAPHQL} or {JSON}: accept one of them")
                reply = await self._answered(call, wanted)
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            self._metrics.refused(refusal.code.value)
            noted(refusal, error)
            reply = refusal.reply(GRAPHQL if wanted == GRAPHQL else JSON)
        except ClientDisconnect:
            return None
        finally:
            if reply is None or reply.stream is None:  # a stream ends its turn itself
                call.turn.end()
        reply.headers.update(call.turn.headers)
        reply.headers[b"vary"] = _VARY
        # An answer to a GET may be kept by the caller's own cache, if it asks whether it still holds.
        reply.headers.setdefault(b"cache-control", b"no-store" if call.method not in _READING else caching.PRIVATE)
        return reply

    def _negotiated(self, call: Call) -> str | None:
        page = self._page is not None and call.method == "GET" and not _has_query(call)
        return negotiated(
            ", ".join(call.header_values(b"accept"))[:_MAX_ACCEPT], page=page, events=self._streams is not None
        )

    async def _answered(self, call: Call, media_type: str) -> Reply:
        if call.method in _READING:
            return await self._answer(call, self._in_the_url(call), media_type)
        content_type = call.header(b"content-type")
        if is_multipart(content_type) and media_type != EVENTS:
            body.check_encoding(call.header(b"content-encoding"))
            async with self._uploads.request(call.receive, call.headers, partial(self._take_files, call)) as asked:
                return await self._answer(call, asked, media_type)
        body.check_content_type(content_type)
        body.check_encoding(call.header(b"content-encoding"))
        return await self._answer(call, parameters.posted(await self._body(call)), media_type)

    async def _take_files(self, call: Call, asked: Request) -> None:
        """Raises Refusal for a request whose files are not to be taken."""
        try:
            meant = await self._documents.meant(asked)
        except RequestErrors as refused:
            error = refused.errors[0]
            raise Refusal(400, error["message"], code=ErrorCode(error["extensions"]["code"])) from None
        await check_admission(self._executor, call.viewer, meant.request)

    async def _answer(self, call: Call, asked: Request, media_type: str) -> Reply:
        call.operation = asked.operation_name
        if media_type == EVENTS:
            assert self._streams is not None
            assert isinstance(asked, parameters.Asked)
            return self._streams.reply(call, asked)
        started = time.perf_counter()
        kind, answer = await self._executed(call, asked)
        self._metrics.answered(kind, time.perf_counter() - started, answer.body, executed=answer.executed)
        if answer.retry_after is not None:
            reply = _written(answer, 503, media_type)
            reply.headers[b"retry-after"] = b"%d" % answer.retry_after
            return reply
        # The specification: JSON keeps 200 for everything well-formed, because of clients that take any other status
        # for a failure of the transport; the newer type says by the status whether anything was executed.
        reply = _written(answer, 200 if answer.executed or media_type == JSON else 400, media_type)
        if call.method not in _READING or "errors" in answer.body:
            return reply
        # What a stranger sees, anyone may see; whoever shows a credential may see more.
        reply.headers[b"cache-control"] = self._public if call.viewer.id is None else caching.PRIVATE
        return caching.unless_known(caching.tagged(reply), call)

    async def _executed(self, call: Call, asked: Request) -> tuple[str | None, Answer]:
        """The answer, and the kind of its operation: None when the request does not get as far as having one."""
        try:
            meant = await self._documents.meant(asked)
        except RequestErrors as refused:
            return None, Answer({"errors": refused.errors}, executed=False)
        self._metrics.document(meant.source, meant.client)
        allowance = call.turn.allowance
        intent = await self._executor.intent(meant.request, call.viewer, allowance)
        if call.method in _READING and intent.kind not in {"query", None}:
            raise Refusal(405, "Only queries may be asked by GET: send this with POST", headers={"Allow": "POST"})
        await call.turn.changes(intent.rates)
        answer = await self._executor.execute(meant.request, call.viewer, self._database, call.id, allowance)
        return intent.kind, answer

    async def _body(self, call: Call) -> bytes:
        cycle, most = call.cycle, self._settings.max_body_bytes
        here = None if cycle is None else cycle.taken()
        if here is not None:
            return body.bounded(here, most)
        seconds = self._settings.body_seconds
        try:
            async with asyncio.timeout(seconds):
                return await body.read(call.receive, call.header(b"content-length"), most)
        except TimeoutError:
            late = f"The body did not arrive in {seconds:g} s"
            raise Refusal(408, late, headers={"Connection": "close"}) from None

    def _in_the_url(self, call: Call) -> Request:
        query_string: bytes = call.scope["query_string"]
        if len(query_string) > _MAX_QUERY_STRING:
            raise Refusal(414, f"The URL is longer than {_MAX_QUERY_STRING} bytes: send the document with POST")
        return parameters.asked(query_string)


def _written(answer: Answer, status: int, media_type: str) -> Reply:
    return Reply(status, {b"content-type": _CONTENT_TYPES[media_type]}, orjson.dumps(answer.body))


def _has_query(call: Call) -> bool:
    query_string: bytes = call.scope["query_string"]
    return any(field.partition(b"=")[0] in _DOCUMENT for field in query_string.split(b"&"))
