"""Events, written in the transaction of the change they tell of. Readers number them later (`position`)."""

from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    CursorResult,
    Index,
    Select,
    exists,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.database import Database
from db.store.row import DOCUMENT, KEY, Row, now, table

# One transaction's worth: milliseconds, after which other numberers and SQLite's writers have their turn.
MOST_NUMBERED: Final = 5_000
# Of PostgreSQL's advisory locks; no other code of ours takes this one.
NUMBERING: Final = 0x6E756D626572


class EventRow(Row, table=True):
    """`id` is given by the writer and says nothing about commit order; `position` is given by whoever reads,
    to committed rows only, so that a cursor over positions never skips a late commit."""

    __tablename__ = "event"
    # For readers of some events only, who would otherwise meet all the others on their way.
    # And for whoever asks which event of an entity is its newest.
    __table_args__ = (
        Index("ix_event_name_position", "name", "position"),
        Index("ix_event_entity_position", "entity", "position"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    position: int | None = Field(default=None, unique=True, sa_type=KEY)
    name: str
    entity: str  # GraphQL type and key, `ProductVariant:17`
    version: int | None = None
    changed: list[Any] = Field(sa_type=DOCUMENT)  # GraphQL field names
    payload: dict[str, Any] = Field(sa_type=DOCUMENT)
    caller: str | None = None
    cause: str | None = None  # engine.unit.unit.Cause
    depth: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    occurred_at: datetime = Field(default_factory=now)


class EventLogRow(Row, table=True):
    """The one row that says which events are kept no longer (db.store.retention); none: all are there."""

    __tablename__ = "event_log"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: int = Field(default=1, primary_key=True, sa_type=KEY, sa_column_kwargs={"autoincrement": False})
    forgotten: int = Field(sa_type=KEY)  # the last position of them
    announced_at: datetime


EVENT = table(EventRow)
EVENT_LOG = table(EventLogRow)
_UNNUMBERED = EVENT.c.position.is_(None)
# Most of the time there is none, and a reader learns that from this index without a look at the table.
Index("ix_event_unnumbered", EVENT.c.id, sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED)


def unnumbered() -> Select[bool]:
    """Whether there is a committed event without a position."""
    return select(exists(select(1).where(_UNNUMBERED)))


def forgotten() -> ColumnElement[int]:
    """The position up to which events are kept no longer; 0: all of them are."""
    return func.coalesce(select(EVENT_LOG.c.forgotten).scalar_subquery(), 0)


def head() -> ColumnElement[int]:
    """The last position that was given; 0: none was. The event itself may be gone, while older ones are still there."""
    given = union_all(select(func.max(EVENT.c.position).label("given")), select(EVENT_LOG.c.forgotten)).subquery()
    return func.coalesce(select(func.max(given.c.given)).scalar_subquery(), 0)


async def number_events(database: Database) -> int:
    """Give positions to all committed events that have none, in the order of their ids, behind those given before; how
    many there were. Every reader of positions calls this first. Its transactions are its own and short: a caller that
    holds a connection meanwhile keeps others from finishing."""
    numbered = 0
    while True:
        async with database.write() as connection:
            count = await _number(connection)
            await connection.commit()
        numbered += count
        if count < MOST_NUMBERED:
            return numbered


async def _number(connection: AsyncConnection) -> int:
    if connection.dialect.name == "postgresql":
        # The statement behind the lock sees all positions that an earlier holder committed. SQLite has one writer.
        await connection.execute(select(func.pg_advisory_xact_lock(NUMBERING)))
    waiting = (
        select(EVENT.c.id, func.row_number().over(order_by=EVENT.c.id).label("place"))
        .where(_UNNUMBERED)
        .order_by(EVENT.c.id)
        .limit(MOST_NUMBERED)
        .subquery("waiting")
    )
    statement = update(EVENT).where(EVENT.c.id == waiting.c.id).values(position=head() + waiting.c.place)
    return cast("CursorResult[Any]", await connection.execute(statement)).rowcount
