"""Reads a WooCommerce shop by its REST API v3 (https://woocommerce.github.io/woocommerce-rest-api-docs/)."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from connectors.connected_stores.asking import Shop, Stores
from connectors.connected_stores.outgoing.parcel import Parcel
from connectors.connected_stores.page import Page
from connectors.connected_stores.shape import reference
from connectors.connected_stores.visiting import Told, Visit
from connectors.connected_stores.woocommerce.catalog import VARIABLE, read_product
from connectors.connected_stores.woocommerce.commerce import buyer_of, read_order, read_person
from connectors.connected_stores.woocommerce.parcels import put_parcel
from connectors.importers.fluentcart.asking import NotTold
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.commerce.customer import CUSTOMER
from connectors.importers.fluentcart.commerce.order import ORDER
from connectors.importers.fluentcart.money import currency_code
from connectors.importers.fluentcart.single import Records
from connectors.importers.fluentcart.values import branch, entries, line
from connectors.importers.mapping import Record, Unreadable
from connectors.importers.report import Skipped

API: Final = "/wp-json/wc/v3"
# The most that it puts on a page.
PER_PAGE: Final = 100
# What is written in one transaction.
TOGETHER: Final = 20
# Of one product; a shop that never ends is none.
MOST_VARIATIONS: Final = 2_000


@asynccontextmanager
async def woocommerce(stores: Stores, shop: Shop) -> AsyncIterator["WooCommerce"]:
    yield WooCommerce(Visit(stores, shop))


class WooCommerce:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._settings: dict[str, str] = {}

    async def one(self, kind: str, identifier: int) -> Records:
        found = Records()
        if kind == "order":
            await self._order(await self._record(f"/orders/{identifier}"), found)
        elif kind == "customer":
            await self._customer(await self._record(f"/customers/{identifier}"), identifier, found)
        elif kind == "product":
            await self._product(await self._record(f"/products/{identifier}"), found)
        if not (found.orders or found.customers or found.products):
            raise NotTold("; ".join(map(str, found.skipped)) or f"{kind} {identifier} is not told")
        return found

    async def products(self, after: Any) -> AsyncGenerator[Page, None]:
        """By their numbers. One that goes meanwhile moves those behind it by a place; the next walk has the rest."""
        async for page in self._walk("/products", {"orderby": "id", "order": "asc"}, after, self._product):
            yield page

    async def orders(self, since: datetime, after: Any) -> AsyncGenerator[Page, None]:
        changed = {"modified_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}
        async for page in self._walk("/orders", {"orderby": "id", "order": "asc", **changed}, after, self._order):
            yield page

    async def _walk(
        self, path: str, query: Mapping[str, str | int], after: Any, read: Callable[[Record, Records], Awaitable[None]]
    ) -> AsyncGenerator[Page, None]:
        number = after if isinstance(after, int) else 1
        while True:
            told = await self.page(path, number, query, TOGETHER)
            listed = _entries(told, path)
            found = Records()
            for one in listed:
                await read(branch(one), found)
            total = told.headers.get("x-wp-total", "")
            yield Page(found, len(listed), int(total[:9]) if total.isdecimal() else None, number + 1)
            if number >= pages(told, number, listed, TOGETHER):
                return
            number += 1

    async def _order(self, record: Record, found: Records) -> None:
        """With its refunds, and with its customer, who is read where there is one: a guest has an address alone."""
        identifier = record.get("id")
        try:
            refunds = await self._list(f"/orders/{reference(identifier)}/refunds") if record.get("refunds") else []
            order, skipped = read_order(record, refunds, self._visit.site)
            buyer = buyer_of(record)
        except Unreadable as unreadable:
            found.skipped.append(Skipped(ORDER.entity, line(str(identifier)), unreadable.field, unreadable.reason))
            return
        found.orders.append(order)
        found.skipped += skipped
        if buyer is None:
            return
        person: Record = {"billing": record.get("billing"), "shipping": record.get("shipping")}
        person = {**person, "date_created_gmt": record.get("date_created_gmt")}
        if buyer > 0:
            with suppress(NotTold):  # gone there; what the order says of them is left
                person = await self._record(f"/customers/{buyer}")
        await self._customer(person, buyer, found)

    async def _customer(self, record: Record, identifier: int, found: Records) -> None:
        try:
            found.customers.append(read_person(record, identifier, self._visit.site))
        except Unreadable as unreadable:
            found.skipped.append(Skipped(CUSTOMER.entity, str(identifier), unreadable.field, unreadable.reason))

    async def _product(self, record: Record, found: Records) -> None:
        """A variation is read as its product."""
        identifier = record.get("id")
        try:
            if record.get("type") == "variation":
                identifier = reference(record.get("parent_id"))
                record = await self._record(f"/products/{identifier}")
            variations: list[Any] = []
            if record.get("type") == VARIABLE:
                path = f"/products/{reference(identifier)}/variations"
                variations = await self._list(path, {"orderby": "menu_order", "order": "asc"})
            currency = await self.currency()
            unit = await self._setting("products/woocommerce_weight_unit") or None
            family, skipped = read_product(record, variations, currency=currency, weight_unit=unit)
        except Unreadable as unreadable:
            found.skipped.append(Skipped(PRODUCT.entity, line(str(identifier)), unreadable.field, unreadable.reason))
            return
        found.products.append(family)
        found.skipped += skipped
        found.currency = currency

    async def put_parcel(self, parcel: Parcel) -> None:
        await put_parcel(self._visit, parcel)

    async def currency(self) -> str:
        code = currency_code(await self._setting("general/woocommerce_currency"))
        if code is None:
            raise NotTold("the shop does not tell its currency")
        return code

    async def _setting(self, name: str) -> str:
        if name not in self._settings:
            value = (await self._record(f"/settings/{name}")).get("value")
            self._settings[name] = value if isinstance(value, str) else ""
        return self._settings[name]

    async def _record(self, path: str) -> Record:
        try:
            return branch((await self._visit.get(API + path)).json)
        except Unreadable as unreadable:
            raise NotTold(f"GET {path}: {unreadable}") from None

    async def _list(self, path: str, query: Mapping[str, str | int] | None = None) -> list[Any]:
        """All pages of a list."""
        found: list[Any] = []
        number = 1
        while len(found) < MOST_VARIATIONS:
            told = await self.page(path, number, query)
            listed = _entries(told, path)
            found += listed
            if number >= pages(told, number, listed):
                return found
            number += 1
        raise Unreadable(f"is longer than {MOST_VARIATIONS}", path)

    async def page(
        self, path: str, number: int, query: Mapping[str, str | int] | None = None, per_page: int = PER_PAGE
    ) -> Told:
        return await self._visit.get(API + path, {**(query or {}), "per_page": per_page, "page": number})


def pages(told: Told, number: int, listed: list[Any], per_page: int = PER_PAGE) -> int:
    """How many there are; of a shop that does not say one more than this, until one is not full."""
    said = told.headers.get("x-wp-totalpages", "")
    if said.isdecimal():
        return int(said[:9])
    return number + 1 if len(listed) >= per_page else number


def _entries(told: Told, path: str) -> list[Any]:
    try:
        return entries(told.json)
    except Unreadable as unreadable:
        raise NotTold(f"GET {path}: {unreadable}") from None
