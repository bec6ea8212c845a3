"""Workers that are killed in the middle of runs: every run comes to its end, every status changes once, and a step that
is repeated has the key that it had."""

import asyncio
import os
import random
import re
import signal
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from db.catalog.product import ProductRow, ProductStatus
from db.store.outbox import EVENT
from db.store.row import table
from engine.values import identity
from tests import factories
from tests.connectors.outbound.receiver import Exchange, receiving
from tests.connectors.workflows.flows import EDIT, Flows, flowing
from tests.forked import Process
from tests.gateway import Gateway
from tests.patience import PATIENCE

ROOT: Final = Path(__file__).parent.parent.parent.parent
PRODUCT: Final = table(ProductRow)
FIRST: Final = 100  # the number of the first product
SEED: Final = 20_261
_KEY: Final = re.compile(rb"^webhook-id: (\S+)-(\d)\r$", re.IGNORECASE | re.MULTILINE)


@dataclass
class Warehouse:
    """Whom the steps call: by run the places that came, and how often. From the call number `holds` on it keeps what
    it answers to itself until `open`."""

    holds: float
    came: defaultdict[bytes, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    count: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def called(self, exchange: Exchange) -> None:
        while True:
            found = _KEY.search(await exchange.read())
            assert found is not None
            self.came[found[1]][int(found[2])] += 1
            self.count += 1
            if self.count >= self.holds:
                self.held.set()
                await self.open.wait()
            await exchange.answer()

    def hold(self, holds: float) -> None:
        """Answer, and hold from this call on."""
        self.holds = holds
        self.held.clear()
        self.open.set()
        self.open = asyncio.Event()


def begun(url: str) -> Process:
    return Process("tests.connectors.workflows.process", url, cwd=ROOT, env=os.environ)


async def ended(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate, 60)


async def run_while_killed(gateway: Gateway, url: str, *, runs: int, kills: int) -> None:
    products = range(FIRST, FIRST + runs)
    rows = [factories.product(number, title="Mug", slug=f"mug-{number}") for number in products]
    variants = [factories.variant(number, number, sku=f"MUG-{number}") for number in products]
    chance = random.Random(SEED)
    warehouse = Warehouse(0)
    async with flowing(gateway, *rows, *variants) as flows, receiving(warehouse.called) as receiver:
        hook = {"type": "WEBHOOK", "url": receiver.url}
        await flows.configured(hook, {"type": "UPDATE_STATUS", "status": "draft"}, hook)
        for number in products:
            edit = {"id": identity.encode("Product", number), "title": "Mug, chipped"}
            assert (await gateway(EDIT, {"input": edit}))["productUpdate"]["userErrors"] == []
        working = [begun(url) for _ in range(1 if gateway.database.embedded else 2)]
        try:
            for kill in range(kills):
                # After some share of the work, with calls under way.
                share = 2 * runs * (kill + chance.random()) / (kills + 1)
                warehouse.hold(max(share, 1))
                async with asyncio.timeout(PATIENCE):
                    await warehouse.held.wait()
                which = chance.randrange(len(working))
                process, working[which] = working[which], begun(url)
                await ended(process)
            warehouse.hold(float("inf"))
            async with asyncio.timeout(600):
                while (states := await flows.states()) != {"completed": runs}:
                    assert "failed" not in states
                    await asyncio.sleep(0.1)
        finally:
            for process in working:
                await ended(process)
        await _each_once(flows, warehouse, runs)


async def _each_once(flows: Flows, warehouse: Warehouse, runs: int) -> None:
    assert len(warehouse.came) == runs
    assert all(set(places) == {0, 2} for places in warehouse.came.values())
    changed = select(EVENT.c.entity, func.count()).where(EVENT.c.cause.startswith("event:")).group_by(EVENT.c.entity)
    drafts = select(func.count()).where(PRODUCT.c.id >= FIRST, PRODUCT.c.status == ProductStatus.DRAFT)
    async with flows.gateway.database.read() as connection:
        led: dict[str, int] = {row[0]: row[1] for row in await connection.execute(changed)}
        assert (await connection.execute(drafts)).scalar_one() == runs
    assert led == {f"Product:{number}": 1 for number in range(FIRST, FIRST + runs)}


async def test_killed_in_the_middle_of_runs(gateway: Gateway, database_url: str) -> None:
    await run_while_killed(gateway, database_url, runs=30, kills=1)


@pytest.mark.soak
@pytest.mark.parametrize("time", range(3))
async def test_killed_often(gateway: Gateway, database_url: str, time: int) -> None:
    del time
    await run_while_killed(gateway, database_url, runs=300, kills=3)
