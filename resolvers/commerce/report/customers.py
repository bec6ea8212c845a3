"""Who came, and who bought (S2 GET /reports/customers)."""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select

from db.commerce.customer import CustomerRow
from db.store.row import among as one_of
from db.store.row import table
from engine.standard.context import Context
from engine.values.errors import CodedError, ErrorCode
from engine.values.statement import AnySelect
from resolvers.commerce.report.asked import Shape, asked
from resolvers.commerce.report.reporting import ORDER, Counted, Figures, Report, during, key_of, summed
from resolvers.commerce.report.window import TIMES

CUSTOMER: Final = table(CustomerRow)


@lru_cache(maxsize=64)
def _new(shape: Shape) -> AnySelect:
    moment = CUSTOMER.c.created_at
    counted = select(key_of(shape, moment).label("key"), CUSTOMER.c.id).where(*during(moment)).subquery("counted")
    return summed(shape, counted, func.count().label("new"))


@lru_cache(maxsize=64)
def _active(shape: Shape) -> AnySelect:
    moment = ORDER.c.created_at
    bought = select(key_of(shape, moment).label("key"), ORDER.c.customer_id)
    bought = bought.where(*during(moment), one_of(ORDER.c.payment_status, shape.statuses))
    counted = bought.subquery("counted")
    return summed(
        shape,
        counted,
        func.count(counted.c.customer_id.distinct()).label("active"),
        func.count().label("orders"),
    )


def _bought(row: Any) -> Figures:
    return {"active_customer_count": int(row.active), "order_count": int(row.orders)}


async def report_customers(context: Context, **arguments: Any) -> Report:
    """Customers of a window by period, beside another window."""
    if arguments.get("group_key") not in (None, *TIMES):
        raise CodedError(ErrorCode.VALIDATION, "Customers are counted by DAILY, MONTHLY and YEARLY")
    what = await asked(context, arguments)
    return Report(
        context,
        what,
        Counted(_new, lambda row: {"customer_count": int(row.new)}),
        Counted(_active, _bought, adds=False),
    )
