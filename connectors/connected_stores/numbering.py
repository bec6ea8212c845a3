"""Which number of a shop is which here: of the first source the same, of others a new one for each record."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.importers import reconcile
from connectors.importers.fluentcart.commerce.coupon import APPLIED_COUPON, COUPON
from connectors.importers.fluentcart.commerce.customer import ADDRESS, CUSTOMER
from connectors.importers.fluentcart.commerce.order import CHILDREN, ITEM, ORDER, TRANSACTION
from connectors.importers.fluentcart.commerce.subscription import SUBSCRIPTION
from connectors.importers.fluentcart.single import Records
from db.catalog.product import ProductRow
from db.catalog.variant import VariantRow
from db.integration.connected_store import RemoteRecordRow
from db.store.primary_keys import begin_at, new_keys
from db.store.row import table

RECORD: Final = table(RemoteRecordRow)
PRODUCT: Final = table(ProductRow)
VARIANT: Final = table(VariantRow)

Ids = Mapping[int, int]


class Numbers:
    """Of one connection, in one transaction. `keeps`: it is the first source."""

    def __init__(self, connection: AsyncConnection, guid: str, *, keeps: bool) -> None:
        self._connection = connection
        self._guid = guid
        self._keeps = keeps

    async def known(self, kind: Table, remote: Collection[int]) -> Ids:
        """Those that are here by now."""
        if self._keeps:
            return {one: one for one in remote}
        names = {str(one): one for one in remote}
        found: dict[int, int] = {}
        for chunk in reconcile.chunks(sorted(names)):
            statement = select(RECORD.c.remote_id, RECORD.c.local_id).where(
                RECORD.c.connection == self._guid, RECORD.c.kind == kind.name, RECORD.c.remote_id.in_(chunk)
            )
            found |= {names[row[0]]: row[1] for row in await self._connection.execute(statement)}
        return found

    async def taken(self, kind: Table, remote: Collection[int], same: Ids | None = None) -> Ids:
        """All of them: new ones get a number here, or that of a row that is the `same`."""
        known = dict(await self.known(kind, remote))
        if not self._keeps:
            missing = sorted(set(remote) - known.keys())
            known |= {one: same[one] for one in missing if same is not None and one in same}
            new = [one for one in missing if one not in known]
            keys = (await new_keys(self._connection, {kind: len(new)}))[kind]
            if keys and self._connection.dialect.name == "sqlite":
                # Its counter moves with the rows, and more keys are taken before these are written.
                await begin_at(self._connection, (kind,), keys[-1])
            known |= dict(zip(new, keys, strict=True))
        await self._write(kind, known, same or {})
        return known

    async def recognised(self, kind: Table, remote: Collection[int]) -> set[int]:
        """Of records those whose rows were here before this shop told of them, and that are not its to change."""
        names = {str(one): one for one in remote}
        found: set[int] = set()
        here = (RECORD.c.connection == self._guid) & (RECORD.c.kind == kind.name) & RECORD.c.recognised
        for chunk in reconcile.chunks(sorted(names)):
            statement = select(RECORD.c.remote_id).where(here, RECORD.c.remote_id.in_(chunk))
            found |= {names[one] for one in (await self._connection.scalars(statement)).all()}
        return found

    async def _write(self, kind: Table, ids: Ids, same: Ids = MappingProxyType({})) -> None:
        """Of the first source too: it says where a row came from."""
        if not ids:
            return
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        known = {"connection": self._guid, "kind": kind.name}
        rows = [
            known | {"remote_id": str(remote), "local_id": local, "recognised": same.get(remote) == local}
            for remote, local in sorted(ids.items())
        ]
        await self._connection.execute(insert(RECORD).on_conflict_do_nothing(), rows)

    async def took(self, records: Records, products: Collection[int]) -> None:
        """Products of the first source that are written, with their variants."""
        families = [family for family in records.products if family.id in products]
        await self._write(PRODUCT, {family.id: family.id for family in families})
        await self._write(VARIANT, {key: key for family in families for key in family.variants})

    async def put(self, records: Records) -> None:
        """Gives the records of customers, orders and subscriptions their numbers here, in what they refer to as well.
        What they refer to and is not here is left out, and so are customers that another source brought: they are not
        this one's to change."""
        same = {} if self._keeps else await self._same_people(records)
        # A guest is whoever their first order said: orders are told in any order, and again.
        guests = await self.known(CUSTOMER.table, [one.id for one in records.customers if one.id < 0])
        people = dict(await self.taken(CUSTOMER.table, [one.id for one in records.customers], same))
        orders = dict(await self.taken(ORDER.table, [one.id for one in records.orders]))
        subscriptions = dict(await self.taken(SUBSCRIPTION.table, [one.id for one in records.subscriptions]))
        if self._keeps:
            for one in records.customers:
                await self._write(ADDRESS.table, {key: key for key in one.addresses})
            return
        foreign = guests.keys() | await self.recognised(CUSTOMER.table, people)
        records.customers = [one for one in records.customers if one.id not in foreign]
        people |= await self.known(CUSTOMER.table, _wanted(records, "customer_id"))
        orders |= await self.known(ORDER.table, _wanted(records, "parent_id", "order_id"))
        lines = [row for one in records.orders for row in one.children[ITEM.entity].values()]
        coupons = [row for one in records.orders for row in one.children[APPLIED_COUPON.entity].values()]
        payments = [row for one in records.orders for row in one.children[TRANSACTION.entity].values()]
        sold = [*lines, *(one.row for one in records.subscriptions)]
        products = await self.known(PRODUCT, _values(sold, "product_id"))
        variants = await self.known(VARIANT, _values(sold, "variant_id"))
        subscriptions |= await self.known(SUBSCRIPTION.table, _values(payments, "subscription_id"))
        references: Mapping[str, Ids] = {
            "customer_id": people,
            "parent_id": orders,
            "order_id": orders,
            "product_id": products,
            "variant_id": variants,
            "subscription_id": subscriptions,
            "coupon_id": await self.known(COUPON.table, _values(coupons, "coupon_id")),
        }
        for customer in records.customers:
            addresses = await self.taken(ADDRESS.table, customer.addresses)
            customer.row["id"] = people[customer.id]
            customer.addresses = _moved(customer.addresses, addresses, references)
            if customer.listed is not None:
                customer.listed = {addresses[one] for one in customer.listed if one in addresses}
        for order in records.orders:
            _refer(order.row, references)
            for mapped, _ in CHILDREN:
                children = order.children[mapped.entity]
                ids = await self.taken(mapped.table, children)
                ids = {**ids, **await self.known(mapped.table, order.listed[mapped.entity])}
                order.children[mapped.entity] = _moved(children, ids, references)
                order.listed[mapped.entity] = {ids[one] for one in order.listed[mapped.entity] if one in ids}
            order.row["id"] = orders[order.id]
        for subscription in records.subscriptions:
            _refer(subscription.row, references)
            subscription.row["id"] = subscriptions[subscription.id]

    async def _same_people(self, records: Records) -> Ids:
        """Who is here by the address that the shop tells."""
        by_email = {one.row["email"]: one.id for one in records.customers}
        columns = CUSTOMER.table.c
        same: dict[int, int] = {}
        for chunk in reconcile.chunks(sorted(by_email)):
            statement = select(columns.email, columns.id).where(columns.email.in_(chunk))
            same |= {by_email[row[0]]: row[1] for row in await self._connection.execute(statement)}
        return same


def _wanted(records: Records, *columns: str) -> set[int]:
    rows = [*(one.row for one in records.orders), *(one.row for one in records.subscriptions)]
    return {value for column in columns for value in _values(rows, column)}


def _values(rows: Iterable[Mapping[str, Any]], column: str) -> set[int]:
    return {row[column] for row in rows if row.get(column) is not None}


def _refer(row: dict[str, Any], references: Mapping[str, Ids]) -> None:
    for column, ids in references.items():
        if row.get(column) is not None:
            row[column] = ids.get(row[column])


def _moved(rows: Mapping[int, dict[str, Any]], ids: Ids, references: Mapping[str, Ids]) -> dict[int, dict[str, Any]]:
    """Rows by their numbers here."""
    moved = {}
    for key, row in rows.items():
        _refer(row, references)
        row["id"] = ids[key]
        moved[ids[key]] = row
    return moved
