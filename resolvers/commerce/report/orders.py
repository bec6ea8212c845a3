"""What orders came to (S2 GET /reports/revenue, GET /reports/orders)."""

from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import case, func, select

from db.commerce.order import LineType
from db.store.row import among as one_of
from engine.standard.context import Context
from engine.values.statement import AnySelect
from resolvers.commerce.report.asked import Shape, asked
from resolvers.commerce.report.reporting import ITEM, ORDER, Counted, Figures, Report, each, selected, summed
from resolvers.commerce.report.reporting import total as total_of

# Parts of a bundle are in the bundle's own line, and fees are no things.
THINGS: Final = (LineType.ONETIME, LineType.SUBSCRIPTION)


@lru_cache(maxsize=256)
def _statement(shape: Shape, *, pieces: bool) -> AnySelect:
    """With `pieces` each order's lines are read, too."""
    columns = ORDER.c
    held = select(total_of(ITEM.c.quantity)).where(ITEM.c.order_id == columns.id, one_of(ITEM.c.payment_type, THINGS))
    counted = selected(
        shape,
        columns.total_paid,
        columns.total_refund,
        (columns.tax_total + columns.shipping_tax).label("tax"),
        columns.shipping_total,
        *([held.correlate(ORDER).scalar_subquery().label("pieces")] if pieces else ()),
    )
    of = counted.c
    return summed(
        shape,
        counted,
        total_of(of.total_paid).label("gross"),
        total_of(of.total_paid - of.total_refund - of.tax).label("net"),
        total_of(of.tax).label("tax"),
        total_of(of.shipping_total).label("shipping"),
        total_of(of.total_refund).label("refunds"),
        func.count().label("orders"),
        total_of(case((of.total_refund > 0, 1), else_=0)).label("refunded"),
        *([total_of(of.pieces).label("items")] if pieces else ()),
    )


def _revenue(row: Any) -> Figures:
    return {
        "gross_sales": int(row.gross),
        "net_revenue": int(row.net),
        "tax_total": int(row.tax),
        "shipping_total": int(row.shipping),
        "refund_total": int(row.refunds),
        "order_count": int(row.orders),
        "refunded_order_count": int(row.refunded),
    }


def _orders(row: Any) -> Figures:
    count, items = int(row.orders), int(row.items)
    return {
        **_revenue(row),
        "item_count": items,
        "average_gross": each(int(row.gross), count),
        "average_net": each(int(row.net), count),
        "average_item_count": round(items / count, 2) if count else None,
    }


REVENUE: Final = Counted(partial(_statement, pieces=False), _revenue)
ORDERS: Final = Counted(partial(_statement, pieces=True), _orders)


async def report_revenue(context: Context, **arguments: Any) -> Report:
    """What orders of a window came to, by period or by group, beside another window."""
    return Report(context, await asked(context, arguments), REVENUE)


async def report_orders(context: Context, **arguments: Any) -> Report:
    """The same with what an order has on the average."""
    return Report(context, await asked(context, arguments), ORDERS)
