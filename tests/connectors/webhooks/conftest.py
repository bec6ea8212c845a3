from collections.abc import AsyncIterator

import pytest

from tests.connectors.webhooks.subscribing import Subscriber, subscribing
from tests.gateway import Gateway


@pytest.fixture
async def subscriber(gateway: Gateway) -> AsyncIterator[Subscriber]:
    async with subscribing(gateway) as subscriber:
        yield subscriber
