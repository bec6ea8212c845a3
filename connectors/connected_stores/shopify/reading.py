"""Reads a Shopify shop by its Admin REST API (https://shopify.dev/docs/api/admin-rest)."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.connected_stores.asking import Shop, Stores
from connectors.connected_stores.outgoing.parcel import Parcel
from connectors.connected_stores.page import Page
from connectors.connected_stores.shape import number, reference
from connectors.connected_stores.shopify.catalog import read_product
from connectors.connected_stores.shopify.commerce import BOUGHT, buyer_of, guest_of, read_order, read_person
from connectors.connected_stores.shopify.parcels import put_parcel
from connectors.connected_stores.shopify.store import API
from connectors.connected_stores.visiting import Visit
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.commerce.customer import CUSTOMER
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.errors import StoreFailing, WrongCredentials
from connectors.importers.fluentcart.money import currency_code
from connectors.importers.fluentcart.single import Records
from connectors.importers.fluentcart.values import branch, entries, line
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped

# What is written in one transaction.
TOGETHER: Final = 20


@asynccontextmanager
async def shopify(stores: Stores, shop: Shop) -> AsyncIterator["Shopify"]:
    yield Shopify(Visit(stores, shop))


class Shopify:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._currency: str | None = None
        self._people: dict[int, Record] = {}  # of a page

    async def one(self, kind: str, identifier: int) -> Records:
        found = Records()
        if kind == "order":
            await self._order(await self._record(f"/orders/{identifier}", "order"), found)
        elif kind == "customer":
            record = await self._record(f"/customers/{identifier}", "customer")
            self._customer(record, identifier, found, await self.currency())
        elif kind == "product":
            await self._product(await self._record(f"/products/{identifier}", "product"), found)
        if not (found.orders or found.customers or found.products):
            raise NotTold("; ".join(map(str, found.skipped)) or f"{kind} {identifier} is not told")
        return found

    async def products(self, after: Any) -> AsyncGenerator[Page, None]:
        total = (await self._json("/products/count")).get("count")
        async for page in self._walk("/products", "products", {}, after, self._product):
            yield replace(page, total=total if isinstance(total, int) else None)

    async def orders(self, since: datetime, after: Any) -> AsyncGenerator[Page, None]:
        changed = {"status": "any", "updated_at_min": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        async for page in self._walk("/orders", "orders", changed, after, self._order):
            yield page

    async def _walk(
        self,
        path: str,
        name: str,
        query: Mapping[str, str | int],
        after: Any,
        read: Callable[[Record, Records], Awaitable[None]],
    ) -> AsyncGenerator[Page, None]:
        """By their numbers: what comes or goes meanwhile moves nothing."""
        reached = after if isinstance(after, int) else 0
        while True:
            told = await self._json(path, {**query, "limit": TOGETHER, "since_id": reached})
            try:
                listed = [branch(one) for one in entries(told.get(name))]
                numbers = [number(one.get("id")) for one in listed]
            except Unreadable as unreadable:
                raise StoreFailing(
                    f"{self._visit.title} lists its {name} in a form unknown here: {unreadable}"
                ) from None
            found = Records()
            self._people.clear()
            for one in listed:
                await read(one, found)
            reached = max(numbers, default=reached)
            yield Page(found, len(listed), None, reached)
            if len(listed) < TOGETHER:
                return

    async def _order(self, record: Record, found: Records) -> None:
        """With its payments, and with its customer as the order tells them."""
        identifier = record.get("id")
        try:
            path = f"/orders/{reference(identifier)}/transactions"
            transactions = entries((await self._json(path)).get("transactions"))
            order, skipped = read_order(record, transactions, self._visit.site)
            buyer = buyer_of(record)
            person = branch(record.get("customer"))
        except Unreadable as unreadable:
            found.skipped.append(Skipped(ORDER.entity, line(str(identifier)), unreadable.field, unreadable.reason))
            return
        found.orders.append(order)
        found.skipped += skipped
        if buyer is not None:
            told = await self._person(buyer, person) if buyer > 0 else guest_of(record)
            # An order tells of its customer no more than the order's own rights let it.
            told = {**told, "email": told.get("email") or record.get("email")}
            self._customer(told, buyer, found, order.row["currency"])

    async def _person(self, identifier: int, told: Record) -> Record:
        """With what they bought, which their own record says alone; where that may not be read, as the order has it."""
        if told.get(BOUGHT) is not None:
            return told
        if identifier not in self._people:
            try:
                self._people[identifier] = await self._record(f"/customers/{identifier}", "customer")
            except (NotTold, WrongCredentials):
                self._people[identifier] = told
        return self._people[identifier]

    def _customer(self, record: Record, identifier: int, found: Records, currency: str) -> None:
        try:
            found.customers.append(read_person(record, identifier, self._visit.site, currency))
        except Unreadable as unreadable:
            found.skipped.append(Skipped(CUSTOMER.entity, str(identifier), unreadable.field, unreadable.reason))

    async def _product(self, record: Record, found: Records) -> None:
        try:
            currency = await self.currency()
            family, skipped = read_product(record, currency=currency)
        except Unreadable as unreadable:
            identifier = line(str(record.get("id")))
            found.skipped.append(Skipped(PRODUCT.entity, identifier, unreadable.field, unreadable.reason))
            return
        found.products.append(family)
        found.skipped += skipped
        found.currency = currency

    async def put_parcel(self, parcel: Parcel) -> None:
        await put_parcel(self._visit, parcel)

    async def currency(self) -> str:
        if self._currency is None:
            self._currency = currency_code((await self._record("/shop", "shop")).get("currency"))
        if self._currency is None:
            raise NotTold("the shop does not tell its currency")
        return self._currency

    async def _record(self, path: str, name: str) -> Record:
        try:
            return branch((await self._json(path)).get(name))
        except Unreadable as unreadable:
            raise NotTold(f"GET {path}: {unreadable}") from None

    async def _json(self, path: str, query: Any = None) -> Record:
        try:
            return branch((await self._visit.get(f"{API}{path}.json", query)).json)
        except Unreadable as unreadable:
            raise NotTold(f"GET {path}: {unreadable}") from None
