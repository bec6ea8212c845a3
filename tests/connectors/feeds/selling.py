"""A shop whose orders move, a vendor in this process who hears of it, and a worker in between."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import select
from sqlmodel import col

from connectors.feeds.account import StoredAccounts
from connectors.feeds.matching import Matching
from connectors.feeds.runs import Runs
from connectors.feeds.sender import Feeds
from connectors.outbound.client import Outbound
from connectors.providers import (
    NO_SECRET,
    Caps,
    Form,
    NoForm,
    Provider,
    Run,
    Site,
    Skipped,
    Vendor,
    bearer,
    form,
    segment,
)
from connectors.providers.access import Providers
from connectors.providers.limits import Limits
from connectors.providers.registry import Registry
from db.access.viewer import SYSTEM, Viewer, ViewerKind
from db.commerce.events import ORDER_CANCELED, ORDER_PAID, ORDER_SHIPPED
from db.commerce.order import OrderRow
from db.store.row import table
from engine.unit.unit import Cause
from engine.values import identity
from server.work.worker import Worker
from tests import factories
from tests.connectors.outbound.receiver import LOOPBACK
from tests.gateway import Gateway
from tests.work.shop import PACE, QUICK, settled

SAVER: Final = 7  # a token
PERMISSIONS: Final = frozenset(
    {"integrations/view", "integrations/manage", "integrations/delete"}
    | {"products/view", "products/edit", "products/delete", "orders/view", "customers/view", "subscriptions/view"}
)
SAVE: Final = """
mutation Save($input: IntegrationFeedSaveInput!) {
  integrationFeedSave(input: $input) {
    feed { id version enabled target { disabled } } created userErrors { code message field }
  }
}"""
SAVE_OF_PRODUCT: Final = """
mutation Save($input: ProductIntegrationSaveInput!) {
  productIntegrationSave(input: $input) {
    feed { id version conditionalVariants { databaseId } } created userErrors { code message field }
  }
}"""
RUNS: Final = """
query Runs($id: ID!) {
  node(id: $id) { ... on IntegrationFeed { runs(sort: [{field: ID, direction: ASC}]) { nodes {
    state revokes reason order { databaseId } event { name } attempts { outcome status error log request response }
  } } } }
}"""


class LeafletFeed(Form):
    list_id: Annotated[str, form("list_ajax_options", label="List", option_source="lists", required=True)] = ""
    note: Annotated[str, form("value_textarea", label="Note")] = ""
    tags: Annotated[
        tuple[str, ...], form("selection_routing", label="Tags", routing=("tag_ids_selection_type", "tag_routers"))
    ] = ()
    pin: Annotated[SecretStr, form("password", label="PIN")] = NO_SECRET


class Leaflet(Provider[NoForm, LeafletFeed]):
    key = "leaflet"
    title = "Leaflet"
    caps = Caps(at_once=6)
    feed = LeafletFeed
    revokes = True

    def __init__(self, base: str) -> None:
        self.base = base
        self.breaks: BaseException | None = None

    def site(self, settings: NoForm) -> Site:
        return Site(self.base, bearer("leaflet-token"))

    async def run(self, run: Run[LeafletFeed], settings: NoForm, vendor: Vendor) -> None:
        if self.breaks is not None:
            raise self.breaks
        told = {"note": run.feed.note, "tags": run.feed.tags, "city": run.order["billing"].get("city")}
        if pin := run.feed.pin.get_secret_value():
            told["pin"] = pin
        found = await vendor.put(self._member(run), json=told, example={"id": 7})
        await vendor.post(f"{self._member(run)}/seen", json={"id": found.json["id"]}, example={})
        run.log(f"Put on the list {run.feed.list_id}")

    async def revoke(self, run: Run[LeafletFeed], settings: NoForm, vendor: Vendor) -> None:
        await vendor.delete(self._member(run), accepts={404})

    def _member(self, run: Run[LeafletFeed]) -> str:
        email = str(run.customer.get("email") or "").strip().lower()
        if not email:
            raise Skipped("The customer has no e-mail address")
        return f"/lists/{segment(run.feed.list_id)}/members/{segment(email)}"


@dataclass
class LocalVendor:
    """What came, how many at once at most, and what the next calls are answered (else 200)."""

    url: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    most: int = 0
    now: int = 0
    tokens: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        self.tokens[request.headers.get("Authorization", "")] += 1
        try:
            body = await request.json() if request.can_read_body else None
            await asyncio.sleep(0)
            self.calls.append((request.method, request.path, body))
            return self.answers.pop(0) if self.answers else web.json_response({"id": 7})
        finally:
            self.now -= 1

    def of(self, method: str) -> list[tuple[str, Any]]:
        return [(path, body) for one, path, body in self.calls if one == method]


@asynccontextmanager
async def vending() -> AsyncIterator[LocalVendor]:
    vendor = LocalVendor()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", vendor.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    vendor.url = f"http://{host}:{port}"
    try:
        yield vendor
    finally:
        await runner.cleanup()


@dataclass
class Shop:
    gateway: Gateway
    vendor: LocalVendor
    provider: Leaflet
    saver: Viewer
    senders: Sequence[Any]

    async def save(self, product: int | None = None, **input: Any) -> str:
        """The id of a new feed, of the store or of a product."""
        given = {
            "provider": "leaflet",
            "name": "Readers",
            "eventTriggers": ["order_paid_done"],
            "settings": {"list_id": "news", **input.pop("settings", {})},
            **input,
        }
        payload = await self.saved(given, product)
        assert payload["userErrors"] == []
        assert payload["created"] is True
        made: str = payload["feed"]["id"]
        return made

    async def saved(self, input: Mapping[str, Any], product: int | None = None) -> dict[str, Any]:
        document, name = (
            (SAVE, "integrationFeedSave") if product is None else (SAVE_OF_PRODUCT, "productIntegrationSave")
        )
        more = {} if product is None else {"productId": identity.encode("Product", product)}
        said = await self.gateway(document, {"input": {**more, **input}}, self.saver)
        payload: dict[str, Any] = said[name]
        return payload

    async def happen(self, order: int, *makes: Callable[[Mapping[str, Any]], Any], cause: str = "request:a") -> None:
        """These events of an order, in one change."""
        async with self.gateway.database.read() as connection:
            found = select(table(OrderRow)).where(col(OrderRow.id) == order)
            row = dict((await connection.execute(found)).mappings().one())
        row |= {"transaction_id": None, "subscription_id": None, "old_status": row["status"]}
        async with self.gateway.units.unit(SYSTEM, cause=Cause(cause)) as unit:
            for make in makes:
                unit.emit(make(row))
            await unit.commit("test", None, None, audited=False)

    async def paid(self, order: int, cause: str = "request:a") -> None:
        await self.happen(order, ORDER_PAID, cause=cause)

    async def canceled(self, order: int, cause: str = "request:b") -> None:
        await self.happen(order, ORDER_CANCELED, cause=cause)

    async def shipped_when_paid(self, order: int) -> None:
        await self.happen(order, ORDER_PAID, ORDER_SHIPPED)

    async def work(self, deliveries: int) -> None:
        """Until so many deliveries are over, those of the matching included."""
        worker = Worker(self.gateway.database, self.senders, policy=QUICK, pace=PACE)
        async with worker.going_on():
            await settled(self.gateway.database, deliveries)

    async def runs(self, feed: str) -> list[dict[str, Any]]:
        found = await self.gateway(RUNS, {"id": feed})
        nodes: list[dict[str, Any]] = found["node"]["runs"]["nodes"]
        return nodes

    async def change(self, statement: Any) -> None:
        async with self.gateway.database.write() as connection:
            await connection.execute(statement)
            await connection.commit()


def rows() -> list[Any]:
    """Two products; order 1 has variant 11 of the first, order 2 variant 21 of the second, order 3 nothing known."""
    return [
        factories.store(),
        factories.product(1, title="Field notes", slug="field-notes"),
        factories.variant(11, 1, sku="NOTES"),
        factories.variant(12, 1, sku="NOTES-2", position=2),
        factories.product(2, title="Mug", slug="mug"),
        factories.variant(21, 2, sku="MUG"),
        factories.token(SAVER, permissions=sorted(PERMISSIONS)),
        factories.provider("leaflet"),
        factories.customer(1, email="Ada@Example.com", first_name="Ada"),
        *(factories.order(key, customer_id=1) for key in (1, 2, 3)),
        factories.order_item(1, 1, product_id=1, variant_id=11),
        factories.order_item(2, 2, product_id=2, variant_id=21),
    ]


@asynccontextmanager
async def selling(gateway: Gateway) -> AsyncIterator[Shop]:
    async with Outbound(LOOPBACK) as outbound, vending() as vendor:
        provider = Leaflet(vendor.url)
        gateway.outbound = outbound
        gateway.registry = Registry([provider])
        gateway.providers = Providers(gateway.registry, outbound, Limits(gateway.database))
        gateway.units = gateway.made_units()
        await factories.store_rows(gateway, rows())
        saver = Viewer(f"token:{SAVER}", "saver", PERMISSIONS, ViewerKind.TOKEN)
        senders = (
            Matching(gateway.database, gateway.registry),
            Feeds(
                gateway.units,
                gateway.registry,
                Runs(gateway.database, gateway.links),
                StoredAccounts(gateway.units, gateway.providers),
            ),
        )
        yield Shop(gateway, vendor, provider, saver, senders)


__all__ = ["RUNS", "Leaflet", "LocalVendor", "Shop", "selling"]
