"""Notifications, up to the browser: a push service that decrypts and looks at who sends, and its answers told apart."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from connectors.delivery.sender import Outcome, Verdict
from connectors.outbound.client import Outbound
from connectors.push.keys import BadPushKey, VapidKeys, read_auth, read_p256dh
from connectors.push.note import LONGEST, Note
from connectors.push.sending import UNSET, Push
from db.integration.push import PushSubscriptionRow
from db.store.row import table
from tests import factories
from tests.connectors.outbound.authority import Authority
from tests.connectors.outbound.receiver import LOOPBACK
from tests.connectors.push_service import Browser, PushService, base64url, push_service
from tests.gateway import IDENTITY, Gateway

ADA, BOB = 1, 2
NOTE = Note("Your order has arrived", key="run:3/step:1", body="Order 17", url="https://shop.example/orders/17")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("push"))


@pytest.fixture(scope="module")
def trust(authority: Authority) -> ssl.SSLContext:
    return authority.trusting()


@pytest.fixture
async def service(authority: Authority) -> AsyncIterator[PushService]:
    async with push_service(IDENTITY.keys.public, authority.serving("127.0.0.1")) as serving:
        yield serving


@asynccontextmanager
async def pushing(gateway: Gateway, trust: ssl.SSLContext) -> AsyncIterator[Push]:
    async with Outbound(LOOPBACK, tls=trust) as outbound:
        yield Push(IDENTITY, gateway.database, outbound)


async def subscribed(gateway: Gateway, service: PushService, *browsers: Browser) -> None:
    """Ada's, who is not alone: Bob has a browser that nothing reaches."""
    rows = [factories.user(ADA), factories.user(BOB), service.browser().row(service, BOB)]
    await factories.store_rows(gateway, [*rows, *(browser.row(service, ADA) for browser in browsers)])


async def kept(gateway: Gateway) -> dict[int, dict[str, Any]]:
    stored = table(PushSubscriptionRow)
    async with gateway.database.read() as connection:
        rows = (await connection.execute(select(stored).where(stored.c.user_id == ADA))).mappings()
        return {row["id"]: dict(row) for row in rows}


# Keys and notes


def test_keys_are_made_and_read_back() -> None:
    made = VapidKeys.made()
    assert VapidKeys(made.private).public == made.public
    assert read_p256dh(made.public) == made.public
    assert len(made.private) == 43
    assert len(made.public) == 87


@pytest.mark.parametrize("wrong", ["", "AA", "!" * 43, "A" * 43, "A" * 500, base64url(b"\xff" * 32)])
def test_what_is_no_private_key(wrong: str) -> None:
    with pytest.raises(BadPushKey):
        VapidKeys(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "B" * 86, "ж" * 87, "B" * 87, base64url(b"\x04" + b"\x01" * 64), base64url(b"\x02" + b"\x01" * 64)),
        base64url(b"\x02" + b"\x01" * 32),  # compressed
        base64url(b"\0"),  # the point at infinity
    ],
)
def test_what_is_no_browsers_key(wrong: str) -> None:
    with pytest.raises(BadPushKey):
        read_p256dh(wrong)


@pytest.mark.parametrize("wrong", ["", "A" * 21, "A" * 23, "A A", "A" * 22 + "\n", "A" * 10_000])
def test_what_is_no_auth(wrong: str) -> None:
    with pytest.raises(BadPushKey):
        read_auth(wrong)


@pytest.mark.parametrize("letter", ["x", "ж", "🫖", '"'])
def test_a_long_body_is_cut_to_what_a_record_holds(letter: str) -> None:
    note = replace(NOTE, body=letter * 5000)
    payload = note.payload()
    assert LONGEST - 8 <= len(payload) <= LONGEST
    body = orjson.loads(payload)["body"]
    assert body.endswith("…")
    assert set(body[:-1]) == {letter}


@pytest.mark.parametrize("wrong", [{"title": " "}, {"title": "x" * 201}, {"url": "x" * 5000}, {"body": "\ud800"}])
def test_what_cannot_be_said(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="otification"):
        replace(NOTE, **wrong).payload()


# To the browser


async def test_a_persons_browsers_show_it_once(gateway: Gateway, service: PushService, trust: ssl.SSLContext) -> None:
    phone, desk = service.browser(), service.browser()
    await subscribed(gateway, service, phone, desk)
    async with pushing(gateway, trust) as push:
        outcome = await push.send(ADA, NOTE)
        assert outcome.verdict is Verdict.DELIVERED
        again = await push.send(ADA, NOTE)  # a worker died before it could write that down
        await push.send(ADA, replace(NOTE, key="run:3/step:2", title="Another"))
    assert again.verdict is Verdict.DELIVERED
    for browser in (phone, desk):
        first, second = browser.shown
        assert first == {"title": NOTE.title, "body": NOTE.body, "url": NOTE.url, "tag": NOTE.topic}
        assert second["title"] == "Another"
        assert second["tag"] != first["tag"]
    assert len({headers["authorization"] for headers in service.sent}) == 1  # signed once
    assert all(row["failure_count"] == 0 and row["last_success_at"] for row in (await kept(gateway)).values())
    assert service.origin not in repr(outcome)
    assert all(headers["authorization"].rpartition("t=")[2][:40] not in repr(outcome) for headers in service.sent)


@pytest.mark.parametrize("status", [b"404 Not Found", b"410 Gone"])
async def test_a_browser_that_is_gone_is_forgotten(
    gateway: Gateway, service: PushService, trust: ssl.SSLContext, status: bytes
) -> None:
    left, here = service.browser(), service.browser()
    await subscribed(gateway, service, left, here)
    service.answer(left, status)
    async with pushing(gateway, trust) as push:
        assert (await push.send(ADA, NOTE)).verdict is Verdict.DELIVERED
        assert list(await kept(gateway)) == [here.number]
        service.answer(here, status)
        last = await push.send(ADA, replace(NOTE, key="2"))
        nobody = await push.send(ADA, replace(NOTE, key="3"))
    assert await kept(gateway) == {}
    # Whoever follows browsers is told of both, once.
    told = '{ events(filter: {name: {eq: "push_subscription.deleted"}}) { nodes { payload cause } } }'
    events = (await gateway(told))["events"]["nodes"]
    assert [(one["payload"]["subscriptionId"], one["payload"]["userId"]) for one in events] == [
        (left.number, ADA),
        (here.number, ADA),
    ]
    assert {one["cause"] for one in events} == {"sweep:push"}
    assert (last.verdict, nobody.verdict) == (Verdict.FAILED, Verdict.FAILED)
    assert nobody.reason == "Nobody is reached: this person has no browser that takes notifications"


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "after"),
    [
        (b"429 Too Many Requests", (b"Retry-After: 120",), Verdict.RETRY, 120.0),
        (b"503 Unavailable", (), Verdict.RETRY, None),
        (b"500 Sorry", (b"Retry-After: soon",), Verdict.RETRY, None),
        (b"413 Too Large", (), Verdict.FAILED, None),
        (b"400 Bad Request", (), Verdict.FAILED, None),
        (b"401 Unauthorized", (), Verdict.FAILED, None),
        (b"403 Forbidden", (), Verdict.FAILED, None),
        (b"302 Found", (b"Location: https://127.0.0.1:1/",), Verdict.FAILED, None),
    ],
)
async def test_answers_are_told_apart(
    gateway: Gateway,
    service: PushService,
    trust: ssl.SSLContext,
    status: bytes,
    headers: tuple[bytes, ...],
    verdict: Verdict,
    after: float | None,
) -> None:
    browser = service.browser()
    await subscribed(gateway, service, browser)
    service.answer(browser, status, *headers)
    async with pushing(gateway, trust) as push:
        outcome = await push.send(ADA, NOTE)
    assert (outcome.verdict, outcome.after, outcome.exchange.status) == (verdict, after, int(status[:3]))
    assert (outcome.reason or "").startswith(f"A push service answers {int(status[:3])}")
    assert (await kept(gateway))[browser.number]["failure_count"] == 1


async def test_only_who_may_still_get_it_is_tried_again(
    gateway: Gateway, service: PushService, trust: ssl.SSLContext
) -> None:
    phone, desk = service.browser(), service.browser()
    await subscribed(gateway, service, phone, desk)
    service.answer(desk, b"503 Unavailable")
    async with pushing(gateway, trust) as push:
        assert (await push.send(ADA, NOTE)).verdict is Verdict.RETRY
        assert (await push.send(ADA, NOTE)).verdict is Verdict.DELIVERED
    assert (len(phone.shown), len(desk.shown)) == (1, 1)
    assert (await kept(gateway))[desk.number]["failure_count"] == 0


async def test_nobody_there(gateway: Gateway, authority: Authority, trust: ssl.SSLContext) -> None:
    async with push_service(IDENTITY.keys.public, authority.serving("127.0.0.1")) as gone:
        await subscribed(gateway, gone, gone.browser())
    async with pushing(gateway, trust) as push:
        outcome = await push.send(ADA, NOTE)
    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, "A push service is not reached (connect_refused)")


async def test_without_a_key_nothing_is_sent(gateway: Gateway, service: PushService) -> None:
    await subscribed(gateway, service, service.browser())
    assert await Push(None, gateway.database, gateway.outbound).send(ADA, NOTE) == Outcome.failed(UNSET)
    wrong = await Push(IDENTITY, gateway.database, gateway.outbound).send(ADA, replace(NOTE, title=""))
    assert wrong.verdict is Verdict.FAILED
    assert service.sent == []
