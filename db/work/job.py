"""Jobs, which somebody asked for and which take longer than a request; and sweeps, which come round by themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, now, wire


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # until somebody asks for another try


class JobRow(Row, table=True):
    """`checkpoint` is the job's own, written with what it has done: whoever takes it up goes on from there. It waits
    while `due` is set, and is held by the worker `lease` while that is."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("due IS NULL OR lease IS NULL", name="waiting_or_held"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=KEY)
    kind: str = Field(sa_type=SORTED_TEXT)
    arguments: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)
    state: JobState = Field(default=JobState.WAITING, sa_type=wire(JobState))
    done: int = 0
    total: int | None = None  # null: not known (yet)
    checkpoint: Any = Field(default=None, sa_type=DOCUMENT, nullable=True)
    error: str | None = None
    attempts: int = 0  # since it last came on
    due: int | None = Field(default=None, sa_type=KEY)  # milliseconds of db.work.functions
    lease: int | None = Field(default=None, sa_type=KEY)  # worker.id
    caller: str | None = None  # whoever asked for it
    created_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None


class PeriodicRow(Row, table=True):
    """What is done every so often, once over all workers. Its rows are what workers of this version registered."""

    __tablename__ = "periodic"

    name: str = Field(primary_key=True, sa_type=SORTED_TEXT)
    every: int = Field(sa_type=KEY)  # milliseconds
    due: int = Field(default=0, sa_type=KEY)  # milliseconds of db.work.functions
    lease: int | None = Field(default=None, sa_type=KEY)  # worker.id
    error: str | None = None  # of the last round, if it failed


_JOB = JobRow.__table__.c  # type: ignore[attr-defined]
_DUE = _JOB.due.is_not(None)
_HELD = _JOB.lease.is_not(None)
Index("ix_job_due", _JOB.due, sqlite_where=_DUE, postgresql_where=_DUE)
Index("ix_job_held", _JOB.lease, sqlite_where=_HELD, postgresql_where=_HELD)
