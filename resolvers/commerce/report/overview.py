"""A shop at a glance (S2 GET /reports/overview): twelve months and four quarters beside those of the year before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from engine.standard.context import Context
from engine.values.statement import AnySelect
from resolvers.commerce.report.asked import Asked, Shape, asked
from resolvers.commerce.report.reporting import ORDER, percent, selected, summed
from resolvers.commerce.report.reporting import total as total_of
from resolvers.commerce.report.window import ReportGroup, Window, every, month_of, months_later

MONTHS: Final = 12
COUNTRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A month, a quarter or a year, beside that of the year before. Minor units."""

    key: str
    current: int
    previous: int

    @property
    def growth(self) -> float | None:
        """Percent; None where there was nothing."""
        return percent(self.current, self.previous) if self.previous > 0 else None


@dataclass(frozen=True, slots=True)
class Spans:
    """One way of counting, by the calendar."""

    months: Sequence[Span]
    quarters: Sequence[Span]
    year: Span


@lru_cache(maxsize=32)
def _statement(shape: Shape) -> AnySelect:
    columns = ORDER.c
    net = (columns.total_paid - columns.total_refund - columns.tax_total - columns.shipping_tax).label("net")
    counted = selected(shape, columns.total_paid, net)
    return summed(shape, counted, total_of(counted.c.total_paid).label("gross"), total_of(counted.c.net).label("net"))


class Overview:
    """The months up to that of `moment`, whatever of it is over; what of them is asked for, and nothing twice. `net`
    says by which of the two ways is counted."""

    def __init__(self, context: Context, asked: Asked, moment: datetime) -> None:
        self.asked = asked
        self._context = context
        self._last = month_of(moment)
        self._read: dict[ReportGroup, dict[str, tuple[int, int]]] = {}
        self._turn = asyncio.Lock()

    async def spans(self, *, net: bool) -> Spans:
        last, first = self._last, months_later(self._last, 1 - MONTHS)
        found = await self._sums(ReportGroup.MONTHLY, months_later(last, 1 - 2 * MONTHS))
        months = {key: sums[net] for key, sums in found.items()}
        spans = [_span(moment, 1, f"{moment:%Y-%m}", months) for moment in every(1, first, last)]
        this = months_later(last, -((last.month - 1) % 3))
        quarters = [
            _span(moment, 3, f"{moment.year}-Q{(moment.month + 2) // 3}", months)
            for moment in every(3, months_later(this, -9), this)
        ]
        return Spans(spans, quarters, _span(first, MONTHS, f"{first:%Y-%m}", months))

    async def countries(self, *, net: bool) -> list[tuple[str, int]]:
        """The first few by where bills of the last twelve months went to: two letters, and what came from there."""
        found = await self._sums(ReportGroup.BILLING_COUNTRY, months_later(self._last, 1 - MONTHS))
        sums = {key: each[net] for key, each in found.items() if key}
        return sorted(sums.items(), key=lambda one: (-one[1], one[0]))[:COUNTRIES]

    async def _sums(self, group: ReportGroup, start: datetime) -> dict[str, tuple[int, int]]:
        """By the keys of a group what was taken, gross and net."""
        async with self._turn:
            if group not in self._read:
                window = Window(start, months_later(self._last, 1) - timedelta(microseconds=1))
                statement = _statement(replace(self.asked.shape, group=group))
                rows = await self._context.rows(statement, self.asked.given(window))
                self._read[group] = {row.key: (int(row.gross), int(row.net)) for row in rows}
            return self._read[group]


async def report_overview(context: Context, currency: str | None = None) -> Overview:
    return Overview(context, await asked(context, {"currency": currency}), datetime.now(UTC))


def _span(begin: datetime, length: int, key: str, months: Mapping[str, int]) -> Span:
    def came_to(first: datetime) -> int:
        return sum(months.get(f"{months_later(first, n):%Y-%m}", 0) for n in range(length))

    return Span(key, came_to(begin), came_to(months_later(begin, -12)))
