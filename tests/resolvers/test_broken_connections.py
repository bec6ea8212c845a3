"""While PostgreSQL ends connections and statements at random, changes and questions go on: what was acknowledged is
there, what was not is told in a coded error that says when to try again, and a key is used once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import func, select

from db.catalog.product import ProductRow
from db.store.idempotency import IdempotencyRow
from db.store.outbox import EventRow
from db.store.row import table
from tests import drawing
from tests.gateway import Gateway
from tests.patience import PATIENCE

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PRODUCT, EVENT, IDEMPOTENCY = table(ProductRow), table(EventRow), table(IdempotencyRow)
CLIENTS: Final = 6
CHANGES: Final = drawing.examples(3)
ANSWERS: Final = 8  # at most, from one break to the next
OTHERS: Final = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
HOW: Final = {
    "one": f"SELECT pg_terminate_backend(pid) FROM (SELECT pid {OTHERS} ORDER BY random() LIMIT 1) AS one",
    "all": f"SELECT pg_terminate_backend(pid) {OTHERS}",
    "statements": f"SELECT pg_cancel_backend(pid) {OTHERS} AND state = 'active'",
}
CREATE: Final = """mutation ($title: String!, $key: String) {
  productCreate(input: {title: $title}, idempotencyKey: $key) {
    product { id variants { id price { cents } } } userErrors { code message } } }"""
PRICE: Final = """mutation ($id: ID!, $cents: Cents!) {
  variantUpdate(input: {id: $id, price: $cents}) { variant { id price { cents } } userErrors { code message } } }"""
READ: Final = "{ products(first: 5) { nodes { id title variants { id price { cents } } } } }"
ONE: Final = "query ($id: ID!) { productVariant(by: {id: $id}) { price { cents } } }"


@dataclass
class Client:
    """Makes products and changes their prices, one after the other; a creation is sent until it is answered."""

    gateway: Gateway
    number: int
    answered: asyncio.Semaphore  # released by each answer
    told: Counter[str] = field(default_factory=Counter)
    made: dict[str, str] = field(default_factory=dict)  # titles, and the variant of each
    prices: dict[str, set[int]] = field(default_factory=dict)  # what a variant may cost: acknowledged, or nobody knows

    async def works(self) -> None:
        for number in range(CHANGES):
            title = f"made {self.number}-{number}"
            while (product := (await self.asked(CREATE, title=title, key=title)).get("product")) is None:
                pass
            self.made[title] = variant = product["variants"][0]["id"]
            self.prices[variant] = {0}
            for cents in (100, 200, 300):
                priced = await self.asked(PRICE, id=variant, cents=cents + number)
                self.prices[variant] = ({*self.prices[variant]} if not priced else set()) | {cents + number}
            await self.asked(READ)

    async def asked(self, document: str, **variables: Any) -> dict[str, Any]:
        """What it was answered; nothing, where that was an error."""
        answer = (await self.gateway.answer(document, variables)).body
        self.answered.release()
        for error in answer.get("errors", ()):
            assert "retryAfter" in error["extensions"], error
            self.told[error["message"]] += 1
        ((_, found),) = (answer.get("data") or {"": None}).items()
        assert not (found or {}).get("userErrors"), found
        return {} if "errors" in answer else found or {}


@pytest.fixture
async def breaking(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.mark.parametrize("how", HOW)
async def test_nothing_acknowledged_is_lost(gateway: Gateway, breaking: asyncpg.Connection, how: str) -> None:
    answered = asyncio.Semaphore(0)
    clients = [Client(gateway, number, answered) for number in range(CLIENTS)]
    drawn = random.Random(how)

    async def breaks() -> None:
        # By the answers, not by the clock alone: a slow machine would break more often than it gets anything done.
        while True:
            for _ in range(drawn.randint(1, ANSWERS)):
                await answered.acquire()
            await asyncio.sleep(drawn.random() / 100)
            await breaking.execute(HOW[how])

    async with asyncio.timeout(PATIENCE):
        breaker = asyncio.create_task(breaks())
        await asyncio.gather(*(client.works() for client in clients))
        breaker.cancel()
        with pytest.raises(asyncio.CancelledError):  # nothing else ended it
            await breaker

    made = {title for client in clients for title in client.made}
    async with gateway.database.read() as connection:
        titles = (await connection.scalars(select(PRODUCT.c.title))).all()
        created = select(func.count()).where(EVENT.c.name == "product.created")
        assert sorted(titles) == sorted(made)
        assert await connection.scalar(created) == len(made) == CLIENTS * CHANGES
        assert not await connection.scalar(select(func.count()).where(IDEMPOTENCY.c.result.is_(None)))
    for client in clients:
        for variant, possible in client.prices.items():
            found = (await gateway(ONE, {"id": variant}))["productVariant"]["price"]["cents"]
            assert found in possible, client.told
