"""How far an import of a source has come, so that an interrupted one goes on where it stopped."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, Row, now


class ImportRow(Row, table=True):
    """One entity of one source. `reached` is the highest source id whose batch is committed; null: nothing under way.
    `pending` are links met up to there whose other end was not stored yet."""

    __tablename__ = "import_source"

    source: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    reached: int | None = Field(default=None, sa_type=KEY)
    pending: list[Any] | None = Field(default=None, sa_type=DOCUMENT)
    started_at: datetime = Field(default_factory=now)
    finished_at: datetime | None = None
