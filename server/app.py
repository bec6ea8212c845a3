"""The application: what is opened at the start and closed at the end, which path leads where."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from functools import cache, partial
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.storage.link import PATH as DOWNLOADS_PATH
from db import migrations
from db.store.database import Database
from db.store.unit import Units
from engine.values.errors import Busy, ErrorCode, Unavailable
from resolvers.access.sign_in import SignIns
from schema.root import schema
from server import logs, startup
from server.access.authentication import Authentication
from server.access.oidc import trusted
from server.access.usage import Usage
from server.files import stores as files
from server.files.downloads import Downloads
from server.files.uploads import PREFLIGHT_HEADERS
from server.graphql import graphiql
from server.graphql.disclosure import asked_at_home, openness
from server.graphql.documents import KnownDocuments
from server.graphql.endpoint import GraphQLEndpoint
from server.graphql.executor import executor as made_executor
from server.graphql.graphiql.examples import DOCUMENTS
from server.graphql.sdl import SDL
from server.http.middleware import LastResort, RequestLog, SecurityHeaders
from server.http.refusal import Refusal, noted
from server.limits.limits import HEADERS, Limits
from server.metrics import PATH as METRICS_PATH
from server.metrics import Measured, Metrics, metrics_page
from server.settings import encryption_keys as keys
from server.settings.settings import AcceptedDocuments, Settings
from server.work.jobs import Job, Jobs
from server.work.numbering import numbering
from server.work.publishing import publishing
from server.work.removing import removing

log = structlog.get_logger("storegraph.server")

GRAPHQL_PATH: Final = "/graphql"
TITLE: Final = "storegraph"
_LOCALHOST: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
# Whoever asks whether the database answers asks again soon; a hanging answer would be none.
READY_SECONDS: Final = 3.0
READY_AGAIN: Final = "5"
_OTHER_PATHS: Final = ("/", "/health", "/ready", "/schema.graphql", METRICS_PATH)


def create_app(settings: Settings) -> Starlette:
    """Everything under one roof. Its lifespan raises Mistake when the server must not start."""
    metrics = Metrics((GRAPHQL_PATH, *_OTHER_PATHS))
    tells = openness(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with startup.started(settings) as database, aclosing(Limits(settings)) as limits:
                app.state.database = database
                executor = made_executor(settings, spent=metrics.cost)
                known_documents = KnownDocuments(
                    database,
                    executor,
                    trusted_only=settings.accepted_documents is AcceptedDocuments.TRUSTED,
                    persisted_bytes=settings.persisted_query_bytes,
                    seconds=settings.seconds_anonymous,
                )
                usage = Usage(database)
                app.state.authentication = Authentication(
                    database, seconds=settings.seconds_anonymous, issuer=trusted(settings), usage=usage
                )
                stored = files.storage(settings)
                links = files.links(settings, keys.signing(settings, startup.store_file(database)))
                app.state.downloads = Downloads(database, stored, links, seconds=settings.seconds_anonymous)
                units = Units(database, SignIns(timedelta(hours=settings.session_hours)), stored, links)
                startup.check_ports(schema, units)
                app.state.graphql = GraphQLEndpoint(
                    executor,
                    units,
                    app.state.authentication,
                    known_documents,
                    metrics,
                    limits,
                    max_body_bytes=settings.max_body_bytes,
                    body_seconds=settings.body_seconds,
                    public_cache_seconds=settings.public_cache_seconds,
                    uploads=files.uploads(settings),
                    page=_page(settings),
                )
                app.state.sdl = SDL(schema.as_str, tells, app.state.authentication, limits)
                app.state.jobs = jobs = Jobs(
                    usage.job(),
                    known_documents.job(),
                    publishing(units),
                    removing(units),
                    numbering(database),
                    Job("sampling", partial(metrics.sample, database), every=0.0),
                    told=metrics.job,
                )
                async with jobs.going_on():
                    yield
        finally:
            logs.ACCESS.flush()

    app = Starlette(
        routes=[
            Route(GRAPHQL_PATH, _GraphQL()),
            Route(f"{DOWNLOADS_PATH}{{token}}", _Downloads()),
            Route("/", _home),
            Route("/health", _health),
            Route("/ready", _ready),
            Route("/schema.graphql", _SDL()),
            *((Route(METRICS_PATH, metrics_page(metrics, settings)),) if settings.serves_metrics else ()),
            *(graphiql.routes() if settings.serves_graphiql else ()),
        ],
        middleware=[
            Middleware(RequestLog),
            Middleware(Measured, metrics),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_origin_regex=_LOCALHOST if settings.demo else None,
                allow_methods=("GET", "POST"),
                allow_headers=("Authorization", "Content-Type", "X-API-Key", "X-Request-ID", *PREFLIGHT_HEADERS),
                expose_headers=("X-Request-ID", "Retry-After", *HEADERS),
            ),
            Middleware(LastResort),
            Middleware(SecurityHeaders),
        ],
        exception_handlers={HTTPException: _not_here, Unavailable: _unavailable},
        lifespan=lifespan,
    )
    # A redirect to the path without the slash would name the scheme and host that a proxy used, not the caller's.
    app.router.redirect_slashes = False
    return app


def application() -> Starlette:
    """The application of one server process among several, by the environment alone."""
    settings = Settings()
    logs.configure(settings.log_level, settings.log_format, secrets=settings.secrets())
    threading.Thread(target=_end_with_supervisor, name="supervisor's end", daemon=True).start()
    return create_app(settings)


def _end_with_supervisor() -> None:
    """A supervisor that is killed stops nobody: its processes would hold the port and serve on, unseen."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _GraphQL:
    """A class and not a function, so that Route hands over every method and the endpoint explains what it refuses."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.graphql(scope, receive, send)


class _SDL:
    """For every method, as above."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.sdl(scope, receive, send)


class _Downloads:
    """For every method, as above."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.downloads(scope, receive, send)


def _page(settings: Settings) -> Callable[[Headers], Response] | None:
    if not settings.serves_graphiql:
        return None
    token = settings.admin_token.get_secret_value() if settings.demo and settings.admin_token else None

    def page(headers: Headers) -> Response:
        # A page of any name that its owner makes lead to this machine would be of our origin, and read it.
        given = token if asked_at_home(headers) else None
        return graphiql.page(endpoint=GRAPHQL_PATH, title=TITLE, token=given, documents=DOCUMENTS)

    return page


async def _home(_request: Request) -> Response:
    return RedirectResponse(GRAPHQL_PATH)


async def _health(_request: Request) -> Response:
    """The process is alive and its loop turns; whether the database is there is /ready's business."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def _ready(request: Request) -> Response:
    reason = await _missing(request.app.state.database)
    if reason:
        log.warning("not ready", reason=reason)
    headers = {"Cache-Control": "no-store"}
    if reason:
        return JSONResponse({"ready": False, "reason": reason}, 503, headers | {"Retry-After": READY_AGAIN})
    # Requests are answered all the same: a balancer that took the server away would make it worse.
    jobs: Jobs = request.app.state.jobs
    failing = [{"job": one.job, "rounds": one.rounds, "since": one.since.isoformat()} for one in jobs.failing]
    return JSONResponse({"ready": True, "failing": failing} if failing else {"ready": True}, headers=headers)


async def _missing(database: Database) -> str | None:
    """Why requests would fail now; None when they would not."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            revision = await migrations.revision_of(database)
    except TimeoutError:
        return f"the database has not answered for {READY_SECONDS:g} s"
    except Busy:
        return "the database has too much to do"
    except Unavailable as error:
        log.warning("the database does not answer", reason=error.reason)
        return "the database does not answer"
    except SQLAlchemyError as error:
        log.warning("the database does not answer", exc_info=error)
        return "the database does not answer"
    if revision != _head():
        return "the schema of the database is not the one this version needs: run `storegraph migrate`"
    return None


@cache
def _head() -> str:
    return migrations.head()


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
