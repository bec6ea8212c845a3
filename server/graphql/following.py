"""What WebSockets and event streams have in common: how one document is asked on them, followed or answered once."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

import orjson
import structlog

from engine.document.request import RequestErrors, unexpected
from engine.standard.execution import Executor
from engine.unit.database import Database
from engine.values.errors import CodedError, ErrorCode
from server.graphql.documents import KnownDocuments
from server.graphql.parameters import Asked
from server.limits.limits import Turn
from server.live.caller import Caller
from server.live.group import told
from server.live.live import Live
from server.metrics import Metrics

log = structlog.get_logger("storegraph.live")


class Sink(Protocol):
    """Where the answers to one document go. Nothing goes there after `failed` or `completed`."""

    def next(self, body: bytes) -> None: ...
    def failed(self, errors: Sequence[dict[str, Any]]) -> None: ...
    def completed(self) -> None: ...
    async def room(self) -> None: ...


class Asking:
    """Answers documents of one process's connections."""

    def __init__(
        self, executor: Executor, database: Database, documents: KnownDocuments, metrics: Metrics, live: Live
    ) -> None:
        self.live = live
        self._executor = executor
        self._database = database
        self._documents = documents
        self._metrics = metrics

    async def ask(
        self, asked: Asked, caller: Caller, turn: Turn, sink: Sink, request_id: str, *, reading: bool = False
    ) -> None:
        """Until the document is answered, or what it follows has ended or is told to be. `turn` is that of the request,
        which was charged already; it ends when the document is answered or followed. `reading`: nothing is changed."""
        subscriber = None
        try:
            meant = await self._documents.meant(asked)
            self._metrics.document(meant.source, meant.client)
            allowance = turn.allowance
            intent = await self._executor.intent(meant.request, caller.viewer, allowance)
            if reading and intent.kind == "mutation":
                sink.failed([{"message": "Send what changes something with POST", "extensions": _BAD_REQUEST}])
                return
            if intent.kind != "subscription":
                await turn.changes(intent.rates)
                started = time.perf_counter()
                answer = await self._executor.execute(
                    meant.request, caller.viewer, self._database, request_id, allowance
                )
                seconds = time.perf_counter() - started
                self._metrics.answered(intent.kind, seconds, answer.body, executed=answer.executed)
                if not answer.executed:
                    sink.failed(answer.body["errors"])
                    return
                sink.next(orjson.dumps(answer.body))
                sink.completed()
                return
            subscriber = await self.live.begin(meant.request, caller, allowance, sink)
            await self.live.follow(subscriber)
            turn.end()
            await asyncio.get_running_loop().create_future()
        except RequestErrors as refused:
            sink.failed(refused.errors)
        except CodedError as refused:
            sink.failed([told(refused)])
        except Exception as error:
            log.error("unexpected error", request_id=request_id, exc_info=error)
            sink.failed([unexpected(request_id)])
        finally:
            turn.end()
            if subscriber is not None:
                await self.live.end(subscriber)


_BAD_REQUEST: Final = {"code": ErrorCode.BAD_REQUEST.value}
