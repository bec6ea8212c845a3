from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from tests.connectors.workflows.flows import Flows, flowing
from tests.gateway import Gateway


@pytest.fixture
async def flows(gateway: Gateway) -> AsyncIterator[Flows]:
    async with flowing(gateway) as flows:
        yield flows


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What fails here on purpose fills no log."""
    with structlog.testing.capture_logs():
        yield
