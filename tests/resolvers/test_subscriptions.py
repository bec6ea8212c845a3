"""What is done to subscriptions: the rules, what is told of it, and who meets whom."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.access.viewer import Viewer
from db.commerce.subscription import CollectionMethod, SubscriptionStatus
from engine.values import identity
from tests import factories
from tests.connectors.fluentcart_store import rows
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.performing import done, perform, refused
from tests.resolvers.shelf import events

READ = """subscription { status recurringAmount { cents } recurringTotal { cents } billTimes interval nextBillingAt
  canceledAt cancelReason restoredAt version }"""
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
LATER = SOON + timedelta(days=30)
PAST = SOON - timedelta(days=40)
READER = Viewer("token:reader", "reader", frozenset({"subscriptions/view"}))
ANY = [status.name for status in SubscriptionStatus]


def gid(key: int) -> str:
    return identity.encode("CustomerSubscription", key)


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    """One of each status by hand, from 10 on in their order; 1 is paid by hand too, 2 and 3 are not."""
    terms: dict[str, Any] = {
        "interval": "monthly",
        "recurring_amount": 1000,
        "recurring_tax_total": 190,
        "recurring_total": 1190,
        "bill_count": 3,
        "next_billing_at": SOON,
    }
    by_hand = terms | {"collection_method": CollectionMethod.MANUAL}
    await factories.store_rows(
        gateway,
        [
            factories.subscription(1, **by_hand),
            factories.subscription(2, **terms),
            factories.subscription(3, collection_method=CollectionMethod.SYSTEM, **terms),
            *(factories.subscription(10 + n, status=status, **by_hand) for n, status in enumerate(SubscriptionStatus)),
        ],
    )
    return gateway


def of(status: SubscriptionStatus) -> int:
    return 10 + list(SubscriptionStatus).index(status)


async def update(gateway: Gateway, key: int, **input: Any) -> Any:
    return (await done(gateway, "subscriptionUpdate", {"id": gid(key), **input}, READ))["subscription"]


async def wrong(gateway: Gateway, mutation: str, key: int, **input: Any) -> list[tuple[str, str]]:
    return await refused(gateway, mutation, {"id": gid(key), **input})


async def told(gateway: Gateway) -> list[tuple[str, int | None, list[str]]]:
    return [(one["name"], one["version"], one["changed"]) for one in await events(gateway)]


async def test_terms_are_changed(shop: Gateway) -> None:
    found = await update(
        shop,
        1,
        expectedVersion=1,
        recurringTotal=2190,
        billTimes=12,
        interval="  every other week ",
        nextBillingAt=LATER.isoformat(),
    )
    assert found == {
        "status": "ACTIVE",
        "recurringAmount": {"cents": 2000},
        "recurringTotal": {"cents": 2190},
        "billTimes": 12,
        "interval": "every other week",
        "nextBillingAt": LATER.isoformat().replace("+00:00", "Z"),
        "canceledAt": None,
        "cancelReason": None,
        "restoredAt": None,
        "version": 2,
    }
    assert (await update(shop, 1, nextBillingAt=None))["nextBillingAt"] is None
    changed = ["billTimes", "interval", "nextBillingAt", "recurringAmount", "recurringTotal"]
    assert await told(shop) == [("subscription.updated", 2, changed), ("subscription.updated", 3, ["nextBillingAt"])]
    (one, _) = await events(shop)
    assert one["payload"] == {"subscriptionId": 1, "customerId": None, "orderId": None, "status": "active"}


async def test_only_what_is_collected_by_hand_is_edited(shop: Gateway) -> None:
    for key in (2, 3):
        assert await wrong(shop, "subscriptionUpdate", key, billTimes=9) == [("BUSINESS_RULE", "id")]
    assert await wrong(shop, "subscriptionUpdate", 404, billTimes=9) == [("NOT_FOUND", "id")]


async def test_what_it_says_already_is_not_judged(shop: Gateway) -> None:
    """A form sends all that it shows."""
    await factories.store_rows(
        shop,
        [
            factories.subscription(
                90,
                collection_method=CollectionMethod.MANUAL,
                status=SubscriptionStatus.EXPIRED,
                next_billing_at=PAST,
                bill_times=2,
                bill_count=5,
                recurring_total=5,
                recurring_tax_total=7,
            )
        ],
    )
    same = {"status": "EXPIRED", "nextBillingAt": PAST.isoformat(), "billTimes": 2, "recurringTotal": 5, "interval": ""}
    assert (await update(shop, 90, **same))["version"] == 1
    assert await told(shop) == []


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        ({"recurringTotal": -1}, [("VALIDATION", "recurringTotal")]),
        ({"recurringTotal": 189}, [("BUSINESS_RULE", "recurringTotal")]),
        ({"recurringTotal": 190, "billTimes": 0}, []),
        ({"billTimes": -1}, [("VALIDATION", "billTimes")]),
        ({"billTimes": 2}, [("BUSINESS_RULE", "billTimes")]),
        ({"billTimes": 3}, []),
        ({"interval": " "}, [("VALIDATION", "interval")]),
        ({"interval": "i" * 101}, [("VALIDATION", "interval")]),
        ({"status": "COMPLETED", "nextBillingAt": LATER.isoformat()}, [("BUSINESS_RULE", "nextBillingAt")]),
        ({"status": "EXPIRED", "nextBillingAt": LATER.isoformat()}, [("BUSINESS_RULE", "nextBillingAt")]),
        ({"status": "EXPIRED", "nextBillingAt": None}, []),
        (
            {"status": "FAILING", "billTimes": 1, "interval": ""},
            [("VALIDATION", "interval"), ("VALIDATION", "status"), ("BUSINESS_RULE", "billTimes")],
        ),
    ],
)
async def test_bad_terms_are_refused(shop: Gateway, input: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    if expected:
        assert await wrong(shop, "subscriptionUpdate", 1, **input) == expected
        assert await told(shop) == []
    else:
        await update(shop, 1, **input)


async def test_which_status_follows_which(shop: Gateway) -> None:
    """All of them to all of them, as a dry run."""
    by_hand = {"ACTIVE", "TRIALING", "PAUSED", "PAST_DUE", "CANCELED", "EXPIRED", "COMPLETED"}
    over = {"CANCELED", "EXPIRED", "COMPLETED"}
    for before in SubscriptionStatus:
        for after in ANY:
            asked = {"id": gid(of(before)), "status": after}
            found = await perform(shop, "subscriptionUpdate", asked, dry=True)
            codes = [error["code"] for error in found["userErrors"]]
            if after == before.name:
                assert codes == []
            elif after not in by_hand:
                assert codes == ["VALIDATION"], (before, after)
            else:
                assert codes == (["BUSINESS_RULE"] if before.name in over else []), (before, after)


@pytest.mark.parametrize(
    ("before", "after", "beside"),
    [
        (SubscriptionStatus.PENDING, "ACTIVE", ["subscription.activated"]),
        (SubscriptionStatus.PAUSED, "TRIALING", ["subscription.activated"]),
        (SubscriptionStatus.PAST_DUE, "ACTIVE", []),
        (SubscriptionStatus.ACTIVE, "PAUSED", []),
        (SubscriptionStatus.ACTIVE, "CANCELED", ["subscription.cancelled"]),
        (SubscriptionStatus.ACTIVE, "EXPIRED", ["subscription.expired"]),
        (SubscriptionStatus.ACTIVE, "COMPLETED", ["subscription.completed"]),
    ],
)
async def test_what_is_told_of_a_status(
    shop: Gateway, before: SubscriptionStatus, after: str, beside: list[str]
) -> None:
    found = await update(shop, of(before), status=after)
    assert [name for name, _, _ in await told(shop)] == ["subscription.updated", *beside]
    assert {(one["entity"], one["version"]) for one in await events(shop)} == {
        (f"CustomerSubscription:{of(before)}", 2)
    }
    assert (found["nextBillingAt"] is None) == (after == "COMPLETED")
    assert (found["canceledAt"] is None) == (after != "CANCELED")


async def test_one_is_canceled_and_taken_up_again(shop: Gateway) -> None:
    """Whoever collects it."""
    canceled = await done(shop, "subscriptionCancel", {"id": gid(2), "cancelReason": " Too\r\nslow "}, READ)
    assert canceled["subscription"] | {"canceledAt": None} == {
        "status": "CANCELED",
        "recurringAmount": {"cents": 1000},
        "recurringTotal": {"cents": 1190},
        "billTimes": 0,
        "interval": "monthly",
        "nextBillingAt": SOON.isoformat().replace("+00:00", "Z"),
        "canceledAt": None,
        "cancelReason": "Too\nslow",
        "restoredAt": None,
        "version": 2,
    }
    assert canceled["subscription"]["canceledAt"] is not None
    restored = (await done(shop, "subscriptionReactivate", {"id": gid(2), "expectedVersion": 2}, READ))["subscription"]
    assert (restored["status"], restored["canceledAt"], restored["cancelReason"]) == ("ACTIVE", None, None)
    assert restored["restoredAt"] is not None
    assert await told(shop) == [
        ("subscription.updated", 2, ["cancelReason", "canceledAt", "status"]),
        ("subscription.cancelled", 2, []),
        ("subscription.updated", 3, ["cancelReason", "canceledAt", "restoredAt", "status"]),
        ("subscription.activated", 3, []),
    ]
    (said,) = await events(shop, "subscription.cancelled")
    assert (said["payload"]["reason"], said["payload"]["status"]) == ("Too\nslow", "canceled")


async def test_what_is_over_is_not_canceled(shop: Gateway) -> None:
    for status in SubscriptionStatus:
        over = status.name in {"CANCELED", "EXPIRED", "COMPLETED"}
        answer = await perform(shop, "subscriptionCancel", {"id": gid(of(status)), "cancelReason": "x"}, dry=True)
        codes = [(error["code"], error["field"]) for error in answer["userErrors"]]
        assert codes == ([("BUSINESS_RULE", ["id"])] if over else []), status


@pytest.mark.parametrize("reason", ["", " \n", "<b></b>", "r" * 501])
async def test_a_reason_says_something(shop: Gateway, reason: str) -> None:
    assert await wrong(shop, "subscriptionCancel", 1, cancelReason=reason) == [("VALIDATION", "cancelReason")]
    over = of(SubscriptionStatus.COMPLETED)
    assert await wrong(shop, "subscriptionCancel", over, cancelReason=reason) == [
        ("BUSINESS_RULE", "id"),
        ("VALIDATION", "cancelReason"),
    ]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"status": "canceled", "next_billing_at": SOON}, "ACTIVE"),
        ({"status": "canceled", "next_billing_at": SOON, "trial_ends_at": SOON}, "TRIALING"),
        ({"status": "canceled", "next_billing_at": SOON, "trial_ends_at": PAST}, "ACTIVE"),
        ({"status": "paused", "next_billing_at": SOON}, "ACTIVE"),
        ({"status": "expired", "next_billing_at": SOON}, "ACTIVE"),
        ({"status": "expired", "expire_at": SOON}, "ACTIVE"),
        ({"status": "expired", "next_billing_at": PAST, "expire_at": PAST}, None),
        ({"status": "canceled"}, None),
        ({"status": "paused", "next_billing_at": PAST}, None),
        ({"status": "active", "next_billing_at": SOON}, None),
        ({"status": "completed", "next_billing_at": SOON}, None),
        ({"status": "pending", "next_billing_at": SOON}, None),
    ],
)
async def test_what_is_taken_up_again(shop: Gateway, values: dict[str, Any], status: str | None) -> None:
    await factories.store_rows(shop, [factories.subscription(90, **values)])
    if status is None:
        assert await wrong(shop, "subscriptionReactivate", 90) == [("BUSINESS_RULE", "id")]
        return
    found = await done(shop, "subscriptionReactivate", {"id": gid(90)}, READ)
    assert found["subscription"]["status"] == status
    assert [name for name, _, _ in await told(shop)] == ["subscription.updated", "subscription.activated"]


async def test_an_outdated_one_is_a_conflict(shop: Gateway) -> None:
    await update(shop, 1, interval="weekly")
    for mutation, more in (
        ("subscriptionUpdate", {"billTimes": 9}),
        ("subscriptionCancel", {"cancelReason": "x"}),
        ("subscriptionReactivate", {}),
    ):
        found = await perform(shop, mutation, {"id": gid(1), "expectedVersion": 1, **more})
        assert [error["message"] for error in found["userErrors"]] == [
            "You edited version 1, it is at 2 now; changed since: interval"
        ]


async def test_of_two_at_once_one_cancels(shop: Gateway) -> None:
    async with asyncio.timeout(PATIENCE):
        found = await asyncio.gather(
            *(perform(shop, "subscriptionCancel", {"id": gid(1), "cancelReason": f"{n}"}) for n in range(4))
        )
    assert sorted(len(one["userErrors"]) for one in found) == [0, 1, 1, 1]
    assert len(await events(shop, "subscription.cancelled")) == 1


async def test_it_is_audited_and_takes_its_permission(shop: Gateway) -> None:
    await update(shop, 1, billTimes=9)
    await done(shop, "subscriptionCancel", {"id": gid(1), "cancelReason": "x"})
    await done(shop, "subscriptionReactivate", {"id": gid(1)})
    entries = list(dict.fromkeys(one["action"] for one in await rows(shop.database, "audit_entry")))
    assert entries == ["subscriptionUpdate", "subscriptionCancel", "subscriptionReactivate"]
    answer = await shop.answer(
        f'mutation {{ subscriptionReactivate(input: {{ id: "{gid(1)}" }}) {{ userErrors {{ code }} }} }}', viewer=READER
    )
    assert answer.body["errors"][0]["extensions"]["permission"] == "subscriptions/manage"
