"""A store that is imported again after people have worked on its subscriptions here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from connectors.importers.fluentcart import import_store
from connectors.importers.report import Kept, Report
from tests.connectors.fluentcart_store import Exchanges, in_process, source
from tests.connectors.test_import_orders import moment, subscription, subscriptions
from tests.connectors.test_kept import HERE, by_id, change, gid
from tests.gateway import Gateway

Importing: TypeAlias = Callable[..., Awaitable[Report]]
SOON = "2099-01-02 00:00:00"
REASON = {"cancellation_reason": "Too &amp; slow", "currency": "EUR"}
CANCELED = {"status": "canceled", "canceled_at": "2026-11-29 01:40:02", "config": REASON}


@pytest.fixture
async def again(gateway: Gateway, sold: Exchanges, tmp_path: Path) -> Importing:
    """The store is imported once: subscription 1 is canceled there, 2 goes on, 3 is paid by hand; 4 went on after it
    was canceled. Imports it again, as it is by then."""
    subscriptions(sold).extend(
        [
            subscription(1, next_billing_date=SOON, **CANCELED),
            subscription(2, next_billing_date=SOON),
            subscription(3, next_billing_date=SOON, collection_method="manual", recurring_tax_total=99),
            subscription(4, config=REASON),
            subscription(5, status="canceled", config={"cancellation_reason": {"odd": 1}}),
            subscription(6, status="canceled", config="{"),
        ]
    )

    async def importing(**options: Any) -> Report:
        return await import_store(gateway.database, source(in_process(sold, tmp_path)), **options)

    report = await importing()
    assert report.skipped == []
    return importing


async def stored(gateway: Gateway, key: int) -> dict[str, Any]:
    return (await by_id(gateway, "subscription"))[key]


async def test_why_one_was_canceled_comes_with_it(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    found = await by_id(gateway, "subscription")
    assert {key: row["cancel_reason"] for key, row in found.items()} == {1: "Too & slow"} | dict.fromkeys(range(2, 7))
    subscriptions(sold)[0] |= {"status": "active", "canceled_at": None, "restored_at": "2026-11-30 00:00:00"}
    assert (await again()).kept == []
    assert (await stored(gateway, 1))["cancel_reason"] is None


async def test_one_that_was_canceled_here_stays_so(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    """While its provider, who was not told, goes on charging."""
    await change(gateway, "subscriptionCancel", id=gid("CustomerSubscription", 2), cancelReason="Mine")
    before = await stored(gateway, 2)
    subscriptions(sold)[1] |= {"bill_count": "4", "next_billing_date": "2099-02-02 00:00:00"}
    report = await again()
    assert report.kept == [Kept("subscriptions", "2", ("cancelReason", "canceledAt", "status"), HERE)]
    subscriptions(sold)[1] |= CANCELED | {"restored_at": "2026-10-01 00:00:00"}
    await again()
    after = await stored(gateway, 2)
    together = ("status", "canceled_at", "cancel_reason", "restored_at")
    assert [after[name] for name in together] == [before[name] for name in together]
    assert (after["bill_count"], after["next_billing_at"]) == (4, moment("2099-02-02 00:00:00"))
    last = await by_id(gateway, "subscription")
    await again()
    assert await by_id(gateway, "subscription") == last


async def test_one_that_was_taken_up_here_goes_on(gateway: Gateway, again: Importing) -> None:
    await change(gateway, "subscriptionReactivate", id=gid("CustomerSubscription", 1))
    before = await stored(gateway, 1)
    report = await again()
    assert report.kept == [Kept("subscriptions", "1", ("cancelReason", "canceledAt", "restoredAt", "status"), HERE)]
    after = await stored(gateway, 1)
    assert after == before
    assert (after["status"], after["canceled_at"], after["cancel_reason"]) == ("active", None, None)


async def test_what_one_takes_is_of_one_side(gateway: Gateway, sold: Exchanges, again: Importing) -> None:
    await change(
        gateway, "subscriptionUpdate", id=gid("CustomerSubscription", 3), recurringTotal=1000, interval="daily"
    )
    subscriptions(sold)[2] |= {"recurring_tax_total": 300, "recurring_total": 2300, "bill_times": "9"}
    await again()
    after = await stored(gateway, 3)
    names = ("recurring_amount", "recurring_tax_total", "recurring_total", "interval", "bill_times")
    assert [after[name] for name in names] == [901, 99, 1000, "daily", 9]


async def test_who_was_paid_later_knows_until_when_it_lasts(
    gateway: Gateway, sold: Exchanges, again: Importing
) -> None:
    """A shop that was not told of a payment here says that one is missing; one that was paid after that is believed."""
    await change(
        gateway,
        "subscriptionRenew",
        id=gid("CustomerSubscription", 2),
        vendorChargeId="ch_here",
        nextBillingAt="2099-02-02T00:00:00Z",
    )
    renewed = await stored(gateway, 2)
    assert (renewed["kept_here"], renewed["next_billing_at"]) == (True, moment("2099-02-02 00:00:00"))
    subscriptions(sold)[1] |= {"status": "past_due"}
    await again()
    after = await stored(gateway, 2)
    names = ("status", "next_billing_at", "bill_count", "kept_here")
    assert [after[name] for name in names] == [renewed[name] for name in names]
    subscriptions(sold)[1] |= {"status": "active", "next_billing_date": "2099-03-02 00:00:00", "bill_count": "7"}
    await again()
    believed = await stored(gateway, 2)
    assert [believed[name] for name in names] == ["active", moment("2099-03-02 00:00:00"), 7, False]
