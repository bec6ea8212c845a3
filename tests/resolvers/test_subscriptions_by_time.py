"""Subscriptions as time passes: whether they give access, when they end by themselves, and which are left alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.commerce.subscription import GRACE, GRACE_OF_OTHERS, SubscriptionStatus, has_access
from db.store.importing import SeenRow
from server.work.dates import LAPSING
from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done
from tests.resolvers.shelf import events
from tests.resolvers.test_subscriptions import gid

# Of when this is read, minutes before it runs: no test hangs on less than a day.
STARTED = datetime.now(UTC).replace(microsecond=0)
OVER = STARTED - timedelta(days=40)
LISTED = "{ subscriptions(first: 100, sort: {field: ID}) { nodes { databaseId status nextBillingAt version } } }"
ENDED = {"subscription.completed", "subscription.expired"}


async def standing(gateway: Gateway) -> dict[int, tuple[str, str | None]]:
    nodes = (await gateway(LISTED))["subscriptions"]["nodes"]
    return {node["databaseId"]: (node["status"], node["nextBillingAt"]) for node in nodes}


async def told(gateway: Gateway) -> list[tuple[str, int]]:
    return [(one["name"], one["payload"]["subscriptionId"]) for one in await events(gateway) if one["name"] in ENDED]


@pytest.mark.parametrize("interval", [*GRACE, "every other moon"])
async def test_a_bill_may_be_late_by_some_days(gateway: Gateway, interval: str) -> None:
    now, grace = datetime.now(UTC), timedelta(days=GRACE.get(interval, GRACE_OF_OTHERS))
    due = {1: now - grace - timedelta(seconds=2), 2: now - grace + timedelta(hours=1), 3: now, 4: None}
    await factories.store_rows(
        gateway, [factories.subscription(key, interval=interval, next_billing_at=at) for key, at in due.items()]
    )
    assert await LAPSING.strike(gateway.units) == 1
    found = await standing(gateway)
    assert found[1] == ("EXPIRED", None)
    assert [found[key][0] for key in (2, 3, 4)] == ["ACTIVE"] * 3


@pytest.mark.parametrize("status", SubscriptionStatus)
async def test_what_a_date_ends(gateway: Gateway, status: SubscriptionStatus) -> None:
    """What somebody said stays: of one that was canceled the date goes, and that it is over is told once."""
    await factories.store_rows(
        gateway, [factories.subscription(1, status=status, interval="monthly", next_billing_at=OVER)]
    )
    ends = status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING, SubscriptionStatus.CANCELED)
    async with asyncio.timeout(PATIENCE):
        assert sum(await asyncio.gather(*(LAPSING.strike(gateway.units) for _ in range(3)))) == ends
    assert await LAPSING.strike(gateway.units) == 0
    (said, until) = (await standing(gateway))[1]
    assert said == ("EXPIRED" if ends and status is not SubscriptionStatus.CANCELED else status.name)
    assert (until is None) == ends
    assert await told(gateway) == [("subscription.expired", 1)] * ends


async def test_all_that_was_agreed_is_paid(gateway: Gateway) -> None:
    terms = {"interval": "monthly", "next_billing_at": STARTED + timedelta(days=3)}
    await factories.store_rows(
        gateway,
        [
            factories.subscription(1, bill_times=3, bill_count=3, **terms),
            factories.subscription(2, bill_times=3, bill_count=2, **terms),
            factories.subscription(3, bill_times=0, bill_count=9, **terms),
            factories.subscription(4, bill_times=3, bill_count=3, status=SubscriptionStatus.PAUSED, **terms),
        ],
    )
    assert await LAPSING.strike(gateway.units) == 1
    found = await standing(gateway)
    assert found[1] == ("COMPLETED", None)
    assert [found[key][0] for key in (2, 3, 4)] == ["ACTIVE", "ACTIVE", "PAUSED"]
    assert await told(gateway) == [("subscription.completed", 1)]


async def test_a_shop_says_what_becomes_of_its_own(gateway: Gateway) -> None:
    """Until it is taken up here."""
    terms = {"interval": "monthly", "next_billing_at": OVER}
    await factories.store_rows(
        gateway,
        [
            factories.subscription(1, **terms),
            factories.subscription(2, kept_here=True, **terms),
            *(SeenRow(entity="subscription", key=str(key), fields=b"") for key in (1, 2)),
        ],
    )
    assert await LAPSING.strike(gateway.units) == 1
    assert [(await standing(gateway))[key][0] for key in (1, 2)] == ["ACTIVE", "EXPIRED"]


async def test_who_has_access(gateway: Gateway) -> None:
    """In the database as in Python, as a field and as a filter."""
    dates = (None, STARTED - timedelta(days=1), STARTED + timedelta(days=1))
    made = [(status, at) for status in SubscriptionStatus for at in dates]
    rows = [factories.subscription(n, status=status, next_billing_at=at) for n, (status, at) in enumerate(made, 1)]
    await factories.store_rows(gateway, rows)
    expected = {n: has_access(status, at, datetime.now(UTC)) for n, (status, at) in enumerate(made, 1)}
    document = """query ($filter: SubscriptionFilter) {
      subscriptions(first: 100, filter: $filter) { nodes { databaseId accessValid } } }"""

    async def shown(**filter: Any) -> dict[int, bool]:
        nodes = (await gateway(document, {"filter": filter}))["subscriptions"]["nodes"]
        return {node["databaseId"]: node["accessValid"] for node in nodes}

    assert await shown() == expected
    for valid in (True, False):
        assert await shown(accessValid=valid) == {key: one for key, one in expected.items() if one is valid}
    assert 0 < sum(expected.values()) < len(expected)


async def test_what_somebody_takes_up_again_ends_here(gateway: Gateway) -> None:
    due = STARTED + timedelta(days=2)
    terms = {"status": SubscriptionStatus.CANCELED, "next_billing_at": due, "interval": "monthly"}
    await factories.store_rows(
        gateway, [factories.subscription(1, **terms), SeenRow(entity="subscription", key="1", fields=b"")]
    )
    await done(gateway, "subscriptionReactivate", {"id": gid(1)}, "subscription { status }")
    async with gateway.database.read() as connection:
        assert (await connection.exec_driver_sql("SELECT kept_here FROM subscription")).scalar_one()
