"""What people bought at a shop that is no FluentCart: as it tells it, else counted of the orders that are here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from connectors.connected_stores.numbering import RECORD
from connectors.connected_stores.shelving import currency_of
from connectors.importers import reconcile
from connectors.importers.fluentcart.commerce.customer import CUSTOMER, Customer
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.single import Records
from connectors.importers.mapping import Columns
from connectors.importers.work import Work
from db.commerce.order import STILL_PAID

# As FluentCart counts: an order of which all was given back is none.


@dataclass(slots=True)
class _Bought:
    count: int = 0
    spent: dict[str, int] = field(default_factory=dict)  # by currency, in minor units
    first: datetime | None = None
    last: datetime | None = None

    def add(self, count: int, currency: str, spent: int, first: datetime | None, last: datetime | None) -> None:
        self.count += count
        self.spent[currency] = self.spent.get(currency, 0) + spent
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)


async def count(work: Work, row: Mapping[str, Any], records: Records) -> None:
    """Puts into the customers that are about to be written what they bought, and adds those guests of the shop who are
    here and bought something now. The numbers of records are rows' own by now."""
    if not row["keeps_numbers"]:
        await _add_guests(work, row, records)
    counted = {one.id: one for one in records.customers if one.counted}
    if not counted:
        return
    currency = await currency_of(work)
    bought = await _bought(work, counted, records)
    for key, customer in counted.items():
        found = bought.get(key, _Bought())
        if customer.told is not None:
            found.count, spent, told_in = customer.told
            found.spent = {told_in: spent}
        customer.row |= _columns(found, currency)


def _columns(found: _Bought, currency: str) -> Columns:
    value = found.spent.get(currency, 0)
    average = Decimal(value) / found.count if found.count else Decimal(0)
    return {
        "purchase_count": found.count,
        "purchase_value": {one: spent for one, spent in sorted(found.spent.items()) if spent},
        "lifetime_value": value,
        "average_order_value": round(average, 2),
        "first_purchase_at": found.first,
        "last_purchase_at": found.last,
    }


async def _bought(work: Work, customers: Mapping[int, Customer], records: Records) -> Mapping[int, _Bought]:
    """By the orders that are stored, and in their place by those that are about to be."""
    found: dict[int, _Bought] = {}
    columns = ORDER.table.c
    now = {one.id for one in records.orders}
    spent = func.sum(columns.total_paid - columns.total_refund)
    statement = (
        select(
            columns.customer_id,
            columns.currency,
            func.count(),
            spent,
            func.min(columns.created_at),
            func.max(columns.created_at),
        )
        .where(columns.payment_status.in_(STILL_PAID), columns.id.not_in(sorted(now)))
        .group_by(columns.customer_id, columns.currency)
    )
    for chunk in reconcile.chunks(sorted(customers)):
        for key, currency, many, sum_of, first, last in await work.connection.execute(
            statement.where(columns.customer_id.in_(chunk))
        ):
            found.setdefault(key, _Bought()).add(many, currency, int(sum_of), first, last)
    for row in (one.row for one in records.orders):
        if row["customer_id"] in customers and row["payment_status"] in STILL_PAID:
            at, net = row["created_at"], row["total_paid"] - row["total_refund"]
            found.setdefault(row["customer_id"], _Bought()).add(1, row["currency"], net, at, at)
    return found


async def _add_guests(work: Work, row: Mapping[str, Any], records: Records) -> None:
    """They are whoever their first order said, and only what they bought is written."""
    missing = _buyers(records) - {one.id for one in records.customers}
    if not missing:
        return
    mine = (RECORD.c.connection == row["guid"]) & (RECORD.c.kind == CUSTOMER.table.name) & ~RECORD.c.recognised
    guests: set[int] = set()
    for chunk in reconcile.chunks(sorted(missing)):
        statement = select(RECORD.c.local_id).where(mine, RECORD.c.local_id.in_(chunk), RECORD.c.remote_id.like("-%"))
        guests |= set((await work.connection.scalars(statement)).all())
    stored = await reconcile.load(work.connection, CUSTOMER, "id", guests)
    for key in sorted(stored):
        known = {name: stored[key][name] for name in CUSTOMER.compared}
        records.customers.append(Customer(known, listed=None, counted=True))


def _buyers(records: Records) -> set[int]:
    rows: Iterable[Columns] = (one.row for one in records.orders)
    return {row["customer_id"] for row in rows if row["customer_id"] is not None}
