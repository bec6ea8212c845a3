"""Reports: what statements sum up is what a reader of the orders would, and windows are where people expect them."""

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.access.viewer import Viewer
from db.commerce.address import AddressType
from db.commerce.order import ONCE_PAID, LineType, OrderMode, OrderRow, OrderType, PaymentStatus
from engine.values.errors import CodedError
from resolvers.commerce.report.reporting import each, fluctuation
from resolvers.commerce.report.window import TIMES, ReportComparison, ReportGroup, Window, months_later, window
from tests import factories
from tests.gateway import Gateway

ACCOUNTANT: Final = Viewer("token:books", "books", frozenset({"reports/view"}))
# hypothesis takes its bounds without a zone.
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
REPORT = """
query Report($from: DateTime, $to: DateTime, $by: ReportGroup, $types: [OrderType!], $mode: OrderMode) {
  reportRevenue(startDate: $from, endDate: $to, groupKey: $by, orderTypes: $types, filterMode: $mode) {
    points { key grossSales { cents } netRevenue { cents } taxTotal { cents } orderCount refundedOrderCount }
    summary { grossSales { cents } netRevenue { cents } taxTotal { cents } orderCount refundedOrderCount }
  }
  reportProducts(startDate: $from, endDate: $to, groupKey: $by, orderTypes: $types, filterMode: $mode) {
    points { key unitsSold grossSales { cents } customerCount }
    summary { unitsSold grossSales { cents } customerCount }
    bestSellers { product { databaseId } unitsSold }
  }
}
"""


def flat(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value["cents"] if isinstance(value, dict) else value for name, value in figures.items()}


class Books:
    """Random orders, and what they come to as somebody would add them up by hand."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.rows: list[Any] = [factories.product(n) for n in (1, 2, 3)]
        self.rows += [factories.customer(n) for n in (1, 2, 3, 4)]
        self.orders: list[OrderRow] = []
        self.lines: dict[int, list[Any]] = {}
        self.countries: dict[int, str] = {}
        for number in range(1, 61):
            at = datetime(2025, 12, 30, tzinfo=UTC) + timedelta(seconds=chance.randrange(86_400 * 40))
            paid = chance.randrange(0, 9000)
            order = factories.order(
                number,
                created_at=at,
                customer_id=chance.choice([None, 1, 2, 3, 4]),
                payment_status=chance.choice(list(PaymentStatus)),
                type=chance.choice(list(OrderType)),
                mode=chance.choice(list(OrderMode)),
                currency=chance.choice(["USD", "USD", "EUR"]),
                payment_method=chance.choice(["stripe", "paypal", ""]),
                total_paid=paid,
                total_refund=chance.choice([0, 0, paid // 3]),
                tax_total=chance.randrange(300),
                shipping_tax=chance.randrange(30),
            )
            self.orders.append(order)
            self.lines[number] = [
                factories.order_item(
                    10 * number + n,
                    number,
                    product_id=chance.choice([None, 1, 2, 3]),
                    quantity=chance.randrange(1, 5),
                    line_total=chance.randrange(2000),
                    payment_type=chance.choice(list(LineType)),
                )
                for n in range(chance.randrange(4))
            ]
            self.rows += [order, *self.lines[number]]
            if chance.random() < 0.8:
                self.countries[number] = chance.choice(["DE", "FR", ""])
                self.rows.append(factories.order_address(number, number, country=self.countries[number]))
                self.rows.append(factories.order_address(100 + number, number, type=AddressType.SHIPPING, country="IT"))

    def key(self, order: OrderRow, by: ReportGroup) -> str:
        at = order.created_at
        assert at is not None
        return {
            ReportGroup.DAILY: f"{at:%Y-%m-%d}",
            ReportGroup.MONTHLY: f"{at:%Y-%m}",
            ReportGroup.YEARLY: f"{at:%Y}",
            ReportGroup.BILLING_COUNTRY: self.countries.get(order.id, ""),
            ReportGroup.SHIPPING_COUNTRY: "IT" if order.id in self.countries else "",
            ReportGroup.PAYMENT_METHOD: order.payment_method,
            ReportGroup.PAYMENT_STATUS: order.payment_status.value,
        }[by]

    def counted(self, during: Window, types: list[OrderType] | None, mode: OrderMode | None) -> list[OrderRow]:
        return [
            order
            for order in self.orders
            if order.created_at is not None
            and during.start <= order.created_at <= during.end
            and order.currency == "USD"
            and order.payment_status in ONCE_PAID
            and (types is None or order.type in types)
            and mode in (None, order.mode)
        ]

    def revenue(self, orders: list[OrderRow]) -> dict[str, int]:
        return {
            "grossSales": sum(o.total_paid for o in orders),
            "netRevenue": sum(o.total_paid - o.total_refund - o.tax_total - o.shipping_tax for o in orders),
            "taxTotal": sum(o.tax_total + o.shipping_tax for o in orders),
            "orderCount": len(orders),
            "refundedOrderCount": sum(o.total_refund > 0 for o in orders),
        }

    def products(self, orders: list[OrderRow]) -> dict[str, int]:
        lines = [(o, one) for o in orders for one in self.things(o)]
        return {
            "unitsSold": sum(one.quantity for _, one in lines),
            "grossSales": sum(one.line_total for _, one in lines),
            "customerCount": len({o.customer_id for o, _ in lines if o.customer_id is not None}),
        }

    def things(self, order: OrderRow) -> list[Any]:
        return [one for one in self.lines[order.id] if one.payment_type in (LineType.ONETIME, LineType.SUBSCRIPTION)]


@pytest.mark.parametrize("by", ReportGroup)
async def test_what_is_summed_up_is_what_there_is(gateway: Gateway, by: ReportGroup) -> None:
    books = Books(7)
    await factories.store_rows(gateway, books.rows)
    during = Window(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC))
    narrowed: list[tuple[list[OrderType] | None, OrderMode | None]] = [
        (None, None),
        ([OrderType.RENEWAL, OrderType.PAYMENT], None),
        (None, OrderMode.TEST),
    ]
    for types, mode in narrowed:
        given_: dict[str, Any] = {
            "from": during.start.isoformat(),
            "to": during.end.isoformat(),
            "by": by.name,
            "types": None if types is None else [one.name for one in types],
            "mode": mode and mode.name,
        }
        found = await gateway(REPORT, given_, ACCOUNTANT)
        orders = books.counted(during, types, mode)
        groups: defaultdict[str, list[OrderRow]] = defaultdict(list)
        for key in during.periods(by) if by in TIMES else ():
            groups[key] = []
        for order in orders:
            groups[books.key(order, by)].append(order)
        revenue, products = found["reportRevenue"], found["reportProducts"]
        assert flat(revenue["summary"]) == books.revenue(orders)
        assert [flat(one) for one in revenue["points"]] == [
            {"key": key, **books.revenue(groups[key])} for key in sorted(groups)
        ]
        assert flat(products["summary"]) == books.products(orders)
        assert [flat(one) for one in products["points"]] == [
            {"key": key, **books.products(groups[key])}
            for key in sorted(groups)
            if by in TIMES or any(map(books.things, groups[key]))
        ]


async def test_the_best_sellers_come_first(gateway: Gateway) -> None:
    """Whoever may not see a product sees what it came to."""
    at = datetime(2026, 1, 5, tzinfo=UTC)
    sums = {1: 500, 2: 900, 3: 500, **dict.fromkeys(range(4, 15), 10)}
    rows: list[Any] = [factories.product(n) for n in sums]
    for n, cents in sums.items():
        rows += [
            factories.order(n, created_at=at),
            factories.order_item(n, n, product_id=n, line_total=cents, quantity=n),
        ]
    await factories.store_rows(gateway, rows)
    given_ = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    best = (await gateway(REPORT, given_))["reportProducts"]["bestSellers"]
    assert [(one["product"]["databaseId"], one["unitsSold"]) for one in best[:4]] == [(2, 2), (1, 1), (3, 3), (4, 4)]
    assert len(best) == 10


async def test_an_empty_shop_has_reports(gateway: Gateway) -> None:
    found = await gateway(REPORT, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
    assert [one["key"] for one in found["reportRevenue"]["points"]] == ["2026-01-01", "2026-01-02"]
    assert set(flat(found["reportRevenue"]["summary"]).values()) == {0}
    overview = await gateway(
        "{ reportOverview { currency gross { months { key } year { growth } topCountries { country } } } }"
    )
    assert len(overview["reportOverview"]["gross"]["months"]) == 12


FIGURES: Final = "{ orderCount }"
SOLD: Final = "{ unitsSold }"
WAY: Final = "{ months { key } quarters { key } year { key } }"


@pytest.mark.parametrize(
    ("selected", "statements"),
    [
        # How amounts are written, and what is asked for.
        ("reportRevenue { startDate groupKey }", 1),
        (f"reportRevenue {{ summary {FIGURES} points {FIGURES} previousSummary {FIGURES} }}", 2),
        (f"reportRevenue(compareType: PREVIOUS_MONTH) {{ summary {FIGURES} }}", 2),
        (f"reportOrders(compareType: PREVIOUS_MONTH) {{ fluctuations {FIGURES} points {FIGURES} }}", 3),
        (f"reportOrders(compareType: PREVIOUS_MONTH) {{ previousPoints {FIGURES} previousSummary {FIGURES} }}", 2),
        (f"reportProducts {{ points {SOLD} more: points {SOLD} }}", 2),
        (f"reportProducts {{ summary {SOLD} }}", 2),
        (f"reportProducts {{ bestSellers {SOLD} more: bestSellers {SOLD} }}", 2),
        (f"reportProducts {{ points {SOLD} summary {SOLD} bestSellers {SOLD} }}", 4),
        (f"reportCustomers {{ points {FIGURES} }}", 3),
        (f"reportCustomers {{ points {FIGURES} summary {FIGURES} }}", 4),
        ("reportOverview { currency }", 1),
        (f"reportOverview {{ gross {WAY} net {WAY} }}", 2),
        ("reportOverview { gross { topCountries { country } } net { topCountries { country } } }", 2),
        (f"reportOverview {{ gross {WAY} net {{ topCountries {{ country }} }} }}", 3),
    ],
)
async def test_a_report_reads_what_is_asked_for_and_nothing_twice(
    gateway: Gateway, selected: str, statements: int
) -> None:
    document = f"{{ {selected} }}"
    await gateway(document)
    with gateway.counting() as counted:
        await gateway(document)
    assert len(counted) == statements, counted


@given(MOMENTS, st.integers(0, 400), st.sampled_from(list(ReportComparison)))
def test_a_window_is_compared_with_one_of_its_length(start: datetime, days: int, comparison: ReportComparison) -> None:
    during = Window(start, start + timedelta(days=days))
    date = start - timedelta(days=17) if comparison is ReportComparison.CUSTOM else None
    before = during.compared(comparison, date)
    assert before is not None
    assert before.end - before.start == during.end - during.start
    assert before.start < during.start
    if comparison is ReportComparison.PREVIOUS_PERIOD:
        assert before.end + timedelta(microseconds=1) == during.start


@given(MOMENTS, st.integers(-500, 500))
def test_months_are_counted_as_people_do(moment: datetime, months: int) -> None:
    later = months_later(moment, months)
    assert (later.year * 12 + later.month) - (moment.year * 12 + moment.month) == months
    assert later.day == moment.day or (later + timedelta(days=1)).day == 1


@given(MOMENTS, st.integers(0, 900), st.sampled_from(TIMES))
def test_every_moment_of_a_window_is_in_one_of_its_periods(start: datetime, days: int, group: ReportGroup) -> None:
    during = Window(start, start + timedelta(days=days))
    periods = during.periods(group)
    assert periods == sorted(set(periods))
    length = {ReportGroup.DAILY: 10, ReportGroup.MONTHLY: 7, ReportGroup.YEARLY: 4}[group]
    for moment in (during.start, during.end, during.start + (during.end - during.start) / 2):
        assert moment.isoformat()[:length] in periods
    assert (periods[0], periods[-1]) == (during.start.isoformat()[:length], during.end.isoformat()[:length])


def test_what_is_asked_for_when_nothing_is_said() -> None:
    found = window(None, None, datetime(2026, 3, 31, 15, tzinfo=UTC))
    assert found == Window(datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    assert found.group(None) is ReportGroup.DAILY
    assert Window(found.start, found.start + timedelta(days=100)).group(None) is ReportGroup.MONTHLY
    assert Window(found.start, found.start + timedelta(days=400)).group(None) is ReportGroup.YEARLY


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (None, datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_no_window_is_refused(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(CodedError):
        window(start, end, datetime(2026, 1, 1, tzinfo=UTC))


def test_how_figures_compare() -> None:
    assert [fluctuation(*pair) for pair in ((3, 2), (0, 0), (5, 0), (0, 4), (None, 3), (2, 3))] == [
        *(50.0, 0.0, 100.0, -100.0, -100.0),
        float(Decimal("-33.33").quantize(Decimal("0.01"), ROUND_HALF_UP)),
    ]
    assert [each(*pair) for pair in ((5, 2), (-5, 2), (1, 0))] == [3, -3, None]
