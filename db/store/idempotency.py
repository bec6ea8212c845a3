"""What a mutation answered under a key, so that a repeat neither writes nor emits again."""

from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, Index, Select, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import DOCUMENT, SORTED_TEXT, Row, now, table

KEPT: Final = timedelta(hours=24)
# More than the one that a commit adds, so that they do not pile up; few enough for nobody to notice.
AT_ONCE: Final = 20


class IdempotencyRow(Row, table=True):
    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created_at", "created_at"),)

    caller: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    mutation: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    input_hash: str
    result: Any = Field(default=None, sa_type=DOCUMENT, nullable=True)
    created_at: datetime = Field(default_factory=now)


def outdated(kept: timedelta) -> Select[str, str, str]:
    """The keys of records that are kept no longer, the oldest first."""
    record = table(IdempotencyRow)
    keys = select(record.c.caller, record.c.mutation, record.c.key)
    return keys.where(record.c.created_at < now() - kept).order_by(record.c.created_at)


async def forget_old(connection: AsyncConnection, kept: timedelta = KEPT, at_once: int = AT_ONCE) -> int:
    """Delete some of the records that are kept no longer, and say how many; those that somebody else is at are left."""
    record = table(IdempotencyRow)
    old = outdated(kept).limit(at_once).with_for_update(skip_locked=True)
    done = await connection.execute(delete(record).where(tuple_(*record.primary_key.columns).in_(old)))
    return cast("CursorResult[Any]", done).rowcount
