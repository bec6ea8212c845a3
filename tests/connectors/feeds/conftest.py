from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from tests.connectors.feeds.selling import Shop, selling
from tests.gateway import Gateway


@pytest.fixture
async def shop(gateway: Gateway) -> AsyncIterator[Shop]:
    async with selling(gateway) as shop:
        yield shop


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What fails here on purpose fills no log."""
    with structlog.testing.capture_logs():
        yield
