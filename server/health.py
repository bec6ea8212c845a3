"""Pages for who looks after the server: whether it lives, whether it could answer now."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from db import migrations
from db.store.database import Database
from engine.values.errors import Busy, Unavailable
from server.work.jobs import Jobs, readiness
from server.work.worker import Worker

log = structlog.get_logger("storegraph.server")

# Whoever asks whether the database answers asks again soon; a hanging answer would be none.
READY_SECONDS: Final = 3.0
READY_AGAIN: Final = "5"
_FRESH: Final = {"Cache-Control": "no-store"}


async def health(_request: Request) -> Response:
    """The process is alive and its loop turns; whether the database is there is /ready's business."""
    return JSONResponse({"status": "ok"}, headers=_FRESH)


async def ready(request: Request) -> Response:
    reason = await missing(request.app.state.database)
    if reason:
        log.warning("not ready", reason=reason)
        return JSONResponse({"ready": False, "reason": reason}, 503, _FRESH | {"Retry-After": READY_AGAIN})
    # Requests are answered all the same: a balancer that took the server away would make it worse.
    jobs: Jobs = request.app.state.jobs
    worker: Worker = request.app.state.worker
    return JSONResponse(readiness([*jobs.failing, *worker.failing]), headers=_FRESH)


async def missing(database: Database) -> str | None:
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
    if revision != migrations.head():
        return "the schema of the database is not the one this version needs: run `storegraph migrate`"
    return None
