"""A shop at a glance (S2 GET /reports/overview): twelve months and four quarters beside those of the year before."""

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
class Taken:
    """One way of counting: `countries` are the first few, by two letters."""

    months: Sequence[Span]
    quarters: Sequence[Span]
    year: Span
    countries: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Overview:
    asked: Asked
    gross: Taken
    net: Taken


@lru_cache(maxsize=32)
def _statement(shape: Shape) -> AnySelect:
    columns = ORDER.c
    net = (columns.total_paid - columns.total_refund - columns.tax_total - columns.shipping_tax).label("net")
    counted = selected(shape, columns.total_paid, net)
    return summed(shape, counted, total_of(counted.c.total_paid).label("gross"), total_of(counted.c.net).label("net"))


async def report_overview(context: Context, currency: str | None = None) -> Overview:
    """The months up to this one, whatever of it is over; countries by where bills went to."""
    what = await asked(context, {"currency": currency})
    last = month_of(datetime.now(UTC))
    end = months_later(last, 1) - timedelta(microseconds=1)
    both = Window(months_later(last, 1 - 2 * MONTHS), end)
    year = Window(months_later(last, 1 - MONTHS), end)
    monthly = _statement(replace(what.shape, group=ReportGroup.MONTHLY))
    months = {row.key: (int(row.gross), int(row.net)) for row in await context.rows(monthly, what.given(both))}
    by_country = _statement(replace(what.shape, group=ReportGroup.BILLING_COUNTRY))
    rows = await context.rows(by_country, what.given(year))
    countries = {row.key: (int(row.gross), int(row.net)) for row in rows if row.key}
    gross, net = (
        _taken(last, {key: sums[n] for key, sums in months.items()}, {key: sums[n] for key, sums in countries.items()})
        for n in (0, 1)
    )
    return Overview(what, gross, net)


def _taken(last: datetime, months: Mapping[str, int], countries: Mapping[str, int]) -> Taken:
    first = months_later(last, 1 - MONTHS)
    spans = [_span(moment, 1, f"{moment:%Y-%m}", months) for moment in every(1, first, last)]
    this = months_later(last, -((last.month - 1) % 3))
    quarters = [
        _span(moment, 3, f"{moment.year}-Q{(moment.month + 2) // 3}", months)
        for moment in every(3, months_later(this, -9), this)
    ]
    year = _span(first, MONTHS, f"{first:%Y-%m}", months)
    best = sorted(countries.items(), key=lambda one: (-one[1], one[0]))[:COUNTRIES]
    return Taken(spans, quarters, year, best)


def _span(begin: datetime, length: int, key: str, months: Mapping[str, int]) -> Span:
    def came_to(first: datetime) -> int:
        return sum(months.get(f"{months_later(first, n):%Y-%m}", 0) for n in range(length))

    return Span(key, came_to(begin), came_to(months_later(begin, -12)))
