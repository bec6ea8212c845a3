"""What a connected shop tells: one order, however it comes, is one order, and what follows from it happens once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connected_stores import CATALOGUE
from connectors.connected_stores.asking import Stores
from connectors.connected_stores.declared import Credentials
from connectors.connected_stores.keeping import kept
from connectors.importers.fluentcart import import_store
from connectors.importers.fluentcart.errors import StoreFailing
from connectors.inbound.receiving import recognise, take
from connectors.inbound.taking import Taking
from connectors.outbound.message import Outcome, Request, Sends
from connectors.providers.limits import Limits
from db.drivers import sqlite
from db.integration.connected_store import ConnectedStoreRow, RemoteRecordRow
from db.secrets.encrypted import Secret, unlock
from db.store.database import Database
from db.store.row import now, table
from db.store.unit import Units
from tests import factories
from tests.connectors.fluentcart_store import SITE, Exchanges, in_process, rows, source
from tests.connectors.test_import_coupons import applied, coupon, coupons
from tests.connectors.test_inbound_schemes import AT, ORDER, SECRET, cart
from tests.gateway import KEYRING, Gateway
from tests.vendors.shops import PASSWORD, USER, answer

GUID = "0b9f6f1c-2a8e-4a53-a8b8-f7d3c9e01a77"
KEPT = Credentials("admin", "application password", SITE)
CONNECT = """mutation Connect($input: ProviderConfigureInput!) {
  providerConfigure(input: $input) { connection { id guid keepsNumbers } userErrors { message } }
}"""
REMOVE = """mutation Remove($input: ProviderRemoveInput!) {
  providerRemove(input: $input) { deletedId userErrors { message } }
}"""
CREATE = """mutation Create {
  productCreate(input: { title: "Tent" }) { product { databaseId } userErrors { message } }
}"""
FLUENTCART = {
    "providerId": CATALOGUE["fluentcart"].guid,
    "credentials": {"apiKey": USER, "apiSecret": PASSWORD, "storeUrl": "https://cart.example"},
}


@dataclass
class Job:
    """As a worker would give it."""

    arguments: Mapping[str, Any]
    id: int = 1
    noted: list[int | None] = field(default_factory=list)

    async def note(self, *, done: int | None = None, connection: AsyncConnection | None = None) -> None:
        assert connection is not None, "what was done and the job's end are committed together"
        self.noted.append(done)


async def connect(database: Database, **values: Any) -> None:
    unlock(database, lambda: KEYRING)
    given = {"store_url": SITE, "auto_import_orders": True, "sync_products": True, "keeps_numbers": True}
    given |= {"connected_at": datetime(2020, 1, 1, tzinfo=UTC), **values}  # before all that was recorded
    secrets = {"credentials": kept(KEPT), "inbound_secret": Secret(SECRET)}
    row = factories.connected_store(GUID, **secrets | given)
    async with database.write() as connection:
        await connection.execute(insert(table(ConnectedStoreRow)).values(row.model_dump()))
        await connection.commit()


async def on(database: Database, guid: str) -> None:
    """What a shop tells is taken in."""
    async with database.write() as connection:
        at = table(ConnectedStoreRow)
        await connection.execute(update(at).where(at.c.guid == guid).values(auto_import_orders=True))
        await connection.commit()


async def told(
    database: Database,
    outside: Sends,
    kind: str = "order",
    number: int = 1,
    *,
    guid: str = GUID,
    limits: Limits | None = None,
) -> Job:
    """A job about a record, done."""
    job = Job({"connection": guid, "kind": kind, "id": number, "topic": "order.updated"})
    await Taking(Units(database), Stores(outside, limits=limits))(job)
    return job


async def news(database: Database, after: int = 0) -> list[tuple[str, str]]:
    return [(one["name"], one["entity"]) for one in await rows(database, "event") if one["id"] > after]


def the_order(exchanges: Exchanges, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = exchanges[f"/orders/{number}", "1"]["response"]["order"]
    return found


async def test_an_order_comes_by_a_call_an_import_and_a_repetition_and_is_one(
    database: Database, sold: Exchanges, tmp_path: Path
) -> None:
    await connect(database)
    shop = in_process(sold, tmp_path)
    job = await told(database, shop)
    assert job.noted == [1]
    events = await rows(database, "event")
    assert [one["name"] for one in events] == ["customer.created", "order.created", "order.paid", "payment.success"]
    assert {one["cause"] for one in events} == {f"inbound:{GUID}/1"}
    paid = events[2]
    assert (paid["entity"], paid["payload"]["transactionId"]) == (
        "Order:1",
        (await rows(database, "order_transaction"))[0]["id"],
    )
    stored = await rows(database, "orders")
    assert [(one["id"], one["uuid"], one["customer_id"]) for one in stored] == [(1, the_order(sold)["uuid"], 1)]

    await told(database, shop)
    assert await news(database) == [(one["name"], one["entity"]) for one in events]
    await import_store(database, source(shop))
    await import_store(database, source(shop))
    await told(database, shop)
    assert await rows(database, "orders") != stored  # the products of its lines are here now, and the other orders
    assert [one for one in await news(database) if one[0] == "order.paid" and one[1] == "Order:1"] == [
        ("order.paid", "Order:1")
    ]
    assert len(await rows(database, "orders")) == 40


async def test_what_follows_is_what_changed(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    await connect(database)
    order = the_order(sold)
    paid = order["total_paid"]
    order |= {"payment_status": "pending", "status": "processing", "total_paid": 0, "shipping_status": "unshipped"}
    order["transactions"] = []
    await told(database, in_process(sold, tmp_path))
    last = (await rows(database, "event"))[-1]["id"]
    for changes, names in (
        ({"payment_status": "paid", "total_paid": paid}, ["order.payment_status_changed", "order.paid"]),
        ({"shipping_status": "shipped"}, ["order.shipping_status_changed", "order.shipped"]),
        ({"shipping_status": "delivered"}, ["order.shipping_status_changed", "order.delivered"]),
        ({"payment_status": "pending"}, ["order.payment_status_changed"]),
        ({"payment_status": "paid"}, ["order.payment_status_changed"]),  # once for each order
        ({"note": "Ring twice"}, []),
        (
            {"payment_status": "refunded", "total_refund": paid, "status": "canceled"},
            [
                *("order.status_changed", "order.payment_status_changed", "order.canceled"),
                *("order.refunded", "order.fully_refunded"),
            ],
        ),
    ):
        order |= changes
        await told(database, in_process(sold, tmp_path))
        found = [name for name, entity in await news(database, last) if entity == "Order:1"]
        assert found == ["order.updated", *names], changes
        last = (await rows(database, "event"))[-1]["id"]


async def test_what_happened_before_the_shop_was_connected_is_not_told(
    database: Database, sold: Exchanges, tmp_path: Path
) -> None:
    """By a call as by a walk: the order, its payment and its subscription are here, and nothing of them is news."""
    connected = datetime(2026, 11, 20, tzinfo=UTC)
    await connect(database, connected_at=connected)
    before = {"created_at": "2026-11-01 10:00:00", "updated_at": "2026-11-21 10:00:00"}
    order = the_order(sold) | before | {"type": "subscription"}
    order["transactions"] = [one | before for one in order["transactions"]]
    subscription = {"id": 5, "uuid": "5f1a", "customer_id": 1, "parent_order_id": 1, "status": "active", **before}
    order["subscriptions"] = [subscription]
    sold["/orders/1", "1"]["response"]["order"] = order
    await told(database, in_process(sold, tmp_path))
    assert [name for name, _ in await news(database)] == ["customer.created", "order.created", "subscription.created"]
    # What happens from then on is.
    last = (await rows(database, "event"))[-1]["id"]
    subscription["status"], order["shipping_status"] = "canceled", "shipped"
    await told(database, in_process(sold, tmp_path))
    assert {"order.shipped", "subscription.cancelled"} < {name for name, _ in await news(database, last)}
    assert "order.paid" not in {name for name, _ in await news(database)}
    # And one that was made then and is paid now is paid.
    second = the_order(sold, 2) | before
    paid = second["transactions"][0] | {"created_at": "2026-11-21 10:00:00", "status": "succeeded"}
    sold["/orders/2", "1"]["response"]["order"] = second | {"payment_status": "paid", "transactions": [paid]}
    last = (await rows(database, "event"))[-1]["id"]
    await told(database, in_process(sold, tmp_path), number=2)
    assert {"order.paid", "payment.success"} < {name for name, _ in await news(database, last)}


async def test_a_subscription_comes_with_its_order(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    await connect(database)
    order = the_order(sold) | {"type": "subscription"}
    subscription = {
        "id": 5,
        "uuid": "5f1a",
        "customer_id": 1,
        "parent_order_id": 1,
        "status": "active",
        "bill_count": 1,
    }
    order["subscriptions"] = [subscription]
    sold["/orders/1", "1"]["response"]["order"] = order
    sold["/subscriptions/5", "1"] = {
        **sold["/orders/1", "1"],
        "path": "/subscriptions/5",
        "response": {"subscription": subscription},
    }
    await told(database, in_process(sold, tmp_path), "subscription", 5)
    told_of = {one["name"]: one["payload"] for one in await rows(database, "event")}
    assert {"subscription.created", "subscription.activated", "order.paid"} < told_of.keys()
    assert told_of["order.paid"]["subscriptionId"] == 5
    last = (await rows(database, "event"))[-1]["id"]
    subscription |= {"status": "canceled", "bill_count": 2, "config": {"cancellation_reason": "It&#039;s gone"}}
    await told(database, in_process(sold, tmp_path), "subscription", 5)
    assert [name for name, _ in await news(database, last)] == [
        *("subscription.updated", "subscription.renewed", "subscription.cancelled")
    ]
    assert (await rows(database, "event"))[-1]["payload"]["reason"] == "It's gone"


async def test_a_second_source_gets_numbers_of_its_own(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    """Its order 1 is none of the order 1 that is here, and its customer is known by their address."""
    await import_store(database, source(in_process(sold, tmp_path)))
    await connect(database, store_url="https://other.example", keeps_numbers=False)
    before = {name: await rows(database, name) for name in ("orders", "customer", "order_item")}
    the_order(sold)["uuid"] = "another order's"
    for item in the_order(sold)["order_items"]:
        item["title"] = "Of another shop"
    for transaction in the_order(sold)["transactions"]:
        transaction["uuid"] = f"other {transaction['uuid']}"
    other = in_process(sold, tmp_path)
    await told(database, other)
    await told(database, other)
    after = {name: await rows(database, name) for name in before}
    assert {name: after[name][: len(before[name])] for name in before} == before
    (order,) = after["orders"][len(before["orders"]) :]
    assert (order["id"], order["uuid"], order["customer_id"]) == (len(before["orders"]) + 1, "another order's", 1)
    assert len(after["customer"]) == len(before["customer"])
    mine = after["order_item"][len(before["order_item"]) :]
    assert {(one["order_id"], one["title"], one["product_id"]) for one in mine} == {
        (order["id"], "Of another shop", None)
    }
    known = {(one["kind"], one["remote_id"], one["local_id"]) for one in await rows(database, "remote_record")}
    assert {("orders", "1", order["id"]), ("customer", "1", 1)} < known


@pytest.mark.parametrize("keeps", [True, False])
async def test_the_coupons_of_an_order_come_with_it(
    database: Database, sold: Exchanges, tmp_path: Path, keeps: bool
) -> None:
    """Of another shop their numbers are others here, and mean none of the coupons of the first."""
    coupons(sold).append(coupon(4, use_count="1"))
    the_order(sold, 2)["applied_coupons"] = [applied(16, 2, 4)]
    await import_store(database, source(in_process(sold, tmp_path)))
    await connect(database, **({} if keeps else {"store_url": "https://other.example", "keeps_numbers": False}))
    last = (await rows(database, "event"))[-1]["id"]
    the_order(sold)["uuid"] = "one more order's"
    the_order(sold)["transactions"] = []
    the_order(sold)["applied_coupons"] = [applied(16 + keeps, 1, 4)]
    other = in_process(sold, tmp_path)
    await told(database, other)
    await told(database, other)
    first, second = await rows(database, "applied_coupon")
    assert (first["id"], first["order_id"], first["coupon_id"]) == (16, 2, 4)
    assert (second["id"], second["order_id"], second["coupon_id"]) == (17, 1 if keeps else 41, 4 if keeps else None)
    assert (second["code"], second["amount"]) == ("C4", 1778)
    # How often it was used the shop has not said yet.
    assert [row["use_count"] for row in await rows(database, "coupon")] == [1]
    news_of_it = [one["changed"] for one in await rows(database, "event") if one["id"] > last]
    assert len([names for names in news_of_it if "appliedCoupons" in names]) == int(keeps)
    the_order(sold)["applied_coupons"] = []
    await told(database, in_process(sold, tmp_path))
    assert [row["id"] for row in await rows(database, "applied_coupon")] == [16]


async def test_a_product_comes_alone(database: Database, few: Exchanges, tmp_path: Path) -> None:
    await import_store(database, source(in_process(few, tmp_path)))
    await connect(database)
    last = (await rows(database, "event"))[-1]["id"]
    few["/products/4/pricing", "1"]["response"]["product"]["post_title"] = "Another mug"
    await told(database, in_process(few, tmp_path), "product", 4)
    assert await news(database, last) == [("product.updated", "Product:4")]
    assert [one["title"] for one in await rows(database, "product") if one["id"] == 4] == ["Another mug"]


class Refusing:
    """A shop that answers everything with one status."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def send(self, request: Request) -> Outcome:
        return answer(self.status, {"code": "rest_forbidden", "message": "No"}, retry_after="0")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_credentials_that_the_shop_refuses_stop_the_connection(database: Database) -> None:
    await connect(database)
    await told(database, Refusing(401))
    (row,) = await rows(database, "provider_connection")
    assert (row["state"], row["version"]) == ("error", 2)
    assert "password" in row["reason"]
    assert await news(database) == [("provider_connection.updated", f"ConnectedStore:{GUID}")]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("connectors.importers.fluentcart.source.Source.backoff", 0.0, raising=False)
        await told(database, Refusing(401))  # it is not asked any more
    assert len(await news(database)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_shop_that_fails_is_asked_again_later(database: Database) -> None:
    await connect(database)
    with pytest.raises(StoreFailing):
        await told(database, Refusing(503))
    assert await news(database) == []


async def test_a_call_is_taken_once(database: Database) -> None:
    await connect(database)
    call = cart(ORDER)
    recognised = await recognise(database, GUID, call.headers, call.body, AT)
    assert recognised.wanted
    assert [await take(database, recognised, AT) for _ in range(3)] == [True, False, False]
    (job,) = await rows(database, "job")
    assert (job["kind"], job["arguments"]) == (
        "inbound",
        {"connection": GUID, "kind": "order", "id": 41, "topic": "order.paid"},
    )
    product = cart({"product": {"id": 4}}, "product_updated")
    assert (await recognise(database, GUID, product.headers, product.body, AT)).wanted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_import_is_rehearsed_beside_a_connection(
    database: Database, few: Exchanges, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy holds its secrets, too. It has a dialect of its own, as in a server: tests share theirs, and with it
    the keys."""
    monkeypatch.setitem(registry.impls, sqlite.DRIVER.replace("+", "."), lambda: sqlite.Dialect)
    await connect(database)
    report = await import_store(database, source(in_process(few, tmp_path)), dry_run=True)
    assert (report.rehearsed, report.skipped) == (True, [])
    assert await rows(database, "product") == []


async def test_what_is_made_here_takes_no_number_that_the_first_source_may_give(gateway: Gateway) -> None:
    made = await gateway(CONNECT, {"input": FLUENTCART})
    assert made["providerConfigure"]["connection"]["keepsNumbers"]
    numbers = [(await gateway(CREATE))["productCreate"]["product"]["databaseId"] for _ in range(2)]
    assert numbers == [1_000_000_001, 1_000_000_002]


async def test_a_shop_that_comes_to_rows_made_here_is_not_the_first_source(gateway: Gateway) -> None:
    assert (await gateway(CREATE))["productCreate"]["product"]["databaseId"] < 1000
    made = await gateway(CONNECT, {"input": FLUENTCART})
    assert not made["providerConfigure"]["connection"]["keepsNumbers"]
    assert (await gateway(CREATE))["productCreate"]["product"]["databaseId"] < 1000


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_shop_that_is_connected_again_is_known(
    gateway: Gateway, sold: Exchanges, tmp_path: Path, keeps: bool
) -> None:
    """Its order 1 is the order that came before it was removed, with the same lines and the same customer."""
    database = gateway.database
    if not keeps:
        await gateway(CREATE)
    first = (await gateway(CONNECT, {"input": FLUENTCART}))["providerConfigure"]["connection"]
    shop = in_process(sold, tmp_path)
    await on(database, first["guid"])
    await told(database, shop, guid=first["guid"])
    names = ("orders", "order_item", "order_transaction", "customer", "customer_address")
    before = {name: await rows(database, name) for name in names}
    known = {(one["kind"], one["remote_id"], one["local_id"]) for one in await rows(database, "remote_record")}
    assert len(before["orders"]) == 1
    assert {"orders", "customer"} <= {kind for kind, _, _ in known}

    removed = (await gateway(REMOVE, {"input": {"id": first["id"]}}))["providerRemove"]
    assert removed == {"deletedId": first["id"], "userErrors": []}
    again = (await gateway(CONNECT, {"input": FLUENTCART}))["providerConfigure"]["connection"]
    assert (again["guid"] != first["guid"], again["keepsNumbers"]) == (True, keeps)
    taken = await rows(database, "remote_record")
    assert {one["connection"] for one in taken} == {again["guid"]}
    assert {(one["kind"], one["remote_id"], one["local_id"]) for one in taken} == known
    await on(database, again["guid"])
    last = (await rows(database, "event"))[-1]["id"]
    await told(database, shop, guid=again["guid"])
    assert {name: await rows(database, name) for name in names} == before
    assert await news(database, last) == []


async def test_another_shop_is_not_known_by_what_an_earlier_one_told(gateway: Gateway) -> None:
    elsewhere = {"store_url": "https://other.example", "removed_at": now()}
    await connect(gateway.database, credentials=None, inbound_secret=None, **elsewhere)
    record = {"connection": GUID, "kind": "orders", "remote_id": "1", "local_id": 77, "recognised": False}
    async with gateway.database.write() as connection:
        await connection.execute(insert(table(RemoteRecordRow)).values(record))
        await connection.commit()
    made = (await gateway(CONNECT, {"input": FLUENTCART}))["providerConfigure"]["connection"]
    assert not made["keepsNumbers"]
    assert await rows(gateway.database, "remote_record") == [record]
