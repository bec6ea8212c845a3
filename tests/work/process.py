"""A worker as a process of its own, for tests that kill it: `python -m tests.work.process URL PORT`. It tells whom it
delivers to over a connection each, and gives up after a second."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import structlog

from connectors.delivery.sender import Claimed, Outcome
from server.work.worker import Worker
from tests.work.shop import PACE, QUICK, opened

CALL_SECONDS = 1.0
# A worker that is silent is taken for dead well after its calls were given up.
DEAD_SECONDS = 2.5


class Telling:
    kind: ClassVar[str] = "test"

    def __init__(self, port: int) -> None:
        self._port = port

    async def prepare(self, claimed: Sequence[Claimed]) -> Mapping[int, Any]:
        return {one.delivery_id: json.dumps([one.target_key, one.event_id, one.key]).encode() for one in claimed}

    async def send(self, claimed: Claimed, prepared: bytes) -> Outcome:
        del claimed
        try:
            async with asyncio.timeout(CALL_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(prepared + b"\n")
                    answer = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            return Outcome.retry(type(error).__name__)
        return Outcome.delivered() if answer else Outcome.retry("No answer")


async def main(url: str, port: int) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    # What it locks when it is stopped is free, too, by the time it is taken for dead.
    async with opened(url, silence=DEAD_SECONDS) as database:
        pace = replace(PACE, dead=DEAD_SECONDS, send=2 * CALL_SECONDS)
        # Killed again and again, a delivery fails for good only where it would be said to have been lost.
        policy = replace(QUICK, pauses=(0.01,) * 100)
        async with Worker(database, [Telling(port)], policy=policy, pace=pace).going_on():
            await stopped.wait()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
