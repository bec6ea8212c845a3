"""Servers that are killed while people buy and clerks note down what is paid: what was acknowledged is there, what was
not can be asked again under its key, and nothing of it happens twice or in part."""

import asyncio
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from db.commerce.cart import CartRow, CartStage
from db.commerce.order import OrderRow, OrderTransactionRow
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.test_checkout import HOME, method, till
from tests.resolvers.test_orders import gid, of, shop
from tests.resolvers.test_orders_at_random import check, rows
from tests.server.running import SECONDS, Command

__all__ = ["shop", "till"]

TOKEN: Final = "known-admin-token"
CLIENTS: Final = 6
SEED: Final = 20_262
ERRORS: Final = "userErrors { code message }"
ADD: Final = f"mutation($input: CartAddInput!) {{ cartAdd(input: $input) {{ token {ERRORS} }} }}"
COUPON: Final = f"mutation($input: CartApplyCouponInput!) {{ cartApplyCoupon(input: $input) {{ {ERRORS} }} }}"
BUY: Final = f"""mutation($input: CheckoutProcessInput!, $key: String!) {{
  checkoutProcess(input: $input, idempotencyKey: $key) {{ receipt {{ orderNumber total {{ cents }} }} {ERRORS} }} }}"""
TAKE: Final = f"""mutation($input: OrderCreateInput!, $key: String!) {{
  orderCreate(input: $input, idempotencyKey: $key) {{ order {{ databaseId total {{ cents }} }} {ERRORS} }} }}"""
PAY: Final = f"""mutation($input: OrderMarkAsPaidInput!, $key: String!) {{
  orderMarkAsPaid(input: $input, idempotencyKey: $key) {{ order {{ databaseId paymentStatus }} {ERRORS} }} }}"""


@dataclass
class Served:
    """Where the server is by now, and what it has acknowledged: by cart and by key the orders, and those paid."""

    url: str = ""
    bought: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    paid: set[int] = field(default_factory=set)
    unanswered: int = 0

    @property
    def count(self) -> int:
        return len(self.bought) + len(self.taken) + len(self.paid)

    async def asked(self, document: str, token: str | None = None, **variables: Any) -> Any:
        """The payload, from whichever server is there to give it: who is not answered asks again."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        while True:
            try:
                async with httpx2.AsyncClient(timeout=SECONDS) as client:
                    said = {"query": document, "variables": variables}
                    answer = (await client.post(self.url, json=said, headers=headers)).json()
            except (httpx2.TransportError, ValueError):
                self.unanswered += 1
                await asyncio.sleep(0.05)
                continue
            assert "errors" not in answer, answer
            (payload,) = answer["data"].values()
            return payload


async def _buyer(served: Served, numbers: Iterator[int], chance: random.Random, most: int) -> None:
    while (number := next(numbers)) < most:
        asked = {"variantId": gid("ProductVariant", chance.choice([1, 3, 4])), "quantity": 1}
        token = (await served.asked(ADD, input=asked))["token"]
        if token is None:
            continue  # sold out
        if number % 2:
            await served.asked(COUPON, input={"token": token, "code": "TEN"})
        person = {"email": f"{number % 3}@example.org", "billing": HOME, "paymentMethod": "offline_payment"}
        bought = await served.asked(BUY, input={"token": token, **person, **method(1)}, key=f"buys-{token}")
        if not bought["userErrors"]:
            served.bought[token] = bought["receipt"]["orderNumber"]


async def _clerk(served: Served, numbers: Iterator[int], most: int) -> None:
    while (number := next(numbers)) < most:
        lines = {"customerId": gid("Customer", 1), "items": [of(4), of(2)], "couponCodes": ["FIVE"]}
        taken = await served.asked(TAKE, TOKEN, input=lines, key=f"takes-{number}")
        if taken["userErrors"]:
            continue  # sold out
        key = taken["order"]["databaseId"]
        served.taken[f"takes-{number}"] = key
        paid = await served.asked(PAY, TOKEN, input={"id": gid("Order", key)}, key=f"pays-{key}")
        assert paid["userErrors"] == []
        served.paid.add(key)


async def sold_while_killed(till: Gateway, url: str, folder: Path, *, kills: int, most: int, seed: int = SEED) -> None:
    chance, served = random.Random(seed), Served()
    numbers = count()

    def begun() -> Command:
        set_to = {"ADMIN_TOKEN": TOKEN, "RATES": "off", "LOG_FORMAT": "json"}
        return Command("serve", "--port", "0", data_folder=folder, cold=False, DATABASE_URL=url, **set_to)

    command = begun()
    try:
        served.url = await asyncio.to_thread(command.url)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as people:
            for _ in range(CLIENTS - 2):
                people.create_task(_buyer(served, numbers, chance, most))
            clerks = [people.create_task(_clerk(served, numbers, most)) for _ in range(2)]
            for kill in range(kills):
                # After some share of what is sold, at no place that anybody chose.
                share = 0.6 * most * (kill + chance.random()) / kills
                while served.count < share and not all(clerk.done() for clerk in clerks):  # noqa: ASYNC110  others act
                    await asyncio.sleep(0.001)
                command.process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(command.process.communicate, timeout=SECONDS)
                command = begun()
                served.url = await asyncio.to_thread(command.url)
    finally:
        command.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(command.process.communicate, timeout=SECONDS)
    await check(till)
    orders = {row["id"]: row for row in await rows(till, OrderRow)}
    carts = await rows(till, CartRow)
    assert served.unanswered >= kills
    # All that was acknowledged, and nothing that was not: each asked until it was.
    assert orders.keys() == {*served.bought.values(), *served.taken.values()}
    assert len(orders) == len(served.bought) + len(served.taken)
    closed = [cart["order_id"] for cart in carts if cart["stage"] is CartStage.COMPLETED]
    assert sorted(closed) == sorted(served.bought.values())
    payments = [row["order_id"] for row in await rows(till, OrderTransactionRow)]
    assert sorted(payments) == sorted(orders)
    assert {key for key, row in orders.items() if row["receipt_number"] is not None} == served.paid
    assert len(served.bought) > most // 4
    assert served.paid


async def test_killed_while_they_buy(till: Gateway, database_url: str, tmp_path: Path) -> None:
    await sold_while_killed(till, database_url, tmp_path, kills=2, most=24)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
async def test_killed_often(till: Gateway, database_url: str, tmp_path: Path, seed: int) -> None:
    await sold_while_killed(till, database_url, tmp_path, kills=6, most=60, seed=seed)
