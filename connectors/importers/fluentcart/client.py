"""Asks a store, patiently: one GET at a time per slot, repeated while repeating may help."""

import asyncio
import base64
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode, urljoin

import orjson

from connectors.importers.fluentcart.errors import NoFluentCart, StoreFailing, WrongCredentials, WrongUrl
from connectors.importers.fluentcart.money import DEFAULT, currency_code
from connectors.importers.fluentcart.source import API, Source
from connectors.importers.fluentcart.values import branch, line
from connectors.importers.mapping import Record, Unreadable
from connectors.outbound.client import Outbound, Times
from connectors.outbound.message import Answer, Failure, Kind, Request, Sends
from connectors.outbound.reach import ANYWHERE
from connectors.outbound.url import BadUrl, Url, parsed

GREETING: Final = "/settings/store"
REDIRECTS: Final = 5
# Timed out, too early, too many: the three refusals that another attempt can turn into an answer.
PASSING: Final = frozenset({408, 425, 429})
# What an address that is no store's looks like, before the first answer.
NOBODY: Final = frozenset(
    {Kind.DNS, Kind.UNREACHABLE, Kind.CONNECT_REFUSED, Kind.CONNECT_TIMEOUT, Kind.TLS, Kind.ADDRESS, Kind.URL}
)


class Refused(Exception):
    """The store answered, and repeating will not change the answer."""

    def __init__(self, path: str, status: int, reason: str, code: str = "") -> None:
        super().__init__(f"GET {path} answered {status}{f' ({reason})' if reason else ''}")
        self.status = status
        self.code = code


class Unanswered(Exception):
    """All attempts failed; the message says how the last one did."""


class _Failed(Exception):
    """One attempt failed in a way that may pass."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Client:
    """Use as `async with`. Never more than `source.concurrency` requests are under way; one that waits to be repeated
    keeps its place, so that a store that asks for patience is not asked by others meanwhile."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._site = source.site()
        self._api = replace(self._site, target=self._site.target.rstrip("/") + API)
        self._greeted = False
        self.currency = DEFAULT  # of the store's prices, once greeted
        self._slots = asyncio.Semaphore(source.concurrency)
        credentials = base64.b64encode(f"{source.user}:{source.password}".encode()).decode()
        self._headers = (
            ("Accept", "application/json"),
            ("Authorization", f"Basic {credentials}"),
        )
        self._open = AsyncExitStack()
        self._outside: Sends | None = source.transport

    @property
    def site(self) -> str:
        return str(self._site).rstrip("/")

    @property
    def per_page(self) -> int:
        return self._source.per_page

    async def __aenter__(self) -> Self:
        if self._outside is None:
            # Whoever imports named the store: it may be next door.
            times = Times(self._source.timeout, self._source.timeout * 4, self._source.timeout)
            self._outside = await self._open.enter_async_context(Outbound(ANYWHERE, times))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def greet(self) -> Record:
        """S1 `GET /settings/store`, asked first: tells a wrong address, a wrong password and a site without FluentCart
        apart. Answers with the store's settings. Raises ImportRefused."""
        try:
            settings = branch(branch(await self.get(GREETING)).get("settings"))
        except Refused as refused:
            if refused.status == 403 and refused.code:
                raise WrongCredentials(
                    f"{self.site} does not let {self._source.user} read the store: {refused}"
                ) from None
            raise NoFluentCart(f"{self.site} is no FluentCart store: {refused}") from None
        except Unanswered as unanswered:
            raise StoreFailing(f"{self.site} does not answer: {unanswered}") from None
        except Unreadable as unreadable:
            raise NoFluentCart(f"{self.site} does not answer as FluentCart does: {unreadable}") from None
        if not settings:
            raise NoFluentCart(f"{self.site} does not answer as FluentCart does: it names no settings of a store")
        self._greeted = True
        self.currency = currency_code(settings.get("currency")) or DEFAULT
        return settings

    async def alive(self) -> bool:
        """Whether the store answers what it has answered before: if so, a request that fails is at fault itself."""
        try:
            await self.get(GREETING)
        except (Refused, Unanswered):
            return False
        return True

    async def get(self, path: str, parameters: Mapping[str, str | int | list[str]] | None = None) -> Any:
        """The JSON below the API's root. Raises Refused, Unanswered, WrongUrl and WrongCredentials."""
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        url = replace(self._api, target=f"{self._api.target}{path}{query}")
        reason, after = "", None
        async with self._slots:
            for attempt in range(1, self._source.attempts + 1):
                try:
                    async with asyncio.timeout(self._source.timeout * 4):
                        return await self._attempt(path, url, last=attempt == self._source.attempts)
                except _Failed as failed:
                    reason, after = str(failed), failed.after
                except TimeoutError:
                    reason, after = "the answer took too long", None
                if attempt < self._source.attempts:
                    await asyncio.sleep(self._wait(attempt, after))
        raise Unanswered(f"GET {path} failed {self._source.attempts} times, last: {reason}")

    def _wait(self, attempt: int, after: float | None) -> float:
        """Retry-After when the store says so, else doubling; a part of it by chance, so that slots do not come back
        together."""
        chance: float = random.uniform(0.5, 1.0)  # noqa: S311 (nobody gains by guessing it)
        if after is None:
            return min(self._source.backoff * 2.0 ** (attempt - 1), self._source.longest_wait) * chance
        return min(after + self._source.backoff * chance * 0.2, self._source.longest_wait)

    async def _attempt(self, path: str, url: Url, *, last: bool) -> Any:
        assert self._outside is not None, "use the client as `async with`"
        status = 0
        for _ in range(REDIRECTS):
            request = Request("GET", str(url), self._headers, longest=self._source.most_bytes, whole=True)
            answer = await self._outside.send(request)
            if isinstance(answer, Failure):
                raise self._failed(path, answer, last=last)
            status = answer.status
            location = answer.header("location")
            if 300 <= status < 400 and location is not None:
                url = self._followed(path, url, status, location)
                continue
            return self._judged(path, answer)
        raise Refused(path, status, "redirects without end")

    def _failed(self, path: str, failure: Failure, *, last: bool) -> Exception:
        """What to raise for it: something that may pass, unless it never will or the address is wrong."""
        reason = line(failure.reason[:1].lower() + failure.reason[1:])
        if failure.kind is Kind.TOO_LARGE:
            return Refused(path, failure.status or 0, f"more than {self._source.most_bytes} bytes")
        if failure.kind in NOBODY:
            cannot = f"cannot connect: {reason}"
            return _Failed(cannot) if self._greeted else WrongUrl(f"cannot connect to {self.site}: {reason}")
        if failure.kind in (Kind.PROTOCOL, Kind.CLOSED) and not self._greeted and last:
            return WrongUrl(f"{self.site} does not speak HTTP: {reason}")
        return _Failed(reason)

    def _judged(self, path: str, received: Answer) -> Any:
        status = received.status
        page = "html" in (received.header("content-type") or "")
        try:
            answer = orjson.loads(received.body)
        except ValueError:
            answer = None
            if status == 200:
                if page and not self._greeted:
                    raise Refused(path, status, "a web page instead of JSON") from None
                raise _Failed("no JSON") from None
        if status == 200:
            return answer
        code, message = _said(answer)
        if status == 401:
            raise WrongCredentials(f"{self.site} does not accept the password of {self._source.user}")
        if status >= 500 or status in PASSING:
            raise _Failed(f"{status} {message}".rstrip(), received.retry_after)
        raise Refused(path, status, code or message or ("a web page" if page else ""), code)

    def _followed(self, path: str, url: Url, status: int, location: str) -> Url:
        """Where a redirect leads, when the password may go there too: the same origin, or the same host by TLS."""
        if "wp-login" in location:
            raise Refused(path, status, "a redirect to the login page")
        try:
            target = parsed(urljoin(str(url), location).partition("#")[0])
        except (BadUrl, ValueError):
            raise Refused(path, status, "a redirect to nowhere") from None
        here, there = (url.scheme, url.host, url.port), (target.scheme, target.host, target.port)
        if here == there or (here == ("http", url.host, 80) and there == ("https", url.host, 443)):
            return target
        origin = f"{target.scheme}://{target.authority}"
        raise WrongUrl(f"{self.site} redirects to {line(origin)}: give that address if it is the store's")


def _said(answer: Any) -> tuple[str, str]:
    """The code and the message of WordPress's error, in one short line each."""
    if not isinstance(answer, dict):
        return "", ""
    code, message = answer.get("code"), answer.get("message")
    return line(code) if isinstance(code, str) else "", line(message) if isinstance(message, str) else ""
