"""How shops sign what they tell, and what of it is believed: which record changed there. Whatever else a call says is a
hint; the record is read from the shop itself."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson

# What a call may be about.
ORDER: Final = "order"
CUSTOMER: Final = "customer"
PRODUCT: Final = "product"
SUBSCRIPTION: Final = "subscription"
LONGEST_WORD: Final = 128
# Shopify repeats what is not taken for four hours; clocks differ by minutes.
WINDOW: Final = timedelta(hours=6)
AHEAD: Final = timedelta(minutes=5)
MOST: Final = 2**62


class Forged(Exception):
    """The call is not signed with the connection's secret."""


class Stale(Exception):
    """It was sent too long ago, or will be."""


class Unclear(Exception):
    """It is signed, and cannot be read; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Hint:
    """`delivery` is the same of a call that comes again. `kind` and `id` are None of what nothing is done about."""

    topic: str
    delivery: str
    kind: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """`headers` by their names in small letters, `body` the very bytes."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime

    def word(self, name: str) -> str:
        """A header that is a short word of printable characters; empty where it is absent or something else."""
        value = self.headers.get(name, "").strip()
        return value if value.isprintable() and len(value) <= LONGEST_WORD else ""


Scheme = Callable[[Received, str], Hint]


def fluentcart(call: Received, secret: str) -> Hint:
    """`X-FluentCart-Signature`: the HMAC of the body in hex. It tells no id of the call: the event and the body stand
    for it."""
    given = call.word("x-fluentcart-signature").lower().removeprefix("sha256=")
    _compare(_mac(call.body, secret).hex(), given)
    topic = call.word("x-fluentcart-event")
    delivery = hashlib.sha256(topic.encode() + b"\n" + call.body).hexdigest()
    document = _document(call.body)
    topic = topic or _text(document.get("event"))
    kind = _kind_of(topic)
    if kind is None:
        return Hint(topic, delivery)
    inside = document.get("data")
    places = [document, inside] if isinstance(inside, Mapping) else [document]
    found = _first(_named(place, kind) for place in places)
    if found is None and kind == SUBSCRIPTION:
        # An order tells its subscriptions; the other way round there is no route that tells one with its order.
        kind, found = ORDER, _first(_named(place, ORDER) for place in places)
    if found is None:
        found = _first(_number(place.get("id")) for place in reversed(places) if _is_one(place, kind))
    if found is None:
        raise Unclear(f"The call names no {kind}")
    return Hint(topic, delivery, kind, found)


def woocommerce(call: Received, secret: str) -> Hint:
    """`X-WC-Webhook-Signature`: the HMAC of the body in base64. A webhook that is saved sends a ping, which names its
    own number and is not signed: nothing is done about it."""
    topic = call.word("x-wc-webhook-topic")
    if not topic and _PING.fullmatch(call.body):
        return Hint("ping", hashlib.sha256(call.body).hexdigest())
    _compare(base64.b64encode(_mac(call.body, secret)).decode(), call.word("x-wc-webhook-signature"))
    delivery = call.word("x-wc-webhook-delivery-id") or hashlib.sha256(topic.encode() + call.body).hexdigest()
    document = _document(call.body)
    resource, _, verb = topic.partition(".")
    kind = {"order": ORDER, "customer": CUSTOMER, "product": PRODUCT}.get(resource)
    # What is gone there stays here, as with imports.
    if kind is None or verb == "deleted":
        return Hint(topic, delivery)
    found = _number(document.get("id"))
    if found is None:
        raise Unclear(f"The call names no {kind}")
    return Hint(topic, delivery, kind, found)


def shopify(call: Received, secret: str) -> Hint:
    """`X-Shopify-Hmac-Sha256`: the HMAC of the body in base64. When it was triggered is told beside it."""
    _compare(base64.b64encode(_mac(call.body, secret)).decode(), call.word("x-shopify-hmac-sha256"))
    at = _moment(call.word("x-shopify-triggered-at"))
    if at is not None and not call.at - WINDOW <= at <= call.at + AHEAD:
        raise Stale
    topic = call.word("x-shopify-topic")
    delivery = call.word("x-shopify-webhook-id") or hashlib.sha256(topic.encode() + call.body).hexdigest()
    document = _document(call.body)
    resource, _, verb = topic.partition("/")
    kind = {"orders": ORDER, "customers": CUSTOMER, "products": PRODUCT, "fulfillments": ORDER, "refunds": ORDER}.get(
        resource
    )
    if kind is None or verb == "delete":
        return Hint(topic, delivery)
    found = _number(document.get("order_id" if resource in ("fulfillments", "refunds") else "id"))
    if found is None:
        raise Unclear(f"The call names no {kind}")
    return Hint(topic, delivery, kind, found)


SCHEMES: Final[Mapping[str, Scheme]] = MappingProxyType(
    {"fluentcart": fluentcart, "woocommerce": woocommerce, "shopify": shopify}
)
_PING: Final = re.compile(rb"webhook_id=[0-9]{1,20}")


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), body, hashlib.sha256)


def _compare(right: str, given: str) -> None:
    """In constant time."""
    if not hmac.compare_digest(right.encode(), given.encode()):
        raise Forged


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except ValueError:
        raise Unclear("The body is no JSON") from None
    if not isinstance(found, dict):
        raise Unclear("The body is no JSON object")
    return found


def _kind_of(topic: str) -> str | None:
    """Of an event's name, whether it is written `order.paid` or `order_paid_done`."""
    noun = re.split(r"[._]", topic, maxsplit=1)[0]
    return {
        **dict.fromkeys(("order", "payment", "transaction", "shipping"), ORDER),
        "subscription": SUBSCRIPTION,
        "customer": CUSTOMER,
        "product": PRODUCT,
    }.get(noun)


def _named(place: Mapping[str, Any], kind: str) -> int | None:
    """`order.id`, `order_id` or `orderId`."""
    one = place.get(kind)
    inside = one.get("id", one.get("ID")) if isinstance(one, Mapping) else None
    return _first(_number(value) for value in (inside, place.get(f"{kind}_id"), place.get(f"{kind}Id")))


def _is_one(place: Mapping[str, Any], kind: str) -> bool:
    """Whether a document is such a record itself, by what only records of this kind have."""
    signs = {ORDER: "payment_status", CUSTOMER: "email", PRODUCT: "post_title", SUBSCRIPTION: "bill_count"}
    return signs[kind] in place


def _first(values: Any) -> int | None:
    return next((value for value in values if value is not None), None)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:20])
    return value if isinstance(value, int) and 0 < value < MOST else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_WORD else ""


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
