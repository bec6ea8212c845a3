"""Walks through a shop's products and orders: page by page, from where the last one ended, whatever happens between."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores import family
from connectors.connected_stores.asking import Stores
from connectors.connected_stores.rounds import PRODUCTS_PAUSE, ask_due
from connectors.connected_stores.walking import OVERLAP, STOPPED
from connectors.importers.fluentcart import import_store
from connectors.importers.fluentcart.errors import StoreFailing
from connectors.outbound.message import Outcome, Request, Sends
from db.catalog.product import ProductRow, sort_key
from db.catalog.variant import VariantRow
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from db.integration.store_sync import StoreSyncRow, SyncKind
from db.store.database import Database
from db.store.row import now, table
from db.work.job import JobRow, JobState
from tests.connectors.connected_stores.shop import Connected, Died, Walk, change, connected, named
from tests.connectors.fluentcart_store import Exchanges, few, in_process, rows, source
from tests.connectors.test_inbound import CONNECT, FLUENTCART, GUID, connect
from tests.gateway import Gateway
from tests.vendors import shopify, woocommerce
from tests.vendors.shopify import Shopify
from tests.vendors.shops import answer
from tests.vendors.woocommerce import WooCommerce

CONNECTED = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(params=["woocommerce", "shopify"])
async def store(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Connected]:
    vendor = WooCommerce() if request.param == "woocommerce" else Shopify()
    async with connected(database, vendor, request.param, connected_at=CONNECTED) as found:
        yield found


@pytest.fixture
async def woo(database: Database) -> AsyncIterator[Connected]:
    async with connected(database, WooCommerce(), "woocommerce", connected_at=CONNECTED) as found:
        yield found


def fill(store: Connected, products: int = 0, orders: int = 0) -> None:
    vendor = store.vendor
    if isinstance(vendor, WooCommerce):
        vendor.products |= {one: woocommerce.product(one) for one in range(1, products + 1)}
        vendor.orders |= {one: woocommerce.order(one, customer_id=0) for one in range(1, orders + 1)}
    elif isinstance(vendor, Shopify):
        vendor.products |= {one: shopify.product(one) for one in range(1, products + 1)}
        vendor.orders |= {one: shopify.order(one) for one in range(1, orders + 1)}


def counts(sync: dict[str, Any], entity: str = "products") -> tuple[int, int, int]:
    found = sync["report"]["counts"][entity]
    return found["imported"], found["updated"], found["unchanged"]


async def test_all_products_come_and_once(store: Connected) -> None:
    fill(store, products=45)
    sync = await store.walk()
    assert (sync["done"], sync["total"], counts(sync)) == (45, 45, (45, 0, 0))
    assert sync["ended_at"] is not None
    assert len(await rows(store.database, "product")) == 45
    # The first one tells one thing, as a first import does.
    (event,) = await rows(store.database, "event")
    assert (event["name"], event["cause"]) == ("store.imported", f"inbound:{store.guid}/1")
    assert event["payload"] == {
        "importId": f"{store.guid}/1",
        "source": store.vendor.public,
        "first": True,
        "changes": sum(one["imported"] for one in sync["report"]["counts"].values()),
    }
    last = await store.last()
    sync = await store.walk()
    assert counts(sync) == (0, 0, 45)
    assert await store.news(last) == []
    # From then on each product tells for itself.
    fill(store, products=46)
    held: dict[int, dict[str, Any]] = store.vendor.products  # type: ignore[attr-defined]
    held[1] |= {"name": "Another", "title": "Another"}
    await store.walk()
    news = await store.news(last)
    assert (news.count("product.created"), news.count("product.updated"), news.count("store.imported")) == (1, 1, 0)


async def test_a_walk_that_dies_goes_on_where_it_was(store: Connected) -> None:
    fill(store, products=45)
    job = Walk(store, await store.ask(), SyncKind.PRODUCTS, dies=1)
    with pytest.raises(Died):
        await store.walk(job=job)
    assert len(await rows(store.database, "product")) == 20
    assert (await store.only("store_sync"))["done"] == 20
    job.dies, asked = None, len(store.vendor.calls)
    sync = await store.walk(job=job)
    assert (sync["done"], counts(sync)) == (45, (45, 0, 0))
    assert job.noted[-1] == (45, 45)
    lists = [one.query for one in store.vendor.calls[asked:] if one.path.endswith(("/products", "/products.json"))]
    assert [one.get("page", one.get("since_id")) for one in lists] in (["2", "3"], ["20", "40"])
    assert await store.news() == ["store.imported"]


class _Resting(Walk):
    """Somebody disables the connection while a page is written."""

    async def note(self, *, connection: AsyncConnection | None = None, **values: Any) -> None:
        await super().note(connection=connection, **values)
        assert connection is not None
        await connection.execute(update(table(ConnectedStoreRow)).values(state=ConnectionState.DISABLED))


async def test_a_walk_that_is_stopped_has_not_seen_all(woo: Connected) -> None:
    """The next one begins where this one did."""
    fill(woo, products=25, orders=25)
    for kind in SyncKind:
        sync = await woo.walk(kind, job=_Resting(woo, await woo.ask(kind), kind))
        assert (sync["done"], sync["seen_until"], sync["error"]) == (20, None, STOPPED)
        assert sync["ended_at"] is not None
        await change(woo.database, ConnectedStoreRow, state=ConnectionState.ACTIVE)
    assert (await woo.walk(SyncKind.ORDERS))["done"] == 25
    await woo.walk()
    assert (await woo.news()).count("store.imported") == 1
    assert "product.created" not in await woo.news()


async def test_a_worker_that_ends_leaves_the_rest_to_another(store: Connected) -> None:
    fill(store, products=45)
    job = Walk(store, await store.ask(), SyncKind.PRODUCTS, ends=2)
    sync = await store.walk(job=job)
    assert (job.more, sync["done"], sync["ended_at"]) == (False, 40, None)
    job.ending.clear()
    sync = await store.walk(job=job)
    assert (job.more, sync["done"], len(await rows(store.database, "product"))) == (None, 45, 45)


async def test_who_wins(store: Connected) -> None:
    """What was changed here stays and is told; with `overwrite` the shop wins, and is told over what."""
    fill(store, products=2)
    await store.walk()
    await change(store.database, ProductRow, title="Better")
    fill(store, products=2)
    sync = await store.walk()
    kept = [f"products {one['id']}: title (changed here)" for one in await rows(store.database, "product")]
    assert sync["report"]["lines"]["kept"] == {"told": kept, "of": 2}
    assert {one["title"] for one in await rows(store.database, "product")} == {"Better"}

    sync = await store.walk(dry_run=True, overwrite=True)
    assert sync["report"]["lines"]["overwritten"]["told"] == kept
    assert sync["report"]["lines"]["changed"]["of"] == 2
    assert {one["title"] for one in await rows(store.database, "product")} == {"Better"}

    sync = await store.walk(overwrite=True)
    assert sync["report"]["lines"]["overwritten"]["told"] == kept
    assert "Better" not in {one["title"] for one in await rows(store.database, "product")}


async def test_a_dry_run_writes_nothing(store: Connected) -> None:
    fill(store, products=45)
    sync = await store.walk(dry_run=True)
    assert (sync["done"], sync["total"], counts(sync)) == (45, 45, (45, 0, 0))
    assert sync["ended_at"] is not None
    for name in ("product", "product_variant", "event", "remote_record", "import_seen"):
        assert await rows(store.database, name) == []


async def test_what_the_shop_no_longer_has_stays(store: Connected) -> None:
    fill(store, products=3)
    await store.walk()
    del store.vendor.products[2]  # type: ignore[attr-defined]
    sync = await store.walk()
    assert counts(sync) == (0, 0, 2)
    assert len(await rows(store.database, "product")) == 3


async def test_a_record_that_the_database_refuses_is_left_out(woo: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page is written without it."""
    monkeypatch.setattr(family, "sort_key", lambda title: None if title == "Mug 2" else sort_key(title))
    fill(woo, products=3)
    sync = await woo.walk()
    assert named(await rows(woo.database, "product"), "title") == [("Mug 1",), ("Mug 3",)]
    (line,) = sync["report"]["lines"]["skipped"]["told"]
    assert line.startswith("products 2: the database refuses it")
    assert (sync["done"], counts(sync)) == (3, (2, 0, 0))


async def test_orders_since_the_connection_and_from_then_on(store: Connected) -> None:
    """What a call has told, what a round finds, and what a job does twice is one order."""
    fill(store, orders=25)
    old = {"date_modified_gmt": "2026-10-31T10:00:00", "updated_at": "2026-10-31T11:00:00+01:00"}
    store.vendor.orders[3] |= old  # type: ignore[attr-defined]
    await store.told("order", 5)
    sync = await store.walk(SyncKind.ORDERS)
    assert (sync["done"], counts(sync, "orders")) == (24, (23, 0, 1))
    assert sync["seen_until"] == sync["started_at"] - OVERLAP
    assert len(await rows(store.database, "orders")) == 24
    assert (await store.news()).count("order.paid") == 24
    last = await store.last()
    await store.walk(SyncKind.ORDERS)
    await store.told("order", 5)
    assert await store.news(last) == []
    assert len(await rows(store.database, "orders")) == 24


@pytest.mark.parametrize("way", ["walk", "call"])
async def test_an_old_order_that_changes_is_not_paid_now(store: Connected, way: str) -> None:
    """It was paid before the shop was connected; what happens to it from then on is told."""
    fill(store, orders=1)
    held: dict[int, dict[str, Any]] = store.vendor.orders  # type: ignore[attr-defined]

    async def come() -> list[str]:
        last = await store.last()
        if way == "walk":
            await store.walk(SyncKind.ORDERS)
        else:
            for number in held:
                await store.told("order", number)
        return await store.news(last)

    before = {"created_at": "2026-10-01T11:00:00+02:00", "date_created_gmt": "2026-10-01T09:00:00"}
    held[1] |= before | {"date_paid_gmt": "2026-10-01T09:01:00"}
    told = await come()
    assert list(dict.fromkeys(told)) == ["customer.created", "customer_address.created", "order.created"]
    assert told.count("order.created") == 1
    held[1] |= {"cancelled_at": "2026-11-21T10:00:00Z", "status": "cancelled"}
    assert "order.canceled" in await come()
    assert "order.paid" not in await store.news()
    # One that was made then and is paid now.
    fill(store, orders=2)
    held[1] |= {"cancelled_at": None}
    held[2] |= before
    if isinstance(store.vendor, Shopify):
        store.vendor.transactions[2] = [shopify.transaction(1, "sale", "12.00")]
    assert {"order.paid", "payment.success"} < set(await come())


async def test_a_round_asks_from_where_the_last_one_ended(store: Connected) -> None:
    async def due(kind: SyncKind, pause: timedelta = timedelta()) -> int:
        return await store.database.tell(lambda connection: ask_due(connection, kind, pause), seconds=10)

    assert await due(SyncKind.ORDERS) == 1
    assert await due(SyncKind.ORDERS) == 0  # one is under way
    job = (await store.only("job"))["id"]
    await store.walk(SyncKind.ORDERS, job=Walk(store, job, SyncKind.ORDERS))
    until = (await store.only("store_sync"))["seen_until"]
    assert await due(SyncKind.ORDERS) == 1
    assert (await store.only("store_sync"))["since"] == until
    asked = len(store.vendor.calls)
    await store.walk(SyncKind.ORDERS, job=Walk(store, job + 1, SyncKind.ORDERS))
    (call,) = store.vendor.calls[asked:]
    said = call.query.get("modified_after") or call.query["updated_at_min"].removesuffix("Z")
    assert said == until.strftime("%Y-%m-%dT%H:%M:%S")

    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 1
    job = (await rows(store.database, "job"))[-1]["id"]
    await store.walk(job=Walk(store, job, SyncKind.PRODUCTS))
    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 0  # a day has not passed
    await change(store.database, StoreSyncRow, started_at=now() - PRODUCTS_PAUSE - timedelta(seconds=1))
    await change(store.database, ConnectedStoreRow, sync_products=False)
    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 0
    await change(store.database, ConnectedStoreRow, sync_products=True, state=ConnectionState.DISABLED)
    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 0
    await change(store.database, ConnectedStoreRow, state=ConnectionState.ACTIVE)
    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 1
    # One that was given up is over.
    await change(store.database, JobRow, state=JobState.FAILED, due=None)
    await change(store.database, StoreSyncRow, started_at=now() - PRODUCTS_PAUSE - timedelta(seconds=1))
    assert await due(SyncKind.PRODUCTS, PRODUCTS_PAUSE) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_shop_that_fails_is_told_of_and_asked_again(woo: Connected) -> None:
    fill(woo, products=25)
    woo.vendor.fail(503, {}, times=3, path=r".*/products")
    job = Walk(woo, await woo.ask(), SyncKind.PRODUCTS)
    with pytest.raises(StoreFailing):
        await woo.walk(job=job)
    sync = await woo.only("store_sync")
    assert sync["error"] == "WooCommerce does not answer: GET /wp-json/wc/v3/products answers 503"
    assert sync["ended_at"] is None
    sync = await woo.walk(job=job)
    assert (sync["error"], sync["done"]) == (None, 25)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_credentials_that_are_refused_end_it(woo: Connected) -> None:
    woo.vendor.fail(401, {}, path=r".*/products")
    sync = await woo.walk()
    assert "refuses these credentials" in sync["error"]
    assert sync["ended_at"] is not None
    assert (await woo.only("provider_connection"))["state"] == "error"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_walk_that_was_asked_for_anew_is_not_done_twice(woo: Connected) -> None:
    fill(woo, products=1)
    old = Walk(woo, await woo.ask(), SyncKind.PRODUCTS)
    await woo.ask()
    await woo.walk(job=old)
    assert await rows(woo.database, "product") == []
    await change(woo.database, ConnectedStoreRow, state=ConnectionState.DISABLED)
    await woo.walk(job=Walk(woo, old.id + 1, SyncKind.PRODUCTS))
    assert woo.vendor.calls == []


class _Cart(Connected):
    """The recorded FluentCart shop."""

    @property
    def guid(self) -> str:
        return GUID


async def test_fluentcart_is_walked_through_as_well(database: Database, tmp_path: Any) -> None:
    """As the first source by an import before it, and as another one with numbers of its own."""
    exchanges: Exchanges = few()
    shop = in_process(exchanges, tmp_path)
    await import_store(database, source(shop))
    await connect(database, connected_at=datetime(2020, 1, 1, tzinfo=UTC))
    cart = _Cart(database, WooCommerce(), "fluentcart", Stores(shop))
    last = await cart.last()
    sync = await cart.walk()
    assert counts(sync) == (0, 0, 4)
    sync = await cart.walk(SyncKind.ORDERS)
    assert counts(sync, "orders") == (0, 0, len(await rows(database, "orders")))
    assert await cart.news(last) == []
    # Its products were imported: what changed there since is told.
    exchanges["/products/4/pricing", "1"]["response"]["product"]["post_title"] = "Another mug"
    cart.stores = Stores(in_process(exchanges, tmp_path))
    await change(database, StoreSyncRow, seen_until=None)
    await cart.walk()
    assert await cart.news(last) == ["product.updated"]


async def test_a_second_fluentcart_shop(database: Database, tmp_path: Any) -> None:
    """Its products are those that are here under their SKUs, and else new."""
    await import_store(database, source(in_process(few(), tmp_path)))
    exchanges = few()
    found = exchanges["/products/26/pricing", "1"]["response"]["product"]
    found["post_title"] = "Another"
    for number, one in enumerate(found["variants"]):
        one["sku"] = f"ELSE-{number}"
    await connect(database, store_url="https://other.example", keeps_numbers=False)
    cart = _Cart(database, WooCommerce(), "fluentcart", Stores(in_process(exchanges, tmp_path)))
    before = {one["id"]: one for one in await rows(database, "product")}
    await cart.walk()
    after = {one["id"]: one for one in await rows(database, "product")}
    assert {key: after[key] for key in before} == before
    assert "Another" in {after[key]["title"] for key in after.keys() - before.keys()}
    sync = await cart.walk()
    assert {one["id"]: one for one in await rows(database, "product")} == after
    assert counts(sync)[0] == 0


class Counting:
    """The recorded shop, which can be told of stock as its reference says; `taken` is what it was told."""

    def __init__(self, inner: Sends, status: int = 200) -> None:
        self._inner = inner
        self.status = status
        self.taken: list[tuple[str, Any]] = []

    async def send(self, request: Request) -> Outcome:
        if request.method == "GET":
            return await self._inner.send(request)
        assert request.method == "PUT"
        assert request.body is not None
        path = request.url.partition("/wp-json/fluent-cart/v2")[2]
        self.taken.append((path, orjson.loads(request.body)))
        return answer(self.status, {"message": "Stock has been updated"})


def counted(exchanges: Exchanges, stock: int) -> None:
    """All variants of product 4, with SKUs."""
    found = exchanges["/products/4/pricing", "1"]["response"]["product"]
    for one in found["variants"]:
        one |= {"sku": f"SKU-{one['id']}", "manage_stock": "1", "total_stock": stock, "available": stock}


@pytest.mark.parametrize("keeps", [True, False])
async def test_stock_that_was_changed_here_goes_to_fluentcart(database: Database, tmp_path: Any, keeps: bool) -> None:
    """By SKU; what the shop changed comes here, and is not sent back."""
    exchanges = few()
    counted(exchanges, 9)
    site = "https://shop.example" if keeps else "https://other.example"
    await connect(database, store_url=site, keeps_numbers=keeps)
    shop = Counting(in_process(exchanges, tmp_path))
    cart = _Cart(database, WooCommerce(), "fluentcart", Stores(shop))
    await cart.walk()
    assert shop.taken == []
    variants = [one for one in await rows(database, "product_variant") if (one["sku"] or "").startswith("SKU-")]
    (here,) = [one for one in variants if one["sku"] == variants[0]["sku"]]
    theirs = here["sku"].removeprefix("SKU-")
    async with database.write() as connection:
        at = table(VariantRow)
        await connection.execute(update(at).where(at.c.id == here["id"]).values(total_stock=7, available=5))
        await connection.commit()

    sync = await cart.walk(dry_run=True)
    line = f"variants {theirs} of product 4 ({here['sku']}): 5 of 7"
    assert (sync["report"]["lines"]["sent"], shop.taken) == ({"told": [line], "of": 1}, [])

    shop.status = 403
    sync = await cart.walk()
    told = {"total_stock": 7, "available": 5}
    place = f"/products/4/update-inventory/{theirs}"
    assert shop.taken == [(place, told)]
    (left,) = [one for one in sync["report"]["lines"]["skipped"]["told"] if "stock: it is not taken" in one]
    assert left.startswith(f"variants {theirs} of product 4: ")
    assert (await rows(database, "provider_connection"))[0]["state"] == "active"

    shop.status = 200
    sync = await cart.walk()
    assert (shop.taken, sync["report"]["lines"]["sent"]["told"]) == ([(place, told)] * 2, [line])

    # The shop has it now, and sells two.
    (sold,) = [
        one
        for one in exchanges["/products/4/pricing", "1"]["response"]["product"]["variants"]
        if one["sku"] == here["sku"]
    ]
    for stock in (told, {"total_stock": 7, "available": 3}):
        sold |= stock
        shop = Counting(in_process(exchanges, tmp_path))
        cart.stores = Stores(shop)
        await cart.walk()
        assert shop.taken == []
        (row,) = [one for one in await rows(database, "product_variant") if one["id"] == here["id"]]
        assert (row["total_stock"], row["available"]) == (stock["total_stock"], stock["available"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("values", [{"sku": ""}, {"manage_stock": "0"}])
async def test_stock_that_is_no_ones_by_sku_is_not_sent(database: Database, tmp_path: Any, values: Any) -> None:
    """Without a SKU; and to a product of which not all variants are counted there, for that would sell them out."""
    exchanges = few()
    counted(exchanges, 9)
    exchanges["/products/4/pricing", "1"]["response"]["product"]["variants"][0] |= values
    await connect(database)
    shop = Counting(in_process(exchanges, tmp_path))
    cart = _Cart(database, WooCommerce(), "fluentcart", Stores(shop))
    await cart.walk()
    first = exchanges["/products/4/pricing", "1"]["response"]["product"]["variants"][0]
    async with database.write() as connection:
        at = table(VariantRow)
        await connection.execute(
            update(at).where(at.c.id == int(first["id"])).values(manage_stock=True, total_stock=7, available=5)
        )
        await connection.commit()
    sync = await cart.walk()
    assert sync["report"]["lines"]["kept"]["of"] == 1
    assert (shop.taken, sync["report"]["lines"]["sent"]["of"]) == ([], 0)


SYNC = """mutation Sync($input: ProviderSyncInput!, $dry: Boolean! = false) {
  providerSync(input: $input, validateOnly: $dry) {
    connection {
      syncs {
        kind dryRun overwrite running done total error endedAt
        report {
          counts { entity imported skipped }
          skipped { lines total } kept { lines total } overwritten { total } sent { total } changed { total }
        }
      }
    }
    userErrors { code message field }
  }
}"""
DISABLE = """mutation Rest($input: ProviderDisableInput!) { providerDisable(input: $input) { userErrors { code } } }"""
ASKED = """{ providerConnections { id syncs { kind running done report { counts { entity imported } } } } }"""


async def test_a_walk_is_asked_for(gateway: Gateway) -> None:
    """By the setting as soon as a shop is connected, and by hand."""
    settings = {"syncProducts": True}
    made = await gateway(CONNECT, {"input": {**FLUENTCART, "settings": settings}})
    guid = made["providerConfigure"]["connection"]["guid"]
    store = {"id": made["providerConfigure"]["connection"]["id"]}
    (job,) = await rows(gateway.database, "job")
    assert (job["kind"], job["arguments"]) == ("store sync", {"connection": guid, "kind": "products"})
    answer = (await gateway(SYNC, {"input": store}))["providerSync"]
    (refused,) = answer["userErrors"]
    assert (refused["code"], refused["field"]) == ("CONFLICT", ["id"])

    await change(gateway.database, JobRow, state=JobState.DONE, due=None)
    await change(gateway.database, StoreSyncRow, ended_at=now(), done=4)
    before = await rows(gateway.database, "job")
    await gateway(SYNC, {"input": store, "dry": True})
    assert await rows(gateway.database, "job") == before
    answer = (await gateway(SYNC, {"input": {**store, "dryRun": True, "overwrite": True}}))["providerSync"]
    assert answer["userErrors"] == []
    nothing = {"total": 0}
    assert answer["connection"]["syncs"] == [
        {
            "kind": "PRODUCTS",
            "dryRun": True,
            "overwrite": True,
            "running": True,
            "done": 0,
            "total": None,
            "error": None,
            "endedAt": None,
            "report": {
                "counts": [],
                "overwritten": nothing,
                "sent": nothing,
                "changed": nothing,
                "skipped": {"lines": [], "total": 0},
                "kept": {"lines": [], "total": 0},
            },
        }
    ]
    report = {"counts": {"products": {"imported": 3}}, "lines": {}}
    await change(gateway.database, StoreSyncRow, report=report, done=3)
    await gateway(SYNC, {"input": {**store, "kind": "ORDERS"}})
    (told,) = (await gateway(ASKED))["providerConnections"]
    assert [(one["kind"], one["running"], one["done"]) for one in told["syncs"]] == [
        ("ORDERS", True, 0),
        ("PRODUCTS", True, 3),
    ]
    assert told["syncs"][1]["report"]["counts"] == [{"entity": "products", "imported": 3}]

    await gateway(DISABLE, {"input": store})
    answer = (await gateway(SYNC, {"input": store}))["providerSync"]
    assert "BUSINESS_RULE" in [one["code"] for one in answer["userErrors"]]
