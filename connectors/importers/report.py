"""What an import did, entity by entity, and how it says so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

# A store may lack hundreds of the products kept here; a line of this many identifiers is still read.
NAMED_IDENTIFIERS: Final = 20


class Progress(Protocol):
    """Told how far an import is. Both methods are called from the import's own task and must not block."""

    def total(self, products: int) -> None:
        """So many products lie before this run; may be said again when the store changes meanwhile."""

    def advance(self, products: int) -> None:
        """So many more are dealt with: imported, updated, unchanged or skipped."""


class Silent:
    def total(self, products: int) -> None:
        pass

    def advance(self, products: int) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Skipped:
    """One record that was left out. `id` is the source's word for it, `field` the source's name of what is wrong."""

    entity: str
    id: str
    field: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.entity} {self.id}" if self.id else self.entity
        return f"{place}: {self.field}: {self.reason}" if self.field else f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of which this was changed here, by its fields in the graph; none: the row as a whole. The key is the
    source's."""

    entity: str
    id: str
    fields: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A stored row that the import has written to, or removed. Without fields: only what follows from others."""

    entity: str
    id: str
    fields: tuple[str, ...]
    removed: bool = False


@dataclass(slots=True)
class Tally:
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: int = 0

    def add(self, other: "Tally") -> None:
        self.imported += other.imported
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.removed += other.removed
        self.skipped += other.skipped


@dataclass(slots=True)
class Report:
    """Counts per entity in the order they were first met. `absent` are identifiers of products that storegraph
    holds and the source does not list; they are left as they are. `not_offered` are entities that the source does not
    let be read, with its words. `resumed_after` is the last product that an
    interrupted run had finished; what that run did is not counted again.

    `kept` is what was changed here since and stays, `overwritten` what of that the source has won over, `changed` what
    the source has changed of rows that were stored. `rehearsed`: nothing of all this was written. `findings` are
    sentences of what is to be done before anybody buys here."""

    source: str = ""
    tallies: dict[str, Tally] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    not_offered: dict[str, str] = field(default_factory=dict)
    resumed_after: int | None = None
    kept: list[Kept] = field(default_factory=list)
    overwritten: list[Kept] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    rehearsed: bool = False
    findings: list[str] = field(default_factory=list)

    @property
    def written(self) -> int:
        """How many rows there was something to write of."""
        return sum(tally.imported + tally.updated + tally.removed for tally in self.tallies.values())

    def of(self, entity: str) -> Tally:
        return self.tallies.setdefault(entity, Tally())

    def skip(self, record: Skipped) -> None:
        self.of(record.entity).skipped += 1
        self.skipped.append(record)

    def add(self, other: "Report") -> None:
        for entity, tally in other.tallies.items():
            self.of(entity).add(tally)
        self.skipped += other.skipped
        self.absent += other.absent
        self.kept += other.kept
        self.overwritten += other.overwritten
        self.changed += other.changed
        self.not_offered |= other.not_offered
        self.findings += other.findings


def render(report: Report) -> RenderableType:
    """The report as a table, with lines below it for what was left out and what was kept. Texts of the source are shown
    as they are: neither as markup nor as terminal control sequences."""
    title = f"Rehearsed, nothing is written: {report.source}" if report.rehearsed else f"Imported from {report.source}"
    table = Table(title=Text(title), title_justify="left")
    table.add_column("")
    for heading in ("imported", "updated", "unchanged", "removed", "kept", "skipped"):
        table.add_column(heading, justify="right")
    for entity, tally in report.tallies.items():
        kept = len({one.id for one in report.kept if one.entity == entity})
        counts = (tally.imported, tally.updated, tally.unchanged, tally.removed, kept, tally.skipped)
        table.add_row(entity, *(str(count) for count in counts))
    lines: list[RenderableType] = [table]
    if report.resumed_after is not None:
        lines.append(Text(f"Went on after product {report.resumed_after}, where an earlier run had stopped."))
    if report.absent:
        lines.append(Text(f"Not in the source, left as they are: products {_named(map(str, report.absent))}"))
    lines.extend(Text(f"Not offered: {entity} ({reason})") for entity, reason in report.not_offered.items())
    lines.extend(Text(f"Skipped {record}") for record in report.skipped)
    if report.rehearsed:
        removed = [Kept(one.entity, one.id, one.fields, "") for one in report.changed if one.removed]
        updated = [Kept(one.entity, one.id, one.fields, "") for one in report.changed if not one.removed]
        lines.extend(Text(f"Would update {line}") for line in _grouped(updated))
        lines.extend(Text(f"Would remove {line}") for line in _grouped(removed))
    lines.extend(Text(f"Kept {line}") for line in _grouped(report.kept))
    over = "Would overwrite" if report.rehearsed else "Overwritten"
    lines.extend(Text(f"{over} {line}") for line in _grouped(report.overwritten))
    if report.kept:
        lines.append(Text("With --overwrite the source wins over what was kept."))
    lines.extend(Text(f"To be done: {finding}") for finding in report.findings)
    return Group(*lines)


def _grouped(kept: Iterable[Kept]) -> Iterable[str]:
    """A line for all rows of which the same is to be said."""
    groups: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for one in kept:
        groups.setdefault((one.entity, one.fields, one.reason), []).append(one.id)
    for (entity, fields, reason), identifiers in groups.items():
        told = f": {', '.join(fields)}" if fields else ""
        yield f"{entity} {_named(dict.fromkeys(identifiers))}{told}{f' ({reason})' if reason else ''}"


def _named(identifiers: Iterable[str]) -> str:
    known = list(identifiers)
    rest = len(known) - NAMED_IDENTIFIERS
    shown = ", ".join(known[:NAMED_IDENTIFIERS])
    return f"{shown} and {rest} more" if rest > 0 else shown
