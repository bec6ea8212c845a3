"""How a product sells: worked out from the orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import strawberry
from sqlalchemy import and_, case, func, select, true

from db.catalog.product import ProductRow
from db.commerce.order import ONCE_PAID, OrderItemRow, OrderRow
from db.commerce.store import MONEY_FORMAT
from db.store.row import table
from engine.standard.context import Context
from engine.values.statement import among
from resolvers.commerce.report.window import month_of

ITEM = table(OrderItemRow)
ORDER = table(OrderRow)
PRODUCT = table(ProductRow)


@strawberry.enum(description="The periods of a sales overview.")
class SalesRange(Enum):
    ALL_TIME = strawberry.enum_value("ALL_TIME", description="Since the store's first order.")
    LAST_30_DAYS = strawberry.enum_value("LAST_30_DAYS", description="The 30 times 24 hours before now.")
    THIS_MONTH = strawberry.enum_value("THIS_MONTH", description="Since the first of the month, midnight UTC.")


@dataclass(frozen=True, slots=True)
class Sales:
    """What was sold in a period: pieces, and cents after discounts and refunds."""

    range: SalesRange
    quantity: int
    amount: int
    money_format: str | None


def _since(range_: SalesRange, now: datetime) -> datetime | None:
    if range_ is SalesRange.LAST_30_DAYS:
        return now - timedelta(days=30)
    return month_of(now) if range_ is SalesRange.THIS_MONTH else None


async def sales(context: Context, keys: Sequence[int]) -> list[list[Sales]]:
    """The sales of products in paid orders, one statement for all of them (S5 GET /products/{id}/pricing-widgets)."""
    now = datetime.now(UTC)
    columns: list[Any] = []
    for range_ in SalesRange:
        since = _since(range_, now)
        during = true() if since is None else ORDER.c.created_at >= since
        for name, value in (("quantity", ITEM.c.quantity), ("amount", ITEM.c.line_total - ITEM.c.refund_total)):
            counted = func.coalesce(func.sum(case((during, value), else_=0)), 0)
            columns.append(counted.label(f"{range_.name}_{name}"))
    columns.append(MONEY_FORMAT.label("money_format"))
    bought = ITEM.join(ORDER, and_(ORDER.c.id == ITEM.c.order_id, ORDER.c.payment_status.in_(ONCE_PAID)))
    statement = (
        select(PRODUCT.c.id, *columns)
        .select_from(PRODUCT.outerjoin(bought, ITEM.c.product_id == PRODUCT.c.id))
        .where(among(PRODUCT.c.id, "keys", context.dialect))
        .group_by(PRODUCT.c.id)
    )
    found = {row.id: row._mapping for row in await context.rows(statement, {"keys": list(keys)})}
    return [
        [
            Sales(r, int(row[f"{r.name}_quantity"]), int(row[f"{r.name}_amount"]), row["money_format"])
            for r in SalesRange
        ]
        for row in (found[key] for key in keys)
    ]
