"""How a product sells."""

from collections.abc import Sequence
from html import escape
from typing import Any

import strawberry

from db.commerce.money import Amount, money_format
from engine.declared.declaration import derived
from engine.standard.context import Context
from engine.values.scalars import HTML
from resolvers.commerce.sales import Sales, SalesRange, sales
from schema.money import Money, amount

_LABELS = {
    SalesRange.ALL_TIME: "All time",
    SalesRange.LAST_30_DAYS: "Last 30 days",
    SalesRange.THIS_MONTH: "This month",
}


def _money(sales: Sales) -> Money:
    return amount(Amount(sales.amount, money_format(sales.money_format)))


@strawberry.type(description="What was sold in a period, in paid orders and after refunds.")
class SalesPeriod:
    range: SalesRange = derived(lambda s: s.range, description="Which period it is.")
    quantity: int = derived(lambda s: s.quantity, description="How many were ordered, refunded ones included.")
    amount: Money = derived(_money, description="What was taken for them: after discounts, without what was refunded.")
    row: strawberry.Private[Any]


@strawberry.type(description="A ready-made piece of an admin page.")
class SalesWidget:
    title: str = strawberry.field(description="A heading in English.")
    body: HTML = strawberry.field(description="A list of the three periods, with quantities and formatted amounts.")


@strawberry.type(description="How a product sells.")
class SalesOverview:
    periods: list[SalesPeriod] = strawberry.field(description="One for each `SalesRange`, the longest first.")
    widgets: list[SalesWidget] = strawberry.field(
        description="The same as HTML, as the documented operation renders it."
    )


def _period(sales: Sales) -> SalesPeriod:
    one = object.__new__(SalesPeriod)
    one.row = sales
    return one


async def sales_overviews(context: Context, keys: Sequence[int]) -> list[SalesOverview]:
    return [_overview(periods) for periods in await sales(context, keys)]


def _overview(periods: list[Sales]) -> SalesOverview:
    """From the three periods, the longest first."""
    lines = "".join(
        f"<li><span>{_LABELS[s.range]} ({s.quantity})</span><span>{escape(_money(s).row.formatted)}</span></li>"
        for s in periods
    )
    widget = SalesWidget(title="Quick Sales Overview", body=HTML(f'<ul class="fct-lists">{lines}</ul>'))
    return SalesOverview(periods=[_period(s) for s in periods], widgets=[widget])
