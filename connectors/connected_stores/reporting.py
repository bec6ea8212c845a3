"""What a walk through a shop came to, as a document that grows with each page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from connectors.importers.report import Kept, Report

# Of each kind of line; how many there were is told beside them.
MOST_LINES: Final = 100
_COUNTS: Final = "counts"
_WRITTEN: Final = ("imported", "updated", "removed")
_LINES: Final = "lines"
_KINDS: Final = ("skipped", "kept", "overwritten", "changed", "sent")


def grown(document: Mapping[str, Any], report: Report, sent: Sequence[str] = ()) -> dict[str, Any]:
    """With what another page came to, and what was sent. `counts` by entity; `lines` by kind, each with `told` of `of`
    in all."""
    counts = {entity: dict(one) for entity, one in document.get(_COUNTS, {}).items()}
    for entity, tally in report.tallies.items():
        held = counts.setdefault(entity, dict.fromkeys(asdict(tally), 0))
        for name, number in asdict(tally).items():
            held[name] += number
    counts = {entity: one for entity, one in counts.items() if any(one.values())}
    found: Mapping[str, list[str]] = {
        "sent": [*sent],
        "skipped": [str(one) for one in report.skipped],
        "kept": [_line(one) for one in report.kept],
        "overwritten": [_line(one) for one in report.overwritten],
        "changed": [
            f"{one.entity} {one.id}{' removed' if one.removed else ''}: {', '.join(one.fields)}".removesuffix(": ")
            for one in report.changed
        ],
    }
    return {_COUNTS: counts, _LINES: {kind: _longer(document, kind, found[kind]) for kind in _KINDS}}


def written(document: Mapping[str, Any]) -> int:
    """How many rows there was something to write of."""
    return sum(one[name] for one in document.get(_COUNTS, {}).values() for name in _WRITTEN)


def _longer(document: Mapping[str, Any], kind: str, more: list[str]) -> dict[str, Any]:
    before = document.get(_LINES, {}).get(kind, {"told": [], "of": 0})
    return {"told": [*before["told"], *more][:MOST_LINES], "of": before["of"] + len(more)}


def _line(kept: Kept) -> str:
    fields: Iterable[str] = kept.fields
    told = f": {', '.join(fields)}" if kept.fields else ""
    return f"{kept.entity} {kept.id}{told} ({kept.reason})"
