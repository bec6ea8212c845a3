"""Events, written in the transaction of the change they tell of. Readers number them later (`position`)."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from db.row import DOCUMENT, KEY, Row, now


class EventRow(Row, table=True):
    """`id` is given by the writer and says nothing about commit order; `position` is given by whoever reads,
    to committed rows only, so that a cursor over positions never skips a late commit."""

    __tablename__ = "event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    position: int | None = Field(default=None, unique=True, sa_type=KEY)
    name: str
    entity: str = Field(index=True)  # GraphQL type and key, `ProductVariant:17`
    version: int | None = None
    changed: list[Any] = Field(sa_type=DOCUMENT)  # GraphQL field names
    payload: dict[str, Any] = Field(sa_type=DOCUMENT)
    caller: str | None = None
    occurred_at: datetime = Field(default_factory=now)
