"""The way out for clients that look up names and follow redirects by themselves."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.outbound.door import Door
from connectors.outbound.reach import PUBLIC, Reach, read_network
from connectors.storage import FileStat, Missing, StorageUnavailable
from connectors.storage.drivers import s3_buckets
from db.store.row import now
from tests.server.running import in_a_thread

HERE = Reach([read_network("127.0.0.1")])


@asynccontextmanager
async def opened(reach: Reach) -> AsyncIterator[Door]:
    door = Door(reach)
    try:
        yield door
    finally:
        await door.close()


async def said(door: Door, head: str, *, token: str | None = None) -> bytes:
    """What comes back of a head, to its end."""
    url = urlsplit(await door.url())
    credentials = base64.b64encode(f"door:{url.password if token is None else token}".encode()).decode()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"{head}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def _echoed(request: Request) -> Response:
    if request.url.path == "/away":
        return RedirectResponse(str(request.query_params["to"]))
    return PlainTextResponse(
        f"{request.method} {request.url.path}?{request.url.query} {request.headers.get('proxy-x')}"
    )


ECHO = Starlette(routes=[Route("/{path:path}", _echoed, methods=["GET", "POST"])])


async def test_it_leads_where_one_may_go() -> None:
    with in_a_thread(ECHO) as url:
        host = urlsplit(url).netloc
        async with opened(HERE) as door:
            asked = f"GET {url}/a/b?c=d HTTP/1.1\r\nHost: {host}\r\nProxy-X: kept from others"
            assert (await said(door, asked)).endswith(b"GET /a/b?c=d None")
            tunnel = f"CONNECT {host} HTTP/1.1"
            closed = asyncio.create_task(said(door, tunnel))
            await asyncio.sleep(0.2)
            assert not closed.done()
            await door.close()
            assert (await closed).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("CONNECT 127.0.0.1:443 HTTP/1.1", 502),
        ("CONNECT localhost:443 HTTP/1.1", 502),
        ("CONNECT 169.254.169.254:80 HTTP/1.1", 502),
        ("CONNECT [::1]:443 HTTP/1.1", 502),
        ("GET http://10.0.0.1/latest HTTP/1.1", 502),
        ("GET http://localhost/latest HTTP/1.1", 502),
        ("GET https://s3.example/ HTTP/1.1", 400),
        ("GET /latest HTTP/1.1", 400),
        ("CONNECT s3.example HTTP/1.1", 400),
    ],
)
async def test_it_leads_nowhere_else(head: str, status: int) -> None:
    async with opened(PUBLIC) as door:
        assert (await said(door, head)).startswith(f"HTTP/1.1 {status} ".encode())


async def test_who_does_not_know_it_stays_outside() -> None:
    async with opened(HERE) as door:
        assert (await said(door, "CONNECT 127.0.0.1:443 HTTP/1.1", token="guessed")).startswith(b"HTTP/1.1 407 ")


@pytest.mark.parametrize("junk", ["nothing", "GET", "GET http://[ HTTP/1.1", "CONNECT 127.0.0.1:99999 HTTP/1.1"])
async def test_junk(junk: str) -> None:
    async with opened(HERE) as door:
        assert not (await said(door, junk)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("through", [False, True])
async def test_a_store_that_redirects_inside(through: bool) -> None:
    """The client of buckets follows redirects; through the door it gets nowhere else."""
    asked: list[bytes] = []

    async def inner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(inner, "127.0.0.2", 0) as elsewhere:
        port = elsewhere.sockets[0].getsockname()[1]

        async def led_on(_request: Request) -> Response:
            return RedirectResponse(f"http://127.0.0.2:{port}/secret")

        with in_a_thread(Starlette(routes=[Route("/{path:path}", led_on)])) as store:
            async with opened(HERE) as door:
                proxy = await door.url() if through else None
                keys = {"access_key": "a", "secret_key": "b"}
                buckets = s3_buckets(["goods"], endpoint=store, region="eu-1", **keys, proxy=proxy)
                with pytest.raises((StorageUnavailable, Missing)):
                    await buckets["goods"].read(FileStat("a.pdf", 6, None, now()), 0, 6)
    assert len(asked) == (0 if through else 1)
