"""One HTTP request, as it passes through the edge."""

import os
import random
import re
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from db.access.viewer import ANONYMOUS, Viewer
from server.http.cycle import CYCLE, Cycle
from server.limits.limits import Turn

# What proxies and tracers send: UUIDs, ULIDs, trace ids, `Root=1-…`. Nothing that could forge a line or a header.
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:=+/-]{1,128}")
# Ids of requests are no secrets. Each process begins elsewhere; the system's own chance takes a call of the system.
_DRAWN: Final = random.Random(os.urandom(32))  # noqa: S311


class Call:
    """What is known of a request: what came with it, and, the further it gets, who asks, what it is charged, what it is
    about.

    `id` is the caller's own, when it is well-formed. `turn` is there where requests are charged. `shown` is what the
    access log writes instead of the path; `operation` the name that the caller gave to what it asks."""

    __slots__ = (
        "_fields",
        "_unique",
        "id",
        "method",
        "operation",
        "path",
        "receive",
        "scope",
        "shown",
        "turn",
        "viewer",
    )
    turn: Turn

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"].removeprefix(scope.get("root_path") or "")
        # Of a header that came several times the first, as Starlette has it.
        self._fields: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._unique = len(self._fields) == len(scope["headers"])
        given = self._fields.get(b"x-request-id", b"")
        self.id = given.decode() if given and _REQUEST_ID.fullmatch(given) else f"{_DRAWN.getrandbits(128):032x}"
        self.viewer: Viewer = ANONYMOUS
        self.shown: str | None = None
        self.operation: str | None = None

    def header(self, name: bytes) -> str | None:
        """By its name in small letters."""
        value = self._fields.get(name)
        return None if value is None else value.decode("latin-1")

    def header_values(self, name: bytes) -> list[str]:
        """Of a header that may come several times."""
        if name not in self._fields:
            return []
        if self._unique:
            return [self._fields[name].decode("latin-1")]
        return [value.decode("latin-1") for given, value in self.scope["headers"] if given == name]

    @property
    def cycle(self) -> Cycle | None:
        """What takes and answers it as a whole, where the server is ours."""
        cycle: Cycle | None = self.scope["state"].get(CYCLE)
        return cycle

    @property
    def headers(self) -> Headers:
        """As Starlette has them, for what asks for many."""
        return Headers(scope=self.scope)

    @property
    def address(self) -> str | None:
        client = self.scope.get("client")
        return client[0] if client else None


def called(scope: Scope) -> Call:
    """The request of an ASGI scope that came through the edge."""
    state: dict[str, Any] = scope["state"]
    call: Call = state["call"]
    return call
