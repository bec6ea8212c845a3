"""The schema in its own language at /schema.graphql, for whom introspection would show it too."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from engine.document.request import Openness
from engine.values.errors import Unavailable
from engine.values.viewer import Viewer
from server.access.admission import admitted
from server.access.authentication import Authentication
from server.graphql.disclosure import hidden
from server.http import caching
from server.http.refusal import Refusal, noted
from server.limits.limits import Limits


class SDL:
    """The ASGI application, charged like any request. The schema is printed once, in a thread."""

    def __init__(
        self,
        printed: Callable[[], str],
        tells: Callable[[Viewer], Openness],
        authentication: Authentication,
        limits: Limits,
    ) -> None:
        self._printed = printed
        self._tells = tells
        self._authentication = authentication
        self._limits = limits
        self._turn = asyncio.Lock()
        self._text: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        turn = self._limits.turn()
        try:
            if scope["method"] not in {"GET", "HEAD"}:
                raise Refusal(405, "Ask with GET", headers={"Allow": "GET, HEAD"})
            viewer = await admitted(self._authentication, turn, scope)
            if not self._tells(viewer).introspection:
                raise hidden(anonymous=viewer.id is None)
            response: Response = PlainTextResponse(await self._sdl(), headers={"Cache-Control": "no-cache"})
            response = caching.unless_known(caching.tagged(response), Headers(scope=scope))
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            noted(refusal, error)
            response = refusal.response()
        finally:
            turn.end()
        response.headers.update(turn.headers)
        response.headers["Vary"] = "Authorization, X-API-Key"
        await response(scope, receive, send)

    async def _sdl(self) -> bytes:
        async with self._turn:
            if self._text is None:
                self._text = (await asyncio.to_thread(self._printed)).encode()
        return self._text
