"""What products sold (S2 GET /reports/products): by the lines of orders, each counted once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import and_, func, select

from db.store.row import among as one_of
from engine.standard.context import Context
from engine.values.statement import AnySelect, among
from resolvers.commerce.report.asked import Shape, asked
from resolvers.commerce.report.orders import THINGS
from resolvers.commerce.report.reporting import ITEM, ORDER, Counted, Figures, Report, each, selected, summed
from resolvers.commerce.report.reporting import total as total_of

BEST: Final = 10


@dataclass(frozen=True, slots=True)
class Sold:
    """A product with what it sold."""

    product: int
    figures: Figures


def _lines(shape: Shape) -> Any:
    """Where variants are asked for, the lines of those alone."""
    lines = and_(ITEM.c.order_id == ORDER.c.id, one_of(ITEM.c.payment_type, THINGS))
    if shape.variants:
        lines = and_(lines, among(ITEM.c.variant_id, "variants", shape.dialect))
    columns = ITEM.c.product_id, ITEM.c.quantity, ITEM.c.line_total, ITEM.c.refund_total, ORDER.c.customer_id
    return selected(shape, *columns, of=ORDER.join(ITEM, lines))


def _sums(counted: Any) -> list[Any]:
    of = counted.c
    return [
        total_of(of.quantity).label("units"),
        total_of(of.line_total).label("gross"),
        total_of(of.refund_total).label("refunds"),
        func.count(of.customer_id.distinct()).label("customers"),
    ]


@lru_cache(maxsize=256)
def _statement(shape: Shape) -> AnySelect:
    counted = _lines(shape)
    return summed(shape, counted, *_sums(counted))


@lru_cache(maxsize=64)
def _best(shape: Shape) -> AnySelect:
    counted = _lines(shape)
    sums = _sums(counted)
    found = select(counted.c.product_id, *sums).where(counted.c.product_id.is_not(None)).group_by(counted.c.product_id)
    return found.order_by(total_of(counted.c.line_total).desc(), counted.c.product_id).limit(BEST)


def _figures(row: Any) -> Figures:
    units, gross, refunds = int(row.units), int(row.gross), int(row.refunds)
    return {
        "units_sold": units,
        "gross_sales": gross,
        "refund_total": refunds,
        "net_sales": gross - refunds,
        "average_price": each(gross, units),
        "customer_count": int(row.customers),
    }


async def report_products(context: Context, **arguments: Any) -> Report:
    """What was sold in a window, by period or by group."""
    return Report(context, await asked(context, arguments), Counted(_statement, _figures, adds=False))


async def best_sellers(report: Report) -> list[Sold]:
    """What came to most in the window of a report."""
    return [Sold(row.product_id, _figures(row)) for row in await report.rows(_best(report.asked.shape))]
