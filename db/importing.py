"""How far an import of a source has come, so that an interrupted one goes on where it stopped."""

from datetime import datetime

from sqlmodel import Field

from db.row import KEY, Row, now


class ImportRow(Row, table=True):
    """One source. `reached` is the highest source id whose batch is committed; null: nothing under way."""

    __tablename__ = "import_source"

    source: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    reached: int | None = Field(default=None, sa_type=KEY)
    started_at: datetime = Field(default_factory=now)
    finished_at: datetime | None = None
