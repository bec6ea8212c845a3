"""Orders move, and feeds run: which of them, once, as whoever saved them may, and visibly."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select, update
from sqlmodel import col

from connectors.delivery.sender import Claimed
from db.access.token import TokenRow
from db.commerce.customer import CustomerRow
from db.commerce.order import OrderRow, PaymentStatus
from db.integration.feed import FeedRow
from db.integration.provider import ProviderRow
from db.store.outbox import EventRow
from db.store.row import now, table
from engine.values import identity
from tests.connectors.feeds.selling import Shop
from tests.gateway import CLERK
from tests.work.shop import DELIVERY

SWITCH = """
mutation Switch($enabled: Boolean!) {
  integrationGlobalSettingsSet(input: {enabled: $enabled}) { userErrors { message } }
}"""
ADA = "/lists/news/members/ada@example.com"


async def test_a_paid_order_runs_the_feeds_that_it_concerns(shop: Shop) -> None:
    of_store = await shop.save(settings={"note": "Order {{order.id}}, {{customer.first_name|friend}}"})
    of_product = await shop.save(1, name="Notes", settings={"list_id": "notes"})
    of_variant = await shop.save(1, name="Other variant", conditionalVariantIds=[identity.encode("ProductVariant", 12)])
    of_other = await shop.save(2, name="Mug")
    off = await shop.save(enabled=False)
    await shop.paid(1)
    await shop.work(3)

    assert {path for path, _ in shop.vendor.of("PUT")} == {"/lists/notes/members/ada@example.com", ADA}
    assert [body["note"] for path, body in shop.vendor.of("PUT") if path == ADA] == ["Order 1, Ada"]
    listed = await shop.gateway(
        "{ integrationFeedRuns(sort: [{field: ID, direction: ASC}]) { nodes { feed { name } } } }"
    )
    assert [one["feed"]["name"] for one in listed["integrationFeedRuns"]["nodes"]] == ["Notes", "Readers"]
    (run,) = await shop.runs(of_store)
    assert (run["state"], run["revokes"], run["reason"]) == ("DELIVERED", False, None)
    assert (run["order"], run["event"]) == ({"databaseId": 1}, {"name": "order.paid"})
    (attempt,) = run["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["error"]) == ("DELIVERED", 200, None)
    assert attempt["log"][0] == "Put on the list news"
    assert [line.partition(" ")[0] for line in attempt["log"][1:]] == ["PUT", "POST"]
    assert "2 calls" in attempt["request"]
    assert "leaflet-token" not in str(run)
    assert "example.com" not in str(run)  # nothing personal is kept
    assert [len(await shop.runs(feed)) for feed in (of_product, of_variant, of_other, off)] == [1, 0, 0, 0]


async def test_what_concerns_no_feed_leaves_nothing_to_see(shop: Shop) -> None:
    feed = await shop.save(1)
    await shop.paid(2)
    await shop.paid(3)
    await shop.work(2)

    assert await shop.runs(feed) == []
    assert shop.vendor.calls == []
    assert (await shop.gateway("{ integrationFeedRuns { totalCount } }"))["integrationFeedRuns"] == {"totalCount": 0}


async def test_integrations_that_are_switched_off_as_a_whole(shop: Shop) -> None:
    feed = await shop.save()
    for enabled, runs, deliveries in ((False, 0, 1), (True, 1, 3)):
        said = await shop.gateway(SWITCH, {"enabled": enabled})
        assert said["integrationGlobalSettingsSet"]["userErrors"] == []
        await shop.paid(1, cause=f"request:{enabled}")
        await shop.work(deliveries)
        assert len(await shop.runs(feed)) == runs


async def test_what_was_before_a_feed_is_not_done(shop: Shop) -> None:
    await shop.save(1)
    await shop.paid(1)
    await shop.work(2)
    late = await shop.save(1, name="Late")
    await shop.paid(1, cause="request:later")
    await shop.work(5)
    assert len(await shop.runs(late)) == 1


async def test_two_events_of_one_request_run_a_feed_once(shop: Shop) -> None:
    feed = await shop.save(eventTriggers=["order_paid_done", "shipping_status_changed_to_shipped"])
    await shop.shipped_when_paid(1)
    await shop.shipped_when_paid(2)
    await shop.work(6)
    runs = await shop.runs(feed)
    assert [run["event"]["name"] for run in runs] == ["order.paid", "order.paid"]
    assert [run["order"]["databaseId"] for run in runs] == [1, 2]


async def test_matching_twice_writes_nothing_again(shop: Shop) -> None:
    feed = await shop.save()
    await shop.paid(1)
    await shop.work(2)
    matching = shop.senders[0]
    async with shop.gateway.database.read() as connection:
        event = (await connection.execute(select(DELIVERY.c.event_id).limit(1))).scalar_one()
    claimed = type("Claimed", (), {"event_id": event, "delivery_id": 1})
    await matching.prepare([claimed])
    assert len(await shop.runs(feed)) == 1


async def test_a_canceled_order_is_undone_where_it_is_watched_for(shop: Shop) -> None:
    watches = await shop.save(watchOnAccessRevoke=True)
    does_not = await shop.save(name="Once", watchOnAccessRevoke=False)
    await shop.paid(1)
    await shop.canceled(1)
    await shop.work(5)
    assert [run["revokes"] for run in await shop.runs(watches)] == [False, True]
    assert [run["revokes"] for run in await shop.runs(does_not)] == [False]
    assert shop.vendor.of("DELETE") == [(ADA, None)]


async def test_conditions_and_routers(shop: Shop) -> None:
    conditions = {"status": True, "type": "all", "conditions": [{"field": "customer.email", "operator": "contains"}]}
    conditions["conditions"][0]["value"] = "@nowhere"  # type: ignore[index]
    unmet = await shop.save(name="Unmet", conditionals=conditions)
    routers = [
        {"field": "order.id", "operator": "=", "value": "1", "input_value": ["first"]},
        {"field": "order.id", "operator": ">", "value": "1", "input_value": ["later"]},
    ]
    await shop.save(settings={"tag_ids_selection_type": "routing", "tag_routers": routers})
    await shop.paid(1)
    await shop.work(3)
    (run,) = await shop.runs(unmet)
    assert (run["state"], run["reason"]) == ("DELIVERED", "The feed's conditions do not hold")
    assert [body["tags"] for _, body in shop.vendor.of("PUT")] == [["first"]]


@pytest.mark.parametrize(
    ("answers", "state", "reason"),
    [
        ([{"status": 503}, {"status": 429, "headers": {"Retry-After": "0"}}], "DELIVERED", None),
        ([{"status": 404, "text": '{"detail": "No such list"}'}], "FAILED", "Leaflet answers 404: No such list"),
        (
            [{"text": "<html>", "content_type": "text/html"}],
            "FAILED",
            "Leaflet answers 200, and what is no JSON",
        ),
    ],
    ids=["passing", "refused", "odd"],
)
async def test_what_a_vendor_answers(shop: Shop, answers: list[dict[str, Any]], state: str, reason: str | None) -> None:
    feed = await shop.save()
    shop.vendor.answers = [web.Response(**answer) for answer in answers]
    await shop.paid(1)
    await shop.work(2)
    (run,) = await shop.runs(feed)
    assert (run["state"], run["reason"]) == (state, reason)
    assert len(run["attempts"]) == (3 if state == "DELIVERED" else 1)


async def test_a_provider_that_raises_anything_is_a_failed_attempt(shop: Shop) -> None:
    feed = await shop.save()
    shop.provider.breaks = ZeroDivisionError("by a secret")
    await shop.paid(1)
    await shop.work(2)
    (run,) = await shop.runs(feed)
    assert (run["state"], run["reason"]) == ("FAILED", "Leaflet could not be run: ZeroDivisionError")
    assert len(run["attempts"]) == 4  # as the policy of these tests has it


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (update(table(CustomerRow)).values(email=""), "The customer has no e-mail address"),
        (update(table(OrderRow)).values(payment_status=PaymentStatus.REFUNDED), "The order is not paid any more"),
        (update(table(FeedRow)).values(enabled=False), None),
        (update(table(ProviderRow)).values(enabled=False), None),
    ],
    ids=["skipped", "refunded", "off", "provider off"],
)
async def test_what_there_is_nothing_to_do_for(shop: Shop, change: Any, reason: str | None) -> None:
    feed = await shop.save()
    await shop.paid(1)
    await shop.change(change)
    await shop.work(1)
    runs = await shop.runs(feed)
    assert [(run["state"], run["reason"]) for run in runs] == ([] if reason is None else [("DELIVERED", reason)])
    assert shop.vendor.calls == []


HELD: Any = "query ($id: ID!) { node(id: $id) { ... on IntegrationFeed { target { disabled } } } }"


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        (
            update(table(TokenRow)).values(permissions=["integrations/manage"]),
            "permission_lost",
            "Held: whoever saved the feed may no longer read what it tells",
        ),
        (update(table(TokenRow)).values(revoked_at=now()), "saver_gone", "Held: whoever saved the feed is gone"),
        (
            update(table(FeedRow)).values(version=2),
            "changed_since",
            "Held: the feed was changed by an import since somebody saved it",
        ),
    ],
)
async def test_it_acts_as_whoever_saved_it_may_now(shop: Shop, change: Any, reason: str, sentence: str) -> None:
    feed = await shop.save()
    await shop.paid(1)
    await shop.change(change)
    async with shop.gateway.database.read() as connection:
        row = (await connection.execute(select(table(FeedRow)))).mappings().one()
        named = select(col(EventRow.id)).where(col(EventRow.name) == "order.paid")
        event = (await connection.execute(named)).scalar_one()
    claimed = Claimed(1, event, row["target_id"], str(row["id"]), "0" * 32, 1, 0, datetime.now(UTC))
    outcome = (await shop.senders[1].prepare([claimed]))[1]
    assert outcome.reason == sentence
    assert (await shop.gateway(HELD, {"id": feed}))["node"]["target"] == {"disabled": reason}
    # Whoever saves it again has it go on.
    again = await shop.saved({"provider": "leaflet", "feedId": feed})
    if reason == "changed_since":
        assert again["feed"]["target"] == {"disabled": None}


async def test_who_may_not_see_the_order_sees_no_run(shop: Shop) -> None:
    await shop.save(1)
    await shop.paid(1)
    await shop.work(2)
    document = "{ product(by: {databaseId: 1}) { feeds { name runs { totalCount } } } }"
    assert (await shop.gateway(document))["product"]["feeds"] == [{"name": "Readers", "runs": {"totalCount": 1}}]
    seen = (await shop.gateway(document, {}, CLERK))["product"]["feeds"]
    assert seen == [{"name": "Readers", "runs": {"totalCount": 0}}]
    runs = "query ($id: ID!) { node(id: $id) { ... on Order { feedRuns { nodes { state feed { name } } } } } }"
    of_order = (await shop.gateway(runs, {"id": identity.encode("Order", 1)}))["node"]["feedRuns"]["nodes"]
    assert of_order == [{"state": "DELIVERED", "feed": {"name": "Readers"}}]
