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
    interrupted run had finished; what that run did is not counted again."""

    source: str = ""
    tallies: dict[str, Tally] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)
    not_offered: dict[str, str] = field(default_factory=dict)
    resumed_after: int | None = None

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
        self.not_offered |= other.not_offered


def render(report: Report) -> RenderableType:
    """The report as a table, with a line below it for each record left out. Texts of the source are shown as they
    are: neither as markup nor as terminal control sequences."""
    table = Table(title=Text(f"Imported from {report.source}"), title_justify="left")
    table.add_column("")
    for heading in ("imported", "updated", "unchanged", "removed", "skipped"):
        table.add_column(heading, justify="right")
    for entity, tally in report.tallies.items():
        counts = (tally.imported, tally.updated, tally.unchanged, tally.removed, tally.skipped)
        table.add_row(entity, *(str(count) for count in counts))
    lines: list[RenderableType] = [table]
    if report.resumed_after is not None:
        lines.append(Text(f"Went on after product {report.resumed_after}, where an earlier run had stopped."))
    if report.absent:
        lines.append(Text(f"Not in the source, left as they are: products {_named(report.absent)}"))
    lines.extend(Text(f"Not offered: {entity} ({reason})") for entity, reason in report.not_offered.items())
    lines.extend(Text(f"Skipped {record}") for record in report.skipped)
    return Group(*lines)


def _named(identifiers: Iterable[int]) -> str:
    known = list(identifiers)
    shown = ", ".join(str(identifier) for identifier in known[:NAMED_IDENTIFIERS])
    rest = len(known) - NAMED_IDENTIFIERS
    return f"{shown} and {rest} more" if rest > 0 else shown
