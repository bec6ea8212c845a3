import pytest

from server.demo.furnishing import furnish
from server.demo.opening import open_shop
from tests.gateway import Gateway
from tests.recorded import recorded_copy, recorded_store

__all__ = ["recorded_copy", "recorded_store"]


@pytest.fixture
async def demo_store(recorded_copy: Gateway) -> Gateway:
    """What `make demo` serves."""
    async with recorded_copy.database.write() as connection:
        assert await furnish(connection)
        await connection.commit()
    assert await open_shop(recorded_copy.database)
    return recorded_copy
