"""What Prometheus may ask about this server. Every label has few values, and none comes from a caller: an operation's
name is a caller's, the client that a trusted document was registered for is not."""

import asyncio
import hmac
import os
import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col
from starlette.requests import Request
from starlette.responses import Response

from db.store.database import Database
from db.store.outbox import EventRow
from engine.values.errors import ErrorCode, Unavailable
from server.http.refusal import Refusal
from server.live.measuring import Measured
from server.settings.settings import Settings
from server.work import measuring

log = structlog.get_logger("storegraph.server")

PATH: Final = "/metrics"
# prometheus_client reads it when it is imported: with it, the processes of one server keep their numbers in files
# there, and each of them answers for all.
SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
SAMPLED_SECONDS: Final = 0.5
# A scrape waits so long for the database; without it the rest is told.
DATABASE_SECONDS: Final = 2.0
# Counting more says nothing new.
MOST_WAITING: Final = 10_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COSTS: Final = (1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 100_000)
disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began: as many series again
_CODES: Final = frozenset(code.value for code in ErrorCode)


class _By(dict[tuple[str, ...], Any]):
    """A metric by the values of its labels. Looking one up in the library takes a lock and as long as counting."""

    def __init__(self, metric: Any) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Any:
        found = self[labels] = self._metric.labels(*labels)
        return found


class Metrics:
    """The numbers of one application; a registry of its own, so that several can live in one process."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths = frozenset(paths)
        self.registry = registry = CollectorRegistry()
        self._requests = _By(
            Counter(
                "storegraph_http_requests",
                "Requests by method, path and status.",
                ["method", "path", "status"],
                registry=registry,
            )
        )
        self._operations = _By(
            Counter(
                "storegraph_operations",
                "GraphQL requests by kind of operation. Outcome: ok; partial, with errors beside its data; failed, "
                "with nothing but errors; refused, nothing ran.",
                ["kind", "outcome"],
                registry=registry,
            )
        )
        self._durations = _By(
            Histogram(
                "storegraph_operation_duration_seconds",
                "From the parsed request to the answer's bytes.",
                ["kind"],
                buckets=_SECONDS,
                registry=registry,
            )
        )
        self._costs = _By(
            Histogram(
                "storegraph_operation_cost",
                "The cost of operations, those refused for it included.",
                ["kind"],
                buckets=_COSTS,
                registry=registry,
            )
        )
        self._executions = _By(
            Counter(
                "storegraph_executions",
                "Operations that ran, by kind and by what ran them: plan; standard, graphql-core's executor; again, "
                "that one after the plan met something unusual.",
                ["kind", "executor"],
                registry=registry,
            )
        )
        self._errors = _By(
            Counter(
                "storegraph_errors",
                "Errors in answers by code; user errors of mutations are not among them.",
                ["code"],
                registry=registry,
            )
        )
        self._documents = _By(
            Counter(
                "storegraph_documents",
                "Where documents came from: text, trusted (with the client they were registered for), persisted.",
                ["source", "client"],
                registry=registry,
            )
        )
        self._connections = _By(
            Gauge(
                "storegraph_database_connections",
                "Connections to the database by pool and state.",
                ["pool", "state"],
                registry=registry,
                multiprocess_mode="livesum",
            )
        )
        self._lag = Histogram(
            "storegraph_event_loop_lag_seconds",
            "How much later than asked for the event loop came back, sampled twice a second.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._failures = _By(
            Counter(
                "storegraph_job_failures",
                "Rounds of work beside the requests that failed, by job; each is tried again.",
                ["job"],
                registry=registry,
            )
        )
        self._failing = _By(
            Gauge(
                "storegraph_job_failing",
                "1 while the last round of the job failed; with several processes, how many of them say so.",
                ["job"],
                registry=registry,
                multiprocess_mode="livesum",
            )
        )
        self.deliveries = measuring.Deliveries(registry, self.job)
        self.live = Measured(registry)
        self._folder = os.environ.get(SHARED_FOLDER)
        if self._folder is None:
            ProcessCollector(registry=registry)

    def asked(self, method: str, path: str, status: int) -> None:
        method = method if method in _METHODS else "other"
        path = path if path in self._paths else "other"
        self._requests[method, path, str(status)].inc()

    def answered(self, kind: str | None, seconds: float, body: dict[str, Any], *, executed: bool) -> None:
        """Count a GraphQL answer. `kind` is that of its operation, None when it did not get as far as having one."""
        kind = kind or "none"
        errors = body.get("errors", ())
        if not executed:
            outcome = "refused"
        elif not errors:
            outcome = "ok"
        else:
            data = body.get("data")
            outcome = "partial" if data and any(value is not None for value in data.values()) else "failed"
        self._operations[kind, outcome].inc()
        self._durations[(kind,)].observe(seconds)
        for error in errors:
            self.refused(error.get("extensions", {}).get("code"))

    def refused(self, code: str | None) -> None:
        self._errors[(code if code in _CODES else "other",)].inc()

    def cost(self, kind: str, cost: int) -> None:
        """Note what an operation of this kind costs by the cost rule."""
        self._costs[(kind,)].observe(cost)

    def ran(self, kind: str, executor: str) -> None:
        """Note what ran an operation of this kind."""
        self._executions[kind, executor].inc()

    def document(self, source: str, client: str | None = None) -> None:
        self._documents[source, client or ""].inc()

    def job(self, name: str, failed: bool) -> None:
        """Note a round of work beside the requests."""
        self._failing[(name,)].set(failed)
        if failed:
            self._failures[(name,)].inc()

    async def sample(self, database: Database) -> None:
        """Looks at the pools, and for half a second at the loop."""
        loop = asyncio.get_running_loop()
        self._pools(database)
        asked = loop.time()
        await asyncio.sleep(SAMPLED_SECONDS)
        self._lag.observe(max(0.0, loop.time() - asked - SAMPLED_SECONDS))

    def _pools(self, database: Database) -> None:
        names = ("all",) if len(database.engines) == 1 else ("readers", "writer")
        for name, engine in zip(names, database.engines, strict=True):
            pool: Any = engine.sync_engine.pool
            self._connections[name, "used"].set(pool.checkedout())
            self._connections[name, "idle"].set(pool.checkedin())
            self._connections[name, "most"].set(pool.size())

    async def page(self, request: Request, database: Database) -> Response:
        self._pools(database)
        scraped = CollectorRegistry()
        if self._folder is None:
            scraped.register(_Collected(self.registry.collect()))
        else:
            _forget_the_dead(Path(self._folder))
            MultiProcessCollector(scraped, path=self._folder)  # type: ignore[no-untyped-call]
        scraped.register(_Collected([_build(database), *await _backlog(database)]))
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(scraped), headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def metrics_page(metrics: Metrics, settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    """What is at /metrics."""
    token = settings.metrics_token
    expected = None if token is None else f"bearer {token.get_secret_value()}".encode()

    async def page(request: Request) -> Response:
        if expected is not None:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if not hmac.compare_digest(f"{scheme.lower()} {given.strip()}".encode(), expected):
                challenge = {"WWW-Authenticate": 'Bearer realm="storegraph metrics"'}
                return Refusal(
                    401, "Send the metrics' own token", code=ErrorCode.UNAUTHENTICATED, headers=challenge
                ).response()
        return await metrics.page(request, request.app.state.database)

    return page


class _Collected:
    """What was collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def _build(database: Database) -> Metric:
    build = GaugeMetricFamily("storegraph_build_info", "What is running.", labels=["version", "python", "database"])
    build.add_metric([version("storegraph"), platform.python_version(), database.dialect], 1)
    return build


async def _backlog(database: Database) -> Sequence[Metric]:
    """What waits, and how long; nothing when the database does not say."""
    try:
        return [
            *_outbox(*await database.ask(_unnumbered, seconds=DATABASE_SECONDS)),
            *measuring.shown(await database.ask(measuring.waiting, seconds=DATABASE_SECONDS)),
        ]
    except (Unavailable, SQLAlchemyError) as error:
        log.warning("the database does not answer a scrape", reason=getattr(error, "reason", str(error)))
        return ()


def _outbox(count: int, oldest: datetime | None) -> Sequence[Metric]:
    """Events that nobody has numbered yet, and how long the oldest waits."""
    seconds = 0.0 if oldest is None else max(0.0, time.time() - oldest.timestamp())
    return (
        GaugeMetricFamily(
            "storegraph_outbox_waiting", f"Events not yet taken up, counted to {MOST_WAITING}.", value=count
        ),
        GaugeMetricFamily("storegraph_outbox_lag_seconds", "How long the oldest of them waits.", value=seconds),
    )


async def _unnumbered(connection: AsyncConnection) -> tuple[int, datetime | None]:
    waiting = select(col(EventRow.occurred_at)).where(col(EventRow.position).is_(None)).limit(MOST_WAITING).subquery()
    count, oldest = (await connection.execute(select(func.count(), func.min(waiting.c.occurred_at)))).one()
    return count, oldest


def _forget_the_dead(folder: Path) -> None:
    """A process that was replaced holds no connection any more; what it counted stays counted."""
    for pid in {int(p.stem.rpartition("_")[2]) for p in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # alive, and somebody else's
