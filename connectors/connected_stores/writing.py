"""Records of a shop, written as an import writes them; and what is done about a shop that refuses its credentials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores.numbering import Numbers
from connectors.connected_stores.shelving import shelve
from connectors.connected_stores.totals import count
from connectors.importers.fluentcart.attached import Attached
from connectors.importers.fluentcart.commerce.order import ORDER, TRANSACTION
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION
from connectors.importers.fluentcart.commerce.writing import write_customers, write_orders, write_subscriptions
from connectors.importers.fluentcart.foundation import known
from connectors.importers.fluentcart.linking import link_pending
from connectors.importers.fluentcart.single import Records
from connectors.importers.fluentcart.writing import write_families
from connectors.importers.report import Report
from connectors.importers.work import Work
from db.access.viewer import SYSTEM
from db.commerce.following import PAST
from db.commerce.order import TransactionStatus, TransactionType
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from db.integration.events import PROVIDER_CONNECTION_UPDATED
from db.store.row import table
from db.store.unit import Units
from db.store.writing import edit
from engine.unit.unit import Cause

SHOP: Final = table(ConnectedStoreRow)
# What a shop has told causes what follows from it (connectors.importers.history).
CAUSE: Final = "inbound"
# All that is stored has its values for good: one record does not tell who else is to lose one.
EVERYBODY: Final = 2**62
# Whatever a shop tells by itself is news, the first time too.
TOLD: Final = frozenset({ORDER.entity})


async def active(connection: AsyncConnection, guid: str, *, lock: bool = False) -> dict[str, Any] | None:
    """The connection, while it is used."""
    there = SHOP.c.removed_at.is_(None) & (SHOP.c.state == ConnectionState.ACTIVE)
    statement = select(SHOP).where(SHOP.c.guid == guid, there)
    row = (await connection.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else dict(row)


async def refused(units: Units, row: Mapping[str, Any], reason: str) -> None:
    """Nothing is asked of the shop until somebody has looked."""
    async with units.unit(SYSTEM, cause=Cause(f"{CAUSE}:{row['guid']}")) as unit:
        now = await active(unit.connection, row["guid"], lock=True)
        if now is None or now["version"] != row["version"]:
            return
        changes = {"state": ConnectionState.ERROR, "reason": reason}
        await edit(unit.connection, SHOP, row["guid"], row["version"], changes)
        unit.emit(PROVIDER_CONNECTION_UPDATED(now, changes))
        await unit.commit(CAUSE, None, None, audited=True)


async def write(work: Work, row: Mapping[str, Any], records: Records) -> Report:
    """What the shop told, in the order that its references want, whether it did so by a call or was walked through."""
    report = Report()
    numbers = Numbers(work.connection, row["guid"], keeps=row["keeps_numbers"])
    if records.products:
        report.add(await _write_products(work, numbers, records, keeps=row["keeps_numbers"]))
    await numbers.put(records)
    await count(work, row, records)
    report.add(await write_customers(work, records.customers, EVERYBODY))
    told, pending = await write_orders(work, records.orders, EVERYBODY)
    report.add(told)
    report.add(await write_subscriptions(work, records.subscriptions, EVERYBODY))
    report.add(await link_pending(work, pending))
    _pass_over(work, row["connected_at"], records)
    return report


def _pass_over(work: Work, connected_at: datetime, records: Records) -> None:
    """What happened before the shop was connected, and is new here because something changed since: that an order was
    paid then, or a subscription begun, is told to nobody now."""
    for order in records.orders:
        payments = order.children[TRANSACTION.entity].values()
        before = [one["id"] for one in payments if _before(one, connected_at)]
        for payment in before:
            work.ledger.beside(TRANSACTION, payment, **{PAST: True})
        paid_since = any(
            one["type"] is TransactionType.CHARGE
            and one["status"] is TransactionStatus.SUCCEEDED
            and one["id"] not in before
            for one in payments
        )
        if _before(order.row, connected_at) and not paid_since:
            work.ledger.beside(ORDER, order.id, **{PAST: True})
    for subscription in records.subscriptions:
        if _before(subscription.row, connected_at):
            work.ledger.beside(SUBSCRIPTION, subscription.id, **{PAST: True})


def _before(row: Mapping[str, Any], moment: datetime) -> bool:
    return row["created_at"] is not None and row["created_at"] < moment


async def _write_products(work: Work, numbers: Numbers, records: Records, *, keeps: bool) -> Report:
    """Of another source than the first without feeds, upgrade paths and what bundles consist of: they go by its
    numbers."""
    if not keeps:
        families, report = await shelve(work, numbers, records)
        written, _ = await write_families(work, families, EVERYBODY, await known(work))
        report.add(written)
        return report
    families = records.products
    report, left = await write_families(work, families, EVERYBODY, await known(work))
    here = {family.id for family in families} - left
    attached, pending = await Attached().write(work, [one for one in records.listed if one.id in here])
    report.add(attached)
    report.add(await link_pending(work, pending))
    await numbers.took(records, here)
    return report
