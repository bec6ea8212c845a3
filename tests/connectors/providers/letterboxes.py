"""A Letterbox on loopback, and the way to it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.outbound.client import Outbound
from connectors.outbound.message import Answer, Outcome, Request
from connectors.providers import Vendor
from tests.connectors.outbound.receiver import LOOPBACK, Exchange, receiving
from tests.packages.letterbox import Letterbox, LetterboxSettings

TOKEN: Final = "letterbox-token-0123456789"


@dataclass
class LetterboxServer:
    """`answers`: what is answered instead, by method and path: status, headers, and a body of bytes or what becomes
    JSON. `calls` are those that came, in their order."""

    answers: dict[str, tuple[int, Mapping[str, str], Any]] = field(default_factory=dict)
    lists: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": 1, "name": "News"}, {"id": 2, "name": "Offers"}]
    )
    token: str = TOKEN
    page: int = 100
    calls: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""

    async def __call__(self, exchange: Exchange) -> None:
        while True:
            head, _, body = (await exchange.read()).partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            method, target, _ = lines[0].split(" ")
            path, _, query = target.partition("?")
            said = json.loads(body) if body else None
            self.calls.append((f"{method} {target}", said))
            status, headers, answer = self.answers.get(f"{method} {path}") or self._answer(method, path, query, lines)
            encoded = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            told = [f"{name}: {value}".encode() for name, value in headers.items()]
            await exchange.answer(encoded, *told, status=f"{status} So".encode())

    def _answer(self, method: str, path: str, query: str, lines: list[str]) -> tuple[int, Mapping[str, str], Any]:
        if f"Authorization: Bearer {self.token}" not in lines:
            return 401, {}, {"message": "Who are you?"}
        if path == "/api/account":
            return 200, {}, {"name": "Acme"}
        if path == "/api/lists":
            begin = int(query.removeprefix("from="))
            return 200, {}, {"items": self.lists[begin : begin + self.page], "total": len(self.lists)}
        if path.endswith("/topics"):
            return 200, {}, {"items": [{"id": "garden", "name": "Garden"}], "total": 1}
        return (200, {}, {"id": 7}) if method == "PUT" else (204, {}, b"")


class Letters(LetterboxServer):
    """The same without a network, for documents whose answers are written down: whatever is sent arrives."""

    async def send(self, request: Request) -> Outcome:
        path, _, query = request.url.partition("/api")[2].partition("?")
        body = json.loads(request.body) if request.body else None
        self.calls.append((f"{request.method} /api{path}", body))
        lines = [f"{name}: {value}" for name, value in request.headers]
        named = self.answers.get(f"{request.method} /api{path}")
        status, headers, answer = named or self._answer(request.method, f"/api{path}", query, lines)
        encoded = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Answer(status, tuple(headers.items()), encoded, None, 0.0)


@asynccontextmanager
async def letterbox() -> AsyncIterator[LetterboxServer]:
    server = LetterboxServer()
    async with receiving(server) as receiver:
        server.url = receiver.url
        yield server


def settings_of(server: LetterboxServer) -> LetterboxSettings:
    return LetterboxSettings.model_validate({"server": server.url, "token": TOKEN})


@asynccontextmanager
async def reached(server: LetterboxServer, *, dry: bool = False) -> AsyncIterator[Vendor]:
    provider = Letterbox()
    async with Outbound(LOOPBACK) as outbound:
        yield Vendor(provider.site(settings_of(server)), outbound, title=provider.title, dry=dry)
