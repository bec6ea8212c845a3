"""The application: what is opened at the start and closed at the end, which path leads where."""

import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.providers.access import Providers
from connectors.storage.link import PATH as DOWNLOADS_PATH
from db.store.database import Database
from engine.standard.execution import Executor
from engine.values.errors import ErrorCode, Unavailable
from schema.root import schema
from server import logs, startup
from server.access.authentication import Authentication
from server.access.oidc import trusted
from server.access.usage import Usage
from server.consents import PATH as CONSENTS_PATH
from server.consents import Consents
from server.files import stores as files
from server.files.downloads import Downloads
from server.garbage import collected_seldom
from server.graphql import graphiql
from server.graphql.disclosure import asked_at_home, openness
from server.graphql.documents import KnownDocuments
from server.graphql.endpoint import GraphQLEndpoint, Parts
from server.graphql.executor import executor as made_executor
from server.graphql.following import Asking
from server.graphql.graphiql.examples import DOCUMENTS
from server.graphql.sdl import SDL
from server.graphql.sse import EventStreams
from server.graphql.websocket import WebSockets
from server.health import health, ready
from server.http.call import Call
from server.http.edge import Edge, Endpoint
from server.http.refusal import Refusal, noted
from server.http.reply import Reply
from server.http.tcp import HttpProtocol
from server.inbound import PATH as INBOUND_PATH
from server.inbound import Inbound
from server.limits.limits import Limits
from server.live.live import Live
from server.live.origins import origins
from server.metrics import PATH as METRICS_PATH
from server.metrics import Metrics, metrics_page
from server.ports import Ports, opened_ports
from server.settings.settings import Settings
from server.work import assembly
from server.work.dates import COUPONS, EXPIRING, LAPSING, PUBLISHING
from server.work.forgetting import forgetting
from server.work.jobs import Job, Jobs
from server.work.numbering import numbering
from server.work.removing import removing
from server.work.waking import Notifying
from server.work.worker import Worker

log = structlog.get_logger("storegraph.server")

GRAPHQL_PATH: Final = "/graphql"
SDL_PATH: Final = "/schema.graphql"
TITLE: Final = "storegraph"
_PATHS: Final = (GRAPHQL_PATH, SDL_PATH, "/", "/health", "/ready", METRICS_PATH)


class Application(Starlette):
    """Everything under one roof. Its lifespan raises Mistake when the server must not start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics(_PATHS)
        self._endpoints: dict[str, Endpoint] = {}
        super().__init__(
            routes=[
                Route(f"{DOWNLOADS_PATH}{{token}}", _Downloads()),
                Route(f"{INBOUND_PATH}{{connection}}", _Inbound()),
                Route(CONSENTS_PATH, _Consents()),
                Route("/", _home),
                Route("/health", health),
                Route("/ready", ready),
                *((WebSocketRoute(GRAPHQL_PATH, _WebSockets()),) if settings.live else ()),
                *((Route(METRICS_PATH, metrics_page(self._metrics, settings)),) if settings.serves_metrics else ()),
                *(graphiql.routes() if settings.serves_graphiql else ()),
            ],
            exception_handlers={HTTPException: _not_here, Unavailable: _unavailable},
            lifespan=Application._open,
        )
        # A redirect to the path without the slash would name the scheme and host that a proxy used, not the caller's.
        self.router.redirect_slashes = False

    def build_middleware_stack(self) -> ASGIApp:
        """The edge, in place of Starlette's own layers."""
        others = ExceptionMiddleware(self.router, handlers=self.exception_handlers)
        return Edge(self._settings, self._metrics, self._endpoints, others)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        settings, metrics = self._settings, self._metrics
        executor = made_executor(settings, spent=metrics.cost, ran=metrics.ran)
        try:
            async with (
                startup.started(settings) as database,
                aclosing(Limits(settings)) as limits,
                opened_ports(settings, database, executor) as ports,
                aclosing(Notifying(database)) as notifying,
            ):
                worker = assembly.worker(settings, database, ports.units, metrics.deliveries)
                self.state.worker = worker
                jobs, live = self._furnished(database, limits, ports, executor)
                ports.units.committed = _each(
                    *((worker.wake,) if settings.work else ()),
                    *((live.wake,) if settings.live else ()),
                    *((notifying,) if settings.live or not settings.work else ()),
                )
                async with live.going_on(), jobs.going_on(), working(settings, database, worker):
                    yield
        finally:
            logs.ACCESS.flush()

    def _furnished(self, database: Database, limits: Limits, ports: Ports, executor: Executor) -> tuple[Jobs, Live]:
        """Puts the endpoints in their places. What is to go on beside the requests, and what is followed."""
        settings, metrics, units = self._settings, self._metrics, ports.units
        known = KnownDocuments(database, executor, settings)
        usage = Usage(database)
        authentication = Authentication(
            database, seconds=settings.seconds_anonymous, issuer=trusted(settings), usage=usage
        )
        live = Live(settings, executor, database, units, authentication, limits, metrics.live)
        asking = Asking(executor, units, known, metrics, live)
        self.state.sockets = WebSockets(asking, origins(settings))
        HttpProtocol.beside, HttpProtocol.leaving = lambda: live.connections, live.leave
        streams = EventStreams(asking) if settings.live else None
        parts = Parts(executor, units, authentication, known, metrics, limits, files.uploads(settings), streams)
        self._endpoints[GRAPHQL_PATH] = GraphQLEndpoint(parts, settings, _page(settings))
        self._endpoints[SDL_PATH] = SDL(schema.as_str, openness(settings), authentication, limits)
        self.state.database = database
        self.state.authentication = authentication
        self.state.downloads = Downloads(database, ports.stored, ports.links, seconds=settings.seconds_anonymous)
        self.state.inbound = Inbound(database, limits, settings, told=units.committed)
        self.state.consents = Consents(units, units.port(Providers), authentication, limits)
        self.state.jobs = jobs = Jobs(
            usage.job(),
            known.job(),
            *(clock.job(units) for clock in (PUBLISHING, COUPONS, EXPIRING, LAPSING)),
            removing(units),
            numbering(database),
            forgetting(database, ports.kept),
            Job("sampling", partial(metrics.sample, database), every=0.0),
            told=metrics.job,
        )
        return jobs, live


def _each(*told: Callable[[], None]) -> Callable[[], None]:
    def all_of_them() -> None:
        for one in told:
            one()

    return told[0] if len(told) == 1 else all_of_them


@asynccontextmanager
async def working(settings: Settings, database: Database, worker: Worker) -> AsyncIterator[None]:
    """With a worker in this process, unless the settings say that there are others."""
    if not settings.work:
        yield
        return
    with startup.alone(database, works=True):
        async with worker.going_on(settings.shutdown_seconds):
            yield


def create_app(settings: Settings) -> Starlette:
    return Application(settings)


def application() -> Starlette:
    """The application of one server process among several, by the environment alone."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format, secrets=settings.secrets())
    threading.Thread(target=_end_with_supervisor, name="supervisor's end", daemon=True).start()
    app = create_app(settings)
    collected_seldom()
    return app


def _end_with_supervisor() -> None:
    """A supervisor that is killed stops nobody: its processes would hold the port and serve on, unseen."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _Downloads:
    """A class and not a function, so that Route hands over every method and what is refused is explained."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.downloads(scope, receive, send)


class _WebSockets:
    """A class for the same reason."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.sockets(scope, receive, send)


class _Inbound:
    """The same of what shops tell."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.inbound(scope, receive, send)


class _Consents:
    """And of where vendors send people back to."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.consents(scope, receive, send)


def _page(settings: Settings) -> Callable[[Call], Reply] | None:
    if not settings.serves_graphiql:
        return None
    token = settings.admin_token.get_secret_value() if settings.demo and settings.admin_token else None

    def page(call: Call) -> Reply:
        # A page of any name that its owner makes lead to this machine would be of our origin, and read it.
        given = token if asked_at_home(call.headers) else None
        return Reply.of(graphiql.page(endpoint=GRAPHQL_PATH, title=TITLE, token=given, documents=DOCUMENTS))

    return page


async def _home(_request: Request) -> Response:
    return RedirectResponse(GRAPHQL_PATH)


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = ErrorCode.NOT_FOUND if error.status_code == 404 else ErrorCode.BAD_REQUEST
    message = f"{error.detail}: GraphQL is served at {GRAPHQL_PATH}"
    return Refusal(error.status_code, message, code=code, headers=error.headers).response()


async def _unavailable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)
    refusal = Refusal.of(error)
    noted(refusal, error)
    return refusal.response()
