"""Workers, each with the heartbeat that all of its leases hang on."""

from datetime import datetime

from sqlmodel import Field

from db.store.row import KEY, Row, now


class WorkerRow(Row, table=True):
    """Ids are never given again: a lease of a worker that is gone is nobody else's. One whose row is gone was taken for
    dead, has lost its leases, and begins again as another."""

    __tablename__ = "worker"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    name: str  # host and process, for whoever looks
    beat: int = Field(sa_type=KEY)  # db.work.functions, in milliseconds
    begun_at: datetime = Field(default_factory=now)
