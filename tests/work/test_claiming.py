"""Caps and rates hold over all workers; the dispatcher passes over nothing that is committed late."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from connectors.delivery.claiming import claim
from connectors.delivery.dispatching import AT_ONCE, dispatch
from db.store.database import Database
from db.store.outbox import EVENT, number_events
from db.store.row import now, table
from db.work import leases, target
from db.work.delivery import DeliveryState, DispatcherRow
from tests.work.shop import (
    DELIVERY,
    NAME,
    PACE,
    Receiver,
    counted,
    happened,
    made_targets,
    rows,
    settled,
    until,
    worker,
)

only_postgres = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def test_caps_hold_over_several_workers_at_once(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "one", cap=1)
    await made_targets(database, "three", cap=3)
    async with database.write() as connection:
        await target.share(connection, "account", cap=2)
        await connection.commit()
    await made_targets(database, "shared", "shared too", cap=5, credential="account")
    await happened(database, 40)
    shared: list[int] = []

    async with AsyncExitStack() as stack:
        count = 1 if database.embedded else 3
        for _ in range(count):
            await stack.enter_async_context(worker(database, receiver).going_on())
        while receiver.count < 160:
            await asyncio.sleep(0)
            shared.append(receiver.now["shared"] + receiver.now["shared too"])
        await settled(database, 160)

    assert await counted(database) == {DeliveryState.DELIVERED: 160}
    assert receiver.most["one"] == 1
    assert receiver.most["three"] <= 3
    assert max(shared) <= 2
    assert all(Counter(one.event_id for one in came).most_common(1)[0][1] == 1 for came in receiver.came.values())


@only_postgres
async def test_claims_at_the_same_moment_never_exceed_a_cap(database: Database) -> None:
    """Many transactions that claim for the same targets at once, each for a worker of its own."""
    await made_targets(database, "1", "2", cap=3)
    await happened(database, 30)
    await number_events(database)
    await database.tell(dispatch, seconds=30)

    async def claimed() -> int:
        async with database.write() as connection:
            lease = await leases.begin(connection, "test")
            at = await leases.beat(connection, lease)
            assert at is not None
            taken = await claim(connection, lease, at, ["test"], 100)
            await connection.commit()
        return len(taken)

    held: Counter[int] = Counter()
    for _ in range(5):
        await asyncio.gather(*(claimed() for _ in range(8)))
        held = Counter(row.target_id for row in await rows(database, DELIVERY) if row.lease is not None)
        assert max(held.values()) <= 3
    assert sum(held.values()) == 6


async def test_a_worker_takes_no_more_than_it_can_have_under_way(database: Database, receiver: Receiver) -> None:
    await made_targets(database, *map(str, range(10)))
    await happened(database, 5)
    async with worker(database, receiver, pace=replace(PACE, capacity=7)).going_on():
        await settled(database, 50)
    assert receiver.most_of_all <= 7


async def test_no_target_waits_for_anothers_backlog(database: Database, receiver: Receiver) -> None:
    """One whose calls hang, with many events before those of the other."""
    await made_targets(database, "slow", names=["order.created"], cap=2)
    await made_targets(database, "quick")
    await happened(database, 200, "order.created")
    await happened(database, 20)
    hangs = asyncio.Event()

    class Hanging(Receiver):
        async def called(self, claimed):  # type: ignore[no-untyped-def]
            if claimed.target_key == "slow":
                await hangs.wait()
            return await super().called(claimed)

    hanging = Hanging()
    async with worker(database, hanging, pace=replace(PACE, capacity=4)).going_on(0.05):
        await until(lambda: len(hanging.came["quick"]) == 20)
    assert not hanging.came["slow"]


@only_postgres
async def test_the_dispatcher_passes_over_no_late_commit(database: Database, receiver: Receiver) -> None:
    """An event whose id was given early, and whose transaction ends after later ones were delivered."""
    await made_targets(database, "1")
    row = {"name": NAME, "entity": "Product:1", "changed": [], "payload": {}, "depth": 0, "occurred_at": now()}
    work = worker(database, receiver)
    async with work.going_on():
        async with database.write() as late:
            (early,) = (await late.execute(insert(EVENT).returning(EVENT.c.id), [row])).scalars()
            ids = await happened(database, 3)
            work.wake()
            await settled(database, 3)
            assert sorted(one.event_id for one in receiver.came["1"]) == ids
            assert early < ids[0]
            await late.commit()
        work.wake()
        await settled(database, 4)
    assert sorted(one.event_id for one in receiver.came["1"]) == [early, *ids]


async def test_many_events_become_deliveries_a_few_at_a_time(database: Database) -> None:
    """Bounded transactions; the position stands behind what is written."""
    await made_targets(database, *map(str, range(20)))
    await happened(database, 250)
    await number_events(database)
    parts = []
    while True:
        done = await database.tell(dispatch, seconds=30)
        parts.append(done.deliveries)
        if not done.more:
            break
    assert sum(parts) == 250 * 20
    assert max(parts) <= AT_ONCE
    async with database.read() as connection:
        assert (await connection.execute(select(table(DispatcherRow).c.position))).scalar_one() == 250
    assert (await database.tell(dispatch, seconds=30)).events == 0


async def test_two_dispatchers_at_once_write_each_delivery_once(database: Database) -> None:
    await made_targets(database, "1", "2")
    await happened(database, 300)
    await number_events(database)
    await asyncio.gather(*(database.tell(dispatch, seconds=30) for _ in range(4)))
    await database.tell(dispatch, seconds=30)
    assert await counted(database) == {DeliveryState.WAITING: 600}
