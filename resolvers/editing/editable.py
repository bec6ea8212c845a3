"""Nouns whose rows callers make, change and delete: what all of them do alike, said once for each noun.

A simple noun is its input and its own rules; all else is here: its row locked and its version checked, its texts
trimmed and measured, the row written, the event emitted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import strawberry
from sqlalchemy import ColumnElement, Table, delete

from db.catalog.slug import Unique, Wanted, derived, free_slugs
from db.store.events import Created, Deleted, Updated
from db.store.row import Row, table
from db.store.writing import add, edit
from engine.unit.unit import Refuses, Unit
from engine.values.errors import ErrorCode
from engine.values.naming import camel
from engine.values.viewer import Viewer
from resolvers.editing import text
from resolvers.editing.locking import key_of, locked, not_found
from resolvers.editing.updating import differences, refuse_outdated


def edited_version() -> Any:
    """The field `expected_version` of an update's input."""
    said = "The version you edited; a newer one makes a CONFLICT and nothing is written."
    return strawberry.field(default=None, description=said)


def seen_version() -> Any:
    """The field `expected_version` of a deletion's input."""
    said = "The version you saw; a newer one makes a CONFLICT and nothing is deleted."
    return strawberry.field(default=None, description=said)


def slug(asked: str) -> str:
    return derived(text.line(asked))


@dataclass(frozen=True, slots=True)
class Text:
    """How a text is stored, and what it may be. `required` is the sentence for an empty one; where there is none, an
    empty one is stored as `blank`."""

    most: int
    stored: Callable[[str], str] = text.line
    required: str | None = None
    blank: str | None = ""


def checked_texts(errors: Refuses, rules: Mapping[str, Text], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values, those that a rule is about as they are stored. Refuses what the rules forbid, each on its field."""
    values = dict(asked)
    for name, rule in rules.items():
        if name not in values:
            continue
        kept = rule.stored(values[name] or "")
        # What is too long is refused, and nothing works on all of it meanwhile.
        values[name] = kept[: rule.most] or (rule.blank if rule.required is None else kept)
        if not kept and rule.required is not None:
            errors.refuse(ErrorCode.VALIDATION, rule.required, camel(name))
        elif len(kept) > rule.most:
            errors.refuse(ErrorCode.VALIDATION, f"At most {rule.most} characters", camel(name))
    return values


@dataclass(frozen=True, eq=False)
class Editable:
    """A noun over a table: who sees its rows, the events that tell of them, the rules of its texts and numbers."""

    row: type[Row]
    visible: Callable[[Viewer], ColumnElement[bool]]
    created: Created
    updated: Updated
    deleted: Deleted | None = None  # of what is never deleted there is none
    texts: Mapping[str, Text] = field(default_factory=dict)
    not_negative: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        return table(self.row)

    @property
    def name(self) -> str:
        """As people say it: `tax class`."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in self.updated.entity).lstrip()

    async def load(
        self, unit: Unit, id: str, expected_version: int | None = None, *, path: str = "id"
    ) -> dict[str, Any]:
        """The row of a global id, locked. Raises Refused: NOT_FOUND at `path` where it is absent or hidden, CONFLICT at
        `expectedVersion`."""
        key = key_of(id)
        found = await locked(unit, self.table, [key], self.visible(unit.viewer))
        row = found.get(key) or not_found(unit, self.name, path)
        await refuse_outdated(unit, f"{self.updated.entity}:{key}", expected_version, row["version"])
        return row

    def checked(self, errors: Refuses, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The values as they are stored. Refuses what the shared rules forbid, each on its field."""
        values = checked_texts(errors, self.texts, asked)
        for name in self.not_negative:
            if (values.get(name) or 0) < 0:
                errors.refuse(ErrorCode.VALIDATION, "Not below 0", camel(name))
        return values

    async def free_slug(self, unit: Unit, title: str, *among: ColumnElement[bool], otherwise: str = "") -> str:
        """A slug made of a title that no other row (of those `among` which it is unique) has; one without a letter or a
        digit gives none, and `otherwise` is taken. Between two who make one
        of the same title at once the unique constraint decides."""
        most = self.texts["slug"].most
        wished = derived(title)[:most].rstrip("-") or otherwise
        (slug,) = await free_slugs(unit.connection, [Wanted(wished, None)], Unique(self.table.c.slug, among, most))
        return slug

    async def make(self, unit: Unit, values: Mapping[str, Any], **beside: Any) -> dict[str, Any]:
        """Write a new row and tell of it; the row. Raises Refused with all that was wrong so far. What stands `beside`
        a row, here as below, is for the event alone."""
        unit.settle()
        row = self.row(**values)
        key = await add(unit.connection, row)
        made = row.model_dump() | {"id": key}
        unit.emit(self.created(made, **beside))
        return made

    async def change(
        self, unit: Unit, row: Mapping[str, Any], values: Mapping[str, Any], **beside: Any
    ) -> dict[str, Any]:
        """Write what differs from the row and tell of it, or do neither; what differs. Raises as `make`. Values that
        are no columns are told, and the caller's to write."""
        unit.settle()
        changes = differences(row, values)
        if changes:
            columns = {name: value for name, value in changes.items() if name in self.table.c}
            await edit(unit.connection, self.table, row["id"], row["version"], columns)
            unit.emit(self.updated(row, changes, **beside))
        return changes

    async def remove(self, unit: Unit, row: Mapping[str, Any], **beside: Any) -> None:
        """Delete a row and tell of it. Raises as `make`."""
        assert self.deleted is not None
        unit.settle()
        await unit.connection.execute(delete(self.table).where(self.table.c.id == row["id"]))
        unit.emit(self.deleted(row, **beside))


A_SLUG: Final = "A slug needs a letter or a digit"
