"""What customers bought, counted of the orders that are here. As FluentCart counts: an order of which all was given
back is none."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.commerce.customer import CustomerRow
from db.commerce.order import STILL_PAID, OrderRow
from db.commerce.store import store_currency
from db.commerce.sums.exact import rounded
from db.store.row import table

_ORDER: Final = table(OrderRow)
_CUSTOMER: Final = table(CustomerRow)
# The columns of a customer that it makes.
COUNTED: Final = frozenset(
    {
        "purchase_count",
        "purchase_value",
        "lifetime_value",
        "average_order_value",
        "first_purchase_at",
        "last_purchase_at",
    }
)


@dataclass(slots=True)
class Bought:
    count: int = 0
    spent: dict[str, int] = field(default_factory=dict)  # by currency, in minor units
    first: datetime | None = None
    last: datetime | None = None

    def add(self, count: int, currency: str, spent: int, first: datetime | None, last: datetime | None) -> None:
        self.count += count
        self.spent[currency] = self.spent.get(currency, 0) + spent
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)

    def columns(self, currency: str) -> dict[str, Any]:
        """A customer's, who lives in a store of this currency."""
        value = self.spent.get(currency, 0)
        average = Fraction(value, self.count) if self.count else Fraction(0)
        return {
            "purchase_count": self.count,
            "purchase_value": {one: spent for one, spent in sorted(self.spent.items()) if spent},
            "lifetime_value": value,
            "average_order_value": rounded(average, 2),
            "first_purchase_at": self.first,
            "last_purchase_at": self.last,
        }


async def bought(
    connection: AsyncConnection, customers: Collection[int], *, without: Collection[int] = ()
) -> dict[int, Bought]:
    """By customer; one who bought nothing is not in it. `without`: orders that do not count."""
    columns = _ORDER.c
    statement = (
        select(
            columns.customer_id,
            columns.currency,
            func.count(),
            func.sum(columns.total_paid - columns.total_refund),
            func.min(columns.created_at),
            func.max(columns.created_at),
        )
        .where(columns.payment_status.in_(STILL_PAID), columns.customer_id.in_(customers))
        .group_by(columns.customer_id, columns.currency)
    )
    if without:
        statement = statement.where(columns.id.not_in(sorted(without)))
    found: dict[int, Bought] = {}
    for key, currency, many, spent, first, last in await connection.execute(statement):
        found.setdefault(key, Bought()).add(many, currency, int(spent), first, last)
    return found


async def held_customers(connection: AsyncConnection, keys: Collection[int]) -> dict[int, dict[str, Any]]:
    """The customers with these keys, by key, locked."""
    if not keys:
        return {}
    held = select(_CUSTOMER).where(_CUSTOMER.c.id.in_(sorted(keys))).order_by(_CUSTOMER.c.id).with_for_update()
    return {row["id"]: dict(row) for row in (await connection.execute(held)).mappings()}


async def recount(
    connection: AsyncConnection, held: Mapping[int, Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Write what these customers (`held_customers`) bought. Of each who is told otherwise now the row as it was, and
    what changed. Their version stays: nobody edited them."""
    if not held:
        return []
    found, currency = await bought(connection, sorted(held)), await store_currency(connection)
    changed: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    for row in held.values():
        counted = found.get(row["id"], Bought()).columns(currency)
        before = {**row, "purchase_value": row["purchase_value"] or {}}
        changes = {name: value for name, value in counted.items() if before[name] != value}
        if changes:
            await connection.execute(update(_CUSTOMER).where(_CUSTOMER.c.id == row["id"]).values(**changes))
            changed.append((row, changes))
    return changed
