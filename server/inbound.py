"""The route that connected shops tell at what happened there: quick, for what is to be done about it is a job."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.inbound.receiving import AtRest, Unknown, recognise, take
from connectors.inbound.schemes import Forged, Stale, Unclear
from db.secrets.encrypted import NoSecretKey
from db.store.database import Database
from engine.values.errors import ErrorCode, Unavailable
from server.http import body
from server.http.call import Call, called
from server.http.refusal import Refusal, noted
from server.limits.limits import Limits
from server.settings.settings import Settings

log = structlog.get_logger("storegraph.server")

PATH: Final = "/inbound/"
# When a shop asks again whose connection rests.
REST_SECONDS: Final = 3600
# Of one header; those that schemes read are short words.
LONGEST_HEADER: Final = 1024


class Inbound:
    """The ASGI application at /inbound/{connection}. Whoever is not known to be the shop is charged to their address;
    the shop has a budget of its own. `told`: there is a job."""

    def __init__(self, database: Database, limits: Limits, settings: Settings, told: Callable[[], None]) -> None:
        self._database = database
        self._limits = limits
        self._longest = settings.inbound_body_bytes
        self._seconds = settings.body_seconds
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = called(scope)
        try:
            response = await self._answered(call, scope["path_params"]["connection"])
        except ClientDisconnect:
            return
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            noted(refusal, error)
            response = refusal.response()
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)

    async def _answered(self, call: Call, guid: str) -> Response:
        if call.method != "POST":
            raise Refusal(405, "A shop tells with POST", headers={"Allow": "POST"})
        turn = self._limits.turn()
        await turn.unknown(call.address)
        body.check_encoding(call.header(b"content-encoding"))
        try:
            async with asyncio.timeout(self._seconds):
                told = await body.read(call.receive, call.header(b"content-length"), self._longest)
        except TimeoutError:
            raise Refusal(408, "The body did not arrive in time") from None
        try:
            recognised = await recognise(self._database, guid, _headers(call), told, _now())
        except (Unknown, Forged) as stranger:
            await turn.turned_away(call.address)
            if isinstance(stranger, Unknown):
                raise Refusal(404, "There is no such connection", code=ErrorCode.NOT_FOUND) from None
            raise Refusal(
                401, "The call is not signed with the connection's secret", code=ErrorCode.UNAUTHENTICATED
            ) from None
        except Stale:
            raise Refusal(400, "The call was sent too long ago: send it anew") from None
        except Unclear as unclear:
            raise Refusal(400, str(unclear)) from None
        except AtRest:
            wait = {"Retry-After": str(REST_SECONDS)}
            message = "The connection is at rest: nothing is taken in"
            raise Refusal(503, message, code=ErrorCode.CONFIGURATION_ERROR, headers=wait) from None
        except NoSecretKey as no_key:
            raise Refusal(503, no_key.message, code=ErrorCode.CONFIGURATION_ERROR) from None
        await self._limits.inbound(guid)
        if not recognised.wanted:
            return _said(200, "ignored")
        if not await take(self._database, recognised, _now()):
            return _said(200, "repeated")
        self._told()
        log.info("a shop told", connection=guid, topic=recognised.hint.topic, delivery=recognised.hint.delivery)
        return _said(202, "accepted")


def _said(status: int, word: str) -> Response:
    return Response(orjson.dumps({"status": word}), status, media_type="application/json")


def _headers(call: Call) -> dict[str, str]:
    """By their names in small letters; of one that came several times the first."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(call.scope["headers"])
        if len(value) <= LONGEST_HEADER
    }


def _now() -> datetime:
    return datetime.now(UTC)
