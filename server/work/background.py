"""Work that goes on beside the requests, for as long as the server serves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

log = structlog.get_logger("storegraph.server")


@asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Each runs until it ends by itself, or until the block does: then it is cancelled and waited for."""
    tasks = [asyncio.create_task(_logged(one), name=getattr(one, "__qualname__", None)) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("work beside the requests ended")
        raise
