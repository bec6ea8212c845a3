"""The store's settings: merged one by one, kept where the store keeps them."""

import asyncio
from typing import Any

import orjson
import pytest

from tests import factories
from tests.gateway import Gateway
from tests.patience import PATIENCE
from tests.resolvers.shelf import dump, events

UPDATE = """
mutation Update($input: StoreSettingsUpdateInput!) {
  storeSettingsUpdate(input: $input) {
    storeSettings { name currency settings buttonTexts { cart } checkout { modal } version }
    userErrors { code field message }
  }
}
"""


async def update(gateway: Gateway, **input: Any) -> Any:
    return (await gateway(UPDATE, {"input": input}))["storeSettingsUpdate"]


async def test_a_store_that_nobody_described_yet(gateway: Gateway) -> None:
    asked = await gateway("{ storeSettings { name currency settings version createdAt updatedAt } }")
    empty = {"name": "", "currency": "USD", "settings": {}, "version": 1, "createdAt": None, "updatedAt": None}
    assert asked["storeSettings"] == empty
    before = await dump(gateway)
    nothing = await update(gateway)
    assert (nothing["storeSettings"]["version"], nothing["userErrors"]) == (1, [])
    refused = await update(gateway, name="")
    assert refused["userErrors"][0]["field"] == ["name"]
    assert await dump(gateway) == before
    made = await update(gateway, expectedVersion=1, name="New", checkout={"modal": True})
    assert made["storeSettings"] == {
        "name": "New",
        "currency": "USD",
        "settings": {"enable_modal_checkout": "yes"},
        "buttonTexts": {"cart": ""},
        "checkout": {"modal": True},
        "version": 2,
    }


async def test_several_begin_at_once(gateway: Gateway) -> None:
    """Each after the other."""
    async with asyncio.timeout(PATIENCE):
        payloads = await asyncio.gather(*(update(gateway, name=f"Store {n}") for n in range(5)))
    assert [payload["userErrors"] for payload in payloads] == [[]] * 5
    assert len(await events(gateway)) == 5
    assert (await gateway("{ storeSettings { version } }"))["storeSettings"]["version"] == 6


@pytest.fixture
async def shop(gateway: Gateway) -> Gateway:
    settings = {"cart_button_text": "Buy", "enable_modal_checkout": "no", "hide_coupon_field": "no", "theirs": [1]}
    await factories.store_rows(gateway, [factories.store(settings=settings)])
    return gateway


async def test_nothing_changes_nothing(shop: Gateway) -> None:
    same = await update(
        shop,
        name=" Test  Store",
        buttonTexts={"cart": "Buy ", "popup": None},
        checkout={"modal": False, "signInRequired": False},
        settings={"theirs": [1], "absent": None},
        address={},
    )
    assert same["storeSettings"]["version"] == 1
    assert await events(shop) == []


async def test_null_takes_a_setting_away(shop: Gateway) -> None:
    changed = await update(
        shop, settings={"theirs": None, "ours": {"a": [1.5, True, None]}}, buttonTexts={"cart": None}
    )
    assert changed["storeSettings"]["settings"] == {
        "cart_button_text": "",
        "enable_modal_checkout": "no",
        "hide_coupon_field": "no",
        "ours": {"a": [1.5, True, None]},
    }
    (event,) = await events(shop)
    assert (event["changed"], event["payload"]["settings"]) == (
        ["buttonTexts", "settings"],
        ["cart_button_text", "ours", "theirs"],
    )


def _nested(levels: int) -> Any:
    return [_nested(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    "value",
    [2**53 + 1, 1e20, -1e300, {"deep": [2.0**53 + 2]}, {"deep": _nested(20)}, "a\0b", {"a\0b": 1}, {"api_key": "k"}],
)
async def test_what_cannot_be_kept_is_refused(shop: Gateway, value: Any) -> None:
    before = await dump(shop)
    refused = await update(shop, settings={"key": value})
    assert [(e["code"], e["field"]) for e in refused["userErrors"]] == [("VALIDATION", ["settings", "key"])]
    assert await dump(shop) == before


@pytest.mark.parametrize("value", [-(2**80), _nested(300)])
async def test_what_is_no_json_is_refused_before(shop: Gateway, value: Any) -> None:
    (error,) = await shop.refused(UPDATE, {"input": {"settings": {"key": value}}})
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_numbers_up_to_2_53_are_kept(shop: Gateway) -> None:
    """PostgreSQL keeps them with all of their digits, and says 1e15 as an integer."""
    far = {"far": 2**53, "further": -(2.0**53), "large": 1e15, "small": 1e-300, "part": 0.1}
    stored = await update(shop, settings=far)
    assert stored["userErrors"] == []
    again = await update(shop, settings=far)
    assert again["storeSettings"]["version"] == stored["storeSettings"]["version"]
    settings = (await shop("{ storeSettings { settings } }"))["storeSettings"]["settings"]
    assert {key: settings[key] for key in far} == far
    assert orjson.loads(orjson.dumps(settings)) == settings


@pytest.mark.parametrize("key", ["", "a b", "Ab", "1a", "a" * 65, "cart_button_text", "store_name", "api_key", "é"])
async def test_names_of_settings(shop: Gateway, key: str) -> None:
    refused = await update(shop, settings={key: "value"})
    assert [e["code"] for e in refused["userErrors"]] == ["VALIDATION"]


@pytest.mark.parametrize("value", [None, 1, "text", [], [{"a": 1}]])
async def test_settings_are_an_object(shop: Gateway, value: Any) -> None:
    answer = await shop.answer(UPDATE, {"input": {"settings": value}})
    body = answer.body
    code = body["errors"][0]["extensions"]["code"] if "errors" in body else \
        body["data"]["storeSettingsUpdate"]["userErrors"][0]["code"]  # fmt: skip
    assert code in ("VALIDATION", "BAD_USER_INPUT")
    assert await events(shop) == []
