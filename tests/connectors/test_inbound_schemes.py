"""What shops sign, and what of their calls is believed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.inbound.schemes import SCHEMES, Forged, Hint, Received, Stale, Unclear

SECRET = "a secret of the tests"
AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
ORDER = {"event": "order.paid", "data": {"order": {"id": 41}, "customer": {"id": 7}}}


def mac(body: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), body, hashlib.sha256)


def cart(document: Any, event: str = "order.paid", **headers: str) -> Received:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    given = {"x-fluentcart-event": event, "x-fluentcart-signature": mac(body).hex(), **headers}
    return Received(given, body, AT)


def woo(document: Any, topic: str = "order.updated", delivery: str = "3f8a", **headers: str) -> Received:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    signature = base64.b64encode(mac(body)).decode()
    named = {"topic": topic, "signature": signature, "delivery-id": delivery, **headers}
    return Received({f"x-wc-webhook-{name}": value for name, value in named.items()}, body, AT)


def shopify(document: Any, topic: str = "orders/paid", at: datetime = AT, said: str | None = None) -> Received:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    named = {
        "topic": topic,
        "hmac-sha256": base64.b64encode(mac(body)).decode(),
        "webhook-id": "b54557e4",
        "triggered-at": said or at.isoformat().replace("+00:00", "Z"),
    }
    return Received({f"x-shopify-{name}": value for name, value in named.items()}, body, AT)


def hint(provider: str, call: Received) -> Hint:
    return SCHEMES[provider](call, SECRET)


@pytest.mark.parametrize(
    ("event", "document", "kind", "number"),
    [
        ("order.paid", ORDER, "order", 41),
        ("order_paid_done", {"order": {"id": "41"}, "transaction": {"id": 3}}, "order", 41),
        ("order_paid_done", {"id": 41, "payment_status": "paid", "customer": {"id": 7}}, "order", 41),
        ("payment.success", {"data": {"order_id": 41}}, "order", 41),
        ("shipping_status_changed_to_shipped", {"order": {"id": 41}}, "order", 41),
        ("subscription_renewed", {"subscription": {"id": 5}, "order": {"id": 44}}, "subscription", 5),
        ("subscription.cancelled", {"data": {"order": {"id": 44}}}, "order", 44),
        ("customer.updated", {"customer": {"id": 7}}, "customer", 7),
        ("product_updated", {"product": {"ID": 12}}, "product", 12),
        ("license.renewed", {"license": {"id": 1}}, None, None),
    ],
)
def test_fluentcart_names_a_record(event: str, document: Any, kind: str | None, number: int | None) -> None:
    found = hint("fluentcart", cart(document, event))
    assert (found.topic, found.kind, found.id) == (event, kind, number)


def test_the_event_may_stand_in_the_body_alone() -> None:
    assert hint("fluentcart", cart(ORDER, "")).kind == "order"


def test_a_call_that_comes_again_is_the_same_delivery() -> None:
    assert hint("fluentcart", cart(ORDER)) == hint("fluentcart", cart(ORDER))
    assert hint("fluentcart", cart(ORDER)).delivery != hint("fluentcart", cart(ORDER, "order.updated")).delivery
    assert hint("woocommerce", woo({"id": 9})).delivery == "3f8a"
    assert hint("shopify", shopify({"id": 9})).delivery == "b54557e4"
    nameless = hint("woocommerce", woo({"id": 9}, delivery=""))
    assert nameless == hint("woocommerce", woo({"id": 9}, delivery="x" * 200)) != hint("woocommerce", woo({"id": 9}))


@pytest.mark.parametrize(
    ("topic", "document", "kind", "number"),
    [
        ("order.created", {"id": 727}, "order", 727),
        ("customer.updated", {"id": 25}, "customer", 25),
        ("product.created", {"id": 799}, "product", 799),
        ("order.deleted", {"id": 727}, None, None),
        ("coupon.created", {"id": 1}, None, None),
    ],
)
def test_woocommerce_names_a_record(topic: str, document: Any, kind: str | None, number: int | None) -> None:
    found = hint("woocommerce", woo(document, topic))
    assert (found.topic, found.kind, found.id) == (topic, kind, number)


def test_a_ping_of_woocommerce_is_not_signed_and_does_nothing() -> None:
    assert hint("woocommerce", Received({}, b"webhook_id=17", AT)).kind is None
    for body in (b"webhook_id=17&id=3", b"webhook_id=", b""):
        with pytest.raises(Forged):
            hint("woocommerce", Received({}, body, AT))


@pytest.mark.parametrize(
    ("topic", "document", "kind", "number"),
    [
        ("orders/create", {"id": 450789469}, "order", 450789469),
        ("refunds/create", {"id": 1, "order_id": 450789469}, "order", 450789469),
        ("fulfillments/update", {"id": 2, "order_id": 450789469}, "order", 450789469),
        ("products/update", {"id": 632910392}, "product", 632910392),
        ("customers/update", {"id": 207119551}, "customer", 207119551),
        ("orders/delete", {"id": 450789469}, None, None),
        ("app/uninstalled", {"id": 548380009}, None, None),
    ],
)
def test_shopify_names_a_record(topic: str, document: Any, kind: str | None, number: int | None) -> None:
    found = hint("shopify", shopify(document, topic))
    assert (found.topic, found.kind, found.id) == (topic, kind, number)


def test_shopify_tells_when_and_not_too_long_ago() -> None:
    for late in (timedelta(hours=-5), timedelta(minutes=4), timedelta(0)):
        assert hint("shopify", shopify({"id": 9}, at=AT + late)).id == 9
    for late in (timedelta(hours=-7), timedelta(minutes=6)):
        with pytest.raises(Stale):
            hint("shopify", shopify({"id": 9}, at=AT + late))
    assert hint("shopify", shopify({"id": 9}, said="yesterday")).id == 9


@pytest.mark.parametrize("call", [cart(ORDER), woo({"id": 9}), shopify({"id": 9})], ids=["cart", "woo", "shopify"])
def test_whoever_has_another_secret_is_not_the_shop(call: Received) -> None:
    (provider,) = [
        name for name in SCHEMES if any(name[:3] in header.replace("wc-w", "woo") for header in call.headers)
    ]
    assert SCHEMES[provider](call, SECRET).id
    unsigned = {name: value for name, value in call.headers.items() if "sig" not in name and "hmac" not in name}
    for forged in (
        Received(call.headers, call.body + b" ", AT),
        Received(unsigned, call.body, AT),
        Received({**call.headers, **{name: "ü" for name in call.headers if name not in unsigned}}, call.body, AT),
    ):
        with pytest.raises(Forged):
            SCHEMES[provider](forged, SECRET)
    with pytest.raises(Forged):
        SCHEMES[provider](call, "another secret of the tests")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"order"', b"{", b'{"order": 7}', b'{"order": {"id": -4}}', b'{"id": true}']
)
def test_what_is_signed_and_cannot_be_read_says_why(body: bytes) -> None:
    for provider, call in (("fluentcart", cart(body)), ("woocommerce", woo(body)), ("shopify", shopify(body))):
        with pytest.raises(Unclear, match=r"The (body|call) "):
            SCHEMES[provider](call, SECRET)
