"""Running the application under uvicorn: in this process, or in several on one socket."""

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette

from server import logs, startup
from server.app import GRAPHQL_PATH, create_app
from server.garbage import collected_seldom
from server.http.tcp import HttpProtocol
from server.http.websocket import WebSocketProtocol
from server.limits.limits import check_redis
from server.metrics import SHARED_FOLDER
from server.settings.mistake import Mistake
from server.settings.settings import Settings

# Within which a process of several says that it lives, its start included; who does not is killed and replaced. A start
# on a busy machine takes longer than uvicorn's 5: processes were killed and started again, and none ever served.
ANSWER_SECONDS: Final = 60

log = structlog.get_logger("storegraph.server")


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until told to stop. `announce` gets the URL as soon as connections are taken. Raises Mistake."""
    logs.configure(settings.log_level, settings.log_format, secrets=settings.secrets())
    # What is wrong with a URL is said before a port is taken.
    check_redis(settings)
    database = startup.opened(settings)
    if database.embedded and settings.workers > 1:
        raise Mistake("SQLite serves from one process: leave out --workers, or use PostgreSQL")
    with bound(settings, settings.port) as listener:
        port = listener.getsockname()[1]
        # "Every address" is none that can be opened.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        url = f"http://{host}:{port}{GRAPHQL_PATH}"
        if settings.workers > 1:
            _serve_in_many(settings, listener, lambda: _announced(url, announce))
            return
        app = create_app(settings)
        config = _config(app, settings)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(app, uvicorn.Server(config), listener, lambda: _announced(url, announce)))


def _announced(url: str, announce: Callable[[str], None]) -> None:
    collected_seldom()
    gc.enable()
    log.info("serving", url=url, process=os.getpid())
    announce(url)


def _config(app: Starlette | str, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        http=HttpProtocol,
        limit_concurrency=settings.max_connections,
        # This process enters the lifespan itself: a reason not to start is then a line, not a traceback.
        lifespan="on" if isinstance(app, str) else "off",
        **sockets(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_worker_healthcheck=ANSWER_SECONDS,
    )


def sockets(settings: Settings) -> dict[str, Any]:
    """How uvicorn serves WebSockets. Nothing is compressed: it takes memory for each, and what is secret beside what a
    stranger chose can be guessed by its length."""
    if not settings.live:
        return {"ws": "none"}
    seconds = settings.live_alive_seconds
    return {
        "ws": WebSocketProtocol,
        "ws_max_size": settings.max_body_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": seconds,
        "ws_ping_timeout": seconds,
    }


async def _serve(app: Starlette, server: uvicorn.Server, listener: socket.socket, announce: Callable[[], None]) -> None:
    async with app.router.lifespan_context(app):
        # uvicorn's own handler, earlier than uvicorn sets it: it also raises the signal again when it has stopped, for
        # whoever was there before, and the rest of this function has yet to run then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, server.handle_exit)
        listener.listen(server.config.backlog)
        announce()
        await server.serve(sockets=[listener])


def _serve_in_many(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    from uvicorn.supervisors import Multiprocess

    async def prepared() -> None:
        async with startup.started(settings):
            pass

    asyncio.run(prepared())
    os.environ.update(settings.environment())  # all that reaches the processes
    config = _config("server.app:application", settings)
    listener.set_inheritable(True)
    listener.listen(config.backlog)
    announce()
    supervisor = Multiprocess(config, sockets=[listener])
    with tempfile.TemporaryDirectory(prefix="storegraph-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        supervisor.run()
    if any(process.exitcode == uvicorn.config.STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(1)


def bound(settings: Settings, number: int) -> socket.socket:
    """A socket of the settings' host that is bound to this port. Raises Mistake."""
    place = f"{settings.host} port {number}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        # A port that connections of the server before are still leaving is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "not a name of a host"
        raise Mistake(f"{settings.host} is no address of this machine: {reason}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Mistake(f"{place} is taken: stop what listens there, or choose another port with --port") from None
        raise Mistake(f"Cannot listen on {place}: {error.strerror}") from None
    return listener
