"""Parcels: what shops tell of them, and what they are told of what was set here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from connectors.connected_stores import CATALOGUE
from connectors.connected_stores.outgoing.telling import Telling
from connectors.importers import seen
from connectors.importers.fluentcart.errors import StoreFailing
from db.commerce.order import TRACKING
from db.integration.connected_store import ConnectedStoreRow, ConnectionState
from db.integration.tracking import AT_REST
from db.store.row import table
from db.work.job import JobRow
from engine.values import identity
from tests.connectors.connected_stores.shop import Connected, change, connected
from tests.connectors.fluentcart_store import rows
from tests.connectors.test_inbound import FLUENTCART, REMOVE, Job
from tests.gateway import Gateway
from tests.vendors import shopify, woocommerce

SOLD: Final = 450789469111
SET: Final = """mutation Follow($input: OrderTrackingSetInput!, $dry: Boolean! = false, $key: String) {
  orderTrackingSet(input: $input, validateOnly: $dry, idempotencyKey: $key) {
    order { version tracking { carrier number url toldAt problem } }
    events { name }
    userErrors { code message field }
  }
}"""
FIND: Final = (
    """query Parcel($id: ID!) { node(id: $id) { ... on Order { tracking { carrier number url toldAt problem } } } }"""
)
ENABLE: Final = """mutation Enable($input: ProviderEnableInput!) {
  providerEnable(input: $input) { connection { state } userErrors { code } }
}"""
CONFIGURE: Final = """mutation Connect($input: ProviderConfigureInput!) {
  providerConfigure(input: $input) { connection { guid } userErrors { code message field } }
}"""
PARCEL: Final = {"carrier": "UPS", "number": "1Z999AA10123456784"}


class Followed:
    """A shop that is connected, with one order, whose parcels are set in the graph."""

    def __init__(self, gateway: Gateway, shop: Connected, order: int) -> None:
        self.gateway = gateway
        self.shop = shop
        self.order = order

    async def id(self) -> str:
        return identity.encode("Order", (await self.shop.only("orders"))["id"])

    async def set(self, **parcel: Any) -> dict[str, Any]:
        answer = (await self.gateway(SET, {"input": {"id": await self.id(), **parcel}}))["orderTrackingSet"]
        assert answer["userErrors"] == []
        tracking: dict[str, Any] = answer["order"]["tracking"]
        return tracking

    async def parcel(self) -> Any:
        """None where none is known."""
        tracking: Any = (await self.gateway(FIND, {"id": await self.id()}))["node"]["tracking"]
        return tracking

    async def jobs(self) -> list[Job]:
        asked = select(table(JobRow)).where(table(JobRow).c.kind == "tracking").order_by(table(JobRow).c.id)
        async with self.shop.database.read() as connection:
            return [Job(one.arguments) for one in await connection.execute(asked)]

    async def tell(self, job: Job | None = None) -> list[str]:
        """Does the last job, or this one; what of it changed something there."""
        before = len(self.shop.vendor.calls)
        await Telling(self.shop.database, self.shop.stores)(job or (await self.jobs())[-1])
        return [str(one) for one in self.shop.vendor.calls[before:] if one.method != "GET"]


async def followed(gateway: Gateway, vendor: Any, provider: str, stack: AsyncExitStack) -> Followed:
    shop = await stack.enter_async_context(connected(gateway.database, vendor, provider, push_tracking=True))
    return Followed(gateway, shop, SOLD)


@pytest.fixture
async def teashop(gateway: Gateway) -> AsyncIterator[Followed]:
    async with AsyncExitStack() as stack:
        vendor = shopify.Shopify()
        vendor.orders[SOLD] = shopify.order(SOLD)
        # Two are sent from one place, one from another, and one is canceled.
        places = [(1, "open", 7), (2, "in_progress", 7), (3, "open", 8), (4, "cancelled", 7)]
        vendor.fulfillment_orders[SOLD] = [shopify.fulfillment_order(*one) for one in places]
        found = await followed(gateway, vendor, "shopify", stack)
        await found.shop.told("order", SOLD)
        yield found


@pytest.fixture
async def woo(gateway: Gateway) -> AsyncIterator[Followed]:
    async with AsyncExitStack() as stack:
        vendor = woocommerce.WooCommerce()
        vendor.orders[7], vendor.parcels = woocommerce.order(7), {}
        found = await followed(gateway, vendor, "woocommerce", stack)
        found.order = 7
        await found.shop.told("order", 7)
        yield found


FULFILLMENTS: Final = f"/admin/api/{shopify.VERSION}/fulfillments"
COLLECTION: Final = f"{woocommerce.PARCELS}/orders/7/shipment-trackings"


async def test_shopify_is_told(teashop: Followed) -> None:
    vendor = teashop.shop.vendor
    assert isinstance(vendor, shopify.Shopify)
    assert await teashop.set(**PARCEL) == {**PARCEL, "url": None, "toldAt": None, "problem": None}
    assert await teashop.tell() == [f"POST {FULFILLMENTS}.json"] * 2
    told = [one.json["fulfillment"] for one in vendor.of("POST", ".*")]
    info = {"number": PARCEL["number"], "company": "UPS"}
    orders = [[{"fulfillment_order_id": 1}, {"fulfillment_order_id": 2}], [{"fulfillment_order_id": 3}]]
    assert told == [
        {"line_items_by_fulfillment_order": one, "notify_customer": False, "tracking_info": info} for one in orders
    ]
    tracking = await teashop.parcel()
    assert (tracking["toldAt"] is not None, tracking["problem"]) == (True, None)
    # Told twice it comes to the same, and what the shop tells of it is no news but the link that it made.
    assert await teashop.tell() == []
    last = await teashop.shop.last()
    await teashop.shop.told("order", SOLD)
    assert "order.tracking_updated" in await teashop.shop.news(last)
    assert (await teashop.parcel())["url"] == f"https://www.ups.com/WebTracking?trackNums={PARCEL['number']}"
    last = await teashop.shop.last()
    await teashop.shop.told("order", SOLD)
    assert (await teashop.shop.news(last), len(await teashop.jobs())) == ([], 1)

    # A number that was wrong.
    await teashop.set(carrier="UPS", number="1Z2", url="https://track.example/1Z2")
    first, second = (one["id"] for one in vendor.orders[SOLD]["fulfillments"])
    assert await teashop.tell() == [f"POST {FULFILLMENTS}/{one}/update_tracking.json" for one in (first, second)]
    assert vendor.of("POST", ".*update_tracking.json")[-1].json == {
        "fulfillment": {
            "notify_customer": False,
            "tracking_info": {"number": "1Z2", "company": "UPS", "url": "https://track.example/1Z2"},
        }
    }
    # Somebody there knows better, and wins: the shop has told what it was told.
    await teashop.shop.told("order", SOLD)
    vendor.orders[SOLD]["fulfillments"][-1] |= {"tracking_number": "1Z3", "tracking_url": None}
    await teashop.shop.told("order", SOLD)
    assert {**await teashop.parcel(), "toldAt": None} == {
        "carrier": "UPS",
        "number": "1Z3",
        "url": None,
        "toldAt": None,
        "problem": None,
    }


async def test_woocommerce_is_told(woo: Followed) -> None:
    """By the extension's own names of carriers, where it knows them."""
    vendor = woo.shop.vendor
    assert isinstance(vendor, woocommerce.WooCommerce)
    await woo.set(carrier="usps", number="9400111899560000000000")
    assert await woo.tell() == [f"POST {COLLECTION}"]
    body = {"tracking_number": "9400111899560000000000", "tracking_provider": "USPS"}
    assert vendor.of("POST", COLLECTION)[-1].json == body
    assert await woo.tell() == []
    await woo.shop.told("order", 7)
    tracking = await woo.parcel()
    # Whoever carries it is called here as somebody here wrote it.
    assert (tracking["number"], tracking["carrier"]) == ("9400111899560000000000", "usps")

    link = "https://courier.example/KX1"
    await woo.set(carrier="A courier", number="KX1", url=link)
    held = vendor.parcels
    assert held is not None
    (former,) = (one["tracking_id"] for one in held[7])
    assert await woo.tell() == [f"POST {COLLECTION}", f"DELETE {COLLECTION}/{former}"]
    assert vendor.of("POST", COLLECTION)[-1].json == {
        "tracking_number": "KX1",
        "custom_tracking_provider": "A courier",
        "custom_tracking_link": link,
    }
    assert [one["tracking_number"] for one in held[7]] == ["KX1"]
    last = await woo.shop.last()
    await woo.shop.told("order", 7)
    assert await woo.shop.news(last) == []

    # What it takes of no carrier is not sent.
    await woo.set(number="KX2")
    assert await woo.tell() == []
    assert "only with the carrier's name" in (await woo.parcel())["problem"]


async def test_what_shops_tell_comes_here(woo: Followed) -> None:
    """As all else does: what was changed here stays."""
    item = {"tracking_provider": "", "custom_tracking_provider": "Bike &amp; Co", "tracking_number": 77}
    item |= {"tracking_id": "a", "custom_tracking_link": "https://bikes.example/%1$s"}
    vendor = woo.shop.vendor
    assert isinstance(vendor, woocommerce.WooCommerce)
    vendor.orders[7]["meta_data"] = [{"id": 1, "key": "_wc_shipment_tracking_items", "value": [item]}]
    last = await woo.shop.last()
    await woo.shop.told("order", 7)
    assert await woo.shop.news(last) == ["order.updated", "order.tracking_updated"]
    (event,) = [one for one in await rows(woo.shop.database, "event") if one["name"] == "order.tracking_updated"]
    said = {"carrier": "Bike & Co", "number": "77", "url": "https://bikes.example/77"}
    assert {name: event["payload"][name] for name in said} == said
    assert await woo.parcel() == {**said, "toldAt": None, "problem": None}
    # It is not sent back, and one that cannot be read changes nothing.
    assert await woo.jobs() == []
    vendor.orders[7] |= {"meta_data": [{"key": "_wc_shipment_tracking_items", "value": 5}], "customer_note": "Now"}
    await woo.shop.told("order", 7)
    assert ((await woo.parcel())["number"], (await woo.shop.only("orders"))["note"]) == ("77", "Now")


async def test_a_shop_that_does_not_take_it(woo: Followed) -> None:
    """Why is said at the order: a shop that is busy is asked again, one that refuses is not."""
    vendor, parcel = woo.shop.vendor, {"carrier": "USPS", "number": "94"}
    assert isinstance(vendor, woocommerce.WooCommerce)
    await woo.set(**parcel)
    (job,) = await woo.jobs()
    vendor.fail(429, headers={"Retry-After": "7"}, method="POST")
    assert await woo.tell(job) == [f"POST {COLLECTION}"] * 2
    assert woo.shop.pauses == [7.0]

    await woo.set(carrier="USPS", number="95")
    job = (await woo.jobs())[-1]
    # The answer is lost: it is not sent twice.
    vendor.fail(503, method="POST", after=True)
    with pytest.raises(StoreFailing):
        await woo.tell(job)
    assert "503" in (await woo.parcel())["problem"]
    assert await woo.tell(job) == [f"DELETE {COLLECTION}/{1:032x}"]
    assert (await woo.parcel())["problem"] is None

    vendor.fail(401, {"code": "woocommerce_rest_cannot_create"}, method="POST")
    await woo.set(carrier="USPS", number="96")
    assert await woo.tell() == [f"POST {COLLECTION}"]
    assert "refuses these credentials" in (await woo.parcel())["problem"]
    assert (await woo.shop.only("provider_connection"))["state"] == "active"
    # The same once more: it is asked again, and what it stands in place of is known still.
    held = await woo.shop.last()
    await woo.set(carrier="USPS", number="96")
    assert await woo.tell() == [f"POST {COLLECTION}", f"DELETE {COLLECTION}/{2:032x}"]
    assert await woo.shop.news(held) == []

    vendor.parcels = None
    await woo.set(carrier="USPS", number="97")
    assert await woo.tell() == []
    assert "Advanced Shipment Tracking" in (await woo.parcel())["problem"]


async def test_an_order_of_which_nothing_can_be_sent(teashop: Followed) -> None:
    vendor = teashop.shop.vendor
    assert isinstance(vendor, shopify.Shopify)
    vendor.fulfillment_orders[SOLD] = [shopify.fulfillment_order(1, "on_hold")]
    await teashop.set(**PARCEL)
    assert await teashop.tell() == []
    assert "on hold" in (await teashop.parcel())["problem"]
    # Sent there without a number: it gets one.
    vendor.orders[SOLD]["fulfillments"] = [{"id": 5, "status": "success", "tracking_number": None}]
    assert await teashop.tell() == [f"POST {FULFILLMENTS}/5/update_tracking.json"]


async def test_who_comes_last_is_sent_last(teashop: Followed) -> None:
    """Two set a number while the first one is on its way."""
    vendor = teashop.shop.vendor
    assert isinstance(vendor, shopify.Shopify)
    await teashop.set(**PARCEL)
    (job,) = await teashop.jobs()
    vendor.hold()
    vendor.waiting.clear()
    telling = asyncio.create_task(teashop.tell(job))
    await vendor.waiting.wait()
    await teashop.set(carrier="UPS", number="1Z2")
    vendor.release()
    await telling
    assert {one["tracking_number"] for one in vendor.orders[SOLD]["fulfillments"]} == {"1Z2"}
    assert await teashop.tell() == []


async def test_a_connection_at_rest_tells_later(teashop: Followed) -> None:
    shop, gateway = teashop.shop, teashop.gateway
    await change(shop.database, ConnectedStoreRow, state=ConnectionState.DISABLED)
    assert (await teashop.set(**PARCEL))["problem"] == AT_REST
    assert await teashop.jobs() == []
    gateway.stores = shop.stores
    gateway.units = gateway.made_units()
    store = {"id": identity.encode("ConnectedStore", shop.guid)}
    answer = (await gateway(ENABLE, {"input": store}))["providerEnable"]
    assert answer == {"connection": {"state": "ACTIVE"}, "userErrors": []}
    assert len(await teashop.tell()) == 2
    # One that was stopped while its job waited says so.
    await teashop.set(carrier="UPS", number="1Z2")
    await change(shop.database, ConnectedStoreRow, state=ConnectionState.ERROR)
    assert await teashop.tell() == []
    assert (await teashop.parcel())["problem"] == AT_REST
    # So does one of the same shop that takes its place.
    await gateway(REMOVE, {"input": store})
    credentials = {"apiKey": shopify.TOKEN, "apiSecret": "the app's secret", "storeUrl": shop.vendor.public}
    given = {"providerId": CATALOGUE["shopify"].guid, "credentials": credentials, "settings": {"pushTracking": True}}
    made = (await gateway(CONFIGURE, {"input": given}))["providerConfigure"]
    assert (await teashop.jobs())[-1].arguments["connection"] == made["connection"]["guid"]
    assert len(await teashop.tell()) == 2
    assert (await teashop.parcel())["problem"] is None
    await change(shop.database, ConnectedStoreRow, push_tracking=False)
    count = len(await teashop.jobs())
    await teashop.set(carrier="UPS", number="1Z3")
    assert (len(await teashop.jobs()), (await teashop.parcel())["problem"]) == (count, None)


async def test_fluentcart_cannot_be_told(gateway: Gateway) -> None:
    answer = await gateway(CONFIGURE, {"input": {**FLUENTCART, "settings": {"pushTracking": True}}})
    (error,) = answer["providerConfigure"]["userErrors"]
    assert (error["code"], error["field"]) == ("VALIDATION", ["settings", "pushTracking"])
    assert error["message"] == "FluentCart cannot be told of parcels: leave it off"


async def test_what_is_no_parcel(teashop: Followed) -> None:
    """Refused, each at its field; a dry run changes nothing, and a repetition neither."""
    sold = await teashop.id()

    async def refused(order: str = sold, **parcel: Any) -> list[list[str]]:
        answer = (await teashop.gateway(SET, {"input": {"id": order, **parcel}}))["orderTrackingSet"]
        return [[one["code"], *one["field"]] for one in answer["userErrors"]]

    bad = {"number": " ", "carrier": "x" * 101, "url": "javascript:alert(1)"}
    assert sorted(await refused(**bad)) == [["VALIDATION", name] for name in ("carrier", "number", "url")]
    assert await refused(number="1" * 101) == [["VALIDATION", "number"]]
    assert await refused(number="1", expectedVersion=99) == [["CONFLICT", "expectedVersion"]]
    assert await refused(identity.encode("Order", 12345), number="1") == [["NOT_FOUND", "id"]]

    given = {"input": {"id": sold, **PARCEL}}
    dry = (await teashop.gateway(SET, {**given, "dry": True}))["orderTrackingSet"]
    assert [one["name"] for one in dry["events"]] == ["order.updated", "order.tracking_updated"]
    assert await teashop.parcel() is None
    assert await teashop.jobs() == []
    last = await teashop.shop.last()
    for _ in range(2):
        await teashop.gateway(SET, {**given, "key": "one"})
    assert await teashop.shop.news(last) == ["order.updated", "order.tracking_updated"]
    assert len(await teashop.jobs()) == 1
    actions = [one["action"] for one in await rows(teashop.shop.database, "audit_entry")]
    assert actions.count("orderTrackingSet") == 2


async def test_what_was_set_before_shops_told_parcels_stays(teashop: Followed) -> None:
    """A walk of before this column has seen nothing of it."""
    await teashop.set(**PARCEL)
    at = seen.SEEN
    async with teashop.shop.database.write() as connection:
        here = at.c.entity == "orders"
        fields = seen.unpacked((await connection.execute(select(at.c.fields).where(here))).scalar_one())
        for name in TRACKING:
            del fields[seen.mark(name)]
        await connection.execute(update(at).where(here).values(fields=seen.packed(fields)))
        await connection.commit()
    await teashop.shop.told("order", SOLD)
    assert (await teashop.parcel())["number"] == PARCEL["number"]
