"""What is kept no longer goes: events, deliveries, records of idempotency keys, and where a setting says so the audit
log."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.store import idempotency, retention
from db.store.database import Database
from db.store.row import now
from db.work import forgetting as work
from server.settings.settings import Settings
from server.work.jobs import Job

# Days need no hurry. A round that found more goes on at once.
EVERY_SECONDS: Final = 60.0
# Beyond the longest request: for requests of several pages, and for clocks that differ.
GRACE: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Kept:
    """For how long; None: for ever. `grace` is what readers get who began before events were announced as forgotten.
    `readers` and `needed` are of whom events wait for (db.store.retention)."""

    events: timedelta | None
    records: timedelta
    entries: timedelta | None
    deliveries: timedelta | None = None
    grace: timedelta = GRACE
    readers: Sequence[Select[Any]] = ()
    needed: Sequence[ColumnElement[bool]] = ()

    @classmethod
    def by(cls, settings: Settings) -> "Kept":
        return cls(
            _days(settings.event_days),
            timedelta(hours=settings.idempotency_hours),
            _days(settings.audit_days),
            _days(settings.delivery_days),
            GRACE + timedelta(seconds=settings.seconds_admin),
        )


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)


def forgetting(database: Database, kept: Kept) -> Job:
    """Several servers may be at it at once."""
    return Job("forgetting", partial(forget_now, database, kept), EVERY_SECONDS)


async def forget_now(database: Database, kept: Kept) -> bool:
    """One batch of each; whether there is more. Nothing is locked where nothing is to go."""
    more = await _records(database, kept.records)
    if kept.entries is not None:
        more |= await _entries(database, kept.entries)
    if kept.deliveries is not None:
        await _deliveries(database, now() - kept.deliveries)
    if kept.events is not None:
        more |= await _events(database, kept, kept.events)
    return more


async def _records(database: Database, kept: timedelta) -> bool:
    async with database.read() as connection:
        if (await connection.execute(idempotency.outdated(kept).limit(1))).first() is None:
            return False
    delete = partial(idempotency.forget_old, kept=kept, at_once=retention.AT_ONCE)
    return await _batch(database, delete) == retention.AT_ONCE


async def _entries(database: Database, kept: timedelta) -> bool:
    before = now() - kept
    async with database.read() as connection:
        if (await connection.execute(retention.outdated_entries(before).limit(1))).first() is None:
            return False
    return await _batch(database, lambda c: retention.forget_entries(c, before)) == retention.AT_ONCE


async def _deliveries(database: Database, before: datetime) -> None:
    """All of them, a batch after another: those that wait are many where a target is disabled, and are passed by."""
    behind: int | None = 0
    while behind is not None:
        async with database.read() as connection:
            ended, behind = await work.outdated(connection, before, behind)
        if ended:
            await _batch(database, partial(work.forget, ids=ended))


async def _events(database: Database, kept: Kept, days: timedelta) -> bool:
    async with database.read() as connection:
        left, over = await retention.announced(connection, kept.grace)
    if not over:
        return False
    if left and await _batch(database, lambda c: retention.forget_events(c, *kept.needed)):
        return True
    # What is left now is needed still.
    async with database.read() as connection:
        last = await retention.forgettable(connection, now() - days, *kept.readers)
    if last is not None:
        await _batch(database, lambda c: retention.announce(c, last))
    return False


async def _batch(database: Database, work: Callable[[AsyncConnection], Awaitable[int | None]]) -> int | None:
    async with database.write() as connection:
        done = await work(connection)
        await connection.commit()
        return done
