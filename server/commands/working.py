"""`storegraph worker`: a process that delivers events and runs jobs, and serves nothing but its own state."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from db.store.database import Database
from db.store.unit import Units
from server import logs, startup
from server.commands.serving import bound
from server.garbage import collected_seldom
from server.graphql.executor import executor as made_executor
from server.health import READY_AGAIN, health, missing
from server.metrics import PATH as METRICS_PATH
from server.metrics import Metrics, metrics_page
from server.ports import opened_ports
from server.settings import secret_keys
from server.settings.settings import Settings
from server.work import assembly
from server.work.jobs import readiness
from server.work.waking import listening
from server.work.worker import Worker

log = structlog.get_logger("storegraph.work")


def work(settings: Settings) -> None:
    """Work until told to stop. Raises Mistake."""
    logs.configure(settings.log_level, settings.log_format, secrets=settings.secrets())
    collected_seldom()
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    metrics = Metrics((METRICS_PATH, "/health", "/ready"))
    executor = made_executor(settings, spent=metrics.cost)
    async with _opened(settings) as database, opened_ports(settings, database, executor) as ports:
        await _until(stopped, settings, database, ports.units, metrics)


async def _until(
    stopped: asyncio.Event, settings: Settings, database: Database, units: Units, metrics: Metrics
) -> None:
    worker = assembly.worker(settings, database, units, metrics.deliveries)
    units.committed = worker.wake
    async with (
        _told(settings, database, worker, metrics),
        listening(database, worker.wake),
        worker.going_on(settings.shutdown_seconds),
    ):
        log.info("working", process=os.getpid())
        await stopped.wait()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    """The database, which no other worker works on if it is embedded. Raises Mistake."""
    database = startup.opened(settings)
    try:
        with startup.alone(database, works=True):
            await startup.check_schema(database)
            async with startup.explained(database):
                await startup.look_through(database)
                await secret_keys.check(settings, database, startup.store_file(database))
            yield database
    finally:
        await database.close()


@asynccontextmanager
async def _told(settings: Settings, database: Database, worker: Worker, metrics: Metrics) -> AsyncIterator[None]:
    """Answers `/health`, `/ready` and `/metrics`, where the settings say a port."""
    if settings.worker_port is None:
        yield
        return
    app = state(settings, database, worker, metrics)
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    with bound(settings, settings.worker_port) as listener:
        listener.listen()
        log.info("state", port=listener.getsockname()[1])
        # Without uvicorn's handlers of signals: the worker's own end this too.
        serving = asyncio.create_task(server._serve([listener]), name="state")
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)


def state(settings: Settings, database: Database, worker: Worker, metrics: Metrics) -> Starlette:
    """The application that tells how a worker is."""

    async def ready(_request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        reason = await missing(database)
        if reason is None and worker.id is None:
            reason = "the worker has not begun yet"
        if reason is not None:
            return JSONResponse({"ready": False, "reason": reason}, 503, headers | {"Retry-After": READY_AGAIN})
        return JSONResponse(readiness(worker.failing), headers=headers)

    metrics_ = (Route(METRICS_PATH, metrics_page(metrics, settings)),) if settings.serves_metrics else ()
    app = Starlette(routes=[Route("/health", health), Route("/ready", ready), *metrics_])
    app.state.database = database
    return app
