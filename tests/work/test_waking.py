"""Who works learns at once of what was committed, here or in another process: none of these workers looks by itself."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from db.access.viewer import SYSTEM
from db.catalog.events import TAX_CLASS_CREATED
from db.store.database import Database
from db.store.unit import Units
from server.work.waking import Notifying, listening
from tests.work.shop import PACE, Receiver, made_targets, opened, settled, until, worker

# Reached by nobody who is told.
ALONE = replace(PACE, poll=3600.0, beat=3600.0, dead=7200.0)
NAME = TAX_CLASS_CREATED.name


async def changed(units: Units) -> None:
    async with units.unit(SYSTEM) as unit:
        unit.emit(TAX_CLASS_CREATED({"id": 1, "slug": "books"}))
        await unit.commit("taxClassCreate", None, {}, audited=False)


async def test_a_commit_wakes_the_worker_of_its_process(database: Database, receiver: Receiver) -> None:
    await made_targets(database, "1", names=[NAME])
    units = Units(database)
    work = worker(database, receiver, pace=ALONE)
    units.committed = work.wake
    async with work.going_on():
        await until(lambda: work.id)
        for count in (1, 2, 3):
            await changed(units)
            await settled(database, count)


async def test_what_was_rolled_back_wakes_nobody(database: Database) -> None:
    units, woken = Units(database), []
    units.committed = lambda: woken.append(True)
    async with units.unit(SYSTEM) as unit:
        unit.emit(TAX_CLASS_CREATED({"id": 1, "slug": "books"}))
    assert not woken


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_commit_wakes_the_workers_of_other_processes(
    database: Database, database_url: str, receiver: Receiver
) -> None:
    await made_targets(database, "1", names=[NAME])
    async with opened(database_url) as theirs, aclosing(Notifying(theirs)) as notifying:
        units = Units(theirs)
        units.committed = notifying
        work = worker(database, receiver, pace=ALONE)
        async with listening(database, work.wake), work.going_on():
            await until(lambda: work.id)
            for count in (1, 2, 3):
                await changed(units)
                await settled(database, count)
