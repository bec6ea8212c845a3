"""Results as a line, a page of Markdown and a plot."""

import math
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Plan:
    """What requests cost by an executor: microseconds of the processor each, with the least and the greatest round, how
    many it answered in a second, milliseconds of the median one and of one in a hundred; or the memory that it took, in
    MB."""

    by: str
    spent: float = 0.0
    spread: tuple[float, float] = (0.0, 0.0)
    rate: float = 0.0
    waited: tuple[float, float] = (0.0, 0.0)
    memory: float | None = None

    @property
    def line(self) -> str:
        if self.memory is not None:
            return f"{self.by} {self.memory:.0f} MB"
        low, high = self.spread
        return f"{self.by:8} {self.spent:6.0f} µs [{low:.0f} {high:.0f}] {self.rate:6.0f}/s p99 {self.waited[1]:.2f} ms"


def write_plans(found: Mapping[str, Mapping[str, Sequence[Plan]]], folder: Path) -> None:
    """plans.md and plans.svg: by database and question, what each executor took."""
    folder.mkdir(exist_ok=True)
    lines = [
        "# By a plan, and in graphql-core's executor",
        "",
        "Written by `make bench`: without HTTP, each executor in a process of its own, asked in turn. CPU is what a",
        "request takes of the processor in that process, the median of the rounds, with the least and the greatest;",
        "*ratio* is graphql-core's to the plan's. How many a second and how long hang on the machine.",
        "",
        "![the ratios as a plot](plans.svg)",
        "",
    ]
    bars: list[tuple[str, str, float]] = []
    for database, by_name in found.items():
        lines += [
            f"## {database}",
            "",
            "| | executor | CPU µs | ratio | a second | p50 ms | p99 ms |",
            "|---|---|---:|---:|---:|---:|---:|",
        ]
        for name, each in by_name.items():
            if not name:
                memory = ", ".join(f"{one.by} {one.memory:.0f} MB" for one in each)
                lines += ["", f"Memory of the process after all of it: {memory}.", ""]
                continue
            ratio = each[0].spent / each[1].spent
            bars.append((database, name, ratio))
            for one in each:
                low, high = one.spread
                shown = f"{ratio:.1f}" if one is each[1] else ""
                lines.append(
                    f"| `{name}` | {one.by} | {one.spent:.0f} ({low:.0f} to {high:.0f}) | {shown} | {one.rate:.0f} "
                    f"| {one.waited[0]:.2f} | {one.waited[1]:.2f} |"
                )
    (folder / "plans.md").write_text("\n".join(lines).rstrip() + "\n")
    (folder / "plans.svg").write_text(_bars(bars))


def _bars(bars: Sequence[tuple[str, str, float]]) -> str:
    """A bar for each ratio, in its database's colour."""
    most = max(ratio for _, _, ratio in bars)
    drawn = [f'<text x="8" y="{ROW}">CPU in graphql-core&#39;s executor to CPU by the plan</text>']
    for number, (database, name, ratio) in enumerate(bars, 2):
        y, width = number * ROW + 8, WIDE * ratio / most
        drawn += [
            f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(name)}, {database}</text>',
            f'<rect x="{LEFT}" y="{y - 12}" width="{width:.1f}" height="14" fill="{COLOURS[database]}"/>',
            f'<text x="{LEFT + width + 6:.1f}" y="{y}">{ratio:.1f}</text>',
        ]
    return _drawing(drawn, (len(bars) + 3) * ROW)


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
    return _drawing(drawn, y + ROW)


def _drawing(drawn: Sequence[str], height: int) -> str:
    width = LEFT + WIDE + RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )
