"""How often a request asks PostgreSQL something and waits: where the database is another machine, that is its time."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.gateway import Gateway, opened
from tests.resolvers.shelf import MANAGED, ONE_TIME, UPDATED, events, id_of, shown, stock_shelf
from tests.wire import Wire

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PRICED = """
mutation Price($input: VariantUpdateInput!, $key: String) {
  variantUpdate(input: $input, idempotencyKey: $key) {
    variant { id version price { cents formatted } }
    userErrors { code message field }
  }
}
"""
ALL_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
READ = "query Read($id: ID!) { productVariant(by: { id: $id }) { title price { cents } } }"


@pytest.fixture
async def far(database_url: str, wire: Wire) -> AsyncIterator[Gateway]:
    """A gateway whose database is behind the wire, with its statements prepared."""
    async with opened(wire.through(database_url)) as gateway:
        await stock_shelf(gateway)
        for price in (1, 2):
            await priced(gateway, price)
            await gateway(READ, {"id": id_of(ONE_TIME)})
        yield gateway


async def priced(gateway: Gateway, price: int, **more: Any) -> dict[str, Any]:
    data = await gateway(PRICED, {"input": {"id": id_of(ONE_TIME), "price": price}, **more})
    payload: dict[str, Any] = data["variantUpdate"]
    assert payload["userErrors"] == []
    return payload


async def test_a_price_takes_two(far: Gateway, wire: Wire) -> None:
    """The change with its event, which is a transaction by itself, and what the payload shows."""
    before = wire.trips
    with far.counting() as statements:
        payload = await priced(far, 1100)
    assert wire.trips - before <= 2
    assert len(statements) == 2
    assert payload["variant"]["price"]["cents"] == 1100
    assert (await events(far, UPDATED))[-1]["version"] == payload["variant"]["version"]


async def test_a_key_costs_what_it_takes_to_keep_it(far: Gateway, wire: Wire) -> None:
    await priced(far, 1200, key="first")
    before = wire.trips
    await priced(far, 1300, key="second")
    assert wire.trips - before <= 4 + 3  # claimed, told, old ones forgotten


async def test_a_read_takes_one(far: Gateway, wire: Wire) -> None:
    before = wire.trips
    await far(READ, {"id": id_of(ONE_TIME)})
    assert wire.trips - before <= 1


async def test_a_connection_that_was_closed_meanwhile_fails_nobody(far: Gateway, wire: Wire, database_url: str) -> None:
    """Whether the driver has noticed or not."""
    for price in (1100, 1200, 1300):
        async with opened(database_url) as other, other.database.read() as connection:
            await connection.exec_driver_sql(ALL_OTHERS)
        wire.await_the_end()
        await priced(far, price)
        async with opened(database_url) as other, other.database.read() as connection:
            await connection.exec_driver_sql(ALL_OTHERS)
        read = await far(READ, {"id": id_of(ONE_TIME)})
        assert read["productVariant"]["price"] == {"cents": price}
    assert (await shown(far, ONE_TIME))["price"] == {"cents": 1300}
    assert (await shown(far, MANAGED))["price"] == {"cents": 3000}
