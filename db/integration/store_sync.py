"""Walks through what a connected shop has: its products, and what happened to its orders since the last one."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from db.store.row import DOCUMENT, KEY, SORTED_TEXT, Row, now, table, wire
from db.work import jobs
from db.work.job import JobRow, JobState

# The kind of the jobs.
SYNC: Final = "store sync"


class SyncKind(StrEnum):
    PRODUCTS = "products"
    ORDERS = "orders"


class StoreSyncRow(Row, table=True):
    """The last walk of a kind, or the one under way: its `job` says which. `report` is a document of
    connectors.connected_stores.reporting."""

    __tablename__ = "store_sync"

    connection: str = Field(foreign_key="provider_connection.guid", primary_key=True, sa_type=SORTED_TEXT)
    kind: SyncKind = Field(primary_key=True, sa_type=wire(SyncKind))
    job: int = Field(sa_type=KEY)
    dry_run: bool = False
    overwrite: bool = False
    since: datetime | None = None  # of orders: those that changed from then on
    # Set once one came to its end: what the next one through orders begins with; through products the first tells less.
    seen_until: datetime | None = None
    done: int = 0
    total: int | None = None
    report: dict[str, Any] = Field(default_factory=dict, sa_type=DOCUMENT)
    error: str | None = None
    started_at: datetime = Field(default_factory=now)
    ended_at: datetime | None = None


_SYNC: Final = table(StoreSyncRow)
_JOB: Final = table(JobRow)


async def of(connection: AsyncConnection, guid: str, kind: SyncKind, *, lock: bool = False) -> dict[str, Any] | None:
    statement = select(_SYNC).where(_SYNC.c.connection == guid, _SYNC.c.kind == kind)
    row = (await connection.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def under_way(connection: AsyncConnection, row: Mapping[str, Any] | None) -> bool:
    """Whether somebody does it, or will. One whose job was given up is over."""
    if row is None or row["ended_at"] is not None:
        return False
    state = await connection.scalar(select(_JOB.c.state).where(_JOB.c.id == row["job"]))
    return state in (JobState.WAITING, JobState.RUNNING)


async def ask(
    connection: AsyncConnection,
    guid: str,
    kind: SyncKind,
    *,
    since: datetime | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
    caller: str | None = None,
) -> None:
    """A walk instead of the last one, which is over. Whoever asks holds the connection's row."""
    job = await jobs.ask(connection, SYNC, {"connection": guid, "kind": kind.value}, caller=caller)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    begun = {"job": job, "dry_run": dry_run, "overwrite": overwrite, "since": since, "started_at": now()}
    blank: dict[str, Any] = {"done": 0, "total": None, "report": {}, "error": None, "ended_at": None}
    made = insert(_SYNC).values({"connection": guid, "kind": kind, **begun, **blank})
    await connection.execute(made.on_conflict_do_update(index_elements=["connection", "kind"], set_={**begun, **blank}))


async def note(connection: AsyncConnection, row: Mapping[str, Any], **values: Any) -> bool:
    """How far it is, or that it is over. False where another walk has begun since."""
    mine = (_SYNC.c.connection == row["connection"]) & (_SYNC.c.kind == row["kind"]) & (_SYNC.c.job == row["job"])
    return (await connection.execute(update(_SYNC).where(mine).values(values))).rowcount > 0
