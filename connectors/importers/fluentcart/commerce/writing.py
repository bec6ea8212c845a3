"""Writes customers, orders and subscriptions: brings what is stored of them in line with what the store tells."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, sequences
from connectors.importers.claims import settle
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER, Customer
from connectors.importers.fluentcart.commerce.order import CHILDREN, ITEM, ORDER, TRANSACTION, Order
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION, Subscription
from connectors.importers.fluentcart.linking import PARENT, SUBSCRIBED, Pending
from connectors.importers.mapping import Columns, Mapped
from connectors.importers.report import Report, Skipped

# Of an order that outlives them: what is gone from the store is gone from the line, its titles stay.
_SOLD: Final = (("product_id", PRODUCT), ("variant_id", VARIANT))


async def write_customers(connection: AsyncConnection, customers: list[Customer], after: int) -> Report:
    """Customers that the source no longer lists stay; addresses that it no longer names of one are deleted."""
    report = Report()
    rows = {customer.id: customer.row for customer in customers}
    await _write(connection, CUSTOMER, rows, report, after)
    told = [customer for customer in customers if customer.id in rows and customer.listed is not None]
    addresses = {key: row for customer in told for key, row in customer.addresses.items()}
    listed = {key for customer in told for key in customer.listed or ()}
    primary = [row["id"] for row in addresses.values() if row["is_primary"]]
    owners = {customer.id for customer in told}
    columns = ADDRESS.table.c
    stored = await reconcile.load(connection, ADDRESS, "customer_id", owners)
    retired = [key for key, row in stored.items() if row["is_primary"] and key not in primary]
    for chunk in reconcile.chunks(retired):
        # Before another one becomes primary: no two may be, not even for a statement.
        await connection.execute(update(ADDRESS.table).where(columns.id.in_(chunk)).values(is_primary=False))
    await _write_children(connection, ADDRESS, "customer_id", owners, addresses, listed, report)
    await sequences.advance(connection, [CUSTOMER.table, ADDRESS.table])
    return report


async def write_orders(connection: AsyncConnection, orders: list[Order], after: int) -> tuple[Report, list[Pending]]:
    """Orders that the source no longer lists stay. Parents and subscriptions that are not stored yet are answered."""
    report = Report()
    rows = {order.id: order.row for order in orders}
    await _refer(connection, ORDER, rows.values(), "customer_id", CUSTOMER, report)
    pending = await _await(connection, PARENT, rows, "parent_id", ORDER)
    await _write(connection, ORDER, rows, report, after)
    written = [order for order in orders if order.id in rows]
    for mapped, _ in CHILDREN:
        children = {key: row for order in written for key, row in order.children[mapped.entity].items()}
        if mapped is ITEM:
            for column, sold in _SOLD:
                await _refer(connection, ITEM, children.values(), column, sold, None)
        if mapped is TRANSACTION:
            pending += await _await(connection, SUBSCRIBED, children, "subscription_id", SUBSCRIPTION)
        listed = {key for order in written for key in order.listed[mapped.entity]}
        await _write_children(connection, mapped, "order_id", rows.keys(), children, listed, report, after)
    await sequences.advance(connection, [ORDER.table, *(mapped.table for mapped, _ in CHILDREN)])
    return report, pending


async def write_subscriptions(connection: AsyncConnection, subscriptions: list[Subscription], after: int) -> Report:
    report = Report()
    rows = {subscription.id: subscription.row for subscription in subscriptions}
    for column, mapped in (("customer_id", CUSTOMER), ("order_id", ORDER)):
        await _refer(connection, SUBSCRIPTION, rows.values(), column, mapped, report)
    for column, mapped in _SOLD:
        await _refer(connection, SUBSCRIPTION, rows.values(), column, mapped, None)
    await _write(connection, SUBSCRIPTION, rows, report, after)
    await sequences.advance(connection, [SUBSCRIPTION.table])
    return report


async def _write(
    connection: AsyncConnection, mapped: Mapped, rows: dict[int, Columns], report: Report, after: int
) -> None:
    """Rows that cannot have a value that must be unique are skipped, and taken out of `rows`."""
    stored = await reconcile.load(connection, mapped, "id", rows, lock=True)
    for column in mapped.unique:
        refused = await settle(
            connection, mapped, column, rows.values(), stored, owner="id", confirmed=lambda key: key <= after
        )
        for identifier, reason in refused.items():
            del rows[identifier]
            report.skip(Skipped(mapped.entity, str(identifier), mapped.columns[column].path, reason))
    difference = reconcile.compare(mapped, rows.values(), stored)
    await reconcile.write(connection, difference)
    report.of(mapped.entity).add(difference.tally)


async def _write_children(
    connection: AsyncConnection,
    mapped: Mapped,
    owner: str,
    owners: Collection[int],
    rows: dict[int, Columns],
    listed: Collection[int],
    report: Report,
    after: int = 0,
) -> None:
    stored = await reconcile.load(connection, mapped, owner, owners, lock=True)
    gone = {key for key in stored if key not in listed}
    stored |= await reconcile.load(connection, mapped, "id", rows.keys() - stored.keys(), lock=True)
    await reconcile.remove(connection, mapped, gone)
    report.of(mapped.entity).removed += len(gone)
    for column in mapped.unique:
        refused = await settle(
            connection, mapped, column, rows.values(), stored, owner=owner, confirmed=lambda key: key <= after
        )
        for identifier, reason in refused.items():
            del rows[identifier]
            report.skip(Skipped(mapped.entity, str(identifier), mapped.columns[column].path, reason))
    difference = reconcile.compare(mapped, rows.values(), stored)
    await reconcile.update_changed(connection, difference)
    await reconcile.insert_new(connection, difference)
    report.of(mapped.entity).add(difference.tally)


async def _refer(
    connection: AsyncConnection,
    mapped: Mapped,
    rows: Iterable[Columns],
    column: str,
    other: Mapped,
    report: Report | None,
) -> None:
    """References to what is not stored become null; `report`, where that is worth a note."""
    rows = list(rows)
    wanted = {row[column] for row in rows if row[column] is not None}
    known = await reconcile.known(connection, other.table, wanted)
    for row in rows:
        if row[column] is not None and row[column] not in known:
            if report is not None:
                place, field = f"of {mapped.entity[:-1]} {row['id']}", mapped.columns[column].path
                report.skip(Skipped(LINKS, place, field, f"{row[column]} is unknown"))
            row[column] = None


async def _await(
    connection: AsyncConnection, kind: str, rows: Mapping[int, Columns], column: str, other: Mapped
) -> list[Pending]:
    """References to what may still come."""
    wanted = {row[column] for row in rows.values() if row[column] is not None}
    known = await reconcile.known(connection, other.table, wanted)
    pending: list[Pending] = []
    for key, row in rows.items():
        if row[column] is not None and row[column] not in known:
            pending.append((kind, key, row[column], 0))
            row[column] = None
    return pending
