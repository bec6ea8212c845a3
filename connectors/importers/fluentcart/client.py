"""Asks a store, patiently: one GET at a time per slot, repeated while repeating may help."""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import orjson

from connectors.importers.fluentcart.errors import NoFluentCart, StoreFailing, WrongCredentials, WrongUrl
from connectors.importers.fluentcart.money import DEFAULT, currency_code
from connectors.importers.fluentcart.source import API, Source
from connectors.importers.fluentcart.values import branch, line
from connectors.importers.mapping import Record, Unreadable

GREETING: Final = "/settings/store"
REDIRECTS: Final = 5
# Timed out, too early, too many: the three refusals that another attempt can turn into an answer.
PASSING: Final = frozenset({408, 425, 429})


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
        self._api = self._site.copy_with(path=self._site.path.rstrip("/") + API)
        self._greeted = False
        self.currency = DEFAULT  # of the store's prices, once greeted
        self._slots = asyncio.Semaphore(source.concurrency)
        self._http = httpx2.AsyncClient(
            auth=httpx2.BasicAuth(source.user, source.password),
            headers={"Accept": "application/json", "User-Agent": "storegraph"},
            timeout=source.timeout,
            transport=source.transport,
            limits=httpx2.Limits(max_connections=source.concurrency),
        )

    @property
    def site(self) -> str:
        return str(self._site).rstrip("/")

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

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
        url = self._api.copy_with(path=self._api.path + path)
        if parameters:
            url = url.copy_merge_params(parameters)
        reason, after = "", None
        async with self._slots:
            for attempt in range(1, self._source.attempts + 1):
                try:
                    async with asyncio.timeout(self._source.timeout * 4):
                        return await self._attempt(path, url)
                except _Failed as failed:
                    reason, after = str(failed), failed.after
                except TimeoutError:
                    reason, after = "the answer took too long", None
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    if not self._greeted:
                        raise WrongUrl(f"cannot connect to {self.site}: {_words(error)}") from None
                    reason, after = f"cannot connect: {_words(error)}", None
                except httpx2.UnsupportedProtocol as error:
                    raise WrongUrl(f"cannot connect to {self.site}: {_words(error)}") from None
                except httpx2.RequestError as error:
                    if (
                        isinstance(error, httpx2.ProtocolError)
                        and not self._greeted
                        and attempt == self._source.attempts
                    ):
                        raise WrongUrl(f"{self.site} does not speak HTTP: {_words(error)}") from None
                    reason, after = _words(error), None
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

    async def _attempt(self, path: str, url: httpx2.URL) -> Any:
        status = 0
        for _ in range(REDIRECTS):
            async with self._http.stream("GET", url) as response:
                status = response.status_code
                if response.is_redirect:
                    url = self._followed(path, url, response)
                    continue
                body = await self._body(path, response)
            return self._judged(path, response, body)
        raise Refused(path, status, "redirects without end")

    async def _body(self, path: str, response: httpx2.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._source.most_bytes:
                raise Refused(path, response.status_code, f"more than {self._source.most_bytes} bytes")
        return bytes(body)

    def _judged(self, path: str, response: httpx2.Response, body: bytes) -> Any:
        status = response.status_code
        page = "html" in response.headers.get("Content-Type", "")
        try:
            answer = orjson.loads(body)
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
            raise _Failed(f"{status} {message}".rstrip(), _retry_after(response.headers.get("Retry-After")))
        raise Refused(path, status, code or message or ("a web page" if page else ""), code)

    def _followed(self, path: str, url: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
        """Where a redirect leads, when the password may go there too: the same origin, or the same host by TLS."""
        try:
            target = url.join(response.headers.get("Location", ""))
        except httpx2.InvalidURL:
            raise Refused(path, response.status_code, "a redirect to nowhere") from None
        if "wp-login" in target.path:
            raise Refused(path, response.status_code, "a redirect to the login page")
        here, there = (url.scheme, url.host, url.port), (target.scheme, target.host, target.port)
        if here == there or (here == ("http", url.host, None) and there == ("https", url.host, None)):
            return target.copy_with(username=None, password=None)
        origin = httpx2.URL(scheme=target.scheme, host=target.host, port=target.port)
        raise WrongUrl(f"{self.site} redirects to {line(str(origin))}: give that address if it is the store's")


def _said(answer: Any) -> tuple[str, str]:
    """The code and the message of WordPress's error, in one short line each."""
    if not isinstance(answer, dict):
        return "", ""
    code, message = answer.get("code"), answer.get("message")
    return line(code) if isinstance(code, str) else "", line(message) if isinstance(message, str) else ""


def _retry_after(value: str | None) -> float | None:
    """Seconds, or the time until a date; None when it says neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
        return max((date - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _words(error: Exception) -> str:
    """What a transport says, without what it does not know: some say nothing at all."""
    return line(str(error)) or type(error).__name__
