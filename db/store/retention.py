"""What of the past is kept no longer: events and entries of the audit log, in batches of milliseconds, the oldest
first. Records of idempotency keys have a module of their own.

Events go in two steps. First it is written down up to which position they are forgotten: from then on nobody begins
behind it. Those who began before have time to come to their end; only then the rows go. So no reader passes a gap
without being told.
"""

from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Select, case, delete, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from db.access.audit import AuditRow
from db.store.outbox import EVENT, EVENT_LOG, forgotten
from db.store.row import now, table

# Rows of one transaction, of which each may take others with it.
AT_ONCE: Final = 500
# Events that are announced together: some 50 ms to look at, and five million a day.
ANNOUNCED: Final = 20_000

_AUDIT: Final = table(AuditRow)


async def forgettable(connection: AsyncConnection, before: datetime, *readers: Select[Any]) -> int | None:
    """Up to which position events of before `before` may be forgotten; None where that has been announced. `readers`
    are statements of positions that somebody has got to: what one of them has not passed stays."""
    known: int = (await connection.execute(select(forgotten()))).scalar_one()
    stretch = (
        select(EVENT.c.position, EVENT.c.occurred_at)
        .where(EVENT.c.position > known)
        .order_by(EVENT.c.position)
        .limit(ANNOUNCED)
        .subquery()
    )
    young = case((stretch.c.occurred_at >= before, stretch.c.position))
    newest, first_young = (await connection.execute(select(func.max(stretch.c.position), func.min(young)))).one()
    last: int = known if newest is None else newest if first_young is None else first_young - 1
    for reader in readers:
        last = min([last, *(await connection.execute(reader)).scalars()])
    return last if last > known else None


async def announce(connection: AsyncConnection, last: int) -> None:
    """From now on events up to this position are forgotten, whoever says it first."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"forgotten": last, "announced_at": now()}
    said = dialect.insert(EVENT_LOG).values({"id": 1} | values)
    await connection.execute(
        said.on_conflict_do_update(index_elements=["id"], set_=values, where=EVENT_LOG.c.forgotten < last)
    )


async def announced(connection: AsyncConnection, grace: timedelta) -> tuple[bool, bool]:
    """Whether some events that were announced are still there (if somebody has a use for them, or because it was just
    now), and whether `grace` has passed since."""
    left = exists(select(1).where(EVENT.c.position <= forgotten()))
    at = select(EVENT_LOG.c.announced_at).scalar_subquery()
    some, moment = (await connection.execute(select(left, at))).one()
    return some, moment is None or moment <= now() - grace


async def forget_events(connection: AsyncConnection, *needed: ColumnElement[bool]) -> int:
    """Delete some of the events that were announced, but for those that somebody has a use for still; how many."""
    gone = (
        select(EVENT.c.id)
        .where(EVENT.c.position <= forgotten(), *(~need for need in needed))
        .order_by(EVENT.c.position)
        .limit(AT_ONCE)
    )
    return await _deleted(connection, EVENT.c.id, gone)


def outdated_entries(before: datetime) -> Select[int]:
    """Some of the entries of the audit log of before `before`."""
    return select(_AUDIT.c.id).where(_AUDIT.c.occurred_at < before).order_by(_AUDIT.c.occurred_at).limit(AT_ONCE)


async def forget_entries(connection: AsyncConnection, before: datetime) -> int:
    """Delete some of the entries of the audit log of before `before`; how many."""
    return await _deleted(connection, _AUDIT.c.id, outdated_entries(before))


async def _deleted(connection: AsyncConnection, key: Any, gone: Select[Any]) -> int:
    # Another server may be at the same rows.
    done = await connection.execute(delete(key.table).where(key.in_(gone.with_for_update(skip_locked=True))))
    return cast("CursorResult[Any]", done).rowcount
