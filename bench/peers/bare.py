"""storegraph without an edge: the executor behind one function of uvicorn's, as the others are when they are bare.

    STOREGRAPH_DATABASE_URL=postgresql://… STOREGRAPH_PORT=9304 python bench/peers/bare.py

Whoever asks is an administrator, for as long as it takes. There are no tokens, rates, deadlines, ids of requests, logs,
metrics, caches, followers and no work beside requests. What is the engine's stays: bounds of a document and its cost,
arguments checked, visibility and permissions, events, fair turns.
"""

import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson
import uvicorn

from db.access.permission import PERMISSIONS
from db.access.viewer import Viewer
from db.store.unit import Units
from server import startup
from server.garbage import collected_seldom
from server.graphql import parameters
from server.graphql.executor import executor
from server.http.cycle import CYCLE, Cycle, lines
from server.http.tcp import HttpProtocol
from server.settings.settings import Settings

VIEWER: Final = Viewer("token:bench", "bench", PERMISSIONS)


def application(settings: Settings) -> Any:
    runs = executor(settings)
    units = Units(startup.opened(settings))

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/graphql":
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})
            return
        cycle: Cycle = scope["state"][CYCLE]
        body = cycle.taken()
        more = body is None
        while more:
            message = await receive()
            body = (body or b"") + message.get("body", b"")
            more = message.get("more_body", False)
        answered = await runs.execute(parameters.posted(body or b""), VIEWER, units, "bare")
        content = orjson.dumps(answered.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await cycle.answer(200, lines(headers), content)

    return answer


def main() -> None:
    settings = Settings()
    served = application(settings)
    collected_seldom()  # as `storegraph serve` does
    given: dict[str, Any] = {"http": HttpProtocol, "lifespan": "off", "access_log": False, "server_header": False}
    uvicorn.run(served, host=settings.host, port=settings.port, ws="none", log_level="warning", **given)


if __name__ == "__main__":
    main()
