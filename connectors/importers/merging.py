"""Rows of one table, three ways: what the last import saw, what is stored, and what the source says now.

What differs from what was seen was changed here and is kept; for everything else the source is believed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import history, seen
from connectors.importers.mapping import STAMPS, Columns, Mapped
from connectors.importers.reconcile import StoredRows
from connectors.importers.report import Kept, Report
from connectors.importers.seen import Fields, digest, mark

DELETED_HERE: Final = "deleted here"
MADE_HERE: Final = "made here under the same identifier"
GONE_THERE: Final = "changed here, and gone from the source"


class Merging:
    """Rows go by key; that of a new one may be missing in it. `overwrite`: the source wins, and the report says over
    what. `known`: an import has been here before, so that a row may be missing because it was deleted. `fresh`: nothing
    had been seen when this import began, so that it need not ask of rows that are not stored."""

    def __init__(
        self, connection: AsyncConnection, mapped: Mapped, report: Report, *, overwrite: bool, known: bool, fresh: bool
    ) -> None:
        self.mapped = mapped
        self.kept: dict[Any, dict[str, Any]] = {}  # by row: what the source says of fields that were changed here
        self._connection = connection
        self._report = report
        self._overwrite = overwrite
        self._known = known
        self._fresh = fresh
        self._identities: dict[Any, str] = {}
        self._seen: dict[str, bytes] = {}
        self._saving: dict[str, bytes] = {}
        self._noted: dict[Any, Columns] = {}
        self._history: dict[Any, history.Told] = {}
        self._lists: dict[Any, dict[str, Any]] = {}
        self._columns = _columns(mapped)

    async def load(self, *rows: Mapping[Any, Columns]) -> None:
        """What is known of these rows, of the source and stored; may be called again with others."""
        stored = rows[-1]
        new = {key: self.mapped.identity(row) for some in rows for key, row in some.items()}
        new = {key: identity for key, identity in new.items() if key not in self._identities}
        self._identities |= new
        asked_of = [identity for key, identity in new.items() if key in stored or not self._fresh]
        self._seen |= await seen.load(self._connection, self.mapped.table.name, asked_of)
        unseen = [key for key, identity in new.items() if identity not in self._seen]
        asked = {stored[key][self.mapped.key]: key for key in unseen if key in stored}
        if self._known and not self._overwrite and self.mapped.known_by_key:
            asked |= {key: key for key in unseen if key not in stored}
        if asked:
            found = await history.told(self._connection, self.mapped, asked.keys())
            self._history |= {asked[key]: one for key, one in found.items()}

    def take(self, rows: dict[Any, Columns], stored: StoredRows) -> set[Any]:
        """Puts what was changed here back into rows of the source. Takes out of them, and answers, those that are not
        the source's to write: deleted here, or made here under an identifier that the source gave to something else."""
        refused = set()
        for key, row in list(rows.items()):
            before = stored.get(key)
            for name, value in self.mapped.untold.items():
                row.setdefault(name, value if before is None else before[name])
            if reason := self._foreign(key, before):
                self._tell(key, (), reason)
                if not self._overwrite:
                    del rows[key]
                    refused.add(key)
                continue
            if before is not None:
                self._merge(key, row, before)
        return refused

    def _foreign(self, key: Any, before: Columns | None) -> str | None:
        told = self._history.get(key, history.NOTHING)
        if before is not None:
            return MADE_HERE if told.made or self._nobody_saw(key) else None
        return DELETED_HERE if told.gone or self._identities[key] in self._seen else None

    def _nobody_saw(self, key: Any) -> bool:
        """Whether a stored row was made here, of a table of whose rows no event tells: imports have seen what they
        wrote of it."""
        return self.mapped.tells is None and not self._fresh and self._identities[key] not in self._seen

    def _merge(self, key: Any, row: Columns, before: Columns) -> None:
        mapped = self.mapped
        differing = [name for name in mapped.merged if row[name] != before[name]]
        if not differing:
            return
        columns = {name for name in differing if name not in mapped.spread and self._changed_here(key, name, before)}
        for group in mapped.together:
            if not (columns - mapped.quiet).isdisjoint(group):
                columns |= group.intersection(differing)
        self._put_back(key, row, {name: before[name] for name in columns})
        for name in mapped.spread.intersection(differing):
            self._merge_document(key, name, row, before[name])

    def _put_back(self, key: Any, row: Columns, changed: Columns) -> None:
        told = changed.keys() - self.mapped.quiet
        if told:
            self._tell(key, told)
        if self._overwrite:
            return
        for name, value in changed.items():
            self.kept.setdefault(key, {})[name] = row[name]
            if name in STAMPS and isinstance(value, datetime) and isinstance(row[name], datetime):
                row[name] = max(value, row[name])
            else:
                row[name] = value

    def _merge_document(self, key: Any, name: str, row: Columns, before: Mapping[str, Any]) -> None:
        said = row[name]
        fields = {
            field: f"{name}.{field}" for field in said.keys() | before.keys() if said.get(field) != before.get(field)
        }
        changed = {field for field, path in fields.items() if self._changed_here(key, path, {path: before.get(field)})}
        if not changed:
            return
        self._tell(key, {fields[field] for field in changed})
        if self._overwrite:
            return
        self.kept.setdefault(key, {}).update({fields[field]: said.get(field) for field in changed})
        merged = {**said, **{field: before[field] for field in changed if field in before}}
        row[name] = {field: value for field, value in merged.items() if field not in changed or field in before}

    def _changed_here(self, key: Any, field: str, before: Mapping[str, Any]) -> bool:
        fields = self._fields(key)
        if fields is None:
            return self._history.get(key, history.NOTHING).of(self.mapped, field)
        name = mark(field)
        if name in fields:
            return fields[name] != digest(before[field])
        if field in self.mapped.untold:
            return bool(before[field] != self.mapped.untold[field])  # so the source has said nothing of it yet
        # A column that is newer than that import; or a list or a setting that was not there.
        return name not in self._columns and before[field] not in (None, [])

    def _fields(self, key: Any) -> Fields | None:
        packed = self._seen.get(self._identities.get(key, ""))
        return None if packed is None else seen.unpacked(packed)

    def keeps(self, key: Any, field: str, said: Any, held: Any) -> bool:
        """Whether a list of what hangs on a row was changed here and stays: `said` of the source, `held` here."""
        self._lists.setdefault(key, {})[field] = said
        if said == held or key not in self._identities or not self._changed_here(key, field, {field: held}):
            return False
        self._tell(key, {field})
        if not self._overwrite:
            self.kept.setdefault(key, {})[field] = said
        return not self._overwrite

    def told(self, key: Any, field: str, said: Any) -> None:
        """What the source says of a list that was written as it says it."""
        self._lists.setdefault(key, {})[field] = said

    def gone(self, keys: Iterable[Any], stored: StoredRows) -> set[Any]:
        """Which of the stored rows that the source no longer names are its to delete: not those made here, nor those
        changed here."""
        deleted = set()
        for key in keys:
            fields = self._fields(key)
            if fields is None and (self._history.get(key, history.NOTHING).made or self._nobody_saw(key)):
                continue
            own = [name for name in self.mapped.merged if name not in self.mapped.quiet | self.mapped.spread]
            changed = [name for name in own if self._changed_here(key, name, stored[key])]
            if changed:
                self._tell(key, changed, GONE_THERE)
            if not changed or self._overwrite:
                deleted.add(key)
        return deleted

    async def own(self, column: str, held: Mapping[Any, Any]) -> set[Any]:
        """Of rows by key with their values of a column, those whose value was given here. What this transaction has
        written of them is what the source says."""
        if not held or self._overwrite:
            return set()
        rows: StoredRows = {key: {self.mapped.key: key, column: value} for key, value in held.items()}
        await self.load(rows)
        return {key for key, row in rows.items() if self._given_here(key, column, row)}

    def _given_here(self, key: Any, column: str, row: Columns) -> bool:
        if key not in self._noted:
            return self._changed_here(key, column, row)
        return digest(self._said(key, self._noted[key])[column]) != digest(row[column])

    async def wrote(self, column: str, values: Mapping[Any, Any]) -> None:
        """Takes note that an import has put these values there, by key, beside what it writes of whole rows."""
        await self.load({key: {self.mapped.key: key} for key in values})
        for key, value in values.items():
            if (fields := self._fields(key)) is not None:
                self._keep(key, seen.packed(fields | {mark(column): digest(value)}))

    def note(self, rows: Mapping[Any, Columns]) -> None:
        """These rows are written: what the source says of them is what the next import compares with."""
        self._noted |= rows

    def save(self) -> list[dict[str, Any]]:
        """What to write of what was noted, and of the lists of it and of other rows, where it is not what was seen
        before."""
        for key, row in self._noted.items():
            if key in self._identities:
                self._save(key, seen.row(self._columns.items(), self._said(key, row)))
        for key in self._lists.keys() - self._noted.keys():
            if (fields := self._fields(key)) is not None:
                self._save(key, seen.packed({name: fields[name] for name in self._columns.keys() & fields.keys()}))
        self._noted, self._lists = {}, {}
        entity, saving = self.mapped.table.name, self._saving
        self._saving = {}
        return [{"entity": entity, "key": key, "fields": fields} for key, fields in saving.items()]

    def _said(self, key: Any, row: Columns) -> Columns:
        return row | self.kept[key] if key in self.kept else row

    def _save(self, key: Any, columns: bytes) -> None:
        more = {mark(field): digest(value) for field, value in self._lists.get(key, {}).items() if value}
        if self.mapped.spread:
            more |= self._document(key)
        packed = columns + seen.packed(more)
        before = self._seen.get(self._identities[key])
        if before is not None and before != packed and not self.mapped.spread:
            # Lists that this import was not told of.
            told = {mark(field) for field in self._lists.get(key, ())}
            fields = seen.unpacked(before)
            more |= {name: fields[name] for name in fields.keys() - self._columns.keys() - told}
            packed = columns + seen.packed(more)
        if before != packed:
            self._keep(key, packed)

    def _document(self, key: Any) -> Fields:
        """The fields of documents, as the source says them."""
        row, kept = self._noted[key], self.kept.get(key, {})
        said = {f"{column}.{field}": value for column in self.mapped.spread for field, value in row[column].items()}
        said |= {field: value for field, value in kept.items() if "." in field}
        return {mark(field): digest(value) for field, value in said.items() if value is not None}

    def _keep(self, key: Any, packed: bytes) -> None:
        self._seen[self._identities[key]] = self._saving[self._identities[key]] = packed

    async def forget(self, rows: Iterable[Columns]) -> None:
        identities = [self.mapped.identity(row) for row in rows]
        for identity in identities:
            self._saving.pop(identity, None)
            self._seen.pop(identity, None)
        await seen.forget(self._connection, self.mapped.table.name, identities)

    def _tell(self, key: Any, fields: Iterable[str], reason: str = "changed here") -> None:
        names = sorted({self.mapped.shown(name) or name for name in fields})
        told = self._report.overwritten if self._overwrite else self._report.kept
        told.append(Kept(self.mapped.entity, str(key), tuple(names), reason))


@cache
def _columns(mapped: Mapped) -> dict[bytes, str]:
    """The columns that are merged as they are, by their marks and in the order of these."""
    names = [name for name in mapped.merged if name not in mapped.spread]
    columns = dict(sorted((mark(name), name) for name in names))
    if len(columns) < len(names):
        raise TypeError(f"two columns of {mapped.table.name} have one mark")
    return columns
