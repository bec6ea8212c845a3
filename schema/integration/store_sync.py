"""Walks through what connected shops have, as they are told of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import strawberry
from sqlalchemy import select

from db.integration.store_sync import StoreSyncRow, SyncKind
from db.store.row import table
from db.work.job import JobRow, JobState
from engine.standard.context import Context
from engine.values.statement import among
from resolvers.integration.connected_store import enums as _registered  # noqa: F401  the annotations below need the enums

_SYNC: Final = table(StoreSyncRow)
_JOB: Final = table(JobRow)
_COUNTS: Final = ("imported", "updated", "unchanged", "removed", "skipped")


@strawberry.type(description="What became of one kind of records.")
class StoreSyncCount:
    entity: str = strawberry.field(description="What they are: `products`.")
    imported: int = strawberry.field(description="How many are new here.")
    updated: int = strawberry.field(description="How many were changed.")
    unchanged: int = strawberry.field(description="How many were as they are there.")
    removed: int = strawberry.field(description="How many parts are gone that the shop no longer names.")
    skipped: int = strawberry.field(description="How many were left out.")


@strawberry.type(description="Sentences of one kind, the first 100.")
class StoreSyncLines:
    lines: list[str] = strawberry.field(description="One for each record, with its number and its field.")
    total: int = strawberry.field(description="How many there were.")


@strawberry.type(description="What a walk through a shop came to so far.")
class StoreSyncReport:
    counts: list[StoreSyncCount] = strawberry.field(description="By what the records are; only where there were any.")
    skipped: StoreSyncLines = strawberry.field(description="What was left out, and why; by the shop's numbers.")
    kept: StoreSyncLines = strawberry.field(description="What was changed here, and stays.")
    overwritten: StoreSyncLines = strawberry.field(description="What was changed here, and the shop has won over.")
    sent: StoreSyncLines = strawberry.field(
        description="Stock that was changed here and was told to the shop, or would be; by the shop's numbers."
    )
    changed: StoreSyncLines = strawberry.field(description="What of rows here was changed, or would be.")


@strawberry.type(description="The last walk through a shop's records of a kind, or the one under way.")
class StoreSync:
    kind: SyncKind = strawberry.field(description="What of the shop.")
    dry_run: bool = strawberry.field(description="Whether nothing is written.")
    overwrite: bool = strawberry.field(description="Whether the shop wins over what was changed here.")
    running: bool = strawberry.field(description="Whether it is under way, or will be tried again.")
    done: int = strawberry.field(description="How many records it has seen.")
    total: int | None = strawberry.field(description="How many there are; null where the shop does not say.")
    report: StoreSyncReport = strawberry.field(description="What it came to so far.")
    error: str | None = strawberry.field(
        description="Why the last try did not come to its end, in a sentence; null when it did."
    )
    started_at: datetime = strawberry.field(description="When it was asked for, in UTC.")
    ended_at: datetime | None = strawberry.field(description="When it came to its end, in UTC; null when it did not.")


async def syncs_of(context: Context, keys: Sequence[str]) -> list[list[StoreSync]]:
    """By connections."""
    statement = (
        select(_SYNC, _JOB.c.state)
        .outerjoin(_JOB, _JOB.c.id == _SYNC.c.job)
        .where(among(_SYNC.c.connection, "keys", context.dialect))
        .order_by(_SYNC.c.connection, _SYNC.c.kind)
    )
    found: dict[str, list[StoreSync]] = {key: [] for key in keys}
    for row in await context.rows(statement, {"keys": list(keys)}):
        going = row.ended_at is None and row.state in (JobState.WAITING, JobState.RUNNING)
        found[row.connection].append(
            StoreSync(
                kind=row.kind,
                dry_run=row.dry_run,
                overwrite=row.overwrite,
                running=going,
                done=row.done,
                total=row.total,
                report=_report(row.report),
                error=row.error,
                started_at=row.started_at,
                ended_at=row.ended_at,
            )
        )
    return [found[key] for key in keys]


def _report(document: Mapping[str, Any]) -> StoreSyncReport:
    counts = [
        StoreSyncCount(entity=entity, **{name: one.get(name, 0) for name in _COUNTS})
        for entity, one in sorted(document.get("counts", {}).items())
    ]
    lines = document.get("lines", {})

    def of(kind: str) -> StoreSyncLines:
        found = lines.get(kind, {"told": [], "of": 0})
        return StoreSyncLines(lines=found["told"], total=found["of"])

    return StoreSyncReport(
        counts=counts,
        skipped=of("skipped"),
        kept=of("kept"),
        overwritten=of("overwritten"),
        sent=of("sent"),
        changed=of("changed"),
    )
