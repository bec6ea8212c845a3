"""How far an import of a source has come, so that an interrupted one goes on where it stopped; and what it saw, so that
the next one can tell what was changed here since."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, Row, now


class ImportRow(Row, table=True):
    """One entity of one source. `reached` is the highest source id whose batch is committed; null: nothing under way.
    `pending` are links met up to there whose other end was not stored yet. `run` names the import that is under way or
    was the last one, `changes` how many rows it has written. `finished_at` stays while the next one is under way."""

    __tablename__ = "import_source"

    source: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    reached: int | None = Field(default=None, sa_type=KEY)
    pending: list[Any] | None = Field(default=None, sa_type=DOCUMENT)
    run: str | None = None
    changes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    started_at: datetime = Field(default_factory=now)
    finished_at: datetime | None = None


class SeenRow(Row, table=True):
    """What the last import that met a row saw of it, whichever source that was: of each field a mark of its name and a
    digest of its value. A row that was deleted here leaves it behind."""

    __tablename__ = "import_seen"
    __table_args__ = ({"sqlite_with_rowid": False},)

    entity: str = Field(primary_key=True)  # the table
    key: str = Field(primary_key=True)
    fields: bytes
