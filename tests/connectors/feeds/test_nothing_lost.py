"""Many orders are paid, and each bundled vendor hears of all of them: without loss, and within what it lets through, by
what the vendors' own servers have seen. `make soak` pays a thousand orders."""

import asyncio
import itertools
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from connectors.providers.bundled import BUNDLED
from db.work.delivery import DeliveryState
from tests.connectors.feeds.market import FEEDS, SETTINGS, Market, trading
from tests.gateway import Gateway
from tests.vendors.activecampaign import ActiveCampaign
from tests.vendors.fluent_community import FluentCommunity
from tests.vendors.fluentcrm import FluentCrm
from tests.vendors.mailchimp import Mailchimp
from tests.vendors.serving import Vendor
from tests.vendors.wordpress import WordPress
from tests.work.shop import counted, settled

SECONDS: Final = 3600.0  # reached by what hangs alone
WINDOW: Final = 10  # seconds, over which what comes late at one end does not count for much
OPTIONS: Final = """
query Options($key: String!, $of: String!, $search: String!) {
  integrationDynamicOptions(optionKey: $key, provider: $of, search: $search) { id }
}"""
PROVIDERS: Final = {one.key: one for one in BUNDLED}
SOURCES: Final = {"mailchimp": "lists", "fluentcrm": "tags", "fluent_community": "spaces", "activecampaign": "tags"}


def reached(vendor: Vendor) -> set[str]:
    """Whom a vendor has as its feed would have them, by their addresses."""
    match vendor:
        case Mailchimp():
            return {one.email for one in vendor.newsletter.members.values() if one.tags == ["buyer"]}
        case FluentCrm():
            return {one.email for one in vendor.contacts.values() if (one.lists, one.tags) == ({1}, {2})}
        case FluentCommunity():
            return {one.email for one in vendor.people.values() if vendor.held_by(one) == {11: "member"}}
        case ActiveCampaign():
            return {one.email for one in vendor.contacts.values() if one.lists == {1: 1}}
        case WordPress():
            return {one.email for one in vendor.people.values() if one.roles == ["customer"]}
        case _:
            raise AssertionError(vendor)


def most_in(moments: Sequence[float], seconds: float) -> int:
    return max(bisect_left(moments, one + seconds) - number for number, one in enumerate(moments))


async def forms(market: Market) -> None:
    """Somebody fills in forms all the while, and searches for something else each time."""
    for search in itertools.count():
        for of, key in SOURCES.items():
            await market.gateway.answer(OPTIONS, {"key": key, "of": of, "search": str(search)})
        await asyncio.sleep(0.2)


def told(vendors: Mapping[str, Vendor], orders: int, seconds: float, dialect: str) -> None:
    lines = [f"{orders} orders x {len(vendors)} feeds on {dialect}: {seconds:.0f} s"]
    for key, vendor in vendors.items():
        most, rate = max(vendor.most_by.values()), most_in(vendor.moments, 1)
        lines.append(f"{key}: {len(vendor.calls)} calls, {most} at once at most, {rate} in a second at most")
    print("", *lines, sep="\n")  # noqa: T201 # the figures of a soak


@pytest.mark.parametrize("orders", [6, pytest.param(1_000, marks=pytest.mark.soak)])
async def test_every_vendor_hears_of_every_paid_order(gateway: Gateway, orders: int) -> None:
    async with trading(gateway, orders) as market:
        for key, settings in SETTINGS.items():
            await market.set(key, settings)
            await market.feed(key, FEEDS[key])
        for vendor in market.vendors.values():
            vendor.slow = 0.02  # so that calls meet
            vendor.fail(503, times=2)
            vendor.drop(times=1)
        began = time.monotonic()
        await market.paid(range(1, orders + 1))
        async with market.working():
            filling = asyncio.create_task(forms(market))
            await settled(gateway.database, orders * 6, SECONDS)
            filling.cancel()
        told(market.vendors, orders, time.monotonic() - began, gateway.database.dialect)

        assert await counted(gateway.database) == {DeliveryState.DELIVERED: orders * 6}
        everybody = {f"reader-{number}@example.com" for number in range(1, orders + 1)}
        for key, vendor in market.vendors.items():
            caps = PROVIDERS[key].caps
            assert reached(vendor) == everybody, key
            assert max(vendor.most_by.values()) <= caps.at_once, key
            assert vendor.crowds == 0, key
            if caps.per_second is not None:
                assert most_in(vendor.moments, WINDOW) <= caps.per_second * (WINDOW + 1), key
