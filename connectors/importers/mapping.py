"""A declared mapping: where each column of a table comes from in a record of the source."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlmodel import SQLModel

from db.commerce.following import Follows
from db.store.events import Created, Deleted, Updated
from db.store.row import table
from engine.values.naming import camel

Record: TypeAlias = Mapping[str, Any]
Columns: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[Any], Any]

VERSION: Final = "version"
STAMPS: Final = ("created_at", "updated_at")


class Unreadable(ValueError):
    """A value that is not what the field holds. `field` is the source's name of it, once known."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field


@dataclass(frozen=True, slots=True)
class Field:
    """A dotted path into the record, or a second one where the first leads to nothing, and the reader of what is there.
    An absent value is read as None: the reader knows the default."""

    path: str
    read: Reader
    otherwise: str | None = None

    def __call__(self, record: Record, branch: Reader) -> Any:
        try:
            value = _reach(record, self.path, branch)
            if value is None and self.otherwise is not None:
                value = _reach(record, self.otherwise, branch)
            return self.read(value)
        except Unreadable as unreadable:
            raise Unreadable(unreadable.reason, self.path) from None


@dataclass(frozen=True, slots=True)
class Tells:
    """The events of a table's rows. Without `created` there is but one row, without `deleted` no import deletes any."""

    created: Created | None
    updated: Updated
    deleted: Deleted | None = None

    @property
    def entity(self) -> str:
        return self.updated.entity


def _reach(record: Record, path: str, branch: Reader) -> Any:
    *branches, leaf = path.split(".")
    for name in branches:
        record = branch(record.get(name))
    return record.get(leaf)


class Mapped:
    """How one table is filled.

    `columns`  read from the record by their fields
    `computed` set by the noun's own function from what was read
    `kept`     storegraph's own: this value when the row is new, never compared afterwards
    `derived`  of the above, those whose change does not bump the version
    `unique`   of the above, those that no two rows may share
    `stamped`  the source gives no timestamps: the moment of writing is taken
    `tells`    its events
    `together` columns of which no mixture of two sides' values makes sense: all of them are kept, or none
    `quiet`    of the above, those that change here beside others: kept without a word
    `spread`   columns that hold a document, each of whose keys is a field of its own
    `follows`  computed ones that what hangs on the row decides
    `then`     what else follows from a change of a row, where the source is live
    `known_by` what tells a row of the source from others, where that is not the key
    `untold`   columns of which a source may say nothing: what is stored stays, and this is the value of a new row
    `found_by` columns that follow from others of the row, by the functions that make them

    Every column of the table is in one of `columns`, `computed`, `kept` and `untold`, or the program does not start.
    `branch` reads what a path passes through.
    """

    def __init__(  # noqa: PLR0913  a declaration
        self,
        entity: str,
        model: type[SQLModel],
        columns: Mapping[str, Field],
        *,
        branch: Reader,
        computed: Collection[str] = (),
        kept: Mapping[str, Any] | None = None,
        derived: Collection[str] = (),
        unique: Collection[str] = (),
        stamped: bool = False,
        tells: Tells | None = None,
        together: Collection[tuple[str, ...]] = (),
        quiet: Collection[str] = (),
        spread: Collection[str] = (),
        follows: Collection[str] = (),
        then: Follows | None = None,
        known_by: Callable[[Columns], str] | None = None,
        untold: Mapping[str, Any] | None = None,
        found_by: Mapping[str, Callable[[Columns], Any]] | None = None,
    ) -> None:
        self.entity = entity
        self.table = table(model)
        self.columns = dict(columns)
        self.kept = dict(kept or {})
        self.untold = dict(untold or {})
        self.found_by = dict(found_by or {})
        computed, derived = (*computed, *self.found_by), (*derived, *self.found_by)
        self.derived = frozenset(derived) | frozenset(STAMPS)
        self.unique = tuple(unique)
        self.stamped = stamped
        self.versioned = VERSION in self.table.c
        self._branch = branch
        (self.key,) = (column.name for column in self.table.primary_key)
        self.compared = frozenset(self.columns) | frozenset(computed) | self.untold.keys()
        self.tells = tells
        self.then = then
        self.together = tuple(map(frozenset, together))
        self.quiet = self.derived | frozenset(quiet)
        self.spread = frozenset(spread)
        # What follows from other columns is what they make it, whoever changed those.
        self.follows = (frozenset(computed) & frozenset(derived)) | frozenset(follows)
        self.merged = tuple(sorted(self.compared - self.follows - {self.key}))
        self.known_by_key = known_by is None
        self._known_by = known_by
        declared = self.compared | self.kept.keys()
        declared |= {VERSION} if self.versioned else set()
        declared |= set(STAMPS) if stamped else set()
        if declared != set(self.table.c.keys()):
            differing = ", ".join(sorted(declared ^ set(self.table.c.keys())))
            raise TypeError(f"the mapping of {self.table.name} does not say where these come from: {differing}")

    def read(self, record: Record, *, given: Columns | None = None) -> Columns:
        """The columns of a record; those `given` are taken as they are and not looked for in it.

        Raises Unreadable for the first field that cannot be read.
        """
        row = dict(given or {})
        for name, field in self.columns.items():
            if name not in row:
                row[name] = field(record, self._branch)
        return row

    def complete(self, row: Columns) -> None:
        """Puts what follows from its other columns into a row."""
        row.update({name: made(row) for name, made in self.found_by.items()})

    def identity(self, row: Columns) -> str:
        """By which name what an import saw of this row is kept."""
        return str(row[self.key]) if self._known_by is None else self._known_by(row)

    def shown(self, field: str) -> str | None:
        """What of the graph a column or a list is behind; None: nothing."""
        name, _, rest = field.partition(".")
        if name in self.spread and rest:
            return field
        shown_as = self.tells.updated.shown_as if self.tells is not None else {}
        shown = shown_as.get(name, name)
        return None if shown is None else camel(shown)
