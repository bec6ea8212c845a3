"""What an import tells of the rows it has written: one event for each, however many of its parts were changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlalchemy import select

from connectors.importers import reconcile
from connectors.importers.mapping import STAMPS, Columns, Mapped
from connectors.importers.reconcile import Difference
from connectors.importers.report import Changed, Report
from db.catalog.events import INVENTORY_CHANGED, PRODUCT_PUBLISHED, PRODUCT_UPDATED, VARIANT_UPDATED
from db.catalog.product import ProductStatus
from db.commerce.events import STORE_IMPORTED
from db.commerce.following import ONCE
from db.store.outbox import EVENT
from engine.unit.unit import Event, Unit

Place: TypeAlias = tuple[str, Any]  # entity and key


@dataclass(slots=True)
class _Written:
    """`before` is None of a row that is new, and until it is looked up of one that is only touched."""

    mapped: Mapped
    before: Columns | None = None
    changes: Columns = field(default_factory=dict)
    also: set[str] = field(default_factory=set)  # changed fields that are no columns
    beside: Columns = field(default_factory=dict)
    new: Columns | None = None
    bumped: bool = False
    removed: bool = False


class Ledger:
    """Of one transaction. `tells`: its events are emitted; the first import of a list has one event for all. `live`: so
    are those that follow from them, for the source goes on being a shop whose events happen here."""

    def __init__(self, unit: Unit, report: Report, *, tells: bool, live: bool = False) -> None:
        self._unit = unit
        self._report = report
        self._tells = tells
        self._live = live
        self._written: dict[Place, _Written] = {}

    def wrote(self, difference: Difference, stored: Mapping[Any, Columns]) -> None:
        """What was inserted and updated; `stored` are the rows as they were, by the table's key."""
        mapped = difference.mapped
        for row in difference.new:
            one = self._of(mapped, row[mapped.key])
            one.new, one.bumped = mapped.kept | row, True
        for changed, bumps, row in difference.changed:
            one = self._of(mapped, row[mapped.key])
            one.before = stored[row[mapped.key]]
            one.changes |= {name: row[name] for name in changed}
            one.bumped |= bumps

    def removed(self, mapped: Mapped, rows: Iterable[Columns]) -> None:
        for row in rows:
            one = self._of(mapped, row[mapped.key])
            one.before, one.removed = row, True

    def touched(self, mapped: Mapped, keys: Iterable[Any], *also: str) -> None:
        """What hangs on these rows was changed, or a column beside what was compared: they get a new version."""
        for key in keys:
            self._of(mapped, key).also.update(also)

    def beside(self, mapped: Mapped, key: Any, **values: Any) -> None:
        """What the event of a row says beside its columns."""
        self._of(mapped, key).beside |= values

    def _of(self, mapped: Mapped, key: Any) -> _Written:
        return self._written.setdefault((mapped.entity, key), _Written(mapped))

    async def close(self) -> None:
        """Counts the changes that no column shows, and emits."""
        await self._bump()
        for (_, key), one in self._written.items():
            self._report_on(key, one)
            if self._tells and one.mapped.tells is not None:
                for event in _events(one):
                    self._unit.emit(event)
        if self._tells and self._live:
            await self._follow()

    async def _follow(self) -> None:
        """What happens once for a row is looked up, and not told again."""
        following = [event for one in self._written.values() for event in _following(one)]
        once = sorted({event.entity for event in following if event.name in ONCE})
        told: set[tuple[str, str]] = set()
        for chunk in reconcile.chunks(once):
            columns = EVENT.c
            statement = select(columns.entity, columns.name).where(columns.entity.in_(chunk), columns.name.in_(ONCE))
            told |= {(row[0], row[1]) for row in await self._unit.connection.execute(statement)}
        for event in following:
            if (event.entity, event.name) not in told:
                self._unit.emit(event)

    async def _bump(self) -> None:
        waiting: dict[str, tuple[Mapped, list[Any]]] = {}
        for (entity, key), one in self._written.items():
            if one.also and not one.bumped and not one.removed:
                waiting.setdefault(entity, (one.mapped, []))[1].append(key)
        for entity, (mapped, keys) in waiting.items():
            rows = await reconcile.load(self._unit.connection, mapped, mapped.key, keys)
            for key, row in rows.items():
                one = self._written[entity, key]
                one.before = row | (one.before or {})
                one.bumped = True
            await reconcile.bump(self._unit.connection, mapped, rows.keys())

    def _report_on(self, key: Any, one: _Written) -> None:
        if one.before is None or not (one.bumped or one.removed):
            return
        fields = {one.mapped.shown(name) for name in _told(one)} | {one.mapped.shown(name) or name for name in one.also}
        names = tuple(sorted(name for name in fields if name is not None))
        self._report.changed.append(Changed(one.mapped.entity, str(key), names, removed=one.removed))


def _told(one: _Written) -> Columns:
    """What was changed, without what follows from it."""
    return {name: value for name, value in one.changes.items() if name not in STAMPS and name not in one.mapped.follows}


def _events(one: _Written) -> Iterable[Event]:
    tells = one.mapped.tells
    assert tells is not None
    if one.removed:
        if one.before is not None and one.new is None and tells.deleted is not None:
            yield tells.deleted(one.before, **one.beside)
    elif one.new is not None and tells.created is not None:
        yield tells.created(one.new, **one.beside)
        if _published(tells.entity, {}, one.new):
            yield PRODUCT_PUBLISHED(one.new)
    elif one.before is not None and one.bumped:
        changes = _told(one)
        also = {one.mapped.shown(name) or name for name in one.also}
        yield tells.updated(one.before, changes, also, **one.beside)
        if tells.updated is VARIANT_UPDATED and INVENTORY_CHANGED.concerns(changes):
            yield INVENTORY_CHANGED(one.before, changes)
        if _published(tells.entity, one.before, changes):
            yield PRODUCT_PUBLISHED(one.before, changes)


def _following(one: _Written) -> Iterable[Event]:
    then = one.mapped.then
    if then is None or one.removed:
        return
    if one.new is not None:
        yield from then(None, one.new, one.beside)
    elif one.before is not None and one.changes:
        yield from then(one.before, one.changes, one.beside)


def _published(entity: str, before: Columns, after: Columns) -> bool:
    return (
        entity == PRODUCT_UPDATED.entity
        and after.get("status") is ProductStatus.PUBLISH
        and before.get("status") is not ProductStatus.PUBLISH
    )


def imported(run: str, source: str, written: int, *, first: bool) -> Event:
    """That an import, or the first walk through a connected shop, came to its end."""
    event = STORE_IMPORTED({"id": 1}, import_id=run, source=source, first=first, written=written)
    return replace(event, version=None, after=event.payload)
