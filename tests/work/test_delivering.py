"""From an event to a receiver: once for each who wants it, tried again as the policy says, visible when it failed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from connectors.delivery.policy import Policy
from connectors.delivery.sender import Claimed, Outcome
from db.store.database import Database
from db.store.outbox import EVENT
from db.store.row import now, table
from db.work import replay, target
from db.work.clearing import clear
from db.work.delivery import AttemptOutcome, DeliveryState
from db.work.target import TargetRow
from server.work.worker import Worker
from tests.patience import PATIENCE
from tests.work.shop import (
    ATTEMPT,
    DELIVERY,
    PACE,
    QUICK,
    Receiver,
    Sender,
    counted,
    exchange,
    happened,
    made_targets,
    rows,
    settled,
    until,
    worker,
)

TARGET = table(TargetRow)


async def test_an_event_goes_to_all_who_want_its_name_and_to_nobody_else(
    database: Database, receiver: Receiver
) -> None:
    await happened(database)  # before anybody wanted it: its place is given when the first target is made
    work = worker(database, receiver)
    async with work.going_on():
        await made_targets(database, "1", "2")
        await made_targets(database, "3", names=["order.created"])
        await made_targets(database, "4", names=[])
        ids = await happened(database, 2)
        await happened(database, 1, "product.deleted")
        work.wake()
        await until(lambda: receiver.count >= 4)
        await settled(database, 4)
    came = {
        key: sorted(one.event_id for one in claimed if one.event_id in ids) for key, claimed in receiver.came.items()
    }
    assert came == {"1": ids, "2": ids}
    assert len({one.key for claimed in receiver.came.values() for one in claimed}) == receiver.count
    assert all(row.outcome is AttemptOutcome.DELIVERED for row in await rows(database, ATTEMPT))


async def test_what_was_numbered_before_a_target_was_made_is_not_sent(database: Database, receiver: Receiver) -> None:
    from db.store.outbox import number_events

    await happened(database, 5)
    await number_events(database)
    await made_targets(database, "1")
    ids = await happened(database)
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    assert [one.event_id for one in receiver.came["1"]] == ids


async def test_it_is_tried_again_and_fails_visibly(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1")
    await happened(database)
    receiver.answers = lambda _: Outcome.retry("503 from the receiver", exchange=exchange("hunter2secret"))
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    (delivery,) = await rows(database, DELIVERY)
    assert (delivery.state, delivery.attempts, delivery.reason) == (DeliveryState.FAILED, 4, "503 from the receiver")
    assert delivery.ended_at is not None
    attempts = await rows(database, ATTEMPT)
    assert [(a.number, a.outcome, a.status) for a in attempts] == [(n, AttemptOutcome.RETRY, 200) for n in range(1, 5)]
    assert all("hunter2secret" not in f"{a.request}{a.response}{a.error}" for a in attempts)
    assert len({one.key for one in receiver.came["1"]}) == 1


async def test_what_cannot_succeed_is_not_repeated(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1")
    await happened(database)
    receiver.answers = lambda _: Outcome.failed("400 from the receiver")
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    (delivery,) = await rows(database, DELIVERY)
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 1)


async def test_a_sender_that_raises_hangs_or_prepares_nothing_harms_nobody_else(
    database: Database, receiver: Receiver
) -> None:
    def raising(_claimed: Claimed) -> Outcome:
        raise ValueError("not for the log's reader")

    await made_targets(database, "1")
    await happened(database)
    receiver.answers = raising
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    (delivery,) = await rows(database, DELIVERY)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "It could not be sent: ValueError")

    sender = Sender(receiver)
    sender.prepares = lambda _claimed: Outcome.failed("The template names nothing that is there")
    await happened(database)
    async with Worker(database, [sender], policy=QUICK, pace=PACE).going_on():
        await settled(database, 2)
    assert (await rows(database, DELIVERY))[1].reason == "The template names nothing that is there"
    assert receiver.count == 4


async def test_what_is_held_costs_no_attempt(database: Database, receiver: Receiver) -> None:
    """Also of the last one that is left. Once its target is enabled it goes on as if nothing had been."""
    await made_targets(database, "1")
    await happened(database)
    sender = Sender(receiver)
    held = asyncio.Event()

    def prepares(_claimed: Claimed) -> Outcome:
        held.set()
        return Outcome.held("Held: whoever saved it is gone")

    async def noted() -> bool:
        (delivery,) = await rows(database, DELIVERY)
        return delivery.lease is None and delivery.reason is not None

    sender.prepares = prepares
    policy = Policy(pauses=(0.001,), jitter=0.0)  # two attempts
    for _ in range(3):
        held.clear()
        async with Worker(database, [sender], policy=policy, pace=PACE).going_on():
            await held.wait()
        assert await noted()
        (delivery,) = await rows(database, DELIVERY)
        assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)
        assert delivery.reason == "Held: whoever saved it is gone"
        assert await rows(database, ATTEMPT) == []
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    (delivery,) = await rows(database, DELIVERY)
    assert (delivery.state, delivery.attempts, delivery.reason) == (DeliveryState.DELIVERED, 1, None)


async def test_who_is_gone_is_disabled_with_an_event_and_what_waits_waits(
    database: Database, receiver: Receiver
) -> None:
    await made_targets(database, "1", cap=1)
    await happened(database, 3)
    receiver.answers = lambda _: Outcome.gone("410 from the receiver")
    async with worker(database, receiver).going_on():
        await until(lambda: receiver.count)
        await until(lambda: _disabled(database, "1"))
    states = await counted(database)
    assert states == {DeliveryState.FAILED: 1, DeliveryState.WAITING: 2}
    told = await _told(database)
    assert [(event.payload["key"], event.payload["reason"], event.cause) for event in told] == [
        ("1", "gone", "sweep:delivery")
    ]

    async with database.write() as connection:
        assert not await target.disable(connection, "test", "1", "saver_gone")
        await target.enable(connection, "test", "1")
        await connection.commit()
    receiver.answers = lambda _: Outcome.delivered()
    async with worker(database, receiver).going_on():
        await settled(database, 3)
    assert (await counted(database))[DeliveryState.DELIVERED] == 2


async def _disabled(database: Database, key: str) -> bool:
    return any(row.key == key and row.disabled for row in await rows(database, TARGET))


async def _told(database: Database) -> list[Any]:
    async with database.read() as connection:
        found = select(EVENT).where(EVENT.c.name == "delivery_target.disabled")
        return list((await connection.execute(found)).all())


async def test_five_days_without_a_success_disable_a_target(database: Database, receiver: Receiver) -> None:
    (made,) = await made_targets(database, "1")
    receiver.answers = lambda claimed: Outcome.delivered() if claimed.attempt > 1 else Outcome.retry("not today")
    await happened(database)
    async with worker(database, receiver).going_on():
        await settled(database, 1)
    assert (await rows(database, TARGET))[0].failing_since is None  # a success forgets

    async with database.write() as connection:
        for_long = now() - Policy().patience - timedelta(minutes=1)
        await connection.execute(update(TARGET).where(TARGET.c.id == made).values(failing_since=for_long))
        await connection.commit()
    receiver.answers = lambda _: Outcome.retry("never")
    await happened(database)
    async with worker(database, receiver).going_on():
        await until(lambda: _disabled(database, "1"))
    assert len(await _told(database)) == 1


async def test_a_target_that_wants_to_be_left_alone_is(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1", cap=1)
    await happened(database, 5)
    receiver.answers = lambda _: Outcome.retry("429 from the receiver", after=3600)
    async with worker(database, receiver).going_on():
        await until(lambda: receiver.count)
        await until(lambda: _noted(database))
    assert receiver.count == 1
    row = (await rows(database, TARGET))[0]
    async with database.read() as connection:
        from db.work.functions import milliseconds

        at = (await connection.execute(select(milliseconds()))).scalar_one()
    assert 3_500_000 < row.free_at - at <= 3_600_000


async def _noted(database: Database) -> bool:
    return bool((await rows(database, TARGET))[0].free_at)


async def test_replays_carry_the_same_key(database: Database, receiver: Receiver) -> None:
    (made,) = await made_targets(database, "1")
    (other,) = await made_targets(database, "2", names=[])
    ids = await happened(database, 3)
    work = worker(database, receiver)
    async with work.going_on():
        await settled(database, 3)
        async with database.write() as connection:
            delivery = (await rows(database, DELIVERY))[0]
            assert await replay.replay(connection, delivery.id) is not None
            assert await replay.enqueue(connection, other, ids[0]) is not None
            assert await replay.enqueue(connection, 4711, ids[0]) is None
            assert await replay.enqueue(connection, made, 4711) is None
            assert await replay.replay(connection, 4711) is None
            assert await replay.replay_since(connection, made, 1, most=1) == (1, 2)
            assert await replay.replay_since(connection, made, 2, most=10) == (1, None)
            assert await replay.replay_since(connection, made, 99) == (0, None)
            await connection.commit()
        work.wake()
        await settled(database, 7)
    keys: dict[int, set[str]] = {}
    for one in receiver.came["1"]:
        keys.setdefault(one.event_id, set()).add(one.key)
    assert [len(keys[event]) for event in ids] == [1, 1, 1]
    assert sorted(one.replay for one in receiver.came["1"]) == [0, 0, 0, 1, 1, 1]
    assert len(receiver.came["2"]) == 1


async def test_what_waits_for_a_removed_target_is_dropped_and_the_rest_stays_on_record(
    database: Database, receiver: Receiver
) -> None:
    await made_targets(database, "1", "2", "3")
    await happened(database)
    receiver.answers = lambda one: Outcome.delivered() if one.target_key == "1" else Outcome.retry("later", after=3600)
    async with worker(database, receiver).going_on():
        await until(lambda: receiver.count == 3)
        await until(lambda: _calm(database))
    async with database.write() as connection:
        for key in ("1", "2", "none"):
            await target.remove(connection, "test", key)
        assert not await clear(connection)
        await connection.commit()
    assert await counted(database) == {
        DeliveryState.DELIVERED: 1,
        DeliveryState.DROPPED: 1,
        DeliveryState.WAITING: 1,
    }
    async with database.write() as connection:
        await connection.execute(DELIVERY.delete().where(DELIVERY.c.due.is_(None)))  # as a retention does
        await clear(connection)
        await connection.commit()
    assert [row.key for row in await rows(database, TARGET)] == ["3"]


async def _calm(database: Database) -> bool:
    return DeliveryState.SENDING not in await counted(database)


async def test_the_end_waits_for_what_is_under_way(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1")
    await happened(database, 5)
    receiver.open.clear()
    async with asyncio.timeout(PATIENCE):
        async with worker(database, receiver).going_on(end_seconds=30):
            await until(lambda: receiver.count == 5)
            asyncio.get_running_loop().call_later(0.05, receiver.open.set)
    assert await counted(database) == {DeliveryState.DELIVERED: 5}


async def test_what_does_not_end_is_broken_off_and_another_takes_it_up(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1")
    await happened(database, 5)
    receiver.open.clear()
    async with asyncio.timeout(PATIENCE):
        async with worker(database, receiver).going_on(end_seconds=0.05):
            await until(lambda: receiver.count == 5)
    assert await counted(database) == {DeliveryState.WAITING: 5}
    assert {a.outcome for a in await rows(database, ATTEMPT)} == {AttemptOutcome.UNKNOWN}
    receiver.open.set()
    async with worker(database, receiver).going_on():
        await settled(database, 5)
    assert await counted(database) == {DeliveryState.DELIVERED: 5}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_written_where_nobody_wants_anything(database: Database, receiver: Receiver) -> None:
    await happened(database, 3)
    work = worker(database, receiver)
    async with work.going_on():
        await until(lambda: work.id)
        for _ in range(3):
            work.wake()
            await asyncio.sleep(0.02)
    assert await rows(database, DELIVERY) == []
    async with database.read() as connection:
        assert set((await connection.execute(select(EVENT.c.position))).scalars()) == {None}
