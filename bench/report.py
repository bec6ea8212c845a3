"""Results as a line, a page of Markdown and a plot."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

ROW, LEFT, WIDE, RIGHT = 18, 400, 420, 90  # pixels
LEAST, MOST = 0.25, 256.0  # ends of the plot's logarithmic axis
COLOURS: Final = {"SQLite": "#0b6e99", "PostgreSQL": "#b5531c"}
WHAT: Final = {
    "sort": "100 000 products to 1 000, pages by cursor at a tenth to nine tenths of the list",
    "filter": "100 000 products to 1 000, by cursor, sorted as is the default (newest first)",
    "filter and sort": "as above, with another sort; nothing is promised",
    "search": "100 000 products to 1 000, by cursor; promised from three letters on",
    "page: 1000": "page 1000 to page 1 of the same list, 100 000 products",
    "totalCount": "totalCount(upTo: 10000), 1 000 000 products to 100 000",
}


@dataclass(frozen=True)
class Result:
    """`ratio` is that of whole requests, `statements` that of the time spent waiting for statements alone."""

    database: str
    group: str
    name: str
    target: float | None
    ratio: float
    spread: tuple[float, float]
    statements: float
    first_page: float | None
    milliseconds: tuple[float, float]

    @property
    def kept(self) -> bool:
        return self.target is None or self.ratio <= self.target

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "stated"
        return f"≤ {self.target:g}" if self.kept else f"≤ {self.target:g} **missed**"

    @property
    def line(self) -> str:
        low, high = self.spread
        small, large = self.milliseconds
        target = "" if self.target is None else f"  (≤ {self.target:g}) {'' if self.kept else 'MISSED'}"
        return (
            f"{self.database:10} {self.group:15} {self.name:45} {small:8.2f} {large:8.2f} ms"
            f" {self.ratio:7.2f} x [{low:.2f} {high:.2f}] sql {self.statements:7.2f} x{target}"
        )


def write(results: Sequence[Result], folder: Path) -> None:
    """lists.md and lists.svg, of all results."""
    folder.mkdir(exist_ok=True)
    ordered = sorted(results, key=lambda r: list(WHAT).index(r.group))
    (folder / "lists.md").write_text(_page(ordered))
    (folder / "lists.svg").write_text(_plot(ordered))


def _page(results: Sequence[Result]) -> str:
    lines = [
        "# Lists of products: larger store to smaller store",
        "",
        "Written by `bench/lists.py`. Each number is a ratio of medians, the median of several rounds in which both",
        "are asked in turn. *Request* is what a caller waits for, without HTTP; *statements* is the part of it that is",
        "the database's, and so the harder ratio. In brackets the least and the greatest round of *request*.",
        "",
        "![the same as a plot](lists.svg)",
        "",
    ]
    missed = [r for r in results if not r.kept]
    promised = sum(r.target is not None for r in results)
    lines += [f"{promised - len(missed)} of {promised} promised ratios are kept.", ""]
    for group, found in groupby(results, key=lambda r: r.group):
        lines += [f"## {group}", "", f"{WHAT[group][0].upper()}{WHAT[group][1:]}.", ""]
        databases = list(COLOURS)
        heads = [h for d in databases for h in (f"{d}: request", "statements", "promised")]
        lines += [f"| | {' | '.join(heads)} |", f"|---|{'---:|---:|---|' * len(databases)}"]
        by_name: dict[str, dict[str, Result]] = {}
        for result in found:
            by_name.setdefault(result.name, {})[result.database] = result
        for name, each in by_name.items():
            lines.append(f"| {name} | {' | '.join(_cells(each.get(d)) for d in databases)} |")
        lines.append("")
    return "\n".join(lines)


def _cells(result: Result | None) -> str:
    if result is None:
        return "| | "
    low, high = result.spread
    return f"{result.ratio:.2f} ({low:.2f} to {high:.2f}) | {result.statements:.2f} | {result.verdict}"


def _across(ratio: float) -> float:
    part = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return round(LEFT + WIDE * part, 1)


def _plot(results: Sequence[Result]) -> str:
    drawn: list[str] = []
    y = 3 * ROW
    for group, found in groupby(results, key=lambda r: r.group):
        y += ROW
        drawn.append(f'<text x="8" y="{y}" font-weight="bold">{escape(group)}</text>')
        seen: dict[str, int] = {}
        for result in found:
            if result.name not in seen:
                y += ROW
                seen[result.name] = y
                drawn.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(result.name)}</text>')
                if result.target is not None:
                    x = _across(result.target)
                    drawn.append(f'<line x1="{x}" y1="{y - 13}" x2="{x}" y2="{y + 4}" stroke="#c00" stroke-width="2"/>')
            at = seen[result.name] - 4
            for ratio, filled in ((result.ratio, True), (result.statements, False)):
                colour = COLOURS[result.database]
                fill = colour if filled else "white"
                drawn.append(f'<circle cx="{_across(ratio)}" cy="{at}" r="4" fill="{fill}" stroke="{colour}"/>')
        y += ROW // 2
    for power in range(-2, 9):
        x = _across(2.0**power)
        drawn.insert(0, f'<line x1="{x}" y1="{2 * ROW}" x2="{x}" y2="{y}" stroke="#ddd"/>')
        drawn.append(f'<text x="{x}" y="{2 * ROW - 4}" text-anchor="middle">{2.0**power:g}</text>')
    x = 8
    for name, colour in COLOURS.items():
        drawn.append(f'<circle cx="{x + 4}" cy="{ROW - 6}" r="4" fill="{colour}" stroke="{colour}"/>')
        drawn.append(f'<text x="{x + 12}" y="{ROW - 2}">{name}</text>')
        x += 100
    drawn.append(f'<text x="{x}" y="{ROW - 2}">filled: request; hollow: statements alone; red: promised</text>')
    width, height = LEFT + WIDE + RIGHT, y + ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )
