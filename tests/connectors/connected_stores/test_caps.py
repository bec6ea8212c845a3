"""What a shop lets through with its credentials, by what the vendors have seen: walks, what is read because the shop
called, and what is sent there, together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from connectors.connected_stores import CATALOGUE, keeping
from connectors.connected_stores.outgoing.telling import Telling
from connectors.outbound.message import Outcome, Request, Sends
from connectors.providers.declared.provider import Caps
from connectors.providers.limits import Limits
from db.commerce.order import OrderRow
from db.integration.store_sync import SyncKind
from db.store.database import Database
from tests.connectors.connected_stores.shop import Connected, change, connected
from tests.connectors.fluentcart_store import Exchanges, in_process, rows
from tests.connectors.test_inbound import Job, connect, told
from tests.vendors import shopify, woocommerce
from tests.vendors.serving import soon
from tests.vendors.shopify import Shopify
from tests.vendors.woocommerce import WooCommerce

# As the declared ones, at the pace of tests.
CAPS: Final = Caps(at_once=3, per_second=12.0, burst=6)
ORDERS: Final = 8


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {key: replace(kind, caps=CAPS) for key, kind in CATALOGUE.items()}
    monkeypatch.setattr(keeping, "CATALOGUE", kinds)


@pytest.fixture(params=["woocommerce", "shopify"])
async def store(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Connected]:
    vendor: WooCommerce | Shopify = WooCommerce() if request.param == "woocommerce" else Shopify()
    if isinstance(vendor, Shopify):
        vendor.bucket, vendor.leak = CAPS.burst + 4, 12.0
        vendor.orders |= {one: shopify.order(one) for one in range(1, ORDERS + 1)}
        vendor.fulfillment_orders[1] = [shopify.fulfillment_order(1)]
    else:
        vendor.orders |= {one: woocommerce.order(one, customer_id=0) for one in range(1, ORDERS + 1)}
        vendor.parcels = {}
    async with connected(database, vendor, request.param, capped=True, push_tracking=True) as found:
        yield found


def kept(moments: Sequence[float]) -> bool:
    """Whether no stretch of time saw more calls than the caps let through. Calls are late on their way, by different
    times: what a vendor leaves room for."""
    late = 4
    return all(
        at - since + 1 <= CAPS.burst + late + (moments[at] - moments[since]) * (CAPS.per_second or 0)
        for since in range(len(moments))
        for at in range(since, len(moments))
    )


async def waiting(database: Database, seats: int, at_once: Callable[[], int]) -> None:
    """Until so many want to ask, and as many do as may."""
    wanting = 0

    async def look() -> None:
        nonlocal wanting
        wanting = len(await rows(database, "target_seat"))

    await soon(lambda: wanting >= seats and at_once() >= CAPS.at_once, look)


def test_what_is_declared() -> None:
    """Shopify documents a bucket of 40 of which two run out a second; of the others nothing is known."""
    caps = {key: (kind.caps.at_once, kind.caps.per_second, kind.caps.burst) for key, kind in CATALOGUE.items()}
    assert caps == {"fluentcart": (4, 5.0, 10), "woocommerce": (4, 5.0, 10), "shopify": (4, 2.0, 36)}


async def test_all_who_ask_a_shop_are_held_together(store: Connected) -> None:
    await store.told("order", 1)
    parcel = {"tracking_number": "1Z", "tracking_carrier": "USPS"}
    await change(store.database, OrderRow, **parcel)
    sent = Job({"connection": store.guid, "order": (await store.only("orders"))["id"], "former": None})
    store.vendor.calls.clear()
    store.vendor.moments.clear()
    store.vendor.hold()
    asking = asyncio.gather(
        store.walk(SyncKind.ORDERS),
        *(store.told("order", one) for one in range(2, ORDERS + 1)),
        Telling(store.database, store.stores)(sent),
    )
    await waiting(store.database, ORDERS, lambda: store.vendor.at_once)
    store.vendor.release()
    await asking
    assert len(store.vendor.calls) > ORDERS + 2
    assert len([one for one in store.vendor.calls if one.method == "POST"]) == 1
    assert (store.vendor.most_at_once, kept(store.vendor.moments)) == (CAPS.at_once, True)
    assert len(await rows(store.database, "orders")) == ORDERS
    if isinstance(store.vendor, Shopify):
        assert (store.vendor.refusals, store.pauses) == (0, [])


async def test_what_others_ask_of_shopify_counts(database: Database) -> None:
    """Another program of the same app has filled the bucket: its level is believed, and nothing runs over."""
    vendor = Shopify()
    vendor.bucket, vendor.leak = CAPS.burst + 2, 12.0
    vendor.orders |= {one: shopify.order(one) for one in range(1, 6)}
    async with connected(database, vendor, "shopify", capped=True) as shop:
        vendor.fill(CAPS.burst + 1)
        for one in vendor.orders:
            await shop.told("order", one)
        assert (vendor.refusals, shop.pauses) == (0, [])
        assert len(vendor.calls) >= 10


class _Logged:
    """The recorded FluentCart shop, with a log of when it was asked and how many asked at once."""

    def __init__(self, inner: Sends) -> None:
        self._inner = inner
        self.now = 0
        self.open = asyncio.Event()
        self.most = 0
        self.moments: list[float] = []

    async def send(self, request: Request) -> Outcome:
        self.moments.append(asyncio.get_running_loop().time())
        self.now += 1
        self.most = max(self.most, self.now)
        await self.open.wait()
        self.now -= 1
        return await self._inner.send(request)


async def test_fluentcart_is_held_too(database: Database, sold: Exchanges, tmp_path: Path) -> None:
    await connect(database)
    shop = _Logged(in_process(sold, tmp_path))
    limits = Limits(database)
    asking = asyncio.gather(*(told(database, shop, number=one, limits=limits) for one in range(1, 7)))
    await waiting(database, 6, lambda: shop.now)
    shop.open.set()
    await asking
    assert shop.most == CAPS.at_once
    assert kept(shop.moments)
    assert len(await rows(database, "orders")) == 6
