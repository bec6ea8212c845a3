"""Subscriptions over WebSocket: frames, close codes, and what is told of a change."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.settings.settings import Settings
from tests.live.talking import EVENTS, PRODUCT, asked, changed, head, serving, stocked, talking

TOKEN = "known-admin-token"


@pytest.fixture(scope="module")
def client(module_database_url: str) -> Iterator[httpx2.Client]:
    settings = Settings(
        database_url=module_database_url,
        admin_token=SecretStr(TOKEN),
        cors_origins=("https://shop.example",),
        live_messages=20,
    )
    with serving(settings) as asking:
        stocked(asking, TOKEN, "Tea", "Cup")
        yield asking


def test_a_visitor_follows_a_product(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin().subscribe(PRODUCT, id=2)
        first = talk.next()["productChanged"]
        changed(client, TOKEN, 2, title="Mug")
        second = talk.next()["productChanged"]

    assert (first["gone"], first["product"]["title"]) == (False, "Cup")
    assert (second["gone"], second["product"]["title"]) == (False, "Mug")
    assert second["position"] > first["position"]


def test_what_was_missed_is_told(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin(TOKEN).subscribe(EVENTS, types=["product.updated"], after=head(client, TOKEN))
        changed(client, TOKEN, title="Green tea")
        seen = talk.next()["events"]["position"]
    changed(client, TOKEN, title="Black tea")
    changed(client, TOKEN, title="White tea")
    with talking(client) as talk:
        talk.begin(TOKEN).subscribe(EVENTS, types=["product.updated"], after=seen)
        missed = [talk.next()["events"]["position"] for _ in range(2)]
        changed(client, TOKEN, title="Tea")
        later = talk.next()["events"]["position"]

    assert seen < missed[0] < missed[1] < later


def test_what_becomes_hidden_is_told_as_gone_once(client: httpx2.Client) -> None:
    with talking(client) as talk, talking(client) as clerk:
        talk.begin().subscribe(PRODUCT, id=2)
        clerk.begin(TOKEN).subscribe(PRODUCT, id=2)
        assert talk.next()["productChanged"]["gone"] is False
        clerk.next()
        changed(client, TOKEN, 2, status="DRAFT")
        gone = talk.next()["productChanged"]
        changed(client, TOKEN, 2, title="Nobody is told")
        changed(client, TOKEN, 2, status="PUBLISH")
        back = talk.next()["productChanged"]
        while (seen := clerk.next()["productChanged"])["position"] < back["position"]:
            assert seen["product"] is not None

    assert (gone["gone"], gone["product"]) == (True, None)
    assert (back["gone"], back["product"]["title"]) == (False, "Nobody is told")


def test_permissions_are_asked_for(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin()
        for number, query in enumerate(
            (
                "subscription { events { id } }",
                "subscription { productsChanged { position } }",
                'subscription { inventoryChanged(skus: ["X"]) { position } }',
            )
        ):
            talk.subscribe(query, str(number))
            said = talk.hear()
            assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED"), said


def test_a_revoked_token_ends_its_streams(client: httpx2.Client) -> None:
    document = """mutation T($input: TokenCreateInput!) {
      tokenCreate(input: $input) { secret token { id } userErrors { message } } }"""
    made = asked(client, TOKEN, document, input={"name": "follower", "permissions": ["products/view"]})["tokenCreate"]
    with talking(client) as talk:
        talk.begin(made["secret"]).subscribe(EVENTS)
        talk.say("ping")
        assert talk.hear() == {"type": "pong"}
        revoke = "mutation R($input: TokenRevokeInput!) { tokenRevoke(input: $input) { userErrors { message } } }"
        asked(client, TOKEN, revoke, input={"id": made["token"]["id"]})
        assert talk.closed() == (4403, "The credential is none any more")


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"after": 10**8}, "GONE"), ({"after": -1}, "BAD_USER_INPUT"), ({"types": ["no.such"]}, "BAD_USER_INPUT")],
)
def test_what_cannot_be_followed(client: httpx2.Client, variables: Any, code: str) -> None:
    with talking(client) as talk:
        talk.begin(TOKEN).subscribe(EVENTS, **variables)
        said = talk.hear()

    assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", code)


def test_products_that_pass_and_stock(client: httpx2.Client) -> None:
    products = """subscription P($filter: ProductFilter, $after: Int) {
      productsChanged(filter: $filter, after: $after) { gone productId product { title } } }"""
    with talking(client) as talk:
        after = head(client, TOKEN)
        talk.begin(TOKEN).subscribe(products, filter={"title": {"startsWith": "Jug"}}, after=after)
        changed(client, TOKEN, 1, title="Jug of tea")
        told = talk.next()["productsChanged"]
        assert (told["gone"], told["product"]) == (False, {"title": "Jug of tea"})
        changed(client, TOKEN, 1, title="Tea")
        while not (told := talk.next()["productsChanged"])["gone"]:
            pass
        assert told["product"] is None


def test_queries_and_mutations_are_answered_too(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin()
        talk.subscribe("{ product(by: { databaseId: 1 }) { title } }")
        assert talk.next() == {"product": {"title": "Tea"}}
        assert talk.hear() == {"id": "1", "type": "complete"}
        talk.subscribe("{ nothing }")
        said = talk.hear()

    assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


# Frames and close codes


def test_pings_and_completes(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin().say("ping", payload={"n": 1})
        assert talk.hear() == {"type": "pong", "payload": {"n": 1}}
        talk.subscribe(PRODUCT, id=1)
        talk.next()
        talk.say("complete", id="1")
        talk.say("complete", id="never")
        talk.subscribe(PRODUCT, id=1)  # under the same id again
        assert talk.next()["productChanged"]["gone"] is False


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["no JSON"], 4400),
        ([b"binary"], 4400),
        (["[]"], 4400),
        (['{"type":"hello"}'], 4400),
        # What is charged to nobody is short; what is not is counted before it is read.
        (['{"type":"ping","payload":{"a":"' + "x" * 20_000 + '"}}'], 4400),
        (['{"type":"subscribe","id":"1","payload":{"a":[' + "[]," * 41_000 + "[]]}}"], 4400),
        (['{"type":"connection_init","payload":1}'], 4400),
        (['{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}'], 4401),
        (['{"type":"connection_init"}', '{"type":"connection_init"}'], 4429),
        (['{"type":"connection_init","payload":{"Authorization":"Bearer no-such"}}'], 4403),
        (['{"type":"connection_init","payload":{"authorization":"Bearer a","x-api-key":"b"}}'], 4403),
        (['{"type":"connection_init"}', '{"type":"subscribe","payload":{}}'], 4400),
        (['{"type":"connection_init"}', *['{"type":"ping"}'] * 100], 4429),
    ],
)
def test_close_codes(client: httpx2.Client, frames: list[str | bytes], code: int) -> None:
    with talking(client) as talk:
        with suppress(ConnectionClosed):  # it may be closed before the last of them
            for frame in frames:
                talk.connection.send(frame)

        assert talk.closed()[0] == code


def test_one_id_at_a_time(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin().subscribe(PRODUCT, id=1)
        talk.subscribe(PRODUCT, id=1)

        assert talk.closed() == (4409, "Subscriber for 1 already exists")


def test_a_request_that_makes_no_sense_is_one_error(client: httpx2.Client) -> None:
    with talking(client) as talk:
        talk.begin().say("subscribe", id="1", payload={"query": 1})
        said = talk.hear()

    assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", "BAD_REQUEST")


def test_another_protocol(client: httpx2.Client) -> None:
    with talking(client, subprotocols=["graphql-ws"]) as talk:
        assert talk.closed() == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://shop.example", True), ("https://evil.example", False), ("null", False), (None, True)],
)
def test_pages_of_other_origins(client: httpx2.Client, origin: str | None, allowed: bool) -> None:
    if not allowed:
        with pytest.raises(InvalidStatus) as refused, talking(client, origin=origin):
            pass
        assert refused.value.response.status_code == 403
        assert "errors" in json.loads(refused.value.response.body or b"{}")
        return
    with talking(client, origin=origin) as talk:
        talk.begin()
        assert talk.connection.protocol.extensions == []  # nothing is compressed
