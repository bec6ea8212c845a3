"""Vendors on loopback: what their public references say they answer, with a log of the calls, the most at once, and
what goes wrong when a test wants it to.

    async with Mailchimp().serving() as mailchimp:
        mailchimp.fail(429, headers={"Retry-After": "7"}, path="/3.0/ping")
        ...
        assert mailchimp.paths == ["GET /3.0/ping"]
"""

import asyncio
import json
import re
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any, Final, Self, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from connectors.outbound.message import Outcome, Request, Sends
from connectors.outbound.reach import Reach
from tests.patience import PATIENCE

# What lets a client ask the vendors of a test.
LOOPBACK: Final = Reach([ip_network("127.0.0.0/8")])
JSON: Final = "application/json; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
# Nobody waits so long but for what hangs.


@dataclass(frozen=True)
class Call:
    """One request as it came. `query` has the last of several values of a name, `queries` all of them."""

    method: str
    path: str
    queries: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]  # names in small letters
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(self.queries)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def basic(self) -> tuple[str, str] | None:
        """User and password of `Authorization: Basic`."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = b64decode(value).decode().partition(":")
        return user, password

    @property
    def bearer(self) -> str | None:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" else None

    @property
    def credential(self) -> str:
        """As whom it asks."""
        return self.headers.get("authorization") or self.headers.get("api-token", "")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answered:
    """`body`: what becomes JSON, or bytes that are sent as they are; None sends none."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON


@dataclass
class Fault:
    """Instead of what would be answered. `times`: of the calls that it is about, the next so many; `path` a regular
    expression of the whole path. `dropped`: the connection is closed without a word. `until`: answered, whatever it is,
    only when that is set. `after`: the call is carried out, and only its answer is lost."""

    answer: Answered | None = None
    times: int = 1
    method: str | None = None
    path: str = ".*"
    dropped: bool = False
    until: asyncio.Event | None = None
    after: bool = False

    def concerns(self, call: Call) -> bool:
        named = self.method is None or self.method == call.method
        return self.times > 0 and named and re.fullmatch(self.path, call.path) is not None


Answers: TypeAlias = Callable[..., Answered]
Handled = TypeVar("Handled", bound=Answers)


def answers(method: str, path: str) -> Callable[[Handled], Handled]:
    """A method of a vendor that answers such calls; what stands in braces in the path becomes its arguments."""

    def marked(function: Handled) -> Handled:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
        function.__dict__["answers"] = (method, pattern)
        return function

    return marked


class Vendor:
    """A vendor's API with what it holds in memory. A subclass says how it refuses (`unauthorized`, `unknown`, …) and
    what it answers (`@answers`).

    `most` calls of a credential may be under way at once, then it answers `crowded()`; `calls` is the log, in the order
    received, `moments` when each came (seconds of this process), `most_by` how many at once of each credential."""

    most: int | None = None
    # What the vendor's API is asked by in the world: scheme, host and whatever comes before the path.
    public = "https://vendor.example"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.moments: list[float] = []
        self.crowds = 0  # calls that were one too many
        self.now_by: Counter[str] = Counter()
        self.most_by: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0
        # Held, all calls wait: what shows how many come together.
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = asyncio.Event()
        self.slow = 0.0  # seconds that each answer takes
        self._loop: asyncio.AbstractEventLoop | None = None
        self._routes = [
            (*function.__dict__["answers"], function)
            for name in dir(type(self))
            if hasattr(function := getattr(type(self), name), "__dict__") and "answers" in function.__dict__
        ]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [str(call) for call in self.calls]

    def of(self, method: str, path: str) -> list[Call]:
        """The calls of a method to a path, which is a regular expression."""
        return [call for call in self.calls if call.method == method and re.fullmatch(path, call.path)]

    def fail(
        self,
        status: int,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        kind: str = JSON,
        times: int = 1,
        method: str | None = None,
        path: str = ".*",
        after: bool = False,
    ) -> None:
        """Answers so instead. `after`: what was asked is done nevertheless."""
        self.faults.append(Fault(Answered(status, body, headers or {}, kind), times, method, path, after=after))

    def drop(self, *, times: int = 1, method: str | None = None, path: str = ".*", after: bool = False) -> None:
        """Closes the connection instead of an answer."""
        self.faults.append(Fault(None, times, method, path, dropped=True, after=after))

    def hold(self) -> None:
        """Nobody is answered until `release`."""
        self.open.clear()

    def release(self) -> None:
        self.open.set()

    def redirected(self, inner: Sends) -> "Redirected":
        """A client to which this vendor is what its public address leads to."""
        return Redirected(inner, {self.public: self.url})

    # What it answers

    def refused(self, call: Call) -> Answered | None:
        """Whoever is not let in."""
        return None

    def crowded(self) -> Answered:
        return Answered(429, {"message": "Too many requests"}, {"Retry-After": "1"})

    def unknown(self, call: Call) -> Answered:
        return Answered(404, {"message": "Not found"})

    def limited(self, call: Call) -> Answered | None:
        """What is asked too often."""
        return None

    def _answer(self, call: Call) -> Answered:
        if (refusal := self.limited(call) or self.refused(call)) is not None:
            return refusal
        for method, pattern, function in self._routes:
            if method == call.method and (found := pattern.fullmatch(call.path)) is not None:
                answered: Answered = function(self, call, **found.groupdict())
                return answered
        return self.unknown(call)

    # How it is run

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """On a port of loopback."""
        self._loop = asyncio.get_running_loop()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
            yield self
        finally:
            self.open.set()
            await runner.cleanup()

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """For a test that has no event loop, and for servers in processes of their own."""
        started = threading.Event()
        ended: list[asyncio.Event] = []

        async def run() -> None:
            ended.append(asyncio.Event())
            async with self.serving():
                started.set()
                await ended[0].wait()

        thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
        thread.start()
        if not started.wait(PATIENCE):
            raise TimeoutError("the vendor did not start")
        try:
            yield self
        finally:
            assert self._loop is not None
            self._loop.call_soon_threadsafe(ended[0].set)
            thread.join(PATIENCE)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        split = urlsplit(request.raw_path)
        queries = tuple(parse_qsl(split.query, keep_blank_values=True))
        call = Call(request.method, request.path, queries, headers, await request.read())
        self.calls.append(call)
        self.moments.append(time.monotonic())
        self.at_once += 1
        self.now_by[call.credential] += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.most_by[call.credential] = max(self.most_by[call.credential], self.now_by[call.credential])
        try:
            crowded = self.most is not None and self.now_by[call.credential] > self.most
            self.crowds += crowded
            self.waiting.set()
            await self.open.wait()
            if self.slow:
                await asyncio.sleep(self.slow)
            return await self._told(self.crowded() if crowded else await self._outcome(call), request)
        finally:
            self.at_once -= 1
            self.now_by[call.credential] -= 1

    async def _outcome(self, call: Call) -> Answered | None:
        """None: nothing is answered."""
        fault = next((fault for fault in self.faults if fault.concerns(call)), None)
        if fault is None:
            return self._answer(call)
        fault.times -= 1
        if fault.until is not None:
            await fault.until.wait()
        done = self._answer(call) if fault.after or (fault.answer is None and not fault.dropped) else None
        return None if fault.dropped else fault.answer or done

    async def _told(self, answered: Answered | None, request: web.BaseRequest) -> web.StreamResponse:
        if answered is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        body = answered.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {**answered.headers} if body is None else {"Content-Type": answered.kind, **answered.headers}
        return web.Response(status=answered.status, body=body, headers=headers)


class Redirected:
    """Sends what is for a vendor to where it is in a test; `requests` are those that were sent, as they were meant."""

    def __init__(self, inner: Sends, places: Mapping[str, str]) -> None:
        self._inner = inner
        self._places = places
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Outcome:
        self.requests.append(request)
        for public, here in self._places.items():
            if request.url.startswith(public):
                return await self._inner.send(replace(request, url=here + request.url.removeprefix(public)))
        return await self._inner.send(request)


def paged(items: list[Any], offset: int, count: int) -> list[Any]:
    return items[offset : offset + count]


async def soon(condition: Callable[[], bool], step: Callable[[], Awaitable[None]] | None = None) -> None:
    """Returns when something is true; raises TimeoutError when it never becomes so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await (asyncio.sleep(0.001) if step is None else step())
