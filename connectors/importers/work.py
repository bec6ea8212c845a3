"""One transaction of an import: a unit of work, what it was told to do, and what it has to remember of it."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, seen
from connectors.importers.mapping import Columns, Mapped
from connectors.importers.merging import Merging
from connectors.importers.reconcile import Difference, StoredRows
from connectors.importers.report import Report
from connectors.importers.telling import Ledger
from db.access.viewer import SYSTEM
from db.drivers.failures import Passing
from db.store.unit import Units
from engine.unit.unit import Cause, Unit

# The action of its entries in the audit log.
IMPORT: Final = "import"


def parted(refusal: DBAPIError | Passing) -> bool:
    """Whether what was written together is to be tried record by record: the database refused values, or others stood
    in the way; not that it is locked, full or away."""
    if isinstance(refusal, Passing):
        return True
    return not refusal.connection_invalidated and not isinstance(refusal, OperationalError)


class Work:
    """`report` takes what was kept and what was changed; whoever opened the work adds it to the import's."""

    def __init__(self, unit: Unit, *, overwrite: bool, first: bool, fresh: bool, live: bool = False) -> None:
        self.unit = unit
        self.report = Report()
        self.ledger = Ledger(unit, self.report, tells=not first, live=live)
        self.live = live and not first
        self.overwrite = overwrite
        self._fresh = fresh
        self.first = first
        self._mergings: dict[str, Merging] = {}

    @property
    def connection(self) -> AsyncConnection:
        return self.unit.connection

    def merging(self, mapped: Mapped) -> Merging:
        """The same of a table for as long as the transaction."""
        found = self._mergings.get(mapped.entity)
        if found is None:
            found = Merging(
                self.connection, mapped, self.report, overwrite=self.overwrite, known=not self.first, fresh=self._fresh
            )
            self._mergings[mapped.entity] = found
        return found

    async def merged(self, mapped: Mapped, rows: dict[Any, Columns], stored: StoredRows) -> dict[Any, Columns]:
        """The rows of the source, whole: with what was changed here put back. Those that are not its to write are taken
        out."""
        merging = self.merging(mapped)
        await merging.load(rows, stored)
        merging.take(rows, stored)
        for row in rows.values():
            mapped.complete(row)
        return rows

    async def write(
        self,
        mapped: Mapped,
        rows: Mapping[Any, Columns],
        stored: StoredRows,
        difference: Difference | None = None,
    ) -> Difference:
        """Brings the stored rows in line with these, and takes note of both."""
        found = reconcile.compare(mapped, rows.values(), stored) if difference is None else difference
        await reconcile.write(self.connection, found)
        self.wrote(found, rows, stored)
        return found

    def wrote(self, difference: Difference, rows: Mapping[Any, Columns], stored: StoredRows) -> None:
        """Takes note of rows that are written, and of what was written of them."""
        self.ledger.wrote(difference, stored)
        self.merging(difference.mapped).note(rows)

    async def remove(self, mapped: Mapped, keys: Collection[Any], stored: StoredRows) -> None:
        rows = [stored[key] for key in keys]
        await reconcile.remove(self.connection, mapped, [row[mapped.key] for row in rows])
        self.ledger.removed(mapped, rows)
        if rows:
            await self.merging(mapped).forget(rows)

    async def all_deleted_here(self, mapped: Mapped) -> set[int]:
        """Of a table whose rows are few."""
        return await self.deleted_here(
            mapped, [int(key) for key in await seen.keys(self.connection, mapped.table.name)]
        )

    async def deleted_here(self, mapped: Mapped, keys: Collection[Any]) -> set[Any]:
        """Those that an import saw and that are not stored any more: the source has not heard of it."""
        if self.overwrite or self._fresh or not keys:
            return set()
        missing = set(keys) - await reconcile.known(self.connection, mapped.table, keys)
        names = {str(key): key for key in missing}
        return {names[name] for name in await seen.load(self.connection, mapped.table.name, names)}

    async def commit(self) -> None:
        await self.unit.commit(IMPORT, None, None, audited=True)

    async def close(self) -> None:
        """Before the commit: versions, events, what was seen."""
        await self.ledger.close()
        await seen.save(self.connection, [row for merging in self._mergings.values() for row in merging.save()])


@dataclass(frozen=True, slots=True)
class Works:
    """The transactions of one import. `run` names it in the causes of its events; `finished` are the lists that an
    import has been through before, whichever source it was of; `fresh`: none had seen anything when this one began;
    `live`: what follows from a change there happens here, too; `by`: an import, or a call that came in."""

    units: Units
    run: str
    finished: Collection[str] = ()
    overwrite: bool = False
    fresh: bool = False
    live: bool = False
    by: str = IMPORT

    def first(self, entity: str) -> bool:
        return entity not in self.finished

    @asynccontextmanager
    async def work(self, entity: str) -> AsyncIterator[Work]:
        """Of this list. Rolled back unless committed."""
        async with self.units.unit(SYSTEM, cause=Cause(f"{self.by}:{self.run}")) as unit:
            yield Work(unit, overwrite=self.overwrite, first=self.first(entity), fresh=self.fresh, live=self.live)
