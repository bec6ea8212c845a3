import pytest

from tests.gateway import Gateway
from tests.resolvers.shelf import stock_shelf


@pytest.fixture
async def shelf(gateway: Gateway) -> Gateway:
    """A gateway to a store of one product with three variants, on each database in turn."""
    await stock_shelf(gateway)
    return gateway
