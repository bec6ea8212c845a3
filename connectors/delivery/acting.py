"""Whoever saved something acts in it: a webhook, a feed. It does what its saver may do now, and is held where they are
gone, or may no longer do it, until somebody saves it again."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.access import holder
from db.access.viewer import SYSTEM, Viewer
from db.events import KINDS
from db.integration import visibility
from db.integration.data.product import padded
from db.integration.data.record import Seer
from db.store.outbox import EventRow
from db.store.row import table
from db.store.unit import Units
from db.work import target as targets
from db.work.events import TARGET_DISABLED
from db.work.target import TargetRow
from engine.unit.unit import Cause
from engine.values.viewer import either, permits

# Why a target is held; its owner's reasons, beside those of the engine.
SAVER_GONE: Final = "saver_gone"
PERMISSION_LOST: Final = "permission_lost"
CHANGED_SINCE: Final = "changed_since"
_SENTENCES: Final = {
    SAVER_GONE: "Held: whoever saved the {} is gone",
    PERMISSION_LOST: "Held: whoever saved the {} may no longer read what it tells",
    CHANGED_SINCE: "Held: the {} was changed by an import since somebody saved it",
}

_EVENT: Final = table(EventRow)
_TARGET: Final = table(TargetRow)
_IDS: Final = _EVENT.c.id.in_(bindparam("ids", expanding=True))
_EVENTS: Final = select(_EVENT).where(_IDS)


def sentence(reason: str, what: str) -> str:
    """For people; `what` is the noun: webhook."""
    return _SENTENCES[reason].format(what)


def held(row: Mapping[str, Any], viewer: Viewer | None, needed: Iterable[str]) -> str | None:
    """Why nothing may be done until somebody saves it; None: the viewer has all of `needed`. `row` says by its
    `saved_version` whether it is as somebody saved it."""
    if viewer is None:
        return SAVER_GONE
    if row["saved_version"] != row["version"]:
        return CHANGED_SINCE
    return None if all(permits(viewer, permission) for permission in needed) else PERMISSION_LOST


def reading(names: Iterable[str]) -> list[str]:
    """What it takes to read events of these names; what no event is called takes nothing."""
    return [either(*KINDS[name].read_by.permissions) for name in names if name in KINDS]


async def savers(connection: AsyncConnection, rows: Iterable[Mapping[str, Any]]) -> dict[str, Viewer | None]:
    """By what is stored of them (`saved_by`); None of who is gone."""
    stored = sorted({row["saved_by"] for row in rows if row["saved_by"]})
    return {by: await holder.acting(connection, by) for by in stored}


async def events(connection: AsyncConnection, ids: Collection[int]) -> dict[int, Any]:
    """Rows of events by their ids; those that are gone are left out."""
    return {row.id: row for row in await connection.execute(_EVENTS, {"ids": padded(ids)})} if ids else {}


async def seen(connection: AsyncConnection, viewer: Viewer, events: Collection[int]) -> set[int]:
    """Those of these events that the viewer may read."""
    if not events:
        return set()
    return set((await connection.execute(_readable(Seer.of(viewer)), {"ids": padded(events)})).scalars())


@lru_cache(256)
def _readable(seer: Seer) -> Select[Any]:
    return select(_EVENT.c.id).where(_IDS, visibility.readable_events(seer.viewer))


async def hold(units: Units, kind: str, key: str, reason: str, sweep: str) -> None:
    """Once, whoever finds out: with the event that says so."""
    async with units.unit(SYSTEM, cause=Cause(f"sweep:{sweep}")) as unit:
        if await targets.disable(unit.connection, kind, key, reason):
            here = (_TARGET.c.kind == kind) & (_TARGET.c.key == key)
            row = (await unit.connection.execute(select(_TARGET).where(here))).mappings().one()
            unit.emit(TARGET_DISABLED(dict(row)))
            await unit.commit(sweep, None, None)
