"""Writes customers, coupons, orders and subscriptions, as the store tells them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile, seen, sequences
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.catalog.taxonomy import LINKS
from connectors.importers.fluentcart.catalog.variant import VARIANT
from connectors.importers.fluentcart.commerce.coupon import APPLIED_COUPON, COUPON, Coupon
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER, Customer
from connectors.importers.fluentcart.commerce.order import CHILDREN, ITEM, ORDER, TRANSACTION, Order
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION, Subscription
from connectors.importers.fluentcart.linking import PARENT, SUBSCRIBED, Pending
from connectors.importers.mapping import Columns, Mapped
from connectors.importers.reconcile import StoredRows
from connectors.importers.report import Report, Skipped
from connectors.importers.unique import settle
from connectors.importers.work import Work
from db.commerce.counted.bought import COUNTED, held_customers, recount
from db.commerce.counted.lasting import extend_licenses
from db.commerce.counted.uses import of_here
from db.commerce.coupon import CouponStatus, status_at
from db.commerce.events import COUPON_UPDATED, CUSTOMER_UPDATED
from db.commerce.order import OrderType, TransactionStatus, TransactionType
from db.commerce.subscription import GOING, SubscriptionStatus
from db.store.row import now

# By these it is known that somebody's purchases were counted here.
_TELLING: Final = ("purchase_count", "lifetime_value")
# Of an order that outlives them: what is gone from the store is gone from the line, its titles stay.
_SOLD: Final = (("product_id", PRODUCT), ("variant_id", VARIANT))
# What a shop says of a subscription that it was not paid for.
_UNPAID: Final = (
    SubscriptionStatus.EXPIRED,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.FAILING,
    SubscriptionStatus.EXPIRING,
)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One batch being written. What has keys up to `after` was written by batches before it."""

    work: Work
    report: Report
    after: int


@dataclass(frozen=True, slots=True)
class _Children:
    """Rows that hang on others: whose they are (`parent`), in which column they say so (`owner`), and under which
    `field` of the parent they are."""

    mapped: Mapped
    parent: Mapped
    owner: str
    field: str


async def write_customers(work: Work, customers: list[Customer], after: int) -> Report:
    """Customers that the source no longer lists stay; addresses that it no longer names of one are deleted."""
    report = Report()
    writing = _Writing(work, report, after)
    rows = {customer.id: customer.row for customer in customers}
    await _write(writing, CUSTOMER, rows)
    await _recount(work, rows.keys())
    told = [customer for customer in customers if customer.id in rows and customer.listed is not None]
    addresses = {key: row for customer in told for key, row in customer.addresses.items()}
    listed = {key for customer in told for key in customer.listed or ()}
    owners = {customer.id for customer in told}
    children = _Children(ADDRESS, CUSTOMER, "customer_id", "addresses")
    await _write_children(writing, children, owners, addresses, listed)
    await sequences.advance(work.connection, [CUSTOMER.table, ADDRESS.table])
    return report


async def write_coupons(work: Work, coupons: list[Coupon], after: int) -> Report:
    """Coupons that the source no longer lists stay."""
    report = Report()
    rows = {coupon.id: coupon.row for coupon in coupons}
    stored = await reconcile.load(work.connection, COUPON, "id", rows, lock=True)
    await _pass_time(work, stored)
    here = await _uses_here(work.connection, rows.keys())
    for coupon in coupons:
        coupon.row["use_count"] = coupon.uses + here.get(coupon.id, 0)
    await _write(_Writing(work, report, after), COUPON, rows)
    await sequences.advance(work.connection, [COUPON.table])
    for key, row in rows.items():
        before = stored.get(key)
        if before is not None and before["use_count"] != row["use_count"] and not work.first:
            work.unit.emit(COUPON_UPDATED.followed(before, {"use_count": row["use_count"]}))
    return report


async def _pass_time(work: Work, stored: StoredRows) -> None:
    """The dates of a coupon give it another status, here as in the shop: that is nobody's change, and whatever the shop
    says of it afterwards is news."""
    moment = now()
    for was in (CouponStatus.SCHEDULED, CouponStatus.ACTIVE):
        moved = {
            key: row["status"]
            for key, row in stored.items()
            if row["status"] is not was and row["status"] is status_at(was, row["start_at"], row["end_at"], moment)
        }
        given = await work.merging(COUPON).own("status", dict.fromkeys(moved, was))
        await work.merging(COUPON).wrote("status", {key: moved[key] for key in moved.keys() - given})


async def _uses_here(connection: AsyncConnection, coupons: Collection[int]) -> dict[int, int]:
    """How many orders have these coupons that the source has not heard of: it counts its own."""
    applied = APPLIED_COUPON.table
    statement = select(applied.c.coupon_id, func.count()).where(of_here()).group_by(applied.c.coupon_id)
    found: dict[int, int] = {}
    for chunk in reconcile.chunks(sorted(coupons)):
        found |= {row[0]: row[1] for row in await connection.execute(statement.where(applied.c.coupon_id.in_(chunk)))}
    return found


async def write_orders(work: Work, orders: list[Order], after: int) -> tuple[Report, list[Pending]]:
    """Orders that the source no longer lists stay. Parents and subscriptions that are not stored yet are answered."""
    report = Report()
    connection = work.connection
    rows = {order.id: order.row for order in orders}
    await _refer(connection, ORDER, rows.values(), "customer_id", CUSTOMER, report)
    pending = await _await(connection, PARENT, rows, "parent_id", ORDER)
    writing = _Writing(work, report, after)
    await _write(writing, ORDER, rows)
    written = [order for order in orders if order.id in rows]
    for mapped, place in CHILDREN:
        children = {key: row for order in written for key, row in order.children[mapped.entity].items()}
        if mapped is ITEM:
            for column, sold in _SOLD:
                await _refer(connection, ITEM, children.values(), column, sold, None)
        if mapped is TRANSACTION:
            pending += await _await(connection, SUBSCRIBED, children, "subscription_id", SUBSCRIPTION)
        if mapped is APPLIED_COUPON:
            await _refer_to_coupons(connection, children.values())
        listed = {key for order in written for key in order.listed[mapped.entity]}
        of = _Children(mapped, ORDER, "order_id", place.removeprefix("order_"))
        await _write_children(writing, of, rows.keys(), children, listed)
    await _recount(work, {row["customer_id"] for row in rows.values()} - {None})
    await sequences.advance(connection, [ORDER.table, *(mapped.table for mapped, _ in CHILDREN)])
    if work.live:
        await _tell_money(work, rows)
    kept = {PARENT: work.merging(ORDER).kept, SUBSCRIBED: work.merging(TRANSACTION).kept}
    columns = {PARENT: "parent_id", SUBSCRIBED: "subscription_id"}
    return report, [link for link in pending if columns[link[0]] not in kept[link[0]].get(link[1], ())]


async def _recount(work: Work, customers: Collection[int]) -> None:
    """What customers bought is counted here, and not believed, once orders of theirs were made or changed here."""
    here: set[int] = set()
    columns = CUSTOMER.table.c
    counted = [columns[name] for name in sorted(COUNTED)]
    for chunk in reconcile.chunks(sorted(customers)):
        statement = select(columns.id, *counted).where(columns.id.in_(chunk))
        stored = {row["id"]: row for row in (await work.connection.execute(statement)).mappings()}
        for name in _TELLING:
            here |= await work.merging(CUSTOMER).own(name, {key: row[name] for key, row in stored.items()})
    for row, changes in await recount(work.connection, await held_customers(work.connection, here)):
        if not work.first:
            work.unit.emit(CUSTOMER_UPDATED.followed(row, changes))


async def write_subscriptions(work: Work, subscriptions: list[Subscription], after: int) -> Report:
    report = Report()
    connection = work.connection
    rows = {subscription.id: subscription.row for subscription in subscriptions}
    for column, mapped in (("customer_id", CUSTOMER), ("order_id", ORDER)):
        await _refer(connection, SUBSCRIPTION, rows.values(), column, mapped, report)
    for column, mapped in _SOLD:
        await _refer(connection, SUBSCRIPTION, rows.values(), column, mapped, None)
    await _compare_payments(work, rows)
    await _write(_Writing(work, report, after), SUBSCRIPTION, rows)
    await sequences.advance(connection, [SUBSCRIPTION.table])
    # Those that were issued here, for what the shop is paid for.
    await extend_licenses(work.unit, rows.values())
    if work.live:
        await _tell_renewals(work, rows)
    return report


async def _compare_payments(work: Work, rows: Mapping[int, Columns]) -> None:
    """Who was paid later knows until when a subscription lasts: a shop that was paid after it was renewed here is
    believed, and one that misses a payment that was made here has not heard of it."""
    stored = await reconcile.load(work.connection, SUBSCRIPTION, "id", rows, lock=True)
    there: StoredRows = {}
    for key, before in stored.items():
        if not before["kept_here"]:
            continue
        said, until = rows[key], before["next_billing_at"]
        later = said["next_billing_at"] is not None and (until is None or said["next_billing_at"] > until)
        if said["status"] in GOING and later and _goes_by_date(before):
            there[key] = before
        elif said["status"] in _UNPAID and before["status"] in GOING:
            said["status"] = before["status"]
    for name in ("status", "next_billing_at", "bill_count"):
        await work.merging(SUBSCRIPTION).wrote(name, {key: before[name] for key, before in there.items()})
    columns = SUBSCRIPTION.table.c
    for chunk in reconcile.chunks(sorted(there)):
        await work.connection.execute(update(SUBSCRIPTION.table).where(columns.id.in_(chunk)).values(kept_here=False))


def _goes_by_date(row: Columns) -> bool:
    """Whether a subscription goes on here, or was ended by its date and by nobody."""
    ran_out = row["status"] is SubscriptionStatus.EXPIRED and row["next_billing_at"] is None
    return row["status"] in GOING or ran_out


async def _tell_money(work: Work, orders: Collection[int]) -> None:
    """Beside orders: their last payment that succeeded, and their last refund."""
    columns = TRANSACTION.table.c
    statement = select(columns.order_id, columns.id, columns.type).order_by(columns.id)
    done = columns.status.in_((TransactionStatus.SUCCEEDED, TransactionStatus.REFUNDED))
    for chunk in reconcile.chunks(sorted(orders)):
        for order, transaction, kind in await work.connection.execute(
            statement.where(columns.order_id.in_(chunk), done)
        ):
            name = "payment" if kind is TransactionType.CHARGE else "refund"
            work.ledger.beside(ORDER, order, **{name: transaction})


async def _tell_renewals(work: Work, subscriptions: Mapping[int, Columns]) -> None:
    """Beside subscriptions the last order that renewed each; beside the orders that began or renewed one, which."""
    begun = {row["order_id"]: key for key, row in subscriptions.items() if row["order_id"] is not None}
    columns = ORDER.table.c
    for order, subscription in begun.items():
        work.ledger.beside(ORDER, order, subscription=subscription)
    renewing = select(columns.id, columns.parent_id).order_by(columns.id)
    for chunk in reconcile.chunks(sorted(begun)):
        where = columns.parent_id.in_(chunk), columns.type == OrderType.RENEWAL
        for order, parent in await work.connection.execute(renewing.where(*where)):
            work.ledger.beside(SUBSCRIPTION, begun[parent], renewal=order)
            work.ledger.beside(ORDER, order, subscription=begun[parent])


async def _write(writing: _Writing, mapped: Mapped, rows: dict[int, Columns]) -> None:
    """Rows that cannot have a value that must be unique, and those that are not the source's to write, are taken out of
    `rows`."""
    work = writing.work
    stored = await reconcile.load(work.connection, mapped, "id", rows, lock=True)
    await work.merged(mapped, rows, stored)
    await _settle(writing, mapped, rows, stored, "id")
    difference = await work.write(mapped, rows, stored)
    writing.report.of(mapped.entity).add(difference.tally)


async def _settle(writing: _Writing, mapped: Mapped, rows: dict[int, Columns], stored: StoredRows, owner: str) -> None:
    for column in mapped.unique:
        refused = await settle(
            writing.work,
            mapped,
            column,
            rows.values(),
            stored,
            owner=owner,
            confirmed=lambda key: key <= writing.after,
        )
        for identifier, reason in refused.items():
            del rows[identifier]
            told = mapped.table.c[column].info.get("folds", column)
            writing.report.skip(Skipped(mapped.entity, str(identifier), mapped.columns[told].path, reason))


async def _write_children(
    writing: _Writing,
    children: _Children,
    owners: Collection[int],
    rows: dict[int, Columns],
    listed: Collection[int],
) -> None:
    work, report = writing.work, writing.report
    mapped, owner = children.mapped, children.owner
    stored = await reconcile.load(work.connection, mapped, owner, owners, lock=True)
    named = [key for key in stored if key not in listed]
    stored |= await reconcile.load(work.connection, mapped, "id", rows.keys() - stored.keys(), lock=True)
    await work.merged(mapped, rows, stored)
    gone = work.merging(mapped).gone(named, stored)
    await work.remove(mapped, gone, stored)
    report.of(mapped.entity).removed += len(gone)
    await _settle(writing, mapped, rows, stored, owner)
    if mapped is ADDRESS:
        staying = {key: row for key, row in stored.items() if key not in gone}
        await _retire(work, rows, staying, staying.keys() - listed)
    difference = reconcile.compare(mapped, rows.values(), stored)
    await reconcile.update_changed(work.connection, difference)
    await reconcile.insert_new(work.connection, difference)
    work.wrote(difference, rows, stored)
    report.of(mapped.entity).add(difference.tally)
    changed = [*difference.new, *(row for _, bumps, row in difference.changed if bumps), *(stored[key] for key in gone)]
    work.ledger.touched(children.parent, sorted({row[owner] for row in changed}), children.field)


async def _retire(work: Work, rows: Mapping[int, Columns], stored: StoredRows, unknown: Collection[int]) -> None:
    """Before another one becomes primary: no two may be, not even for a statement. One that was made so here stays,
    and one that the source does not know (`unknown`)."""
    own = set() if work.overwrite else {key for key in unknown if stored[key]["is_primary"]}
    kept = {key for key, fields in work.merging(ADDRESS).kept.items() if "is_primary" in fields and key in rows}
    here = [*(stored[key] for key in own), *(rows[key] for key in kept if rows[key]["is_primary"])]
    taken = {(row["customer_id"], row["type"]) for row in here}
    for key, row in rows.items():
        if key not in kept and (row["customer_id"], row["type"]) in taken:
            row["is_primary"] = False
    primary = own | {key for key, row in rows.items() if row["is_primary"]}
    retired = [key for key, row in stored.items() if row["is_primary"] and key not in primary]
    columns = ADDRESS.table.c
    for chunk in reconcile.chunks(retired):
        await work.connection.execute(update(ADDRESS.table).where(columns.id.in_(chunk)).values(is_primary=False))
    await work.merging(ADDRESS).wrote("is_primary", dict.fromkeys(retired, False))


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


async def _refer_to_coupons(connection: AsyncConnection, rows: Collection[Columns]) -> None:
    """One that was made here may have the number of one of the source: only those that the source told are meant."""
    wanted = {row["coupon_id"] for row in rows if row["coupon_id"] is not None}
    told = await seen.load(connection, COUPON.table.name, [str(key) for key in wanted])
    known = await reconcile.known(connection, COUPON.table, [key for key in wanted if str(key) in told])
    for row in rows:
        row["coupon_id"] = row["coupon_id"] if row["coupon_id"] in known else None


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
