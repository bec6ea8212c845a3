"""Workers that are killed, or stopped for longer than they may be silent: every event is delivered at least once, what
is delivered twice carries the same key, and no target is called more often at once than it can bear."""

import asyncio
import json
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from db.store.database import Database
from db.store.row import table
from db.work.delivery import AttemptOutcome, DeliveryState
from db.work.target import TargetRow
from engine.values.errors import Unavailable
from tests.forked import Process
from tests.work.process import DEAD_SECONDS
from tests.work.shop import (
    ATTEMPT,
    DELIVERY,
    Receiver,
    counted,
    happened,
    made_targets,
    opened,
    rows,
    settled,
    until,
    worker,
)

ROOT: Final = Path(__file__).parent.parent.parent
TARGET: Final = table(TargetRow)
CAP: Final = 4
SEED: Final = 20_261


@dataclass
class Told:
    """What came over the connections: by target and event the keys, and how many calls were open at once."""

    port: int = 0
    keys: defaultdict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    now: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    async def called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            target, event, key = json.loads(line)
            self.keys[target, event].append(key)
            self.now[target] += 1
            self.most[target] = max(self.most[target], self.now[target])
            await asyncio.sleep(0)
            self.now[target] -= 1
            writer.write(b"ok\n")
        writer.close()

    @property
    def count(self) -> int:
        return len(self.keys)

    def has(self, share: float) -> bool:
        return self.count >= share


@asynccontextmanager
async def receiving() -> AsyncIterator[Told]:
    told = Told()
    async with await asyncio.start_server(told.called, "127.0.0.1", 0) as server:
        told.port = server.sockets[0].getsockname()[1]
        yield told


@asynccontextmanager
async def processes(url: str, told: Told, count: int) -> AsyncIterator[list[Process]]:
    """So many workers, the dead ones replaced by whoever kills them."""
    working = [begun(url, told) for _ in range(count)]
    try:
        yield working
    finally:
        for process in working:
            process.send_signal(signal.SIGKILL)
        for process in working:
            await asyncio.to_thread(process.communicate, 60)


def begun(url: str, told: Told) -> Process:
    return Process("tests.work.process", url, str(told.port), cwd=ROOT, env=os.environ)


async def killed(working: list[Process], which: int, url: str, told: Told) -> None:
    process, working[which] = working[which], begun(url, told)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.communicate, 60)


async def over(database: Database) -> bool:
    states = await counted(database)
    return not states.get(DeliveryState.WAITING) and not states.get(DeliveryState.SENDING)


async def delivered_while_killed(database: Database, url: str, *, events: int, targets: int, kills: int) -> None:
    chance = random.Random(SEED)
    keys = [str(number) for number in range(targets)]
    await made_targets(database, *keys, cap=CAP)
    ids = await happened(database, events)
    count = 1 if database.embedded else 2
    async with receiving() as told, processes(url, told, count) as working:
        for kill in range(kills):
            # After some share of the work, at no place that anybody chose.
            await until(partial(told.has, events * targets * (kill + chance.random()) / (kills + 1)))
            await killed(working, chance.randrange(count), url, told)
        async with asyncio.timeout(600):
            while not (told.count == events * targets and await over(database)):  # noqa: ASYNC110  other processes
                await asyncio.sleep(0.1)
    assert await counted(database) == {DeliveryState.DELIVERED: events * targets}
    assert set(told.keys) == {(key, event) for key in keys for event in ids}
    assert all(len(set(came)) == 1 for came in told.keys.values())
    assert max(told.most.values()) <= CAP
    outcomes = Counter(row.outcome for row in await rows(database, ATTEMPT))
    assert outcomes[AttemptOutcome.DELIVERED] == events * targets


async def test_killed_at_random_moments(database: Database, database_url: str) -> None:
    await delivered_while_killed(database, database_url, events=1_000, targets=3, kills=2)


@pytest.mark.soak
@pytest.mark.parametrize("time", range(5))
async def test_killed_often(database: Database, database_url: str, time: int) -> None:
    del time
    await delivered_while_killed(database, database_url, events=10_000, targets=3, kills=8)


@pytest.mark.soak
async def test_many_targets(database: Database, database_url: str) -> None:
    await delivered_while_killed(database, database_url, events=100, targets=500, kills=1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_stopped_while_it_takes(database: Database, database_url: str) -> None:
    """What its transaction has locked is free before it is taken for dead, and it is told when it goes on."""
    await made_targets(database, "1", "2")
    await happened(database, 10)
    receiver = Receiver()
    async with opened(database_url, silence=0.5) as other, other.write() as stopped:
        await stopped.execute(select(TARGET).with_for_update())
        async with worker(database, receiver).going_on():
            await settled(database, 20)
        assert receiver.count == 20
        with pytest.raises(Unavailable):
            await stopped.execute(select(TARGET))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_stopped_for_longer_than_it_may_be_silent(database: Database, database_url: str) -> None:
    """It goes on when others have its deliveries: what it knows of them is written down by nobody twice."""
    await made_targets(database, "1", "2", cap=CAP)
    ids = await happened(database, 300)
    async with receiving() as told, processes(database_url, told, 2) as working:
        await until(lambda: told.count >= 50)
        os.kill(working[0].pid, signal.SIGSTOP)
        await until(lambda: told.count >= 550)
        await asyncio.sleep(DEAD_SECONDS)  # that long it has to be silent
        await until(lambda: over(database))
        os.kill(working[0].pid, signal.SIGCONT)
        more = await happened(database, 100)
        await until(lambda: told.count == 800)
        await until(lambda: over(database))
    assert await counted(database) == {DeliveryState.DELIVERED: 800}
    assert set(told.keys) == {(key, event) for key in ("1", "2") for event in [*ids, *more]}
    assert all(len(set(came)) == 1 for came in told.keys.values())
    deliveries = await rows(database, DELIVERY)
    attempts = await rows(database, ATTEMPT)
    assert sum(row.attempts for row in deliveries) == len(attempts)
    recorded = Counter(row.delivery_id for row in attempts if row.outcome is AttemptOutcome.DELIVERED)
    assert set(recorded.values()) == {1}
