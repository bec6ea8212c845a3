"""The application: what is opened at the start and closed at the end, which path leads where."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from db import migrations
from db.database import Database
from db.unit import Units
from engine.errors import ErrorCode
from engine.execution import Executor
from schema.root import schema
from server import graphiql, logs, startup
from server.authentication import Authentication
from server.examples import DOCUMENTS
from server.graphql import GraphQLEndpoint
from server.middleware import LastResort, RequestLog, SecurityHeaders
from server.refusal import Refusal
from server.settings import Settings

log = structlog.get_logger("storegraph.server")

GRAPHQL_PATH: Final = "/graphql"
TITLE: Final = "storegraph"
_LOCALHOST: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
# Whoever asks whether the database answers asks again soon; a hanging answer would be none.
READY_SECONDS: Final = 3.0


def create_app(settings: Settings) -> Starlette:
    """Everything under one roof. Its lifespan raises Mistake when the server must not start."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with startup.started(settings) as database:
                app.state.database = database
                app.state.graphql = GraphQLEndpoint(
                    Executor(schema, documents=settings.documents, max_tokens=settings.max_tokens),
                    Units(database),
                    Authentication(database),
                    max_body_bytes=settings.max_body_bytes,
                    page=_page(settings),
                )
                yield
        finally:
            logs.ACCESS.flush()

    app = Starlette(
        routes=[
            Route(GRAPHQL_PATH, _GraphQL()),
            Route("/", _home),
            Route("/health", _health),
            Route("/ready", _ready),
            Route("/schema.graphql", _sdl),
            *(graphiql.routes() if settings.serves_graphiql else ()),
        ],
        middleware=[
            Middleware(RequestLog),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_origin_regex=_LOCALHOST if settings.demo else None,
                allow_methods=("GET", "POST"),
                allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
                expose_headers=("X-Request-ID", "Retry-After"),
            ),
            Middleware(LastResort),
            Middleware(SecurityHeaders),
        ],
        exception_handlers={HTTPException: _not_here},
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


def _page(settings: Settings) -> Callable[[], Response] | None:
    if not settings.serves_graphiql:
        return None
    token = settings.admin_token.get_secret_value() if settings.demo and settings.admin_token else None
    return lambda: graphiql.page(endpoint=GRAPHQL_PATH, title=TITLE, token=token, documents=DOCUMENTS)


async def _home(_request: Request) -> Response:
    return RedirectResponse(GRAPHQL_PATH)


async def _health(_request: Request) -> Response:
    """The process is alive and its loop turns; whether the database is there is /ready's business."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def _ready(request: Request) -> Response:
    reason = await _missing(request.app.state.database)
    if reason:
        log.warning("not ready", reason=reason)
    return JSONResponse(
        {"ready": False, "reason": reason} if reason else {"ready": True},
        503 if reason else 200,
        {"Cache-Control": "no-store"},
    )


async def _missing(database: Database) -> str | None:
    """Why requests would fail now; None when they would not."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            revision = await migrations.revision_of(database)
    except TimeoutError:
        return f"the database has not answered for {READY_SECONDS:g} s"
    except (SQLAlchemyError, OSError) as error:
        log.warning("the database does not answer", exc_info=error)
        return "the database does not answer"
    if revision != _head():
        return "the schema of the database is not the one this version needs: run `storegraph migrate`"
    return None


@cache
def _head() -> str:
    return migrations.head()


async def _sdl(_request: Request) -> Response:
    return PlainTextResponse(schema.as_str(), headers={"Cache-Control": "no-cache"})


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = ErrorCode.NOT_FOUND if error.status_code == 404 else ErrorCode.BAD_REQUEST
    message = f"{error.detail}: GraphQL is served at {GRAPHQL_PATH}"
    return Refusal(error.status_code, message, code=code, headers=error.headers).response()
