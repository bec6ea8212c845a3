"""Reports: figures of a window by period or by group, beside those of another window."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import strawberry

from db.catalog.product import ProductRow
from db.commerce.money import Amount, MoneyFormat
from engine.declared.batch import batched, queried, weighing
from engine.declared.declaration import derived, related
from engine.standard.context import Context
from engine.values.scalars import CurrencyCode
from resolvers.commerce.report.asked import COMPARED, CURRENCY, GROUP_KEY, ORDERS, PERIOD
from resolvers.commerce.report.customers import report_customers
from resolvers.commerce.report.orders import report_orders, report_revenue
from resolvers.commerce.report.overview import Overview, Span, Spans, report_overview
from resolvers.commerce.report.products import Sold, best_sellers, report_products
from resolvers.commerce.report.reporting import Figures, Report
from resolvers.commerce.report.window import ReportGroup
from schema.commerce.said import held
from schema.money import Money, amount
from schema.simple import made_type

if TYPE_CHECKING:
    from schema.catalog.product import Product

WEIGHT: Final = 200  # orders of years may be summed up
POINTS: Final = 31  # days of a month, which is what most ask for

MONEY: Final[Mapping[str, str]] = {
    "gross_sales": "What was paid, before refunds.",
    "net_revenue": "The same without refunds, tax on the lines and tax on shipping.",
    "net_sales": "The same without refunds.",
    "tax_total": "Tax on lines and on shipping.",
    "shipping_total": "Shipping, without its tax.",
    "refund_total": "What was given back of these orders, whenever.",
}
AVERAGES: Final[Mapping[str, str]] = {
    "average_gross": "`grossSales` of an order on the average; null without orders.",
    "average_net": "`netRevenue` of an order on the average; null without orders.",
    "average_price": "`grossSales` of a piece on the average; null where nothing was sold.",
}
COUNTS: Final[Mapping[str, str]] = {
    "order_count": "How many orders.",
    "refunded_order_count": "Of how many of them money was given back.",
    "item_count": "How many pieces were in them.",
    "units_sold": "How many pieces, refunded ones included.",
    "customer_count": "How many customers.",
    "active_customer_count": "How many customers bought, each counted once.",
}
PERCENT: Final = "Percent, with two decimals. What was nothing has grown by 100."
RATIOS: Final[Mapping[str, str]] = {
    "average_item_count": "Pieces in an order on the average; null without orders.",
}


@dataclass(frozen=True)
class Kind:
    """The types of a report of these figures: `XxxReport`, and its figures, points and fluctuations. `said` is what
    some of them mean in this one."""

    name: str
    figures: Sequence[str]
    description: str
    said: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)  # fields of this report alone
    types: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        changed = {name: (float, strawberry.field(description=PERCENT)) for name in self.figures}
        point = {"key": (str, strawberry.field(description="Which point it is; `groupKey` says of what kind."))}
        types = SimpleNamespace()
        types.figures = made_type(
            f"{self.name}ReportFigures", self._declared(), "What a window, or a part of it, came to."
        )
        types.point = made_type(
            f"{self.name}ReportPoint", point | self._declared(), "What a point of a report came to."
        )
        types.fluctuations = made_type(
            f"{self.name}ReportFluctuations",
            changed,
            "By how much figures have grown since the window that they are compared with.",
        )
        whole: dict[str, tuple[Any, Any]] = {
            "group_key": (
                ReportGroup,
                derived(lambda row: row.report.asked.group, description="What its points are."),
            ),
            "start_date": (
                datetime,
                derived(lambda row: row.report.asked.window.start, description="The first moment of its window."),
            ),
            "end_date": (
                datetime,
                derived(lambda row: row.report.asked.window.end, description="The last moment of its window."),
            ),
            "points": (
                _listed(types.point),
                _read(
                    Report.points,
                    self._points,
                    "By their keys: every period of the window, or the groups that had something.",
                    size=POINTS,
                ),
            ),
            "summary": (types.figures, _read(Report.summary, self._figures, "The whole window.")),
            "previous_points": (
                _listed(types.point) | None,
                _read(
                    Report.previous_points,
                    self._points,
                    "Of the window that it is compared with; null without one.",
                    size=POINTS,
                ),
            ),
            "previous_summary": (
                types.figures | None,
                _read(
                    Report.previous_summary,
                    self._figures,
                    "The whole window that it is compared with; null without one.",
                ),
            ),
            "fluctuations": (
                types.fluctuations | None,
                _read(Report.fluctuations, self._changes, "How the summaries differ; null where nothing is compared."),
            ),
        }
        types.report = made_type(f"{self.name}Report", whole | dict(self.also), self.description)
        object.__setattr__(self, "types", types)

    def _declared(self) -> dict[str, tuple[Any, Any]]:
        return {name: self._figure(name) for name in self.figures}

    def _figure(self, name: str) -> tuple[Any, Any]:
        for words, type_ in ((MONEY, Money), (AVERAGES, Money | None), (COUNTS, int), (RATIOS, float | None)):
            if name in words:
                return type_, strawberry.field(description=self.said.get(name, words[name]))
        raise TypeError(f"{name} is no figure of a report")

    def _points(self, found: Mapping[str, Figures], of: MoneyFormat) -> list[Any]:
        return [self.types.point(key=key, **_shown(figures, of)) for key, figures in found.items()]

    def _figures(self, found: Figures, of: MoneyFormat) -> Any:
        return self.types.figures(**_shown(found, of))

    def _changes(self, found: Mapping[str, float], _: MoneyFormat) -> Any:
        return self.types.fluctuations(**found)

    def shown(self, report: Report) -> Any:
        return held(self.types.report, SimpleNamespace(report=report))


def _read(
    read: Callable[[Any], Awaitable[Any]],
    shown: Callable[[Any, MoneyFormat], Any],
    description: str,
    *,
    size: int | None = None,
) -> Any:
    """A field of a report that is worked out when somebody asks for it: what `read` finds, as it is `shown`."""

    async def values(_: Context, reports: Sequence[Any]) -> list[Any]:
        found = [await read(report) for report in reports]
        return [
            None if one is None else shown(one, report.asked.format) for report, one in zip(reports, found, strict=True)
        ]

    return batched(values, to="report", size=size, description=description)


def _listed(type_: Any) -> Any:
    return list[type_]


def _shown(figures: Figures, of: MoneyFormat) -> dict[str, Any]:
    money = MONEY.keys() | AVERAGES.keys()
    return {
        name: amount(Amount(value, of)) if name in money and value is not None else value
        for name, value in figures.items()
    }


REVENUE: Final = Kind(
    "Revenue",
    (
        *("gross_sales", "net_revenue", "tax_total", "shipping_total", "refund_total"),
        *("order_count", "refunded_order_count"),
    ),
    "What the orders of a window came to. An order is in the period in which it was made, and so are its refunds.",
)
ORDERED: Final = Kind(
    "Order",
    (*REVENUE.figures, "item_count", "average_gross", "average_net", "average_item_count"),
    "How many orders a window had, and what they came to on the average.",
)
CUSTOMERS: Final = Kind(
    "Customer",
    ("customer_count", "active_customer_count", "order_count"),
    "Who came in a window, and who bought in it.",
    {"customer_count": "How many became customers.", "order_count": "How many orders they paid, in any currency."},
)


@strawberry.type(description="A product with what it sold in the window of a report.")
class ReportedProduct:
    product: Annotated["Product", strawberry.lazy("schema.catalog.product")] | None = related(
        ProductRow.id, to="product", description="Which it is; null while it is hidden from you."
    )
    units_sold: int = strawberry.field(description="How many pieces, refunded ones included.")
    gross_sales: Money = strawberry.field(description="What its lines came to, before refunds.")
    net_sales: Money = strawberry.field(description="The same without refunds.")
    row: strawberry.Private[Any]


async def _sellers(_: Context, reports: Sequence[Report]) -> list[list[ReportedProduct]]:
    return [[_seller(one, report.asked.format) for one in await best_sellers(report)] for report in reports]


def _seller(sold: Sold, of: MoneyFormat) -> ReportedProduct:
    one = object.__new__(ReportedProduct)
    one.units_sold = sold.figures["units_sold"]
    one.gross_sales = amount(Amount(sold.figures["gross_sales"], of))
    one.net_sales = amount(Amount(sold.figures["net_sales"], of))
    one.row = SimpleNamespace(product=sold.product)
    return one


PRODUCTS: Final = Kind(
    "Product",
    ("units_sold", "gross_sales", "refund_total", "net_sales", "average_price", "customer_count"),
    "What products sold in a window, by the lines of orders. Tax and shipping are no part of it.",
    {
        "gross_sales": "What the lines came to, before refunds.",
        "refund_total": "What was given back of these lines, whenever.",
        "customer_count": "How many customers bought, each counted once.",
    },
    {
        "best_sellers": (
            list[ReportedProduct],
            batched(_sellers, to="report", description="The ten products that came to most in the window."),
        )
    },
)


@strawberry.type(description="A month, a quarter or a year beside that of the year before.")
class ReportSpan:
    key: str = strawberry.field(description="`2026-11`, `2026-Q4`; of a year the month that it begins with.")
    current: Money = strawberry.field(description="What it came to, as far as it is over.")
    previous: Money = strawberry.field(description="What that of the year before came to, all of it.")
    growth: float | None = strawberry.field(description="Percent, with two decimals; null where there was nothing.")


@strawberry.type(description="What came from a country.")
class ReportCountry:
    country: str = strawberry.field(description="By two letters: `DE`.")
    amount: Money = strawberry.field(description="In the last twelve months.")


def _span(span: Span, of: MoneyFormat) -> ReportSpan:
    return ReportSpan(
        key=span.key,
        current=amount(Amount(span.current, of)),
        previous=amount(Amount(span.previous, of)),
        growth=span.growth,
    )


class _Way(NamedTuple):
    """One of the two ways in which an overview counts."""

    overview: Overview
    net: bool


def _spans(shown: Callable[[Spans], Any], description: str) -> Any:
    """Of one or of several of them, worked out when somebody asks for them."""

    async def values(_: Context, ways: Sequence[_Way]) -> list[Any]:
        found = [(shown(await way.overview.spans(net=way.net)), way.overview.asked.format) for way in ways]
        return [_span(one, of) if isinstance(one, Span) else [_span(each, of) for each in one] for one, of in found]

    return batched(values, to="way", description=description)


async def _countries(_: Context, ways: Sequence[_Way]) -> list[list[ReportCountry]]:
    found = [(await way.overview.countries(net=way.net), way.overview.asked.format) for way in ways]
    return [[ReportCountry(country=code, amount=amount(Amount(sum_, of))) for code, sum_ in one] for one, of in found]


@strawberry.type(description="One way of counting what was taken.")
class ReportTaken:
    months: list[ReportSpan] = _spans(lambda spans: spans.months, "The last twelve, this one included.")
    quarters: list[ReportSpan] = _spans(
        lambda spans: spans.quarters, "The last four of the calendar, this one included."
    )
    year: ReportSpan = _spans(lambda spans: spans.year, "The last twelve months together.")
    top_countries: list[ReportCountry] = batched(
        _countries, to="way", description="The first five by where bills went to, in the last twelve months."
    )
    row: strawberry.Private[Any]


@strawberry.type(description="A shop at a glance: months and quarters beside those of the year before.")
class OverviewReport:
    currency: CurrencyCode = strawberry.field(description="Of the orders that are counted.")
    gross: ReportTaken = strawberry.field(description="What was paid, before refunds.")
    net: ReportTaken = strawberry.field(description="The same without refunds and tax.")


async def _overview(context: Context, currency: str | None = None) -> OverviewReport:
    found = await report_overview(context, currency)
    gross, net = (held(ReportTaken, SimpleNamespace(way=_Way(found, net))) for net in (False, True))
    return OverviewReport(currency=CurrencyCode(found.asked.format.currency), gross=gross, net=net)


async def _revenue(context: Context, **arguments: Any) -> Any:
    return REVENUE.shown(await report_revenue(context, **arguments))


async def _orders(context: Context, **arguments: Any) -> Any:
    return ORDERED.shown(await report_orders(context, **arguments))


async def _customers(context: Context, **arguments: Any) -> Any:
    return CUSTOMERS.shown(await report_customers(context, **arguments))


async def _products(context: Context, **arguments: Any) -> Any:
    return PRODUCTS.shown(await report_products(context, **arguments))


def _report(function: Any, *arguments: Any, rest: str, description: str) -> Any:
    return weighing(
        WEIGHT,
        queried(
            function, *arguments, permission="reports/view", rest=[f"GET /reports/{rest}"], description=description
        ),
    )


@strawberry.type
class ReportQueries:
    report_overview: OverviewReport | None = _report(
        _overview, CURRENCY, rest="overview", description="A shop at a glance: what was taken in a year."
    )
    # Types that are made of their figures, of which mypy knows nothing.
    report_revenue: REVENUE.types.report | None = _report(  # type: ignore[name-defined]
        _revenue,
        *(*PERIOD, GROUP_KEY, *COMPARED, *ORDERS),
        rest="revenue",
        description="What the orders of a window came to.",
    )
    report_orders: ORDERED.types.report | None = _report(  # type: ignore[name-defined]
        _orders,
        *(*PERIOD, GROUP_KEY, *COMPARED, *ORDERS),
        rest="orders",
        description="How many orders a window had, and what they came to on the average.",
    )
    report_products: PRODUCTS.types.report | None = _report(  # type: ignore[name-defined]
        _products,
        *(*PERIOD, GROUP_KEY, *COMPARED, *ORDERS),
        rest="products",
        description="What products sold in a window.",
    )
    report_customers: CUSTOMERS.types.report | None = _report(  # type: ignore[name-defined]
        _customers,
        *(*PERIOD, GROUP_KEY, *COMPARED),
        rest="customers",
        description="Who came in a window, and who bought. Its points are periods.",
    )
