"""The route of download links: checks the link and what its order permits, then streams the file out of its store."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import structlog
from sqlalchemy import Executable, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from connectors.storage import (
    BadLink,
    ExpiredLink,
    FileStat,
    Link,
    Links,
    Missing,
    Storage,
    StorageUnavailable,
    UnknownDriver,
    UnsafePath,
    safe,
)
from connectors.storage.driver import Driver
from connectors.storage.drivers import LOCAL
from connectors.storage.kind import content_type
from connectors.storage.link import PATH
from connectors.storage.path import shown
from connectors.storage.setting import as_set, by
from db.catalog.download import DownloadRow
from db.commerce.entitlement import Entitlement, Verdict, entitlements, start
from db.store.database import ASKED_SECONDS, Database
from db.store.row import now, table
from engine.values import errors
from engine.values.errors import ErrorCode
from server.http.call import called
from server.http.ranges import Span, Unsatisfiable, http_date, matches, requested, still_holds
from server.http.refusal import Refusal

log = structlog.get_logger("storegraph.server")

# A slow client holds this much memory, and nothing of the store or the database.
_PIECE: Final = 1024 * 1024
_METHODS: Final = "GET, HEAD"
# When to ask again for a file.
STORE_SECONDS: Final = 5
_DOWNLOAD: Final = table(DownloadRow)

_REFUSED: Final = {
    Verdict.UNPAID: (403, ErrorCode.FORBIDDEN, "The order of this download is not paid"),
    Verdict.LAPSED: (403, ErrorCode.FORBIDDEN, "The subscription of this download has ended"),
    Verdict.EXPIRED: (403, ErrorCode.FORBIDDEN, "The time in which the order permits this download is over"),
    Verdict.EXHAUSTED: (410, ErrorCode.BUSINESS_RULE, "The order permits no further download of this file"),
}


class Downloads:
    """The ASGI application at /downloads/{token}."""

    def __init__(self, database: Database, storage: Storage, links: Links, *, seconds: float = ASKED_SECONDS) -> None:
        """`seconds` is how long the database is asked."""
        self._database = database
        self._seconds = seconds
        self._storage = storage
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        called(scope).shown = f"{PATH}***"  # for the log: whoever reads a link may use it
        try:
            response = await self._answered(scope, Headers(scope=scope))
        except (Refusal, errors.Unavailable) as error:
            response = Refusal.of(error).response()
            response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        await response(scope, receive, send)

    async def _answered(self, scope: Scope, headers: Headers) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(405, "A download is fetched with GET", headers={"Allow": _METHODS})
        link = self._link(scope["path_params"]["token"])
        called(scope).shown = f"{PATH}{link.identifier}"
        download, entitlement = await self._found(link)
        name = download["file_name"] or shown(download["file_path"] or "") or link.identifier
        driver, file = await self._stored(download)
        try:
            etag = headers.get("if-none-match")
            known = etag is not None and matches(etag, file.etag)
            holds = still_holds(headers.get("if-range"), file.etag, file.modified_at)
            asked = headers.get("range") if scope["method"] == "GET" and holds and not known else None
            span = requested(asked, file.size)
        except Unsatisfiable:
            raise Refusal(
                416, f"The file has {file.size} bytes", headers={"Content-Range": f"bytes */{file.size}"}
            ) from None
        goes_on = span is not None and span.start > 0 and entitlement is not None and entitlement.resumable(now())
        if entitlement is not None:
            _check(entitlement.verdict(now()), goes_on=goes_on)
        about = _headers(file)
        if known:
            return Response(status_code=304, headers=about)
        whole = span or Span(0, file.size, file.size)
        about["Content-Length"] = str(whole.end - whole.start)
        about["Content-Disposition"] = disposition(name)
        if scope["method"] == "HEAD":
            return Response(headers=about, media_type=content_type(name))
        # Read before it is counted: nobody pays for a store that does not answer.
        first = await self._read(driver, file, whole.start, min(whole.end, whole.start + _PIECE))
        if link.order_id is not None and not goes_on:
            await self._count(link.order_id, link.identifier)
        if span is not None:
            about["Content-Range"] = span.content_range
        content = _pieces(driver, file, first, whole.start + len(first), whole.end)
        return StreamingResponse(content, 206 if span else 200, about, media_type=content_type(name))

    def _link(self, token: str) -> Link:
        try:
            return self._links.read(token)
        except BadLink:
            raise Refusal(403, "This is no link of this store, or it was changed", code=ErrorCode.FORBIDDEN) from None
        except ExpiredLink:
            raise Refusal(403, "The link has expired: ask for a new one", code=ErrorCode.FORBIDDEN) from None

    async def _found(self, link: Link) -> tuple[dict[str, Any], Entitlement | None]:
        """The download, and what the link's order says of it. The connection is given back before anything is sent."""

        async def lookup(connection: AsyncConnection) -> tuple[dict[str, Any], Entitlement | None]:
            async def rows(statement: Executable) -> Sequence[Any]:
                return (await connection.execute(statement)).all()

            found = await rows(select(_DOWNLOAD).where(_DOWNLOAD.c.identifier == link.identifier))
            if not found:
                raise _gone()
            if link.order_id is None:
                return dict(found[0]._mapping), None
            entitled = await entitlements(rows, [link.order_id], at=now(), identifier=link.identifier)
            if not entitled:
                raise Refusal(403, "The order of this link does not contain the file", code=ErrorCode.FORBIDDEN)
            return dict(found[0]._mapping), entitled[0]

        return await self._database.ask(lookup, seconds=self._seconds)

    async def _stored(self, download: dict[str, Any]) -> tuple[Driver, FileStat]:
        try:
            storage = await self._stores(download["driver"])
            driver = storage.of(download["driver"] or LOCAL, download["bucket"])
            return driver, await driver.find(safe(download["file_path"] or download["file_name"] or ""))
        except (UnknownDriver, UnsafePath, Missing) as error:
            log.warning("a download has no file", download=download["id"], reason=f"{type(error).__name__}: {error}")
            raise _gone() from None
        except StorageUnavailable as error:
            raise _unavailable() from error

    async def _stores(self, driver: str | None) -> Storage:
        async def asked(connection: AsyncConnection) -> Storage:
            return await as_set(by(connection), self._storage, driver)

        if self._storage.fixed or driver in (None, LOCAL):
            return self._storage
        return await self._database.ask(asked, seconds=self._seconds)

    async def _read(self, driver: Driver, file: FileStat, start: int, end: int) -> bytes:
        try:
            return await driver.read(file, start, end)
        except Missing:
            raise _gone() from None
        except StorageUnavailable as error:
            raise _unavailable() from error

    async def _count(self, order_id: int, identifier: str) -> None:
        async def counted(connection: AsyncConnection) -> None:
            verdict = await start(connection, order_id, identifier, at=now())
            if verdict is None:
                raise _gone()
            _check(verdict, goes_on=False)

        await self._database.tell(counted, seconds=self._seconds)


def _check(verdict: Verdict, *, goes_on: bool) -> None:
    """Raises Refusal. What is gone on with was counted when it began."""
    if verdict is Verdict.GRANTED or (goes_on and verdict is Verdict.EXHAUSTED):
        return
    status, code, message = _REFUSED[verdict]
    raise Refusal(status, message, code=code)


async def _pieces(driver: Driver, file: FileStat, first: bytes, at: int, end: int) -> AsyncIterator[bytes]:
    """What fails here breaks the connection, before the announced length: the client notices and asks for the rest."""
    yield first
    while at < end:
        piece = await driver.read(file, at, min(end, at + _PIECE))
        at += len(piece)
        yield piece


def _headers(file: FileStat) -> dict[str, str]:
    about = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Last-Modified": http_date(file.modified_at),
    }
    return about if file.etag is None else about | {"ETag": file.etag}


def disposition(name: str) -> str:
    """Content-Disposition (RFC 6266): to be saved, under this name; in ASCII for clients that read no other."""
    name = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
    plain = "".join(c if c.isascii() and c not in '"%' else "_" for c in name)
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def _gone() -> Refusal:
    return Refusal(404, "The file of this link is no longer there", code=ErrorCode.NOT_FOUND)


def _unavailable() -> errors.Unavailable:
    return errors.Unavailable("The store of files does not answer: try again", retry_after=STORE_SECONDS)
