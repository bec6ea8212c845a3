"""A failure between any two statements of a tick and of the fan-out, before and after each commit: every event is
delivered all the same, and none is lost that was acknowledged."""

import pytest

from db.store.database import Database
from db.work.delivery import AttemptOutcome, DeliveryState
from tests.work.failing import failing
from tests.work.shop import ATTEMPT, DELIVERY, Receiver, counted, happened, made_targets, opened, rows, settled, worker

# More than there are statements and commits from the first look to the last record.
POINTS = 34


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_it_fails_nothing_is_lost(database: Database, database_url: str, after: bool) -> None:
    async with opened(database_url) as own:  # the worker's: what the test asks does not fail
        await _each(database, own, after=after)


async def _each(database: Database, own: Database, *, after: bool) -> None:
    reached = 0
    await made_targets(database, "1", "2", cap=2)
    for at in range(1, POINTS):
        receiver = Receiver()
        ids = await happened(database, 2)
        work = worker(own, receiver)
        async with work.going_on():
            with failing(own, at, after=after) as done:
                work.wake()
                await settled(database, 4 * at)
                reached = max(reached, min(len(done), at))
        for key in ("1", "2"):
            assert {one.event_id for one in receiver.came[key]} == set(ids), (at, done[at - 1 : at])
        for event_ in ids:
            assert len({one.key for key in ("1", "2") for one in receiver.came[key] if one.event_id == event_}) == 2
    assert await counted(database) == {DeliveryState.DELIVERED: 4 * (POINTS - 1)}
    assert len(await rows(database, DELIVERY)) == 4 * (POINTS - 1)
    assert {one.outcome for one in await rows(database, ATTEMPT)} <= {AttemptOutcome.DELIVERED, AttemptOutcome.UNKNOWN}
    assert reached > 20
