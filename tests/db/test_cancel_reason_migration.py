"""Why subscriptions were canceled is known of those that were here before."""

from datetime import UTC, datetime
from typing import Any

from db.commerce.subscription import SubscriptionStatus
from tests import factories
from tests.db.stored_before import migrated

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


async def test_the_reason_is_read_of_the_configuration(unmigrated_database_url: str) -> None:
    configs: list[Any] = [
        {"cancellation_reason": " Didn&#039;t\r\nfit "},
        {"cancellation_reason": ["odd"]},
        {"cancellation_reason": " "},
        ["odd"],
        None,
    ]
    rows = [
        *(
            factories.subscription(key, status=SubscriptionStatus.CANCELED, config=config)
            for key, config in enumerate(configs, 1)
        ),
        factories.subscription(6, status=SubscriptionStatus.ACTIVE, config={"cancellation_reason": "Before"}),
        factories.subscription(
            7, status=SubscriptionStatus.EXPIRED, canceled_at=NOON, config={"cancellation_reason": "Moved"}
        ),
    ]

    found = await migrated(
        unmigrated_database_url, "0031", rows, ["SELECT id, cancel_reason, version FROM subscription ORDER BY id"]
    )

    reasons = {1: "Didn't\nfit", 7: "Moved"}
    assert found == [[(key, reasons.get(key), 1) for key in range(1, 8)]]
