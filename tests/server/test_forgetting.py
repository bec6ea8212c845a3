"""What is kept no longer goes, and nobody passes the gap without being told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
import time_machine
from sqlalchemy import insert, literal, select, update

from db.access.audit import AuditRow
from db.store import retention
from db.store.database import Database
from db.store.idempotency import IdempotencyRow
from db.store.outbox import EVENT, EVENT_LOG, EventRow, number_events
from db.store.row import now, table
from db.work import forgetting as work
from db.work.delivery import DeliveryRow, DeliveryState, DispatcherRow
from db.work.needed import dispatched, undelivered
from db.work.target import TargetEventRow, TargetRow
from server.settings.settings import Settings
from server.work.forgetting import GRACE, Kept, forget_now
from tests import factories
from tests.gateway import ADMIN, Gateway

DAY: Final = timedelta(days=1)
DISPATCHER: Final = table(DispatcherRow)
START: Final = datetime.fromisoformat("2026-12-01T12:00:00Z")


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database.open(database_url, pool_size=3)
    yield database
    await database.close()


def kept(**values: Any) -> Kept:
    return Kept(**({"events": 10 * DAY, "records": DAY, "entries": None} | values))


async def happened(database: Database, *days_ago: int) -> None:
    async with database.write() as connection:
        for days in days_ago:
            row = EventRow(name="product.updated", entity="Product:1", changed=[], payload={})
            await connection.execute(insert(EVENT).values(row.model_dump(exclude={"id"}) | {"occurred_at": ago(days)}))
        await connection.commit()
    await number_events(database)


def ago(days: int) -> datetime:
    return now() - days * DAY


async def positions(database: Database) -> list[int]:
    async with database.read() as connection:
        return list((await connection.execute(select(EVENT.c.position).order_by(EVENT.c.position))).scalars())


async def said(database: Database) -> int | None:
    async with database.read() as connection:
        return (await connection.execute(select(EVENT_LOG.c.forgotten))).scalar_one_or_none()


async def all_of(database: Database, kept: Kept) -> None:
    while await forget_now(database, kept):
        pass


async def test_first_it_is_said_then_they_go(database: Database, noon: Any) -> None:
    await happened(database, 30, 20, 11, 10, 1)
    await all_of(database, kept())
    assert (await said(database), await positions(database)) == (3, [1, 2, 3, 4, 5])
    noon.shift(GRACE - timedelta(seconds=1))
    await all_of(database, kept())
    assert await positions(database) == [1, 2, 3, 4, 5]
    noon.shift(2)
    await all_of(database, kept())
    assert await positions(database) == [4, 5]
    # The one that is ten days and some minutes old by now was announced with that; the next waits for its day.
    assert await said(database) == 4


async def test_positions_go_on_when_all_are_gone(database: Database, noon: Any) -> None:
    await happened(database, 30, 20)
    await all_of(database, kept())
    noon.shift(GRACE)
    await all_of(database, kept())
    assert await positions(database) == []
    await happened(database, 0)
    assert await positions(database) == [3]


async def test_a_young_one_keeps_all_behind_it(database: Database) -> None:
    """Transactions end in another order than they began."""
    await happened(database, 30, 1, 30)
    await all_of(database, kept())
    assert await said(database) == 1


async def test_what_somebody_has_not_passed_or_needs_stays(database: Database, noon: Any) -> None:
    await happened(database, *[30] * 6)
    two = kept(readers=[select(literal(5)), select(literal(4))], needed=[EVENT.c.position == 2])
    await all_of(database, two)
    assert await said(database) == 4
    noon.shift(GRACE)
    await all_of(database, two)
    assert await positions(database) == [2, 5, 6]
    with statements_of(database) as statements:  # nothing is locked for what is needed still
        await all_of(database, two)
    assert not any("INSERT" in one for one in statements)
    await all_of(database, kept(readers=two.readers))
    assert await positions(database) == [5, 6]


async def test_without_a_setting_nothing_goes(database: Database, noon: Any) -> None:
    await happened(database, 5000)
    await entries(database, 5000)
    await delivered(database, 1, [5000])
    unset = Kept.by(Settings())
    await all_of(database, unset)
    noon.shift(DAY)
    await all_of(database, unset)
    assert (await said(database), await positions(database)) == (None, [1])
    assert len(await delivered(database, 1, [])) == 1
    assert len(await entries(database)) == 1


async def test_more_than_one_batch(database: Database, noon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    await happened(database, *[30] * 5)
    await entries(database, *[30] * 5)
    await records(database, *[30] * 5)
    few = kept(entries=10 * DAY)
    await all_of(database, few)
    assert (await entries(database), await records(database)) == ([], [])
    noon.shift(GRACE)
    await all_of(database, few)
    assert await positions(database) == []


async def test_keys_and_entries_by_their_settings(database: Database) -> None:
    settings = Settings(event_days=10, idempotency_hours=48, audit_days=7)
    await entries(database, 8, 6)
    await records(database, 3, 1)
    await all_of(database, Kept.by(settings))
    assert (await entries(database), await records(database)) == ([ago(6)], [ago(1)])


async def test_nothing_is_locked_where_nothing_is_to_go(database: Database) -> None:
    await happened(database, 1)
    async with database.write():  # on SQLite nobody else writes now
        assert not await forget_now(database, kept(entries=DAY))


async def test_what_is_to_be_delivered_still(database: Database, noon: Any) -> None:
    """What no dispatcher has seen is not even announced; what waits stays when it was."""
    await happened(database, *[30] * 4)
    by = replace(Kept.by(Settings(event_days=10)), readers=(dispatched(),), needed=(undelivered(),))
    await delivered(database, 1, [20])
    await delivered(database, 2, [None])
    async with database.write() as connection:
        await connection.execute(update(DISPATCHER).values(position=3))
        await connection.execute(insert(table(TargetEventRow)).values(target_id=1, name="product.updated", since=0))
        await connection.commit()
    await all_of(database, by)
    assert await said(database) == 3
    noon.shift(by.grace)
    await all_of(database, by)
    assert await positions(database) == [2, 4]
    assert await delivered(database, 2, []) == [2]


async def test_deliveries_that_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LOOKED_AT", 2)
    await happened(database, 1, 1)
    await delivered(database, 1, [None, 20, None, None, 20, 20, 20, 3])
    assert await delivered(database, 2, [1]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    await all_of(database, Kept.by(Settings(delivery_days=7)))
    assert await delivered(database, 2, []) == [1, 3, 4, 8, 9]


async def delivered(database: Database, event: int, ended: list[int | None]) -> list[int]:
    """Deliveries of an event that ended so many days ago, or wait; and the ids of all that there are."""
    target = {"kind": "webhook", "key": "1", "cap": 1, "free_at": 0}
    rows = [
        {
            "event_id": event,
            "target_id": 1,
            "replay": number,
            "key": "k",
            "state": DeliveryState.WAITING if days is None else DeliveryState.DELIVERED,
            "attempts": 0,
            "due": 0 if days is None else None,
            "created_at": ago(30 if days is None else days),
            "ended_at": None if days is None else ago(days),
        }
        for number, days in enumerate(ended)
    ]
    async with database.write() as connection:
        if not (await connection.execute(select(table(TargetRow).c.id))).first():
            await connection.execute(insert(table(TargetRow)).values(target))
        if rows:
            await connection.execute(insert(table(DeliveryRow)), rows)
        await connection.commit()
        ids = select(table(DeliveryRow).c.id).order_by(table(DeliveryRow).c.id)
        return list((await connection.execute(ids)).scalars())


async def entries(database: Database, *days_ago: int) -> list[datetime]:
    return await _rows(
        database,
        AuditRow,
        [{"action": "x", "actor_name": "ann", "actor_kind": "user", "occurred_at": ago(days)} for days in days_ago],
        "occurred_at",
    )


async def records(database: Database, *days_ago: int) -> list[datetime]:
    rows = [
        {"caller": "token:1", "mutation": "m", "key": f"{n}", "input_hash": "", "created_at": ago(days)}
        for n, days in enumerate(days_ago)
    ]
    return await _rows(database, IdempotencyRow, rows, "created_at")


async def _rows(database: Database, row: Any, rows: list[dict[str, Any]], name: str) -> list[datetime]:
    of = table(row)
    async with database.write() as connection:
        if rows:
            await connection.execute(insert(of), rows)
        await connection.commit()
        return list((await connection.execute(select(of.c[name]))).scalars())


UPDATE: Final = """
mutation($version: Int, $title: String) {
  productUpdate(input: { id: "UHJvZHVjdDox", title: $title, expectedVersion: $version }) {
    userErrors { code message }
  }
}
"""


async def test_a_conflict_whose_events_are_gone_says_so(gateway: Gateway, noon: Any) -> None:
    await factories.store_rows(gateway, [factories.product(1, title="A"), factories.variant(1, 1)])
    for version, title in enumerate("BCD", start=1):
        await gateway(UPDATE, {"version": version, "title": title})
        noon.shift(DAY)
    await number_events(gateway.database)

    async def message(version: int) -> str:
        payload = (await gateway(UPDATE, {"version": version, "title": "E"}, ADMIN))["productUpdate"]
        (error,) = payload["userErrors"]
        assert error["code"] == "CONFLICT", error
        return str(error["message"])

    assert await message(1) == "You edited version 1, it is at 4 now; changed since: title"
    two_days = kept(events=2 * DAY)
    await all_of(gateway.database, two_days)
    noon.shift(GRACE)
    await all_of(gateway.database, two_days)
    assert (
        await message(1)
        == "You edited version 1, it is at 4 now; changed since: title; what was changed before is not known any more"
    )
    noon.shift(10 * DAY)
    for _ in range(2):
        await all_of(gateway.database, two_days)
        noon.shift(GRACE)
    await all_of(gateway.database, two_days)
    assert await message(1) == "You edited version 1, it is at 4 now; what was changed is not known any more"
    assert await message(9) == "You edited version 9, it is at 4 now"


def statements_of(database: Database) -> Any:
    from pathlib import Path

    return Gateway(database, Path()).counting()
