"""What payment methods are set to: partial, checked, secrets never read back."""

from typing import Any

import pytest
from sqlalchemy import select

from db.access.permission import ALL, IS_SUPER_ADMIN
from db.access.viewer import Viewer
from resolvers.commerce.payment_method import METHOD
from tests.gateway import CLERK, Gateway

SAVE = """
mutation Save($input: PaymentMethodSettingsUpdateInput!, $dry: Boolean! = false) {
  paymentMethodSettingsUpdate(input: $input, validateOnly: $dry) {
    paymentMethod { method active complete settings version }
    userErrors { code message field }
  }
}
"""
READ = """
query Read($method: String!) {
  paymentMethodSettings(by: { method: $method }) {
    method title active complete settings version form { key required isSecret }
  }
}
"""
TOLD = """{ events(types: ["payment_method.updated"]) { nodes { payload changedFields entityVersion } }
  auditLog { nodes { action before after } } }"""
PUBLISHABLE, SECRET = "pk_test_0123456789abcdef", "sk_test_0123456789abcdef"


async def save(gateway: Gateway, method: str, settings: Any, dry: bool = False, **more: Any) -> dict[str, Any]:
    given = {"input": {"method": method, "settings": settings, **more}, "dry": dry}
    found: dict[str, Any] = (await gateway(SAVE, given))["paymentMethodSettingsUpdate"]
    return found


async def saved(gateway: Gateway, method: str, **settings: Any) -> dict[str, Any]:
    found = await save(gateway, method, settings)
    assert found["userErrors"] == []
    method_: dict[str, Any] = found["paymentMethod"]
    return method_


def wrong(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    assert found["paymentMethod"] is None
    return [(error["code"], error["field"]) for error in found["userErrors"]]


async def test_all_are_there_and_none_is_active(gateway: Gateway) -> None:
    found = (await gateway("{ paymentMethods { method title active complete version } }"))["paymentMethods"]
    assert [(m["method"], m["active"], m["complete"], m["version"]) for m in found] == [
        ("offline_payment", False, True, 1),
        ("paypal", False, False, 1),
        ("stripe", False, False, 1),
    ]
    assert (await gateway(READ, {"method": "square"}))["paymentMethodSettings"] is None


async def test_a_part_leaves_the_rest(gateway: Gateway) -> None:
    first = await saved(gateway, "stripe", test_publishable_key=PUBLISHABLE, test_secret_key=SECRET)
    assert (first["complete"], first["active"], first["version"]) == (True, False, 2)
    assert first["settings"]["test_secret_key"] | {"updatedAt": None} == {
        "isSet": True,
        "lastFour": "cdef",
        "updatedAt": None,
    }
    second = await saved(gateway, "stripe", checkout_label=" Card ", is_active=True)
    assert (second["active"], second["version"]) == (True, 3)
    assert second["settings"] == first["settings"] | {"checkout_label": "Card", "is_active": True}
    third = await saved(gateway, "stripe", **second["settings"])  # a form that sends all that it shows
    assert third == second
    masked = await saved(gateway, "stripe", test_secret_key="***")
    assert masked == second
    cleared = await saved(gateway, "stripe", checkout_label=None)
    assert (cleared["settings"]["checkout_label"], cleared["version"]) == ("", 4)


async def test_secrets_are_sealed_and_told_nowhere(gateway: Gateway) -> None:
    await saved(gateway, "stripe", test_publishable_key=PUBLISHABLE, test_secret_key=SECRET)
    async with gateway.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT settings, concealed FROM payment_method")).all()
        row = (await connection.execute(select(METHOD).where(METHOD.c.key == "stripe"))).one()
    assert SECRET not in str(rows)
    assert row.concealed.reveal().count(SECRET) == 1
    told = await gateway(TOLD)
    assert told["events"]["nodes"] == [
        {"payload": {"method": "stripe", "active": False}, "changedFields": ["settings"], "entityVersion": 2}
    ]
    assert [entry["action"] for entry in told["auditLog"]["nodes"]] == ["paymentMethodSettingsUpdate"]
    assert SECRET not in str(told)


async def test_what_is_missing_while_it_is_active(gateway: Gateway) -> None:
    assert wrong(await save(gateway, "stripe", {"is_active": True})) == [
        ("VALIDATION", ["settings", "test_publishable_key"]),
        ("VALIDATION", ["settings", "test_secret_key"]),
    ]
    keys = {"test_publishable_key": PUBLISHABLE, "test_secret_key": SECRET}
    await saved(gateway, "stripe", is_active="yes", **keys)
    assert wrong(await save(gateway, "stripe", {"payment_mode": "live"})) == [
        ("VALIDATION", ["settings", "live_publishable_key"]),
        ("VALIDATION", ["settings", "live_secret_key"]),
    ]
    assert wrong(await save(gateway, "stripe", {"test_secret_key": None})) == [
        ("VALIDATION", ["settings", "test_secret_key"])
    ]
    off = await saved(gateway, "stripe", is_active=False, test_secret_key=None)
    assert (off["active"], off["complete"]) == (False, False)
    read = (await gateway(READ, {"method": "stripe"}))["paymentMethodSettings"]
    assert [field["key"] for field in read["form"] if field["required"]] == [
        "payment_mode",
        "test_publishable_key",
        "test_secret_key",
    ]


@pytest.mark.parametrize(
    ("method", "settings", "fields"),
    [
        ("offline_payment", {"unknown": 1, "is_active": True}, ["unknown"]),
        ("offline_payment", {"is_active": "perhaps", "checkout_label": 5}, ["is_active", "checkout_label"]),
        ("offline_payment", {"checkout_label": "x" * 201}, ["checkout_label"]),
        ("offline_payment", {"checkout_label": "nul\0"}, ["checkout_label"]),
        ("offline_payment", {"checkout_logo": "javascript:alert(1)"}, ["checkout_logo"]),
        ("stripe", {"payment_mode": "sandbox"}, ["payment_mode"]),
        ("stripe", {"test_publishable_key": "pk_live_0123456789abcdef"}, ["test_publishable_key"]),
        ("stripe", {"live_secret_key": SECRET}, ["live_secret_key"]),
        ("stripe", {"test_secret_key": 5}, ["test_secret_key"]),
        ("stripe", {"live_webhook_secret": "secret"}, ["live_webhook_secret"]),
        ("paypal", {"live_client_secret": "short"}, ["live_client_secret"]),
        ("paypal", {"test_client_id": ["a"]}, ["test_client_id"]),
    ],
)
async def test_what_is_wrong(gateway: Gateway, method: str, settings: Any, fields: list[str]) -> None:
    found = await save(gateway, method, settings)
    assert wrong(found) == [("VALIDATION", ["settings", field]) for field in fields]
    assert "sk_test" not in str(found)


@pytest.mark.parametrize("settings", [None, [], "is_active", 5])
async def test_settings_are_an_object(gateway: Gateway, settings: Any) -> None:
    if settings is None:  # the argument is not null
        assert await gateway.refused(SAVE, {"input": {"method": "stripe", "settings": None}})
        return
    assert wrong(await save(gateway, "stripe", settings)) == [("VALIDATION", ["settings"])]


async def test_whose_and_which_version(gateway: Gateway) -> None:
    assert wrong(await save(gateway, "square", {})) == [("NOT_FOUND", ["method"])]
    assert wrong(await save(gateway, "stripe\0", {})) == [("NOT_FOUND", ["method"])]
    await saved(gateway, "paypal", checkout_label="PayPal")
    assert wrong(await save(gateway, "paypal", {}, expectedVersion=1)) == [("CONFLICT", ["expectedVersion"])]
    dry = await save(gateway, "paypal", {"checkout_label": "Other"}, dry=True)
    assert dry == {"paymentMethod": None, "userErrors": []}
    assert (await gateway(READ, {"method": "paypal"}))["paymentMethodSettings"]["version"] == 2


@pytest.mark.parametrize("viewer", [CLERK, Viewer("token:all", "all", ALL - {IS_SUPER_ADMIN})])
async def test_who(gateway: Gateway, viewer: Viewer) -> None:
    given = {"input": {"method": "stripe", "settings": {}}}
    for document, variables in ((SAVE, given), (READ, {"method": "stripe"}), ("{ paymentMethods { method } }", {})):
        (error,) = (await gateway.answer(document, variables, viewer)).body["errors"]
        assert (error["extensions"]["code"], error["extensions"]["permission"]) == ("FORBIDDEN", "is_super_admin")
