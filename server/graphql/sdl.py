"""The schema in its own language at /schema.graphql, for whom introspection would show it too."""

import asyncio
from collections.abc import Callable
from typing import Final

from engine.document.request import Openness
from engine.values.errors import Unavailable
from engine.values.viewer import Viewer
from server.access.admission import admit
from server.access.authentication import Authentication
from server.graphql.disclosure import hidden
from server.http import caching
from server.http.call import Call
from server.http.refusal import Refusal, noted
from server.http.reply import Reply
from server.limits.limits import Limits

_TEXT: Final = b"text/plain; charset=utf-8"


class SDL:
    """The endpoint, charged like any request. The schema is printed once, in a thread."""

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

    async def __call__(self, call: Call) -> Reply:
        call.turn = self._limits.turn()
        try:
            if call.method not in {"GET", "HEAD"}:
                raise Refusal(405, "Ask with GET", headers={"Allow": "GET, HEAD"})
            await admit(call, self._authentication)
            if not self._tells(call.viewer).introspection:
                raise hidden(anonymous=call.viewer.id is None)
            reply = Reply(200, {b"content-type": _TEXT, b"cache-control": b"no-cache"}, await self._sdl())
            reply = caching.unless_known(caching.tagged(reply), call)
        except (Refusal, Unavailable) as error:
            refusal = Refusal.of(error)
            noted(refusal, error)
            reply = refusal.reply()
        finally:
            call.turn.end()
        reply.headers.update(call.turn.headers)
        reply.headers[b"vary"] = b"Authorization, X-API-Key"
        return reply

    async def _sdl(self) -> bytes:
        async with self._turn:
            if self._text is None:
                self._text = (await asyncio.to_thread(self._printed)).encode()
        return self._text
