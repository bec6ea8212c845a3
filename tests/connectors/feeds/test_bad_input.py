"""What callers get wrong about feeds, each with its code at its path; and a provider that raises anything at all."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import update

from db.integration.provider import ProviderRow
from db.store.row import table
from engine.values import identity
from tests.connectors.feeds.selling import Shop

FEED: Final = {"provider": "leaflet", "name": "Readers", "eventTriggers": ["order_paid_done"]}
FULL: Final = {**FEED, "settings": {"list_id": "news"}}
OTHERS: Final = identity.encode("ProductVariant", 21)
CHAINED: Final = """
query Chained($key: String!, $of: String) { integrationChainedOptions(optionKey: $key, provider: $of) { id } }"""


@pytest.mark.parametrize(
    ("input", "product", "errors"),
    [
        ({**FULL, "provider": "nobody"}, None, [("NOT_FOUND", "provider")]),
        ({**FULL, "provider": "a\0b"}, None, [("NOT_FOUND", "provider")]),
        (FEED, None, [("VALIDATION", "settings", "list_id")]),
        ({**FEED, "settings": {"list_id": "  "}}, 1, [("VALIDATION", "settings", "list_id")]),
        ({**FULL, "name": " "}, None, [("VALIDATION", "name")]),
        ({**FULL, "eventTriggers": ["order_paid_done", "order_eaten"]}, None, [("VALIDATION", "eventTriggers", "1")]),
        ({**FULL, "eventTriggers": []}, None, [("VALIDATION", "eventTriggers")]),
        ({**FULL, "conditionalVariantIds": [OTHERS]}, 1, [("VALIDATION", "conditionalVariantIds", "0")]),
        ({**FULL, "feedId": identity.encode("IntegrationFeed", 999)}, None, [("NOT_FOUND", "feedId")]),
        ({**FULL, "settings": ["list_id"]}, None, [("VALIDATION", "settings")]),
    ],
    ids=["unknown", "no key", "missing", "blank", "name", "event", "no event", "foreign variant", "feed", "no object"],
)
async def test_what_is_wrong_is_refused_at_its_path(
    shop: Shop, input: dict[str, Any], product: int | None, errors: list[tuple[str, ...]]
) -> None:
    payload = await shop.saved(input, product)
    assert [(one["code"], *one["field"]) for one in payload["userErrors"]] == errors
    assert payload["feed"] is None
    assert shop.vendor.calls == []


@pytest.mark.parametrize("change", [{"enabled": False}, {"scopes": ["global"]}])
async def test_a_provider_that_is_off_or_of_another_scope(shop: Shop, change: dict[str, Any]) -> None:
    await shop.change(update(table(ProviderRow)).values(**change))
    if "scopes" in change:
        shop.provider.scopes = frozenset(one for one in shop.provider.scopes if one.value == "global")
    payload = await shop.saved(FULL, 1)
    assert [(one["code"], *one["field"]) for one in payload["userErrors"]] == [("INVALID_INTEGRATION", "provider")]


async def test_a_feed_that_is_off_may_be_incomplete(shop: Shop) -> None:
    payload = await shop.saved({**FEED, "enabled": False})
    assert (payload["userErrors"], payload["feed"]["enabled"]) == ([], False)


@pytest.mark.parametrize("sent", ["***", {"isSet": True, "lastFour": None, "updatedAt": None}, None])
async def test_a_secret_that_comes_back_masked_is_kept(shop: Shop, sent: Any) -> None:
    feed = await shop.save(settings={"pin": "four-5-six"})
    settings = {"list_id": "news", **({} if sent is None else {"pin": sent})}
    assert (await shop.saved({**FULL, "feedId": feed, "settings": settings}))["userErrors"] == []
    await shop.paid(1)
    await shop.work(2)
    assert [body["pin"] for _, body in shop.vendor.of("PUT")] == ["four-5-six"]


async def test_option_keys_that_nobody_has(shop: Shop) -> None:
    for of in ("leaflet", None):
        (error,) = (await shop.gateway.answer(CHAINED, {"key": "moons", "of": of})).body["errors"]
        assert (error["extensions"]["code"], error["path"]) == ("NOT_FOUND", ["integrationChainedOptions"])
    (error,) = (await shop.gateway.answer(CHAINED, {"key": " ", "of": None})).body["errors"]
    assert error["extensions"]["code"] == "VALIDATION"
    (error,) = (await shop.gateway.answer(CHAINED, {"key": "lists", "of": "nobody"})).body["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "breaks",
    [
        RecursionError("deep"),
        asyncio.CancelledError(),
        SystemExit(3),
        GeneratorExit(),
        TimeoutError(),
        StopAsyncIteration(),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_whatever_a_provider_raises_is_a_failed_attempt(shop: Shop, breaks: BaseException) -> None:
    feed = await shop.save()
    shop.provider.breaks = breaks
    await shop.paid(1)
    await shop.work(2)
    (run,) = await shop.runs(feed)
    assert (run["state"], run["reason"]) == ("FAILED", f"Leaflet could not be run: {type(breaks).__name__}")
    assert len(run["attempts"]) == 4  # as the policy of these tests has it
