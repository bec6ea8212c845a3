"""A connection that goes on as a WebSocket owes no head of a request any more, and writes frames as others do."""

import asyncio
from typing import Any
from unittest.mock import Mock

import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from server.graphql.websocket import SAY
from server.http.tcp import HttpProtocol
from server.http.websocket import WebSocketProtocol

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: shop.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_no_clock_runs_after_the_handshake() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    config = uvicorn.Config(app, http=HttpProtocol, ws=WebSocketProtocol, lifespan="off", log_config=None)
    config.load()
    transport = Mock(spec=asyncio.Transport)
    transport.get_extra_info.return_value = None
    connection = HttpProtocol(config=config, server_state=ServerState(), app_state={})
    connection.connection_made(transport)
    before = connection._head
    connection.data_received(HANDSHAKE)

    assert before is not None
    assert connection._head is None
    transport.set_protocol.assert_called_once()


async def test_what_many_are_told_is_framed_as_websockets_frames_it() -> None:
    """Of each length that a frame says in another way, for a client that reads by the book."""
    parts = [(b"a" * size, b"\xc3\xa9", b"}") for size in (0, 122, 123, 65_532, 65_533, 70_000)]
    said: asyncio.Queue[bool] = asyncio.Queue()
    go_on = asyncio.Event()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for one in parts:
            said.put_nowait(scope["extensions"][SAY](one))
        await send({"type": "websocket.close", "code": 1000})
        said.put_nowait(scope["extensions"][SAY](parts[0]))  # nobody is there any more
        await go_on.wait()

    config = uvicorn.Config(app, http=HttpProtocol, ws=WebSocketProtocol, lifespan="off", log_config=None)
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpProtocol(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    async with server, connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", max_size=None) as talk:
        heard = [message async for message in talk]
        go_on.set()

    assert heard == [b"".join(one).decode() for one in parts]
    assert [said.get_nowait() for _ in range(said.qsize())] == [True] * len(parts) + [False]
