"""A worker that runs workflows, as a process of its own, for tests that kill it:
`python -m tests.connectors.workflows.process URL`."""

import asyncio
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog

from connectors.outbound.client import Outbound
from connectors.workflows.actions import Actions
from connectors.workflows.deeds import Deeds
from connectors.workflows.running import Running
from connectors.workflows.sender import Workflows
from server.work.worker import Worker
from tests.connectors.outbound.receiver import LOOPBACK
from tests.gateway import opened
from tests.work.shop import PACE, QUICK

# A worker that is silent is taken for dead well after its calls were given up.
CALL_SECONDS: Final = 5.0
DEAD_SECONDS: Final = 6.0


async def main(url: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with opened(url) as gateway, Outbound(LOOPBACK) as outbound:
        gateway.outbound = outbound
        units = gateway.made_units()
        # Killed again and again, a run fails for good only where it would be said to have been lost.
        policy = replace(QUICK, pauses=(0.01,) * 100)
        pace = replace(PACE, dead=DEAD_SECONDS, send=CALL_SECONDS)
        actions = units.port(Actions)
        sender = Workflows(units, actions, Running(units, actions, units.port(Deeds)), policy)
        worker = Worker(gateway.database, [sender], policy=policy, pace=pace)
        units.committed = worker.wake
        async with worker.going_on():
            await stopped.wait()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
