"""What people bought at a shop that is no FluentCart: as it tells it, else counted of the orders that are here."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from connectors.connected_stores.numbering import RECORD
from connectors.importers import reconcile
from connectors.importers.fluentcart.commerce.customer import CUSTOMER, Customer
from connectors.importers.fluentcart.single import Records
from connectors.importers.mapping import Columns
from connectors.importers.work import Work
from db.commerce.counted.bought import Bought, bought
from db.commerce.order import STILL_PAID
from db.commerce.store import store_currency


async def count(work: Work, row: Mapping[str, Any], records: Records) -> None:
    """Puts into the customers that are about to be written what they bought, and adds those guests of the shop who are
    here and bought something now. The numbers of records are rows' own by now."""
    if not row["keeps_numbers"]:
        await _add_guests(work, row, records)
    counted = {one.id: one for one in records.customers if one.counted}
    if not counted:
        return
    currency = await store_currency(work.connection)
    by_customer = await _bought(work, counted, records)
    for key, customer in counted.items():
        found = by_customer.get(key, Bought())
        if customer.told is not None:
            found.count, spent, told_in = customer.told
            found.spent = {told_in: spent}
        customer.row |= found.columns(currency)


async def _bought(work: Work, customers: Mapping[int, Customer], records: Records) -> Mapping[int, Bought]:
    """By the orders that are stored, and in their place by those that are about to be."""
    found: dict[int, Bought] = {}
    now = {one.id for one in records.orders}
    for chunk in reconcile.chunks(sorted(customers)):
        found |= await bought(work.connection, chunk, without=now)
    for row in (one.row for one in records.orders):
        if row["customer_id"] in customers and row["payment_status"] in STILL_PAID:
            at, net = row["created_at"], row["total_paid"] - row["total_refund"]
            found.setdefault(row["customer_id"], Bought()).add(1, row["currency"], net, at, at)
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
