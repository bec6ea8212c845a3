"""The page that vendors send people back to after they have consented, or not: it says what came of it, and closes."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

import structlog
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from connectors.providers.access import Providers
from connectors.providers.consent import CALLBACK
from db.access.viewer import Viewer
from db.secrets.encrypted import NoSecretKey
from db.store.unit import Units
from engine.values.errors import Unavailable
from resolvers.integration.provider.consent import Answer, Refused, Unknown, consented
from server.access.authentication import Authentication
from server.http.call import Call, called
from server.http.refusal import Refusal, noted
from server.limits.limits import Limits

log = structlog.get_logger("storegraph.server")

PATH: Final = CALLBACK
# Codes of vendors have some hundreds of characters.
LONGEST: Final = 8192
# Of a window that the settings' page opened; others stay, and say so.
_CLOSES: Final = "setTimeout(function () { window.close() }, 3000)"
_HASH: Final = b64encode(sha256(_CLOSES.encode()).digest()).decode()
_HEADERS: Final = {
    # The address holds the code: it is told to nobody, and kept nowhere.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": f"default-src 'none'; script-src 'sha256-{_HASH}'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{sentence}</p><p>You can close this window.</p>{script}</body>
</html>
"""


class Consents:
    """The ASGI application at /oauth/callback. A browser comes without a credential: the state says who began. A caller
    who shows who they are has to be the same."""

    def __init__(self, units: Units, providers: Providers, authentication: Authentication, limits: Limits) -> None:
        self._units = units
        self._providers = providers
        self._authentication = authentication
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = called(scope)
        try:
            response = await self._answered(call, scope)
        except Refused as refused:
            response = page(refused.status, "Not connected", refused.message)
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            noted(refusal, error)
            response = page(refusal.status, "Not connected", f"{refusal.message}.")
            response.headers.update(refusal.headers)
        except NoSecretKey as no_key:
            response = page(503, "Not connected", no_key.message)
        await response(scope, receive, send)

    async def _answered(self, call: Call, scope: Scope) -> Response:
        if call.method != "GET":
            raise Refusal(405, "Vendors lead here with GET", headers={"Allow": "GET"})
        turn = self._limits.turn()
        await turn.unknown(call.address)
        answer = _read(scope["query_string"])
        viewer = await self._viewer(call)
        try:
            verified = await consented(self._units, self._providers, answer, viewer)
        except Unknown:
            await turn.turned_away(call.address)
            raise
        return page(200, "Connected", f"{verified.sentence or 'The vendor has accepted the settings'}.", closes=True)

    async def _viewer(self, call: Call) -> Viewer | None:
        given, keys = call.header_values(b"authorization"), call.header_values(b"x-api-key")
        if not given and not keys:
            return None
        call.viewer = await self._authentication.viewer(given, keys, call.address)
        return call.viewer


def page(status: int, title: str, sentence: str, *, closes: bool = False) -> Response:
    script = f"<script>{_CLOSES}</script>" if closes else ""
    text = _PAGE.format(title=escape(title), sentence=escape(sentence), script=script)
    return HTMLResponse(text, status, _HEADERS)


def _read(query_string: bytes) -> Answer:
    """Of a name that comes twice nothing is taken: two who read it would read it differently."""
    if len(query_string) > LONGEST:
        raise Unknown
    given = QueryParams(query_string)

    def one(name: str) -> str:
        found = given.getlist(name)
        return found[0] if len(found) == 1 else ""

    return Answer(one("state"), one("code"), one("error"))
