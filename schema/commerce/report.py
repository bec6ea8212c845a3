"""Reports: figures of a window by period or by group, beside those of another window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from db.catalog.product import ProductRow
from db.commerce.money import Amount, MoneyFormat
from engine.declared.batch import queried, weighing
from engine.declared.declaration import related
from engine.declared.directives import ListSize
from engine.standard.context import Context
from engine.values.scalars import CurrencyCode
from resolvers.commerce.report.asked import COMPARED, CURRENCY, GROUP_KEY, ORDERS, PERIOD
from resolvers.commerce.report.customers import report_customers
from resolvers.commerce.report.orders import report_orders, report_revenue
from resolvers.commerce.report.overview import Overview, Span, Taken, report_overview
from resolvers.commerce.report.products import Sold, report_products
from resolvers.commerce.report.reporting import Figures, Report
from resolvers.commerce.report.window import ReportGroup
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
            "group_key": (ReportGroup, strawberry.field(description="What its points are.")),
            "start_date": (datetime, strawberry.field(description="The first moment of its window.")),
            "end_date": (datetime, strawberry.field(description="The last moment of its window.")),
            "points": (
                _listed(types.point),
                strawberry.field(
                    directives=[ListSize(assumed_size=POINTS)],
                    description="By their keys: every period of the window, or the groups that had something.",
                ),
            ),
            "summary": (types.figures, strawberry.field(description="The whole window.")),
            "previous_points": (
                _listed(types.point) | None,
                strawberry.field(
                    directives=[ListSize(assumed_size=POINTS)],
                    description="Of the window that it is compared with; null without one.",
                ),
            ),
            "previous_summary": (
                types.figures | None,
                strawberry.field(description="The whole window that it is compared with; null without one."),
            ),
            "fluctuations": (
                types.fluctuations | None,
                strawberry.field(description="How the summaries differ; null where nothing is compared."),
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

    def shown(self, report: Report, **also: Any) -> Any:
        of, types = report.asked.format, self.types

        def points(found: Mapping[str, Figures]) -> list[Any]:
            return [types.point(key=key, **_shown(figures, of)) for key, figures in found.items()]

        return types.report(
            group_key=report.asked.group,
            start_date=report.asked.window.start,
            end_date=report.asked.window.end,
            points=points(report.points),
            summary=types.figures(**_shown(report.summary, of)),
            previous_points=None if report.previous is None else points(report.previous),
            previous_summary=None if report.before is None else types.figures(**_shown(report.before, of)),
            fluctuations=None if report.changes is None else types.fluctuations(**report.changes),
            **also,
        )


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
            strawberry.field(description="The ten products that came to most in the window."),
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


@strawberry.type(description="One way of counting what was taken.")
class ReportTaken:
    months: list[ReportSpan] = strawberry.field(description="The last twelve, this one included.")
    quarters: list[ReportSpan] = strawberry.field(description="The last four of the calendar, this one included.")
    year: ReportSpan = strawberry.field(description="The last twelve months together.")
    top_countries: list[ReportCountry] = strawberry.field(
        description="The first five by where bills went to, in the last twelve months."
    )


@strawberry.type(description="A shop at a glance: months and quarters beside those of the year before.")
class OverviewReport:
    currency: CurrencyCode = strawberry.field(description="Of the orders that are counted.")
    gross: ReportTaken = strawberry.field(description="What was paid, before refunds.")
    net: ReportTaken = strawberry.field(description="The same without refunds and tax.")


def _span(span: Span, of: MoneyFormat) -> ReportSpan:
    return ReportSpan(
        key=span.key,
        current=amount(Amount(span.current, of)),
        previous=amount(Amount(span.previous, of)),
        growth=span.growth,
    )


def _taken(taken: Taken, of: MoneyFormat) -> ReportTaken:
    return ReportTaken(
        months=[_span(one, of) for one in taken.months],
        quarters=[_span(one, of) for one in taken.quarters],
        year=_span(taken.year, of),
        top_countries=[ReportCountry(country=code, amount=amount(Amount(sum_, of))) for code, sum_ in taken.countries],
    )


async def _overview(context: Context, currency: str | None = None) -> OverviewReport:
    found: Overview = await report_overview(context, currency)
    of = found.asked.format
    return OverviewReport(currency=CurrencyCode(of.currency), gross=_taken(found.gross, of), net=_taken(found.net, of))


async def _revenue(context: Context, **arguments: Any) -> Any:
    return REVENUE.shown(await report_revenue(context, **arguments))


async def _orders(context: Context, **arguments: Any) -> Any:
    return ORDERED.shown(await report_orders(context, **arguments))


async def _customers(context: Context, **arguments: Any) -> Any:
    return CUSTOMERS.shown(await report_customers(context, **arguments))


async def _products(context: Context, **arguments: Any) -> Any:
    report, best = await report_products(context, **arguments)
    of = report.asked.format
    return PRODUCTS.shown(report, best_sellers=[_seller(one, of) for one in best])


def _seller(sold: Sold, of: MoneyFormat) -> ReportedProduct:
    one = object.__new__(ReportedProduct)
    one.units_sold = sold.figures["units_sold"]
    one.gross_sales = amount(Amount(sold.figures["gross_sales"], of))
    one.net_sales = amount(Amount(sold.figures["net_sales"], of))
    one.row = SimpleNamespace(product=sold.product)
    return one


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
