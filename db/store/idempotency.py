"""What a mutation answered under a key, so that a repeat neither writes nor emits again."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Index, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import DOCUMENT, SORTED_TEXT, Row, now, table

KEPT: Final = timedelta(hours=24)
# More than the one that a commit adds, so that they do not pile up; few enough for nobody to notice.
_AT_ONCE: Final = 20


class IdempotencyRow(Row, table=True):
    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created_at", "created_at"),)

    caller: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    mutation: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    input_hash: str
    result: Any = Field(default=None, sa_type=DOCUMENT, nullable=True)
    created_at: datetime = Field(default_factory=now)


async def forget_old(connection: AsyncConnection) -> None:
    """Delete some of the records that are kept no longer, the oldest first; those that somebody else is at are left."""
    record = table(IdempotencyRow)
    old = (
        select(*record.primary_key.columns)
        .where(record.c.created_at < now() - KEPT)
        .order_by(record.c.created_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(record).where(tuple_(*record.primary_key.columns).in_(old)))
