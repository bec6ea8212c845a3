"""What a mutation answered under a key, so that a repeat neither writes nor emits again."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Index
from sqlmodel import Field

from db.row import DOCUMENT, SORTED_TEXT, Row, now

KEPT: Final = timedelta(hours=24)


class IdempotencyRow(Row, table=True):
    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created_at", "created_at"),)

    caller: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    mutation: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    key: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    input_hash: str
    result: Any = Field(default=None, sa_type=DOCUMENT, nullable=True)
    created_at: datetime = Field(default_factory=now)
