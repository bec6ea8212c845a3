"""Events on their way to a real receiver, with the permissions of whoever saved the webhook."""

import json
from typing import Any

import pytest
from standardwebhooks import Webhook

from connectors.delivery.excerpts import excerpt
from connectors.delivery.sender import Outcome, Verdict
from db.store.row import now
from engine.values import identity
from tests import factories
from tests.connectors.outbound.receiver import Exchange, Receiver, receiving
from tests.connectors.webhooks.subscribing import PERMISSIONS, PRODUCT, UPDATE, Subscriber


def only(receiver: Receiver) -> tuple[str, dict[str, str], bytes]:
    """Request line, headers and body of the one request that came."""
    (request,) = receiver.requests
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(one.split(": ", 1) for one in lines)
    return line, {name.lower(): value for name, value in headers.items()}, body


async def test_what_happens_arrives_signed(subscriber: Subscriber) -> None:
    async with receiving() as receiver:
        webhook, secret = await subscriber.subscribe(f"{receiver.url}/in/{{{{product.slug}}}}")
        event = await subscriber.happen("Linen shirt, washed")
        outcome = await subscriber.deliver(webhook, event)

    assert outcome.verdict is Verdict.DELIVERED
    line, headers, body = only(receiver)
    assert line == "POST /in/linen-shirt HTTP/1.1"
    assert headers["webhook-id"] == f"{1:032x}"
    told = Webhook(secret).verify(body, headers)
    assert (told["id"], told["event"], told["apiVersion"]) == (headers["webhook-id"], "product.updated", "1")
    assert (told["data"]["entityId"], told["data"]["changedFields"]) == (PRODUCT, ["title"])
    assert "test" not in told


async def test_a_query_of_its_own_is_answered_anew(subscriber: Subscriber) -> None:
    query = "query ($id: ID!) { product(by: {id: $id}) { title variants { sku } } }"
    async with receiving() as receiver:
        webhook, secret = await subscriber.subscribe(receiver.url, body="QUERY", query=query)
        event = await subscriber.happen("First")
        await subscriber.happen("Second")
        assert (await subscriber.deliver(webhook, event)).verdict is Verdict.DELIVERED

    _, headers, body = only(receiver)
    told = Webhook(secret).verify(body, headers)
    assert told["data"] == {"product": {"title": "Second", "variants": [{"sku": "SHIRT"}]}}


async def test_two_secrets_overlap_and_then_one_is_left(subscriber: Subscriber) -> None:
    rotate = """mutation ($input: WebhookSecretRotateInput!) {
      webhookSecretRotate(input: $input) { secret userErrors { message } } }"""
    async with receiving() as receiver:
        webhook, old = await subscriber.subscribe(receiver.url)
        new = (await subscriber.gateway(rotate, {"input": {"id": webhook}}))["webhookSecretRotate"]["secret"]
        event = await subscriber.happen("Rotated")
        await subscriber.deliver(webhook, event)
        await subscriber.change_feeds({"previous_until": now()})
        await subscriber.deliver(webhook, event)

    both, one = ((request.partition(b"\r\n\r\n")[2], request) for request in receiver.requests)
    signatures = [
        next(line for line in request.decode().split("\r\n") if line.startswith("webhook-signature")).split(" ")[1:]
        for _, request in (both, one)
    ]
    assert [len(found) for found in signatures] == [2, 1]
    assert old != new


@pytest.mark.parametrize(
    ("status", "header", "verdict", "after"),
    [
        (b"204 No Content", b"", Verdict.DELIVERED, None),
        (b"302 Found", b"Location: /", Verdict.FAILED, None),
        (b"400 Bad Request", b"", Verdict.FAILED, None),
        (b"408 Request Timeout", b"", Verdict.RETRY, None),
        (b"410 Gone", b"", Verdict.GONE, None),
        (b"429 Too Many Requests", b"Retry-After: 17", Verdict.RETRY, 17.0),
        (b"503 Service Unavailable", b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", Verdict.RETRY, 0.0),
        (b"503 Service Unavailable", b"Retry-After: soon", Verdict.RETRY, None),
    ],
)
async def test_answers(subscriber: Subscriber, status: bytes, header: bytes, verdict: Verdict, after: Any) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(b"" if status.startswith(b"204") else b"no", *filter(None, [header]), status=status)

    async with receiving(answer) as receiver:
        webhook, _ = await subscriber.subscribe(receiver.url)
        outcome = await subscriber.deliver(webhook, await subscriber.happen("Answered"))

    assert (outcome.verdict, outcome.after) == (verdict, after)
    assert outcome.exchange.status == int(status[:3])


async def test_a_receiver_that_is_not_there_is_asked_again(subscriber: Subscriber) -> None:
    async with receiving() as receiver:
        pass
    webhook, _ = await subscriber.subscribe(receiver.url)
    outcome = await subscriber.deliver(webhook, await subscriber.happen("Nobody"))
    assert outcome.verdict is Verdict.RETRY
    assert outcome.reason


async def test_what_is_kept_tells_no_secret_and_of_no_person(subscriber: Subscriber) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.read()
        await exchange.answer(b'{"email": "ada@example.com"}', b"Content-Type: application/json")

    async with receiving(answer) as receiver:
        webhook, _ = await subscriber.subscribe(
            f"{receiver.url}/?to={{{{user.user_email|ada@example.com}}}}",
            headers=[
                {"name": "X-Letmein-Auth", "value": "Bearer 3f1c"},
                {"name": "X-By", "value": "{{user.display_name|Ada}}"},
            ],
            body="SELECTED_FIELDS",
            fields=[
                {"name": "who", "template": "{{user.display_name|Ada}}"},
                {"name": "what", "template": "{{product.title}}"},
            ],
        )
        outcome = await subscriber.deliver(webhook, await subscriber.happen("Kept"))

    _, headers, body = only(receiver)
    assert (headers["x-letmein-auth"], json.loads(body)) == ("Bearer 3f1c", {"who": "Ada", "what": "Kept"})
    kept = f"{excerpt(outcome.exchange.request)}{excerpt(outcome.exchange.response)}"
    assert "Kept" in kept
    assert not any(told in kept for told in ("3f1c", "Ada", "ada@example.com"))


async def lose_a_permission(subscriber: Subscriber) -> None:
    await subscriber.change_token(permissions=sorted(PERMISSIONS - {"products/view"}))


async def lose_the_management(subscriber: Subscriber) -> None:
    await subscriber.change_token(permissions=sorted(PERMISSIONS - {"integrations/manage"}))


async def be_revoked(subscriber: Subscriber) -> None:
    await subscriber.change_token(revoked_at=now())


async def expire(subscriber: Subscriber) -> None:
    await subscriber.change_token(expires_at=now())


async def be_changed_by_an_import(subscriber: Subscriber) -> None:
    await subscriber.change_feeds({"version": 2, "settings": {"request_url": "https://elsewhere.example/"}})


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (lose_a_permission, "permission_lost"),
        (lose_the_management, "permission_lost"),
        (be_revoked, "saver_gone"),
        (expire, "saver_gone"),
        (be_changed_by_an_import, "changed_since"),
    ],
)
async def test_a_webhook_whose_saver_may_no_longer_is_held(subscriber: Subscriber, deed: Any, reason: str) -> None:
    async with receiving() as receiver:
        webhook, _ = await subscriber.subscribe(receiver.url)
        first, second = await subscriber.happen("One"), await subscriber.happen("Two")
        await deed(subscriber)
        claimed = [subscriber.claimed(webhook, first, 1), subscriber.claimed(webhook, second, 2)]
        for _ in range(2):
            outcomes = await subscriber.sender.prepare(claimed)
            assert [o.verdict for o in outcomes.values() if isinstance(o, Outcome)] == [Verdict.HELD] * 2
        assert receiver.requests == []

        told = await subscriber.gateway('{ events(types: ["delivery_target.disabled"]) { nodes { payload } } }')
        assert [node["payload"]["reason"] for node in told["events"]["nodes"]] == [reason]
        assert await subscriber.held(webhook) == reason

        # Whoever saves it takes over, and what was held goes on its way.
        saved = await subscriber.gateway(UPDATE, {"input": {"id": webhook, "url": receiver.url}})
        assert saved["webhookUpdate"] == {"webhook": {"target": {"disabled": None}}, "userErrors": []}


async def test_an_event_that_the_saver_may_not_read_is_not_told(subscriber: Subscriber) -> None:
    """Feeds of products take products/view, those of the store integrations/view: the partner lost that of this one."""
    webhook, _ = await subscriber.subscribe("https://partner.example/", eventTriggers=["integration_feed.created"])
    await subscriber.change_token(permissions=sorted(PERMISSIONS - {"integrations/view"}))
    asked = '{ events(types: ["integration_feed.created"]) { nodes { id } } }'
    (node,) = (await subscriber.gateway(asked))["events"]["nodes"]
    outcome = await subscriber.deliver(webhook, int(identity.decode(node["id"]).key))
    assert outcome.verdict is Verdict.FAILED


async def test_a_payload_that_cannot_be_made_is_a_failed_delivery(subscriber: Subscriber) -> None:
    webhook, _ = await subscriber.subscribe(
        "https://partner.example/", headers=[{"name": "X-Title", "value": "{{product.excerpt}}"}]
    )
    edit = "mutation ($i: ProductUpdateInput!) { productUpdate(input: $i) { userErrors { message } } }"
    await subscriber.gateway(edit, {"i": {"id": PRODUCT, "excerpt": "two\\nlines".replace("\\n", "\n")}})
    outcome = await subscriber.deliver(webhook, await subscriber.happen("Broken"))
    assert (outcome.verdict, outcome.exchange.request) == (Verdict.FAILED, None)
    assert "line break" in (outcome.reason or "")


async def test_of_what_is_gone_nothing_is_sent(subscriber: Subscriber) -> None:
    webhook, _ = await subscriber.subscribe("https://partner.example/")
    event = await subscriber.happen("Gone")
    delete = "mutation ($i: WebhookDeleteInput!) { webhookDelete(input: $i) { userErrors { message } } }"
    await subscriber.gateway(delete, {"i": {"id": webhook}})
    assert (await subscriber.deliver(webhook, event)).verdict is Verdict.FAILED


async def test_many_products_are_read_together(subscriber: Subscriber) -> None:
    """Each delivery tells its own product, and the variant that it is about where that is one of the product's."""
    count = 12
    gateway = subscriber.gateway
    rows: list[Any] = []
    for number in range(2, count + 2):
        product = factories.product(number, title=f"Shirt {number}", slug=f"shirt-{number}")
        rows += [product, factories.variant(number, number, sku=f"SHIRT-{number}")]
        payload = {"productId": number, "slug": f"shirt-{number}"}
        rows.append(factories.event(100 + number, "product.updated", f"Product:{number}", payload=payload))
    said = {"variantId": 5, "productId": 5, "sku": "SHIRT-5"}
    rows.append(factories.event(150, "variant.updated", "ProductVariant:5", payload=said))
    rows.append(factories.event(151, "product.updated", "Product:99", payload={"productId": 99, "slug": "gone"}))
    await factories.store_rows(gateway, rows)
    webhook, _ = await subscriber.subscribe("http://127.0.0.1:1/")
    claimed = [subscriber.claimed(webhook, 100 + number, number) for number in (*range(2, count + 2), 50, 51)]
    with gateway.counting() as statements:
        await subscriber.sender.prepare(claimed[-2:-1])
    alone = len(statements)
    with gateway.counting() as statements:
        prepared = await subscriber.sender.prepare(claimed)

    assert len(statements) == alone
    told = {}
    for number, ready in prepared.items():
        assert not isinstance(ready, Outcome)
        told[number] = json.loads(ready.exact.body or b"")["data"]
    for number in range(2, count + 2):
        assert told[number]["product"]["post_title"] == f"Shirt {number}"
        assert told[number]["variant"] is None or told[number]["variant"]["sku"] == f"SHIRT-{number}"
    assert (told[50]["product"]["ID"], told[50]["variant"]["sku"]) == (5, "SHIRT-5")
    assert "product" not in told[51]
