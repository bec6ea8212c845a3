"""From a change to a receiver by a real worker, and what whoever sets a webhook up sees of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from standardwebhooks import Webhook

from db.access.viewer import Viewer
from server.work.worker import Worker
from tests.connectors.outbound.receiver import Exchange, receiving
from tests.connectors.webhooks.subscribing import PERMISSIONS, PRODUCT, Subscriber
from tests.work.shop import PACE, QUICK, until

DELIVERIES = """
query Deliveries($id: ID!) {
  webhook(by: {id: $id}) {
    deliveries {
      nodes { id state replay webhookId event { name } attempts { number outcome status request error } }
    }
  }
}"""
TEST = "mutation ($i: WebhookTestInput!) { webhookTest(input: $i) { delivery { id state } userErrors { code field } } }"
REPLAY = """mutation ($i: WebhookDeliveryReplayInput!) {
  webhookDeliveryReplay(input: $i) { delivery { state replay } userErrors { code field } } }"""
SINCE = """mutation ($i: WebhookReplaySinceInput!) {
  webhookReplaySince(input: $i) { count nextPosition userErrors { code field } } }"""
DRY_RUN = """query ($id: ID!) {
  webhookDryRun(id: $id, event: "product.updated") { headers { name value } body problem } }"""


@asynccontextmanager
async def working(subscriber: Subscriber) -> AsyncIterator[Worker]:
    worker = Worker(subscriber.gateway.database, [subscriber.sender], policy=QUICK, pace=PACE)
    async with worker.going_on():
        yield worker


def parts(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in headers.items()}, body


async def deliveries(subscriber: Subscriber, webhook: str, viewer: Viewer | None = None) -> list[dict[str, Any]]:
    asked = await subscriber.gateway(DELIVERIES, {"id": webhook}, viewer or subscriber.partner)
    found: list[dict[str, Any]] = asked["webhook"]["deliveries"]["nodes"]
    return found


async def settled(subscriber: Subscriber, webhook: str, count: int) -> list[dict[str, Any]]:
    """So many deliveries, all of them over."""

    async def over() -> list[dict[str, Any]]:
        found = await deliveries(subscriber, webhook)
        waiting = {one["state"] for one in found} & {"WAITING", "SENDING"}
        return [] if waiting or len(found) != count else found

    await until(over)
    return await over()


async def test_a_change_arrives_once_and_again_when_somebody_asks(subscriber: Subscriber) -> None:
    async with receiving() as receiver, working(subscriber) as worker:
        webhook, secret = await subscriber.subscribe(f"{receiver.url}/in")
        await subscriber.happen("Linen shirt, washed")
        worker.wake()
        (delivery,) = await settled(subscriber, webhook, 1)
        assert (delivery["state"], delivery["event"]) == ("DELIVERED", {"name": "product.updated"})
        (attempt,) = delivery["attempts"]
        assert (attempt["outcome"], attempt["status"]) == ("DELIVERED", 200)
        assert "/in" in attempt["request"]

        again = await subscriber.gateway(REPLAY, {"i": {"id": delivery["id"]}}, subscriber.partner)
        assert again["webhookDeliveryReplay"] == {"delivery": {"state": "WAITING", "replay": 1}, "userErrors": []}
        worker.wake()
        await settled(subscriber, webhook, 2)

        since = await subscriber.gateway(SINCE, {"i": {"id": webhook, "position": 0}}, subscriber.partner)
        assert since["webhookReplaySince"] == {"count": 1, "nextPosition": None, "userErrors": []}
        worker.wake()
        await settled(subscriber, webhook, 3)

    told = [parts(request) for request in receiver.requests]
    assert len(told) == 3
    assert {headers["webhook-id"] for headers, _ in told} == {delivery["webhookId"]}
    for headers, body in told:
        assert Webhook(secret).verify(body, headers)["data"]["changedFields"] == ["title"]


async def test_a_test_arrives_whatever_the_webhook_is_set_to(subscriber: Subscriber) -> None:
    async with receiving() as receiver, working(subscriber) as worker:
        webhook, secret = await subscriber.subscribe(receiver.url, eventTriggers=["product.deleted"])
        said = await subscriber.gateway(TEST, {"i": {"id": webhook, "event": "product.updated"}}, subscriber.partner)
        assert said["webhookTest"]["userErrors"] == []
        worker.wake()
        await settled(subscriber, webhook, 1)

    (request,) = receiver.requests
    headers, body = parts(request)
    told = Webhook(secret).verify(body, headers)
    assert (told["event"], told["test"], told["data"]["entityId"]) == ("product.updated", True, PRODUCT)


async def test_what_failed_is_seen_and_what_is_held_goes_on_when_it_is_saved(subscriber: Subscriber) -> None:
    answers = [b"400 Bad Request", b"200 OK"]

    async def answer(exchange: Exchange) -> None:
        while True:
            await exchange.read()
            await exchange.answer(status=answers.pop(0))

    async with receiving(answer) as receiver, working(subscriber) as worker:
        webhook, _ = await subscriber.subscribe(receiver.url)
        await subscriber.happen("Refused")
        worker.wake()
        (failed,) = await settled(subscriber, webhook, 1)
        assert (failed["state"], failed["attempts"][0]["error"]) == ("FAILED", "The receiver answers 400")

        await subscriber.change_token(permissions=sorted(PERMISSIONS - {"products/view"}))
        await subscriber.happen("Held")
        worker.wake()
        await until(lambda: subscriber.held(webhook))
        assert len(receiver.requests) == 1

        await subscriber.change_token(permissions=sorted(PERMISSIONS))
        update = "mutation ($i: WebhookUpdateInput!) { webhookUpdate(input: $i) { userErrors { message } } }"
        saved = await subscriber.gateway(update, {"i": {"id": webhook, "name": "Mine"}}, subscriber.partner)
        assert saved["webhookUpdate"]["userErrors"] == []
        worker.wake()
        newest, _ = await settled(subscriber, webhook, 2)
        assert newest["state"] == "DELIVERED"


async def test_nobody_reads_by_a_delivery_what_they_may_not_read(subscriber: Subscriber) -> None:
    """Neither the event, nor what the webhook's query tells beside it."""
    query = "query ($id: ID!) { product(by: {id: $id}) { title } customers: products { totalCount } }"
    async with receiving() as receiver, working(subscriber) as worker:
        plain, _ = await subscriber.subscribe(receiver.url)
        asking, _ = await subscriber.subscribe(receiver.url, body="QUERY", query=query)
        await subscriber.happen("Seen by some")
        worker.wake()
        await settled(subscriber, plain, 1)
        await settled(subscriber, asking, 1)

    blind = replace(subscriber.partner, permissions=frozenset({"integrations/view"}))
    sees = replace(subscriber.partner, permissions=frozenset({"integrations/view", "products/view"}))
    (delivery,) = await deliveries(subscriber, plain, sees)
    assert await deliveries(subscriber, plain, blind) == await deliveries(subscriber, asking, blind) == []
    assert len(await deliveries(subscriber, asking, sees)) == 1
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert await subscriber.gateway(node, {"id": delivery["id"]}, blind) == {"node": None}
    replayed = await subscriber.gateway(
        REPLAY, {"i": {"id": delivery["id"]}}, replace(blind, permissions=blind.permissions | {"integrations/manage"})
    )
    assert replayed["webhookDeliveryReplay"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"]}]


async def test_a_dry_run_shows_no_secret_and_no_more_than_the_caller_may_read(subscriber: Subscriber) -> None:
    query = "query ($id: ID!) { product(by: {id: $id}) { title } taxClasses { title } }"
    webhook, _ = await subscriber.subscribe(
        "https://partner.example/",
        body="QUERY",
        query=query,
        headers=[{"name": "Authorization", "value": "Bearer 3f1c"}],
    )
    await subscriber.happen("Tried")
    shown = (await subscriber.gateway(DRY_RUN, {"id": webhook}, subscriber.partner))["webhookDryRun"]
    assert (shown["problem"], '"title":"Tried"' in shown["body"]) == (None, True)
    assert "3f1c" not in str(shown)
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= {one["name"] for one in shown["headers"]}

    answer = await subscriber.gateway.answer(
        DRY_RUN, {"id": webhook}, replace(subscriber.partner, permissions=frozenset({"integrations/manage"}))
    )
    assert answer.body["data"] == {"webhookDryRun": None}


async def test_what_cannot_be_replayed_is_told(subscriber: Subscriber) -> None:
    webhook, _ = await subscriber.subscribe("https://partner.example/")
    for given, code, field in (
        ({"position": -1}, "VALIDATION", "position"),
        ({}, "VALIDATION", "position"),
        ({"position": 1, "since": "2026-12-01T00:00:00Z"}, "VALIDATION", "position"),
    ):
        said = await subscriber.gateway(SINCE, {"i": {"id": webhook, **given}}, subscriber.partner)
        assert said["webhookReplaySince"]["userErrors"] == [{"code": code, "field": [field]}]
